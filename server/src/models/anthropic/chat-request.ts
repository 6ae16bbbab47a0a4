import {
  asText,
  entryOf,
  given,
  invalid,
  isGiven,
  type Json,
  listAt,
  objectAt,
  textAt,
  unsupported,
} from '../fields.ts'
import { refuseUnsupported } from '../parameter-table.ts'
import { isText, plainContent, toParts } from './content.ts'
import { MESSAGES_AT_OPENAI } from './messages-parameters.ts'
import { effortOfThinking } from './thinking.ts'
import { isSigned } from './thinking-blocks.ts'
import { toChatTools } from './tools.ts'

/** The body of Anthropic's messages as the body of a chat completion. Throws 400 for what no chat has words for. */
export function toChatRequest(body: Json, { model }: { model: string }): Json {
  refuseUnsupported(body, MESSAGES_AT_OPENAI)
  const maxTokens = readMaxTokens(body.max_tokens)
  const thinking = isGiven(body.thinking) ? objectAt(body.thinking, 'thinking') : undefined
  const { effort, format } = isGiven(body.output_config) ? objectAt(body.output_config, 'output_config') : {}
  return given({
    model,
    messages: [...systemMessages(body.system), ...toChatMessages(body.messages)],
    max_completion_tokens: maxTokens,
    ...toChatTools(body),
    temperature: body.temperature,
    top_p: body.top_p,
    top_k: body.top_k,
    stop: stop(body.stop_sequences),
    reasoning_effort: effortOfThinking(thinking, effort, maxTokens),
    response_format: isGiven(format) ? responseFormat(objectAt(format, 'output_config.format')) : undefined,
    user: isGiven(body.metadata) ? objectAt(body.metadata, 'metadata').user_id : undefined,
    service_tier: serviceTier(body.service_tier),
    // Usage is asked for, since Anthropic's streams always tell it.
    ...(body.stream === true && { stream: true, stream_options: { include_usage: true } }),
  })
}

function readMaxTokens(value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value > 0) return value
  throw invalid('max_tokens', 'max_tokens must be a whole number above 0')
}

function stop(sequences: unknown): unknown[] | undefined {
  const list = isGiven(sequences) ? listAt(sequences, 'stop_sequences') : []
  return list.length > 0 ? list : undefined
}

function responseFormat(format: Json): Json {
  if (format.type !== 'json_schema')
    throw unsupported('output_config.format', 'Outputs are formatted by json_schema only; send one')
  const schema = objectAt(format.schema, 'output_config.format.schema')
  return { type: 'json_schema', json_schema: { name: 'output', schema, strict: true } }
}

function serviceTier(tier: unknown): unknown {
  return tier === 'standard_only' ? 'default' : tier
}

function systemMessages(system: unknown): Json[] {
  if (!isGiven(system)) return []
  const parts = toParts(system, 'system')
  return parts.length > 0 ? [{ role: 'system', content: plainContent(parts) }] : []
}

type ToMessages = (content: unknown, param: string) => Json[]

const ROLES: Readonly<Record<string, ToMessages>> = {
  user: userMessages,
  assistant: assistantMessages,
  system: (content, param) => [{ role: 'system', content: plainContent(toParts(content, param)) }],
}

function toChatMessages(messages: unknown): Json[] {
  return listAt(messages, 'messages').flatMap((entry, i) => {
    const { role, content } = objectAt(entry, `messages[${i}]`)
    const translate = entryOf(ROLES, role)
    if (!translate) throw invalid(`messages[${i}].role`, `messages[${i}].role must be user, assistant or system`)
    return translate(content, `messages[${i}].content`)
  })
}

function blocksOf(content: unknown, param: string): Json[] {
  if (typeof content === 'string') return [{ type: 'text', text: content }]
  return listAt(content, param).map((block, i) => objectAt(block, `${param}[${i}]`))
}

/** Results stand right behind the calls in a chat, as messages of their own: first they, then what the user says. */
function userMessages(content: unknown, param: string): Json[] {
  const results: Json[] = []
  const said: Json[] = []
  for (const [i, block] of blocksOf(content, param).entries()) {
    if (block.type === 'tool_result') {
      const { message, shown } = toolMessage(block, `${param}[${i}]`)
      results.push(message)
      said.push(...shown)
    } else said.push(...toParts([block], param))
  }
  return said.length > 0 ? [...results, { role: 'user', content: plainContent(said) }] : results
}

/** A tool of a chat answers in text: what it shows besides is shown by the user. */
function toolMessage(block: Json, param: string): { message: Json; shown: Json[] } {
  const parts = isGiven(block.content) ? toParts(block.content, `${param}.content`) : []
  const texts = parts.filter(isText)
  const failed = block.is_error === true ? [{ type: 'text', text: 'Error:' }] : []
  return {
    message: {
      role: 'tool',
      tool_call_id: textAt(block.tool_use_id, `${param}.tool_use_id`),
      content: texts.length + failed.length > 0 ? plainContent([...failed, ...texts]) : '',
    },
    shown: parts.filter((part) => !isText(part)),
  }
}

/** Thinking that Anthropic has signed can be read by Anthropic only; unsigned, it came from a model of this shape. */
function assistantMessages(content: unknown, param: string): Json[] {
  const blocks = blocksOf(content, param).map((block, i) => ({ block, at: `${param}[${i}]` }))
  const thoughts = blocks.filter(({ block }) => block.type === 'thinking' && !isSigned(block))
  const calls = blocks.filter(({ block }) => block.type === 'tool_use')
  const said = blocks
    .filter(({ block }) => !APART.has(asText(block.type)))
    .flatMap(({ block }) => toParts([block], param))
  return [
    {
      role: 'assistant',
      content: said.length > 0 ? plainContent(said) : null,
      ...(thoughts.length > 0 && {
        reasoning_content: thoughts.map(({ block }) => asText(block.thinking ?? '')).join(''),
      }),
      ...(calls.length > 0 && { tool_calls: calls.map(({ block, at }) => toolCall(block, at)) }),
    },
  ]
}

const APART = new Set(['thinking', 'redacted_thinking', 'tool_use'])

function toolCall(block: Json, param: string): Json {
  const called = { name: textAt(block.name, `${param}.name`), arguments: JSON.stringify(block.input ?? {}) }
  return { id: textAt(block.id, `${param}.id`), type: 'function', function: called }
}
