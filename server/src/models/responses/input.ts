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
import { readEncryptedContent } from './encrypted-reasoning.ts'

/** A conversation as a chat has it, and where each of its messages stood. */
export interface ChatConversation {
  messages: Json[]
  places: Place[]
}

/** Which items of the input a message of the chat was made of. */
export interface Place {
  content: string
  calls: string[]
}

export interface InputOptions {
  /** Anthropic reads pictures in results of tools, and fetches documents; chats elsewhere do neither. */
  isAnthropic: boolean
}

interface Building extends ChatConversation, InputOptions {}

type ReadItem = (item: Json, param: string, to: Building) => void

/** By its type; a message may leave it out. */
const ITEMS: Readonly<Record<string, ReadItem>> = {
  message: readMessage,
  reasoning: readReasoning,
  function_call: readCall,
  function_call_output: readOutput,
  item_reference: (_item, param) => {
    throw unsupported(
      param,
      'Nothing of a response is kept here, so an item cannot be referred to; send the item itself (clients do with store false)',
    )
  },
}

/**
 * The input of a response as a chat's messages. What clients echo of an answer besides its words is left out: ids,
 * states, phases, what was parsed of it.
 */
export function readInput(instructions: unknown, input: unknown, options: InputOptions): ChatConversation {
  const to: Building = { messages: [], places: [], ...options }
  if (isGiven(instructions))
    say(to, { role: 'system', content: textAt(instructions, 'instructions') }, { content: 'instructions', calls: [] })
  if (typeof input === 'string') say(to, { role: 'user', content: input }, { content: 'input', calls: [] })
  else for (const [i, item] of listAt(input, 'input').entries()) readItem(item, `input[${i}]`, to)
  return options.isAnthropic ? to : withoutSilence(to)
}

/** What a model of another kind only thought is no message of a chat. */
function withoutSilence({ messages, places }: ChatConversation): ChatConversation {
  const isSaid = ({ role, content, tool_calls }: Json) =>
    role !== 'assistant' || content !== null || isGiven(tool_calls)
  return { messages: messages.filter(isSaid), places: places.filter((_place, i) => isSaid(messages[i] ?? {})) }
}

function readItem(value: unknown, param: string, to: Building): void {
  const item = objectAt(value, param)
  const type = item.type ?? (isGiven(item.role) ? 'message' : 'item_reference')
  const read = entryOf(ITEMS, type)
  if (!read)
    throw unsupported(
      `${param}.type`,
      `Models without responses of their own do not read items of type ${asText(type)}`,
    )
  read(item, param, to)
}

function say(to: Building, message: Json, place: Place): void {
  to.messages.push(message)
  to.places.push(place)
}

/** A chat's system and developer are the same to its models, and more of them know the first. */
const ROLES: Readonly<Record<string, string>> = {
  user: 'user',
  assistant: 'assistant',
  system: 'system',
  developer: 'system',
}

function readMessage({ role: asked, content }: Json, param: string, to: Building): void {
  const role = entryOf(ROLES, asked)
  if (role === undefined) throw invalid(`${param}.role`, `${param}.role must be user, assistant, system or developer`)
  const said = readContent(content, `${param}.content`, to)
  const open = role === 'assistant' ? openAnswer(to) : undefined
  if (open && open.message.content === null && !open.message.tool_calls) {
    open.message.content = said
    open.place.content = param
  } else say(to, { role, content: said }, { content: param, calls: [] })
}

/** The answer of the model that is still being read: what comes next may be part of it. */
function openAnswer({ messages, places }: Building): { message: Json; place: Place } | undefined {
  const [message, place] = [messages.at(-1), places.at(-1)]
  return message?.role === 'assistant' && place ? { message, place } : undefined
}

function beginAnswer(to: Building, param: string): { message: Json; place: Place } {
  const message: Json = { role: 'assistant', content: null }
  const place = { content: param, calls: [] }
  say(to, message, place)
  return { message, place }
}

