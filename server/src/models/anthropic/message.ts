import { asText, isJson, type Json } from '../fields.ts'
import { usageOf } from '../usage-of.ts'
import { brokenAnswer } from './errors.ts'
import { toStopReason } from './stop-reason.ts'
import { reasoningOf, signedBlocks } from './thinking-blocks.ts'
import { readArguments, toToolUseId } from './tools.ts'
import { NO_USAGE, toMessagesUsage } from './usage.ts'

export interface MessageHead {
  id: string
  /** As the caller named it. */
  model: string
}

/** A chat completion as Anthropic's message. */
export function toMessage(completion: unknown, head: MessageHead): Json {
  const choice = isJson(completion) && Array.isArray(completion.choices) ? completion.choices[0] : undefined
  if (!isJson(choice) || !isJson(choice.message)) throw brokenAnswer('no chat completion')
  const calls = Array.isArray(choice.message.tool_calls) ? choice.message.tool_calls.filter(isJson) : []
  return {
    ...emptyMessage(head),
    content: [...thinking(choice.message), ...texts(choice.message), ...calls.map(toToolUse)],
    stop_reason: stopReason(choice, calls.length > 0),
    usage: toMessagesUsage(usageOf('chat', completion) ?? NO_USAGE),
  }
}

export function emptyMessage({ id, model }: MessageHead): Json {
  return {
    id,
    type: 'message',
    role: 'assistant',
    model,
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage: toMessagesUsage(NO_USAGE),
  }
}

/** What comes without a signature came from another model: Anthropic's clients get an empty one, which marks it. */
function thinking(message: Json): Json[] {
  const signed = signedBlocks(message)
  if (signed.length > 0) return signed
  const reasoning = reasoningOf(message)
  return reasoning === '' ? [] : [{ type: 'thinking', thinking: reasoning, signature: '' }]
}

function texts({ content, refusal }: Json): Json[] {
  return [content, refusal]
    .filter((text) => typeof text === 'string' && text !== '')
    .map((text) => ({ type: 'text', text, citations: null }))
}

function stopReason({ finish_reason: reason, message }: Json, callsTools: boolean): string {
  return isJson(message) && typeof message.refusal === 'string' ? 'refusal' : toStopReason(reason, callsTools)
}

function toToolUse(call: Json): Json {
  const called = isJson(call.function) ? call.function : {}
  return {
    type: 'tool_use',
    id: toToolUseId(asText(call.id)),
    name: called.name,
    input: readArguments(asText(called.arguments ?? '')),
  }
}
