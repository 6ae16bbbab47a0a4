import type { Json } from '../src/models/fields.ts'

/** An answer, to be told in either dialect, as JSON and as a stream. */
export interface Answer {
  thinking: string
  texts: string[]
  calls: { id: string; name: string; input: Json }[]
}

const INPUT = { input_tokens: 10, cache_read_input_tokens: 5, cache_creation_input_tokens: 3 }

export const messageOf = (answer: Answer, stopReason: string) => messageOfBlocks(blocksOf(answer), stopReason)

export function messageOfBlocks(blocks: readonly Json[], stopReason: string) {
  return {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model: 'claude',
    content: blocks,
    stop_reason: stopReason,
    stop_sequence: null,
    usage: { ...INPUT, output_tokens: 42 },
  }
}

function blocksOf({ thinking, texts, calls }: Answer): Json[] {
  return [
    ...(thinking === '' ? [] : [{ type: 'thinking', thinking, signature: 'signed' }]),
    ...texts.map((text) => ({ type: 'text', text })),
    ...calls.map((call) => ({ type: 'tool_use', ...call })),
  ]
}

export const anthropicEvents = (answer: Answer, stopReason: string) => eventsOfBlocks(blocksOf(answer), stopReason)

/** As Anthropic streams it: a placeholder for the usage, pings, and every text in two pieces. */
export function eventsOfBlocks(blocks: readonly Json[], stopReason: string): Json[] {
  const start = {
    ...messageOfBlocks(blocks, stopReason),
    content: [],
    stop_reason: null,
    usage: { ...INPUT, output_tokens: 1 },
  }
  return [
    { type: 'message_start', message: start },
    { type: 'ping' },
    ...blocks.flatMap((block, index) => [
      { type: 'content_block_start', index, content_block: emptied(block) },
      ...deltasOf(block).map((delta) => ({ type: 'content_block_delta', index, delta })),
      { type: 'content_block_stop', index },
    ]),
    { type: 'message_delta', delta: { stop_reason: stopReason, stop_sequence: null }, usage: { output_tokens: 42 } },
    { type: 'message_stop' },
  ]
}

function emptied(block: Json): Json {
  if (block.type === 'thinking') return { type: 'thinking', thinking: '', signature: '' }
  return block.type === 'text' ? { type: 'text', text: '' } : { ...block, input: {} }
}

function deltasOf({ type, thinking, text, input }: Json): Json[] {
  if (type === 'text') return halves(String(text)).map((half) => ({ type: 'text_delta', text: half }))
  if (type === 'thinking')
    return [
      ...halves(String(thinking)).map((half) => ({ type: 'thinking_delta', thinking: half })),
      { type: 'signature_delta', signature: 'signed' },
    ]
  const json = JSON.stringify(input)
  // Anthropic says nothing of arguments that are none.
  return ['', ...(json === '{}' ? [] : halves(json))].map((half) => ({ type: 'input_json_delta', partial_json: half }))
}

function halves(text: string): string[] {
  const middle = Math.ceil(text.length / 2)
  return [text.slice(0, middle), text.slice(middle)]
}

const CHAT_USAGE = {
  prompt_tokens: 18,
  completion_tokens: 42,
  total_tokens: 60,
  prompt_tokens_details: { cached_tokens: 5, cache_write_tokens: 3 },
}

function toolCallsOf({ calls }: Answer) {
  return calls.map(({ id, name, input }, index) => ({
    index,
    id,
    type: 'function',
    function: { name, arguments: JSON.stringify(input) },
  }))
}

export function chatCompletionOf(answer: Answer): Json {
  const calls = toolCallsOf(answer)
  const message = {
    role: 'assistant',
    content: answer.texts.join('') || null,
    reasoning_content: answer.thinking,
    ...(calls.length > 0 && { tool_calls: calls }),
  }
  const finishReason = calls.length > 0 ? 'tool_calls' : 'stop'
  return { choices: [{ index: 0, message, finish_reason: finishReason }], usage: CHAT_USAGE }
}

/** As OpenAI's shape is streamed: every text in two pieces, the usage in a chunk of its own. */
export function chatChunksOf(answer: Answer): Json[] {
  const calls = toolCallsOf(answer)
  const deltas = [
    { role: 'assistant', content: '' },
    ...halves(answer.thinking).map((half) => ({ reasoning_content: half })),
    ...answer.texts.flatMap(halves).map((half) => ({ content: half })),
    ...calls.flatMap(({ function: called, ...call }) => [
      { tool_calls: [{ ...call, function: { name: called.name, arguments: '' } }] },
      ...halves(called.arguments).map((half) => ({
        tool_calls: [{ index: call.index, function: { arguments: half } }],
      })),
    ]),
  ]
  return [
    ...deltas.map((delta) => ({ choices: [{ index: 0, delta, finish_reason: null }] })),
    { choices: [{ index: 0, delta: {}, finish_reason: calls.length > 0 ? 'tool_calls' : 'stop' }] },
    { choices: [], usage: CHAT_USAGE },
  ]
}
