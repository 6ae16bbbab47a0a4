import { ApiError } from '../../http/errors.ts'
import { names, type ParameterTable, refuseUnsupported } from '../parameter-table.ts'

/** What a chat call asks of an agent. */
export interface Question {
  /** All of it, for stdin. */
  prompt: string
  maxTokens: number | undefined
  includeUsage: boolean
}

/** A chat completion's body on its way to a command-line agent. */
export const CHAT_AT_AGENT: ParameterTable = {
  who: 'Command-line agents',
  translated: names('model messages stream stream_options max_tokens max_completion_tokens'),
  // What an agent decides for itself. Leaving it out changes how an answer is found, not what it is.
  dropped: {
    temperature: 'chosen by the agent',
    top_p: 'chosen by the agent',
    seed: 'OpenAI itself promises no more than an attempt',
    presence_penalty: 'chosen by the agent',
    frequency_penalty: 'chosen by the agent',
    reasoning_effort: 'chosen by the agent',
    verbosity: 'chosen by the agent',
    parallel_tool_calls: 'an agent runs tools of its own',
    service_tier: 'concerns queues of OpenAI',
    store: 'keeps the answer in a dashboard of OpenAI',
    metadata: 'notes that OpenAI keeps with the answer',
    user: 'names a person to OpenAI',
    safety_identifier: 'names a person to OpenAI',
    prompt_cache_key: 'sorts requests into caches of OpenAI',
    prompt_cache_retention: 'keeps caches of OpenAI',
  },
  unsupported: {
    n: { neutral: [1], because: 'give one answer to a request' },
    tools: { neutral: [[]], because: 'run tools of their own; leave tools out' },
    tool_choice: { neutral: ['auto', 'none'], because: 'run tools of their own; leave tool_choice out' },
    functions: { neutral: [[]], because: 'run tools of their own; leave functions out' },
    stop: { neutral: [[]], because: 'stop by themselves; leave stop out' },
    response_format: { neutral: [{ type: 'text' }], because: 'answer in text; leave response_format out' },
    modalities: { neutral: [['text'], []], because: 'answer in text only; ask for modalities ["text"]' },
    logprobs: { neutral: [false], because: 'tell no probabilities of tokens; leave logprobs out' },
  },
}

const PREFACE =
  'What follows is a conversation, one message on a line as JSON. Messages of "system" and "developer" are instructions ' +
  'to you; "assistant" is you. Answer the last message, with the answer alone.\n'

/**
 * A chat call as one text. A single message of a user is passed on as it is; anything else becomes a conversation, one
 * JSON object on a line: nothing that a message says can end it and begin another. So does what begins with `/`, which
 * agents take for a command of their own.
 */
export function readQuestion(body: Record<string, unknown>): Question {
  refuseUnsupported(body, CHAT_AT_AGENT)
  const messages = readMessages(body.messages)
  const [first] = messages
  const alone = messages.length === 1 && first?.role === 'user' && !first.content.trimStart().startsWith('/')
  return {
    prompt: alone ? first.content : PREFACE + messages.map((message) => `${JSON.stringify(message)}\n`).join(''),
    maxTokens: readCount(body, 'max_completion_tokens') ?? readCount(body, 'max_tokens'),
    includeUsage: isObject(body.stream_options) && body.stream_options.include_usage === true,
  }
}

interface Message {
  role: string
  content: string
}

const ROLES = new Set(['system', 'developer', 'user', 'assistant'])

function readMessages(value: unknown): Message[] {
  const messages = Array.isArray(value) ? value.map(readMessage) : []
  if (!messages.some(({ role, content }) => role === 'user' && content.trim() !== ''))
    throw new ApiError('invalid_request', 'Send messages, with text of a user among them', { param: 'messages' })
  return messages
}

function readMessage(message: unknown, index: number): Message {
  const param = `messages[${index}]`
  if (!isObject(message) || typeof message.role !== 'string')
    throw new ApiError('invalid_request', 'A message has a role and content', { param })
  if (!ROLES.has(message.role) || (Array.isArray(message.tool_calls) && message.tool_calls.length > 0))
    throw unsupported(param, 'A command-line agent runs tools of its own: send no tool calls and no results of them')
  return { role: message.role, content: readContent(message.content, param) }
}

function readContent(content: unknown, param: string): string {
  if (typeof content === 'string') return content
  if (content === null || content === undefined) return ''
  const parts = Array.isArray(content) ? content : [content]
  return parts.map((part) => readPart(part, param)).join('')
}

function readPart(part: unknown, param: string): string {
  if (isObject(part) && part.type === 'text' && typeof part.text === 'string') return part.text
  throw unsupported(`${param}.content`, 'A command-line agent takes text alone: no images, sound or files')
}

function readCount(body: Record<string, unknown>, name: string): number | undefined {
  const value = body[name] ?? undefined
  if (value === undefined || (Number.isSafeInteger(value) && Number(value) > 0)) return value as number | undefined
  throw new ApiError('invalid_request', `"${name}" is a whole number above 0`, { param: name })
}

const unsupported = (param: string, message: string) => new ApiError('unsupported_parameter', message, { param })

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
