import { anthropicError, openAiError } from '../http/error-shapes.ts'
import type { ApiError } from '../http/errors.ts'
import { type ServerSentEvent, writeEvent } from '../http/event-stream.ts'
import { BackendFailed, type Operation } from './backend.ts'
import { namedEvents } from './completion-chunks.ts'
import { asText, isJson, type Json } from './fields.ts'
import type { ModelRequest } from './model-request.ts'
import type { StreamTranslator } from './stream-translator.ts'
import { DONE, isLast, jsonIn } from './upstream-stream.ts'

/** What the caller reads. */
export interface Words {
  of(events: readonly ServerSentEvent[]): Uint8Array
  /** What is still to be said at the end. Throws where the backend ended too early. */
  end(): Uint8Array
  /** What is said where we end it. */
  cut(): Uint8Array
  failure(error: ApiError): Uint8Array
}

export interface WordsOptions {
  request: ModelRequest
  requestId: string
  /** Undefined: events pass as they are. */
  translator: StreamTranslator | undefined
}

export function createWords({ request, requestId, translator }: WordsOptions): Words {
  const { operation, dialect } = request
  if (translator) return translated(request, translator, requestId)
  if (operation === 'responses') return responseAsItIs()
  if (dialect === 'anthropic') return messageAsItIs(requestId)
  return chatAsItIs(request)
}

const anthropicFailure = (error: ApiError, requestId: string) =>
  writeEvent(JSON.stringify(anthropicError(error, requestId)), 'error')

/** As OpenAI's responses tell it, and as its own client looks for it. */
function responseFailure(error: ApiError): Json {
  const told = openAiError(error)
  const { code, message, param } = told.error
  return { type: 'error', code, message, param, ...told }
}

function translated({ dialect, operation }: ModelRequest, translator: StreamTranslator, requestId: string): Words {
  const isNamed = dialect === 'anthropic' || operation === 'responses'
  const written = (said: readonly Json[]) =>
    Buffer.concat(said.map((one) => writeEvent(JSON.stringify(one), isNamed ? asText(one.type) : undefined)))
  const ended = () => (isNamed ? Buffer.alloc(0) : writeEvent(DONE))
  return {
    of: (events) =>
      written(events.flatMap(({ data }) => (data === '' || data === DONE ? [] : translator.push(parse(data))))),
    end: () => Buffer.concat([written(translator.end()), ended()]),
    cut: () => Buffer.concat([written(translator.cut()), ended()]),
    failure(error) {
      if (dialect === 'anthropic') return anthropicFailure(error, requestId)
      return translator.failed
        ? written(translator.failed(responseFailure(error)))
        : writeEvent(JSON.stringify(openAiError(error)))
    },
  }
}

/** Bytes pass; what is asked of the provider for our own books only is taken out. */
function chatAsItIs({ includeUsage }: ModelRequest): Words {
  let hasFinished = false
  let isDone = false
  let head: Json | undefined
  return {
    of(events) {
      const kept = events.filter(({ data }) => {
        if (data === DONE) isDone = true
        else if (!head && data.startsWith('{')) head = parse(data)
        if (data.includes('"finish_reason":"') || data.includes('"finish_reason": "')) hasFinished = true
        return includeUsage || !isUsageOnly(data)
      })
      return Buffer.concat(kept.map(({ raw }) => raw))
    },
    end() {
      if (isDone) return Buffer.alloc(0)
      if (!hasFinished) throw new BackendFailed('reset', 'The stream ended before its end')
      return writeEvent(DONE)
    },
    cut() {
      const { id, created, model } = head ?? {}
      const chunk = {
        id,
        object: 'chat.completion.chunk',
        created,
        model,
        choices: [{ index: 0, delta: {}, finish_reason: 'length' }],
      }
      return Buffer.concat([writeEvent(JSON.stringify(chunk)), writeEvent(DONE)])
    },
    failure: (error) => writeEvent(JSON.stringify(openAiError(error))),
  }
}

/** Events pass, to the one that is the last by its name. */
function asItIs(operation: Operation): Pick<Words, 'of' | 'end'> {
  let hasEnded = false
  return {
    of(events) {
      hasEnded ||= events.some((event) => isLast(operation, event))
      return Buffer.concat(events.map(({ raw }) => raw))
    },
    end() {
      if (!hasEnded) throw new BackendFailed('reset', 'The stream ended before its end')
      return Buffer.alloc(0)
    },
  }
}

function messageAsItIs(requestId: string): Words {
  const words = asItIs('messages')
  let open: Json | undefined
  let deltas = 0
  return {
    ...words,
    of(events) {
      for (const { data } of events) {
        if (data.includes('"content_block_delta"')) deltas++
        else if (data.includes('"content_block_start"')) open = jsonIn(data)
        else if (data.includes('"content_block_stop"')) open = undefined
      }
      return words.of(events)
    },
    cut() {
      const closed = open ? [{ type: 'content_block_stop', index: open.index }] : []
      const delta = { stop_reason: 'max_tokens', stop_sequence: null }
      // What the provider did not say is counted: a delta is one token at least.
      const ended = { type: 'message_delta', delta, usage: { output_tokens: deltas } }
      return namedEvents([...closed, ended, { type: 'message_stop' }])
    },
    failure: (error) => anthropicFailure(error, requestId),
  }
}

/** Events pass; one of ours behind them has the next number, and the response as far as it has come. */
function responseAsItIs(): Words {
  const words = asItIs('responses')
  const items: unknown[] = []
  let begun: Json | undefined
  let last = ''
  const numbered = (event: Json) => {
    const [, number = '-1'] = /"sequence_number"\s*:\s*(\d+)/.exec(last) ?? []
    return namedEvents([{ ...event, sequence_number: Number(number) + 1 }])
  }
  return {
    ...words,
    of(events) {
      for (const { data } of events) {
        if (data === '') continue
        last = data
        if (!begun && data.includes('"response.created"')) begun = jsonIn(data)
        if (data.includes('"response.output_item.done"')) items.push(jsonIn(data).item)
      }
      return words.of(events)
    },
    cut() {
      const incomplete = { status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } }
      const response = { ...(isJson(begun?.response) && begun.response), ...incomplete, output: items }
      return numbered({ type: 'response.incomplete', response })
    },
    failure: (error) => numbered(responseFailure(error)),
  }
}

function isUsageOnly(data: string): boolean {
  if (!data.includes('"usage"') || !/"choices"\s*:\s*\[\s*\]/.test(data)) return false
  const chunk = parse(data)
  return isJson(chunk.usage) && Array.isArray(chunk.choices) && chunk.choices.length === 0
}

function parse(data: string): Json {
  try {
    const value: unknown = JSON.parse(data)
    if (isJson(value)) return value
  } catch {
    // Told below.
  }
  throw new BackendFailed('protocol', 'An event is no JSON object')
}
