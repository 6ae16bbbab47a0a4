import { createAuthAgent, mastraMiddleware } from '@auth-agent/sdk/ai'
import { Agent } from '@mastra/core/agent'
import { Mastra } from '@mastra/core/mastra'

const issuer = process.env.ISSUER ?? 'http://localhost:4000'
const authAgent = createAuthAgent({ baseURL: `${issuer}/v1`, apiKey: () => process.env.API_KEY ?? '' })

const helper = new Agent({
  id: 'helper',
  name: 'Helper',
  // The server's word, and not the caller's.
  instructions: ({ requestContext }) => `You help ${(requestContext.get('user') as { email: string }).email}.`,
  model: authAgent.fromContext({ default: 'openai/gpt-5' }),
})

export const mastra = new Mastra({
  agents: { helper },
  server: {
    // Callers bring a key of Auth Agent, and may send {"requestContext": {"model": "openai/gpt-5-mini"}}.
    middleware: [mastraMiddleware({ issuer, models: ['openai/gpt-5', 'openai/gpt-5-mini'] })],
  },
})
