import { writeEvent } from '../http/event-stream.ts'
import { isJson, type Json } from './fields.ts'
import type { ModelRequest } from './model-request.ts'
import { DONE } from './upstream-stream.ts'

/** A whole answer as the stream that was asked for: its text in one event. */
export function streamOfAnswer(request: ModelRequest, answer: unknown): Uint8Array<ArrayBuffer> {
  const whole = isJson(answer) ? answer : {}
  if (request.operation === 'messages') return messageStream(request, whole)
  if (request.operation === 'responses') return responseStream(whole)
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
  const { tool_calls: calls, ...said } = message
  const delta = { role: 'assistant', ...said }
  if (!Array.isArray(calls)) return delta
  return { ...delta, tool_calls: calls.map((call, index) => ({ index, ...(isJson(call) && call) })) }
}

/** Each of its items as it was begun and as it became, and the words between. */
function responseStream(response: Json): Uint8Array<ArrayBuffer> {
  const items = Array.isArray(response.output) ? response.output.filter(isJson) : []
  const begun = { response: { ...response, status: 'in_progress', output: [] } }
  const events: [type: string, data: Json][] = [
    ['response.created', begun],
    ...items.flatMap((item, output_index): [string, Json][] => [
      [
        'response.output_item.added',
        { output_index, item: { ...item, ...(item.content !== undefined && { content: [] }) } },
      ],
      ...partsOf(item, output_index),
      ['response.output_item.done', { output_index, item }],
    ]),
    [`response.${response.status === 'incomplete' ? 'incomplete' : 'completed'}`, { response }],
  ]
  return Buffer.concat(events.map(([type, data], sequence_number) => event(type, { ...data, sequence_number })))
}

function partsOf({ id, type, content }: Json, output_index: number): [string, Json][] {
  if (type !== 'message' || !Array.isArray(content)) return []
  return content.filter(isJson).flatMap((part, content_index): [string, Json][] => {
    const at = { item_id: id, output_index, content_index }
    const { text } = part
    const words: [string, Json][] =
      typeof text === 'string'
        ? [
            ['response.output_text.delta', { ...at, delta: text, logprobs: [] }],
            ['response.output_text.done', { ...at, text, logprobs: [] }],
          ]
        : []
    return [
      ['response.content_part.added', { ...at, part: { ...part, ...(typeof text === 'string' && { text: '' }) } }],
      ...words,
      ['response.content_part.done', { ...at, part }],
    ]
  })
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