/** In front of what the model said next. Signed thinking can be read by Anthropic only, and goes back as it came. */
function readReasoning(item: Json, param: string, to: Building): void {
  const before = openAnswer(to)
  const isPartOfIt = before && before.message.content === null && !before.message.tool_calls
  const { message } = isPartOfIt ? before : beginAnswer(to, param)
  const signed = readEncryptedContent(item.encrypted_content)
  if (signed && to.isAnthropic) add(message, 'thinking_blocks', signed)
  const told = textsOf(item.summary).join('') || textsOf(item.content).join('')
  if (!signed && told !== '') message.reasoning_content = `${message.reasoning_content ?? ''}${told}`
}

const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : [])

function textsOf(parts: unknown): string[] {
  return listOf(parts).map((part) => (isJson(part) && typeof part.text === 'string' ? part.text : ''))
}

function readCall(item: Json, param: string, to: Building): void {
  if (isGiven(item.namespace))
    throw unsupported(`${param}.namespace`, 'Models without responses of their own have no namespaces of tools')
  const { message, place } = openAnswer(to) ?? beginAnswer(to, param)
  const called = {
    name: textAt(item.name, `${param}.name`),
    arguments: textAt(item.arguments, `${param}.arguments`),
  }
  const call = { id: textAt(item.call_id, `${param}.call_id`), type: 'function', function: called }
  add(message, 'tool_calls', call)
  place.calls.push(param)
}

/** In place: a conversation may hold many thousands. */
function add(message: Json, name: string, one: Json): void {
  const known = message[name]
  if (Array.isArray(known)) known.push(one)
  else message[name] = [one]
}

function readOutput(item: Json, param: string, to: Building): void {
  const tool_call_id = textAt(item.call_id, `${param}.call_id`)
  const content = readContent(item.output, `${param}.output`, to)
  const isShown = Array.isArray(content) && content.some(({ type }) => type !== 'text')
  if (isShown && !to.isAnthropic)
    throw unsupported(
      `${param}.output`,
      'This model reads results of tools as text; show the rest in a message of the user',
    )
  say(to, { role: 'tool', tool_call_id, content }, { content: param, calls: [] })
}

function readContent(content: unknown, param: string, options: InputOptions): string | Json[] {
  if (typeof content === 'string') return content
  return listAt(content, param).map((part, i) => readPart(objectAt(part, `${param}[${i}]`), `${param}[${i}]`, options))
}

type ReadPart = (part: Json, param: string, options: InputOptions) => Json

const text: ReadPart = (part, param) => ({ type: 'text', text: textAt(part.text, `${param}.text`) })

const PARTS: Readonly<Record<string, ReadPart>> = {
  input_text: text,
  output_text: text,
  text,
  refusal: (part, param) => ({ type: 'refusal', refusal: textAt(part.refusal, `${param}.refusal`) }),
  input_image: imagePart,
  input_file: filePart,
}

function readPart(part: Json, param: string, options: InputOptions): Json {
  const read = entryOf(PARTS, part.type)
  if (!read)
    throw unsupported(
      `${param}.type`,
      `Models without responses of their own do not read parts of type ${asText(part.type)}; send text, images or files`,
    )
  const cached = part.cache_control ?? (isGiven(part.prompt_cache_breakpoint) ? { type: 'ephemeral' } : undefined)
  return given({ ...read(part, param, options), cache_control: options.isAnthropic ? cached : undefined })
}

function imagePart({ image_url, file_id, detail }: Json, param: string): Json {
  refuseKept(file_id, param, 'image_url')
  return { type: 'image_url', image_url: given({ url: textAt(image_url, `${param}.image_url`), detail }) }
}

function filePart(
  { file_data, file_url, file_id, filename }: Json,
  param: string,
  { isAnthropic }: InputOptions,
): Json {
  refuseKept(file_id, param, 'file_data')
  if (!isGiven(file_url))
    return { type: 'file', file: given({ filename, file_data: textAt(file_data, `${param}.file_data`) }) }
  if (!isAnthropic)
    throw unsupported(`${param}.file_url`, 'This model does not fetch files; send the file as file_data')
  // A chat's file, as our way to Anthropic reads it, may be an address.
  return { type: 'file', file: given({ filename, file_data: textAt(file_url, `${param}.file_url`) }) }
}

function refuseKept(fileId: unknown, param: string, instead: string): void {
  if (isGiven(fileId))
    throw unsupported(`${param}.file_id`, `A file kept at OpenAI cannot be read by this model; send it as ${instead}`)
}
