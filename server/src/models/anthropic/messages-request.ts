import {
  asText,
  entryOf,
  given,
  invalid,
  isGiven,
  isJson,
  type Json,
  listAt,
  objectAt,
  textAt,
  unsupported,
} from '../fields.ts'
import { refuseUnsupported } from '../parameter-table.ts'
import { readConversation, type Turn } from './chat-conversation.ts'
import { CHAT_AT_ANTHROPIC } from './chat-parameters.ts'
import { sanitizeSchema } from './output-schema.ts'
import { thinkingOfEffort } from './thinking.ts'
import { isForced, toAnthropicTools } from './tools.ts'

export interface MessagesRequestOptions {
  /** The upstream's name of the model. */
  model: string
  /** Anthropic demands a limit; a chat need not set one. */
  defaultMaxTokens: number
}

/** The body of a chat completion as the body of Anthropic's messages. Throws 400 for what Anthropic cannot do. */
export function toMessagesRequest(chat: Json, { model, defaultMaxTokens }: MessagesRequestOptions): Json {
  refuseUnsupported(chat, CHAT_AT_ANTHROPIC)
  const { system: instructions, messages } = readConversation(chat.messages)
  const system = isAnyObject(chat.response_format) ? [...instructions, ANY_OBJECT] : instructions
  const tools = toAnthropicTools(chat)
  const maxTokens = readMaxTokens(chat) ?? defaultMaxTokens
  const { thinking, effort } = thinkingOfEffort(chat.reasoning_effort, {
    model,
    maxTokens,
    toolIsForced: isForced(tools.tool_choice),
    beganWithoutThinking: beganWithoutThinking(messages),
  })
  const outputConfig = given({ effort, format: outputFormat(chat.response_format) })
  return given({
    model,
    max_tokens: maxTokens,
    system: system.length > 0 ? system : undefined,
    messages,
    ...tools,
    temperature: temperature(chat.temperature),
    top_p: chat.top_p === 1 ? undefined : chat.top_p,
    top_k: chat.top_k,
    stop_sequences: stopSequences(chat.stop),
    thinking: chat.thinking ?? thinking,
    output_config: Object.keys(outputConfig).length > 0 ? outputConfig : undefined,
    metadata: metadata(chat.metadata),
    service_tier: serviceTier(chat.service_tier),
    cache_control: chat.cache_control,
    stream: chat.stream === true ? true : undefined,
  })
}

function readMaxTokens(chat: Json): number | undefined {
  const param = isGiven(chat.max_completion_tokens) ? 'max_completion_tokens' : 'max_tokens'
  const value = chat[param]
  if (!isGiven(value)) return undefined
  if (typeof value === 'number' && Number.isSafeInteger(value) && value > 0) return value
  throw invalid(param, `${param} must be a whole number above 0`)
}

/**
 * OpenAI's scale ends at 2, Anthropic's at 1: what is above is the most there is. 1 is the default of both, and is left
 * out together with `top_p` 1, since newer models refuse to be told either.
 */
function temperature(value: unknown): unknown {
  if (!isGiven(value)) return undefined
  if (typeof value !== 'number' || value < 0 || value > 2)
    throw invalid('temperature', 'temperature must be a number from 0 to 2')
  return value >= 1 ? undefined : value
}

function stopSequences(stop: unknown): unknown[] | undefined {
  if (!isGiven(stop)) return undefined
  const sequences = typeof stop === 'string' ? [stop] : listAt(stop, 'stop')
  return sequences.length > 0 ? sequences.map((sequence, i) => textAt(sequence, `stop[${i}]`)) : undefined
}

/** Of the notes that OpenAI keeps with an answer, Anthropic knows one. */
function metadata(value: unknown): Json | undefined {
  return isJson(value) && isGiven(value.user_id) ? { user_id: value.user_id } : undefined
}

const SERVICE_TIERS: Readonly<Record<string, string>> = {
  auto: 'auto',
  default: 'standard_only',
  standard_only: 'standard_only',
}

function serviceTier(tier: unknown): string | undefined {
  if (!isGiven(tier)) return undefined
  const known = entryOf(SERVICE_TIERS, tier)
  if (known !== undefined) return known
  throw unsupported('service_tier', 'Anthropic serves by the tiers auto and default only; ask for one of them')
}

/** Without a schema, there is nothing by which Anthropic could hold its model to JSON: the model is told. */
const ANY_OBJECT = { type: 'text', text: 'Answer with one JSON object and nothing around it.' }
const isAnyObject = (format: unknown) => isJson(format) && format.type === 'json_object'

function outputFormat(format: unknown): Json | undefined {
  if (!isGiven(format)) return undefined
  const { type, json_schema: described } = objectAt(format, 'response_format')
  if (type === 'text' || type === 'json_object') return undefined
  if (type !== 'json_schema')
    throw unsupported('response_format', 'Anthropic writes JSON by a schema; send response_format of type json_schema')
  const schema = objectAt(described, 'response_format.json_schema').schema
  return {
    type: 'json_schema',
    schema: sanitizeSchema(objectAt(schema, 'response_format.json_schema.schema')),
  }
}

/** Whether the answer under way, which calls of tools have interrupted, has no thinking in front. */
function beganWithoutThinking(turns: readonly Turn[]): boolean {
  const asked = turns.at(-1)
  const answer = turns.at(-2)
  if (!asked?.content.some(({ type }) => type === 'tool_result')) return false
  return !['thinking', 'redacted_thinking'].includes(asText(answer?.content[0]?.type))
}
