import { BackendFailed, type Operation } from './backend.ts'
import { asText, isJson, type Json } from './fields.ts'
import type { UpstreamEvents } from './upstream-events.ts'
import { isLast } from './upstream-stream.ts'

/** What a backend streamed although nobody asked it to, in one piece. Throws where it ended too early. */
export async function assembledAnswer(operation: Operation, stream: UpstreamEvents): Promise<unknown> {
  const data = await readToEnd(operation, stream).finally(() => stream.cancel())
  if (operation === 'responses') return data.findLast(({ response }) => isJson(response))?.response
  return operation === 'messages' ? assembledMessage(data) : assembledCompletion(data)
}

async function readToEnd(operation: Operation, stream: UpstreamEvents): Promise<Json[]> {
  const data: Json[] = []
  for (let events = await stream.next(); events; events = await stream.next())
    for (const event of events) {
      if (event.data.startsWith('{')) data.push(parse(event.data))
      if (isLast(operation, event)) return data
    }
  const hasFinished = data.some(({ choices }) => listOf(choices).some(({ finish_reason }) => finish_reason))
  if (hasFinished) return data
  throw new BackendFailed('reset', 'The stream ended before its end')
}

function parse(data: string): Json {
  try {
    return JSON.parse(data)
  } catch {
    throw new BackendFailed('protocol', 'An event is no JSON')
  }
}

interface Choice {
  /** What else stands beside a delta, as it stood there last. */
  rest: Json
  message: Json
  calls: Map<unknown, Json>
  logprobs: Json | undefined
}

/** Deltas added up, choice by choice. */
function assembledCompletion(chunks: readonly Json[]): Json {
  const head: Json = {}
  const choices = new Map<unknown, Choice>()
  for (const chunk of chunks) {
    for (const [name, value] of Object.entries(chunk)) if (value !== null) head[name] = value
    for (const { index, delta, logprobs, ...rest } of listOf(chunk.choices)) {
      const message = { role: 'assistant', content: null }
      const choice: Choice = choices.get(index) ?? { rest: {}, message, calls: new Map(), logprobs: undefined }
      choices.set(index, choice)
      choice.rest = { ...rest, finish_reason: rest.finish_reason ?? choice.rest.finish_reason ?? null }
      if (isJson(delta)) addDelta(choice, delta)
      if (isJson(logprobs)) choice.logprobs = joined(choice.logprobs, logprobs)
    }
  }
  return {
    ...head,
    object: 'chat.completion',
    choices: [...choices].map(([index, { message, calls, logprobs, rest }]) => ({
      index,
      message: { ...message, ...(calls.size > 0 && { tool_calls: [...calls.values()] }) },
      ...(logprobs && { logprobs }),
      ...rest,
    })),
  }
}

/** Lists of tokens, one behind the other. */
function joined(before: Json = {}, more: Json): Json {
  const all = Object.entries(more).map(([name, value]) => {
    const known = before[name]
    return [name, Array.isArray(known) && Array.isArray(value) ? [...known, ...value] : (value ?? known ?? null)]
  })
  return { ...before, ...Object.fromEntries(all) }
}

function addDelta({ message, calls }: Choice, delta: Json): void {
  for (const [name, value] of Object.entries(delta)) {
    if (name === 'tool_calls') for (const call of listOf(value)) addCall(calls, call)
    else if (name !== 'role' && typeof value === 'string') message[name] = `${asText(message[name] ?? '')}${value}`
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
      name: `${asText(before.name ?? '')}${asText(more.name ?? '')}`,
      arguments: `${asText(before.arguments ?? '')}${asText(more.arguments ?? '')}`,
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
  if (type === 'text_delta') block.text = `${asText(block.text ?? '')}${asText(text)}`
  if (type === 'thinking_delta') block.thinking = `${asText(block.thinking ?? '')}${asText(thinking)}`
  if (type === 'signature_delta') block.signature = signature
  if (type === 'input_json_delta') block.partial = `${asText(block.partial)}${asText(partial_json)}`
}

function finishedBlock({ partial, ...block }: Json): Json {
  return block.type === 'tool_use' && partial !== '' ? { ...block, input: JSON.parse(asText(partial)) } : block
}
