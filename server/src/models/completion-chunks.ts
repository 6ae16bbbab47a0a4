import { writeEvent } from '../http/event-stream.ts'
import { eventsOfMessage } from './anthropic/whole-message.ts'
import { asText, isJson, type Json } from './fields.ts'
import type { ModelRequest } from './model-request.ts'
import { eventsOfResponse } from './responses/whole-response.ts'
import { DONE } from './upstream-stream.ts'

/** A whole answer as the stream that was asked for: its text in one event. */
export function streamOfAnswer(
  { operation, model, includeUsage }: ModelRequest,
  answer: unknown,
): Uint8Array<ArrayBuffer> {
  const whole = isJson(answer) ? answer : {}
  if (operation === 'messages') return namedEvents(eventsOfMessage({ ...whole, model }))
  if (operation === 'responses') return namedEvents(eventsOfResponse(whole))
  const written = chunksOfCompletion(whole, includeUsage).map((chunk) => writeEvent(JSON.stringify(chunk)))
  return Buffer.concat([...written, writeEvent(DONE)])
}

/** With its type as the name of each, as Anthropic and OpenAI's responses have it. */
export const namedEvents = (events: readonly Json[]) =>
  Buffer.concat(events.map((event) => writeEvent(JSON.stringify(event), asText(event.type))))

/** A chunk with all there is, one that ends it, and the usage where it was asked for. */
export function chunksOfCompletion({ choices, usage, ...head }: Json, includeUsage: boolean): Json[] {
  const common = { ...head, object: 'chat.completion.chunk' }
  const all = Array.isArray(choices) ? choices.filter(isJson) : []
  const said = all.map(({ index, message, logprobs }) => ({
    ...common,
    choices: [{ index, delta: deltaOf(message), ...(isJson(logprobs) && { logprobs }), finish_reason: null }],
  }))
  const ended = all.map(({ index, finish_reason }) => ({ ...common, choices: [{ index, delta: {}, finish_reason }] }))
  return [...said, ...ended, ...(includeUsage && isJson(usage) ? [{ ...common, choices: [], usage }] : [])]
}

function deltaOf(message: unknown): Json {
  if (!isJson(message)) return {}
  const { tool_calls: calls, ...said } = message
  const delta = { role: 'assistant', ...said }
  if (!Array.isArray(calls)) return delta
  return { ...delta, tool_calls: calls.map((call, index) => ({ index, ...(isJson(call) && call) })) }
}
