import { writeEvent } from '../http/event-stream.ts'
import { isJson, type Json } from './fields.ts'
import type { ModelRequest } from './model-request.ts'

const DONE = '[DONE]'

/** A whole answer as the stream that was asked for: its text in one event. */
export function streamOfAnswer(request: ModelRequest, answer: unknown): Uint8Array<ArrayBuffer> {
  const whole = isJson(answer) ? answer : {}
  if (request.operation === 'messages') return messageStream(request, whole)
  if (request.operation === 'responses') return event('response.completed', { response: whole })
  const written = chunksOf(whole, request.includeUsage).map((chunk) => writeEvent(JSON.stringify(chunk)))
  return Buffer.concat([...written, writeEvent(DONE)])
}

/** A chunk with all there is, one that ends it, and the usage where it was asked for. */
function chunksOf({ choices, usage, ...head }: Json, includeUsage: boolean): Json[] {
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
  const { tool_calls: calls, ...delta } = message
  if (!Array.isArray(calls)) return delta
  return { ...delta, tool_calls: calls.map((call, index) => ({ index, ...(isJson(call) && call) })) }
}

/** By way of the chunks that the same answer would have been. */
function messageStream({ model }: ModelRequest, message: Json): Uint8Array<ArrayBuffer> {
  const { content, ...rest } = message
  const blocks = Array.isArray(content) ? content.filter(isJson) : []
  const start = event('message_start', {
    message: { ...rest, content: [], stop_reason: null, stop_sequence: null, model },
  })
  const said = blocks.flatMap((block, index) => [
    event('content_block_start', { index, content_block: emptied(block) }),
    event('content_block_delta', { index, delta: deltaOfBlock(block) }),
    event('content_block_stop', { index }),
  ])
  const { stop_reason, stop_sequence, usage } = message
  const delta = { delta: { stop_reason, stop_sequence }, usage }
  return Buffer.concat([start, ...said, event('message_delta', delta), event('message_stop', {})])
}

function emptied(block: Json): Json {
  if (block.type === 'text') return { ...block, text: '' }
  if (block.type === 'thinking') return { ...block, thinking: '' }
  return block.type === 'tool_use' ? { ...block, input: {} } : block
}

function deltaOfBlock({ type, text, thinking, input }: Json): Json {
  if (type === 'thinking') return { type: 'thinking_delta', thinking }
  if (type === 'tool_use') return { type: 'input_json_delta', partial_json: JSON.stringify(input) }
  return { type: 'text_delta', text }
}

const event = (type: string, data: Json) => writeEvent(JSON.stringify({ type, ...data }), type)
