import { ApiError } from '../../http/errors.ts'

/** What a chat call asks of an agent. */
export interface Question {
  /** All of it, for stdin. */
  prompt: string
  maxTokens: number | undefined
  includeUsage: boolean
}

/** What is understood. */
const TAKEN = new Set(['model', 'messages', 'stream', 'stream_options', 'max_tokens', 'max_completion_tokens'])

/** What an agent decides for itself. Leaving it out changes how an answer is found, not what it is: documented, not refused. */
export const LEFT_OUT: ReadonlySet<string> = new Set([
  'temperature',
  'top_p',
  'seed',
  'presence_penalty',
  'frequency_penalty',
  'reasoning_effort',
  'verbosity',
  'parallel_tool_calls',
  'service_tier',
  'store',
  'metadata',
  'user',
  'safety_identifier',
  'prompt_cache_key',
  'prompt_cache_retention',
])

/** Values that ask for nothing. */
const ASKS_NOTHING = new Map<string, (value: unknown) => boolean>([
  ['n', (value) => value === 1],
  ['tools', isEmptyList],
  ['tool_choice', (value) => value === 'auto' || value === 'none'],
  ['functions', isEmptyList],
  ['stop', isEmptyList],
  ['response_format', (value) => isObject(value) && value.type === 'text'],
  ['modalities', (value) => Array.isArray(value) && value.every((one) => one === 'text')],
  ['logprobs', (value) => value === false],
])

const PREFACE =
  'What follows is a conversation, one message on a line as JSON. Messages of "system" and "developer" are instructions ' +
  'to you; "assistant" is you. Answer the last message, with the answer alone.\n'

/**
 * A chat call as one text. A single message of a user is passed on as it is; anything else becomes a conversation, one
 * JSON object on a line: nothing that a message says can end it and begin another. So does what begins with `/`, which
 * agents take for a command of their own.
 */
export function readQuestion(body: Record<string, unknown>): Question {
  for (const [name, value] of Object.entries(body)) refuseUnknown(name, value)
  const messages = readMessages(body.messages)
  const [first] = messages
  const alone = messages.length === 1 && first?.role === 'user' && !first.content.trimStart().startsWith('/')
  return {
    prompt: alone ? first.content : PREFACE + messages.map((message) => `${JSON.stringify(message)}\n`).join(''),
    maxTokens: readCount(body, 'max_completion_tokens') ?? readCount(body, 'max_tokens'),
    includeUsage: isObject(body.stream_options) && body.stream_options.include_usage === true,
  }
}

function refuseUnknown(name: string, value: unknown): void {
  if (value === null || value === undefined || TAKEN.has(name) || LEFT_OUT.has(name)) return
  if (!ASKS_NOTHING.get(name)?.(value))
    throw unsupported(name, `A command-line agent cannot do "${name}": leave it out`)
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

function isEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0
}
