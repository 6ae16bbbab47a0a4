/** `@auth-agent/sdk/ai`: models behind Auth Agent for the AI SDK and Mastra. */
export type { AnswerDetails } from './ai/answer-details.ts'
export type { Caller, Membership, TokenIntrospection } from './ai/caller.ts'
export { type MastraMiddleware, type MastraMiddlewareOptions, mastraMiddleware } from './ai/mastra-middleware.ts'
export type { ListedModel } from './ai/model-list.ts'
export { type ModelChoice, modelChoice, modelName } from './ai/model-name.ts'
export { type AuthAgentProvider, type AuthAgentSettings, createAuthAgent } from './ai/provider.ts'
export { createSelection, type ModelSelection } from './ai/selection.ts'
