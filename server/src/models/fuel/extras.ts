import { ApiError } from '../../http/errors.ts'
import type { Operation } from '../backend.ts'
import { isGiven, isJson, type Json } from '../fields.ts'
import type { ModelRequest } from '../model-request.ts'

/**
 * What a provider charges beside the tokens of what is asked and answered, or charges more for: its price, or a bound of
 * it, is not known here, so credits cannot pay it. On their own keys people use what they like.
 */

/** Tools that the caller runs: they cost no more than their words. All others are run by the provider. */
const CALLERS_TOOLS: Record<Operation, RegExp> = {
  chat: /^(?:function|custom)$/,
  responses: /^(?:function|custom|local_shell|apply_patch)$/,
  messages: /^(?:custom|(?:bash|text_editor|computer|memory)_\d+)$/,
  embeddings: /^$/,
}

type Harmless = (value: unknown) => boolean

const never: Harmless = () => false
const isOneOf =
  (...values: readonly unknown[]): Harmless =>
  (value) =>
    values.includes(value)
const isEmpty: Harmless = (value) => Array.isArray(value) && value.length === 0
const isTextOrAudio: Harmless = (value) => Array.isArray(value) && value.every(isOneOf('text', 'audio'))

/** `auto` is what is meant without a word: what the operator has chosen at the provider, and prices. */
const service_tier = isOneOf('auto', 'default', 'flex', 'standard', 'standard_only', 'on_demand')

/** What a member may say without costing more. */
const HARMLESS: Record<Operation, Record<string, Harmless>> = {
  chat: {
    service_tier,
    modalities: isTextOrAudio,
    web_search_options: never,
    // Of providers that serve models of many makers, or search by themselves.
    search_parameters: never,
    plugins: isEmpty,
    models: isEmpty,
    fallbacks: isEmpty,
    provider: never,
    route: never,
  },
  responses: {
    service_tier,
    // It may bring tools along.
    prompt: never,
    plugins: isEmpty,
    models: isEmpty,
    fallbacks: isEmpty,
    provider: never,
    route: never,
  },
  messages: {
    service_tier,
    speed: isOneOf('standard'),
    inference_geo: isOneOf('global'),
    mcp_servers: isEmpty,
    container: never,
    fallbacks: isEmpty,
    // What a conversation is shortened to is generated beside the answer.
    context_management: (value) => !JSON.stringify(value).includes('compact'),
  },
  embeddings: { models: isEmpty, provider: never },
}

/** By which way the same model serves, for so many tokens: what an operator says that it costs, they say of all of them. */
const WAYS: ReadonlySet<string> = new Set(['service_tier', 'speed', 'inference_geo', 'provider', 'route'])

/** Throws `price_unknown`, with the member at fault. `byOperator`: the prices of all models that may answer are theirs. */
export function refuseExtras({ operation, body }: Pick<ModelRequest, 'operation' | 'body'>, byOperator: boolean): void {
  for (const [name, isHarmless] of Object.entries(HARMLESS[operation]))
    if (isGiven(body[name]) && !isHarmless(body[name]) && !(byOperator && WAYS.has(name)))
      throw costsExtra(name, `${name} ${said(body[name])}`)
  refuseTools(operation, body.tools, 'tools')
  // A conversation may bring tools along.
  const items = operation === 'responses' && Array.isArray(body.input) ? body.input : []
  for (const [at, item] of items.entries()) if (isJson(item)) refuseTools(operation, item.tools, `input[${at}].tools`)
}

function refuseTools(operation: Operation, tools: unknown, name: string): void {
  if (!Array.isArray(tools)) return
  for (const [at, tool] of tools.entries())
    if (isJson(tool) && !isCallers(operation, tool))
      throw costsExtra(`${name}[${at}].type`, `the tool ${said(tool.type)}`)
}

function isCallers(operation: Operation, { type }: Json): boolean {
  // Anthropic's tools are the caller's where they do not say what they are.
  if (!isGiven(type)) return operation === 'messages'
  return typeof type === 'string' && CALLERS_TOOLS[operation].test(type)
}

const said = (value: unknown) =>
  typeof value === 'string' ? `"${value.replace(/[^\x20-\x7e]/g, '?').slice(0, 64)}"` : 'as it is asked for'

/** For what only the model's own price tells. */
export function costsExtra(param: string, what: string): ApiError {
  return new ApiError(
    'price_unknown',
    `What ${what} may cost at most is not known here, so credits cannot pay for it: leave it out, or use your own key at the provider`,
    { param },
  )
}
