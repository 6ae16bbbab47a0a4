import { entryOf, given, invalid, isGiven, type Json, listAt, objectAt, textAt, unsupported } from '../fields.ts'
import { toBlocks } from './content.ts'
import { signedBlocks } from './thinking-blocks.ts'
import { readArguments, toToolUseId } from './tools.ts'

export interface Conversation {
  system: Json[]
  messages: Turn[]
}

export interface Turn {
  role: 'user' | 'assistant'
  content: Json[]
}

interface Place {
  speaker: 'system' | Turn['role']
  toBlocks: (message: Json, param: string) => Json[]
}

/** Who says it to Anthropic, by the role that says it in a chat. */
const PLACES: Readonly<Record<string, Place>> = {
  system: { speaker: 'system', toBlocks: systemBlocks },
  developer: { speaker: 'system', toBlocks: systemBlocks },
  user: { speaker: 'user', toBlocks: (message, param) => toBlocks(message.content, `${param}.content`) },
  assistant: { speaker: 'assistant', toBlocks: assistantBlocks },
  tool: { speaker: 'user', toBlocks: toolResultBlocks },
}

/**
 * A chat's messages as Anthropic's: instructions in front, in their order, and turns that alternate, so that the results
 * of parallel calls come in one turn. `name` and what clients echo of an answer besides its words are left out.
 */
export function readConversation(messages: unknown): Conversation {
  const conversation: Conversation = { system: [], messages: [] }
  for (const [i, entry] of listAt(messages, 'messages').entries()) {
    const param = `messages[${i}]`
    const message = objectAt(entry, param)
    const place = placeOf(message, param)
    const blocks = withCacheControl(place.toBlocks(message, param), message.cache_control)
    if (place.speaker === 'system') conversation.system.push(...blocks)
    else say(conversation.messages, place.speaker, blocks)
  }
  if (conversation.messages.length === 0)
    throw invalid('messages', 'messages must hold something that a user says; Anthropic answers no instructions alone')
  trimPrefill(conversation.messages.at(-1))
  return conversation
}

function placeOf({ role }: Json, param: string): Place {
  const place = entryOf(PLACES, role)
  if (place) return place
  if (role === 'function')
    throw unsupported(`${param}.role`, "Results of functions come as role tool, with the call's tool_call_id")
  throw invalid(`${param}.role`, `${param}.role must be system, developer, user, assistant or tool`)
}

function say(turns: Turn[], role: Turn['role'], blocks: Json[]): void {
  const last = turns.at(-1)
  if (last?.role === role) last.content.push(...blocks)
  else if (blocks.length > 0) turns.push({ role, content: blocks })
}

/** A message may be marked as a whole, where its content is plain text. */
function withCacheControl(blocks: Json[], cacheControl: unknown): Json[] {
  const last = blocks.at(-1)
  return isGiven(cacheControl) && last ? [...blocks.slice(0, -1), { cache_control: cacheControl, ...last }] : blocks
}

function systemBlocks(message: Json, param: string): Json[] {
  const blocks = toBlocks(message.content, `${param}.content`)
  if (blocks.some(({ type }) => type !== 'text'))
    throw unsupported(`${param}.content`, "Anthropic's models take instructions as text; send the rest as a user")
  return blocks
}

function assistantBlocks(message: Json, param: string): Json[] {
  if (isGiven(message.audio))
    throw unsupported(`${param}.audio`, "Anthropic's models hear nothing; send what was said as content")
  if (isGiven(message.function_call))
    throw unsupported(`${param}.function_call`, 'Say function_call as tool_calls, with an id')
  const calls = isGiven(message.tool_calls) ? listAt(message.tool_calls, `${param}.tool_calls`) : []
  return [
    ...signedBlocks(message),
    ...toBlocks(message.content, `${param}.content`),
    ...toBlocks(message.refusal, `${param}.refusal`),
    ...calls.map((call, i) => toolUseBlock(call, `${param}.tool_calls[${i}]`)),
  ]
}

function toolUseBlock(value: unknown, param: string): Json {
  const call = objectAt(value, param)
  if (isGiven(call.type) && call.type !== 'function')
    throw unsupported(`${param}.type`, "Anthropic's models call functions only; say the call as one")
  const called = objectAt(call.function, `${param}.function`)
  return given({
    type: 'tool_use',
    id: toToolUseId(textAt(call.id, `${param}.id`)),
    name: textAt(called.name, `${param}.function.name`),
    input: readArguments(textAt(called.arguments ?? '', `${param}.function.arguments`)),
    cache_control: call.cache_control,
  })
}

function toolResultBlocks(message: Json, param: string): Json[] {
  const id = toToolUseId(textAt(message.tool_call_id, `${param}.tool_call_id`))
  const content = typeof message.content === 'string' ? message.content : toBlocks(message.content, `${param}.content`)
  return [{ type: 'tool_result', tool_use_id: id, content }]
}

/** Anthropic refuses to go on from text that ends in white space. */
function trimPrefill(last: Turn | undefined): void {
  const block = last?.role === 'assistant' ? last.content.at(-1) : undefined
  if (last && typeof block?.text === 'string')
    last.content.splice(-1, 1, ...(block.text.trim() === '' ? [] : [{ ...block, text: block.text.trimEnd() }]))
}
