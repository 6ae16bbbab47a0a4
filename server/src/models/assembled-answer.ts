import type { ServerSentEvent } from '../http/event-stream.ts'
import { BackendFailed, type Operation } from './backend.ts'
import { isJson, type Json } from './fields.ts'
import type { UpstreamEvents } from './upstream-events.ts'

interface Streamed {
  first: ServerSentEvent[]
  rest: UpstreamEvents
}

/** What a backend streamed although nobody asked it to, in one piece. */
export async function assembledAnswer(operation: Operation, { first, rest }: Streamed): Promise<unknown> {
  const data: Json[] = []
  for (let events: ServerSentEvent[] | undefined = first; events; events = await rest.next())
    for (const event of events) if (event.data.startsWith('{')) data.push(JSON.parse(event.data))
  if (operation === 'responses') return data.find(({ type }) => type === 'response.completed')?.response
  if (operation === 'messages') return assembledMessage(data)
  return assembledCompletion(data)
}

/** Deltas added up, choice by choice. */
function assembledCompletion(chunks: readonly Json[]): Json {
  const [head] = chunks
  if (!head) throw new BackendFailed('protocol', 'The stream held no answer')
  const choices = new Map<unknown, { message: Json; calls: Map<unknown, Json>; finish_reason: unknown }>()
  let usage: unknown
  for (const chunk of chunks) {
    usage = isJson(chunk.usage) ? chunk.usage : usage
    for (const { index, delta, finish_reason } of listOf(chunk.choices)) {
      const choice = choices.get(index) ?? {
        message: { role: 'assistant', content: null },
        calls: new Map(),
        finish_reason: null,
      }
      choices.set(index, choice)
      choice.finish_reason = finish_reason ?? choice.finish_reason
      if (isJson(delta)) addDelta(choice, delta)
    }
  }
  const { id, created, model } = head
  return {
    id,
    object: 'chat.completion',
    created,
    model,
    choices: [...choices].map(([index, { message, calls, finish_reason }]) => ({
      index,
      message: { ...message, ...(calls.size > 0 && { tool_calls: [...calls.values()] }) },
      finish_reason,
    })),
    ...(isJson(usage) && { usage }),
  }
}

function addDelta({ message, calls }: { message: Json; calls: Map<unknown, Json> }, delta: Json): void {
  for (const [name, value] of Object.entries(delta)) {
    if (name === 'tool_calls') for (const call of listOf(value)) addCall(calls, call)
    else if (name !== 'role' && typeof value === 'string') message[name] = `${message[name] ?? ''}${value}`
    else if (value !== null && name !== 'role') message[name] = value
  }
}

function addCall(calls: Map<unknown, Json>, { index, function: called, ...call }: Json): void {
  const known = calls.get(index) ?? { type: 'function', function: { name: '', arguments: '' } }
  const before = isJson(known.function) ? known.function : {}
  const more = isJson(called) ? called : {}
  calls.set(index, {
    ...known,
    ...call,
    function: {
      name: `${before.name ?? ''}${more.name ?? ''}`,
      arguments: `${before.arguments ?? ''}${more.arguments ?? ''}`,
    },
  })
}

const listOf = (value: unknown): Json[] => (Array.isArray(value) ? value.filter(isJson) : [])

/** Anthropic's events, put together as its API would have sent the message. */
function assembledMessage(events: readonly Json[]): Json {
  const start = events.find(({ type }) => type === 'message_start')?.message
  if (!isJson(start)) throw new BackendFailed('protocol', 'The stream held no answer')
  const blocks = new Map<unknown, Json>()
  let end: Json = {}
  for (const { type, index, content_block, delta, usage } of events) {
    if (type === 'content_block_start' && isJson(content_block)) blocks.set(index, { ...content_block, partial: '' })
    const block = blocks.get(index)
    if (type === 'content_block_delta' && block && isJson(delta)) addToBlock(block, delta)
    if (type === 'message_delta') end = { ...(isJson(delta) && delta), ...(isJson(usage) && { usage }) }
  }
  const usage = { ...(isJson(start.usage) && start.usage), ...(isJson(end.usage) && end.usage) }
  return { ...start, ...end, usage, content: [...blocks.values()].map(finishedBlock) }
}

function addToBlock(block: Json, { type, text, thinking, signature, partial_json }: Json): void {
  if (type === 'text_delta') block.text = `${block.text ?? ''}${text}`
  if (type === 'thinking_delta') block.thinking = `${block.thinking ?? ''}${thinking}`
  if (type === 'signature_delta') block.signature = signature
  if (type === 'input_json_delta') block.partial = `${block.partial}${partial_json}`
}

function finishedBlock({ partial, ...block }: Json): Json {
  return block.type === 'tool_use' && partial !== '' ? { ...block, input: JSON.parse(String(partial)) } : block
}
