import { anthropicError, openAiError } from '../http/error-shapes.ts'
import { ApiError } from '../http/errors.ts'
import { type ServerSentEvent, writeEvent } from '../http/event-stream.ts'
import { BackendFailed, type Operation } from './backend.ts'
import { isJson, type Json } from './fields.ts'
import type { ModelRequest } from './model-request.ts'
import type { StreamTranslator } from './stream-translator.ts'
import type { UpstreamEvents } from './upstream-events.ts'
import { faultOfFailure } from './upstream-fault.ts'
import { DONE, isLast, jsonIn } from './upstream-stream.ts'

/** Official clients give up on a silent stream; a comment is read by none of them. */
const KEEP_ALIVE_MS = 15_000
const KEEP_ALIVE = Buffer.from(': keep-alive\n\n')
/** How long a provider may take to end what it says is over, so that its connection can be used again. */
const GRACE_MS = 1000

/** Nothing on the way may hold a stream, or squeeze it. */
export const EVENT_HEADERS = {
  'Content-Type': 'text/event-stream; charset=utf-8',
  'Cache-Control': 'no-cache',
  'X-Accel-Buffering': 'no',
}

/** How a stream ended, for the caller's bill and the provider's breaker. */
export type StreamEnd = 'success' | 'error' | 'client_closed'

export interface StreamOptions {
  request: ModelRequest
  requestId: string
  /** Of the backend. */
  operation: Operation
  /** Undefined: events pass as they are. */
  translator: StreamTranslator | undefined
  first: ServerSentEvent[]
  rest: UpstreamEvents
  /** Aborted with what the caller is told when time is up, whether they read or not. */
  time: AbortSignal
  /** Sees every event of the backend. False: no more of it is wanted. */
  onEvents(events: readonly ServerSentEvent[]): boolean
  /** Sees every byte of the answer that the caller gets. */
  onSaid(bytes: Uint8Array): void
  /** Called once. Awaited before the stream is closed. Does not fail. */
  onEnd(end: StreamEnd, error?: ApiError): Promise<void>
}

/** The caller's stream: each event of the backend as soon as it is there, in the caller's words. */
export function streamAnswer(options: StreamOptions): ReadableStream<Uint8Array> {
  const { operation, rest, onEnd, onEvents, onSaid, time } = options
  const words = createWords(options)
  let waiting: Promise<ServerSentEvent[] | undefined> | undefined = Promise.resolve(options.first)
  let isOver = false
  /** A caller that leaves now has all there is. */
  let isSaid = false

  async function finish(controller: ReadableStreamDefaultController<Uint8Array>, end: StreamEnd, error?: ApiError) {
    if (isOver) return
    isOver = true
    if (error) controller.enqueue(words.failure(error))
    await rest.cancel()
    await onEnd(end, error)
    try {
      controller.close()
    } catch {
      // The caller is gone.
    }
  }

  /** Whether there was anything to say. */
  function say(controller: ReadableStreamDefaultController<Uint8Array>, bytes: Uint8Array): boolean {
    if (bytes.length === 0) return false
    onSaid(bytes)
    controller.enqueue(bytes)
    return true
  }

  async function end(controller: ReadableStreamDefaultController<Uint8Array>): Promise<true> {
    say(controller, words.end())
    await finish(controller, 'success')
    return true
  }

  /** One turn: what came, or a sign of life. True where the caller has got something, or everything. */
  async function turn(controller: ReadableStreamDefaultController<Uint8Array>): Promise<boolean> {
    waiting ??= rest.next()
    const events = await within(KEEP_ALIVE_MS, waiting)
    if (events === 'silence') {
      controller.enqueue(KEEP_ALIVE)
      return true
    }
    waiting = undefined
    if (events === undefined) return end(controller)
    const goesOn = onEvents(events)
    const isTold = say(controller, words.of(events))
    if (events.some((event) => isLast(operation, event))) {
      isSaid = true
      await within(
        GRACE_MS,
        rest.next().catch(() => undefined),
      )
      return end(controller)
    }
    if (goesOn) return isTold
    say(controller, words.cut())
    await finish(controller, 'success')
    return true
  }

  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        const outOfTime = () => finish(controller, 'error', time.reason)
        time.addEventListener('abort', outOfTime, { once: true })
      },
      async pull(controller) {
        try {
          // Who waits is not asked again after a turn that brought nothing.
          while (!isOver && !(await turn(controller)));
        } catch (thrown) {
          await finish(controller, 'error', time.aborted ? time.reason : toError(thrown))
        }
      },
      async cancel() {
        if (isOver) return
        isOver = true
        await rest.cancel()
        if (isSaid) onSaid(words.end())
        await onEnd(isSaid ? 'success' : 'client_closed')
      },
    },
    { highWaterMark: 1 },
  )
}

async function within<T>(ms: number, work: Promise<T>): Promise<T | 'silence'> {
  let timer: NodeJS.Timeout | undefined
  const silence = new Promise<'silence'>((resolve) => {
    timer = setTimeout(resolve, ms, 'silence')
  })
  try {
    return await Promise.race([work, silence])
  } finally {
    clearTimeout(timer)
  }
}

function toError(thrown: unknown): ApiError {
  if (thrown instanceof ApiError) return thrown
  return faultOfFailure(thrown instanceof BackendFailed ? thrown : new BackendFailed('reset', 'The stream broke off'))
    .error
}

/** What the caller reads. */
interface Words {
  of(events: readonly ServerSentEvent[]): Uint8Array
  /** What is still to be said at the end. Throws where the backend ended too early. */
  end(): Uint8Array
  /** What is said where we end it. */
  cut(): Uint8Array
  failure(error: ApiError): Uint8Array
}

function createWords(options: StreamOptions): Words {
  const { request, requestId, translator } = options
  const { operation, dialect } = request
  if (translator) return translated(request, translator, requestId)
  if (operation === 'responses') return responseAsItIs()
  const failure = (error: ApiError) =>
    dialect === 'anthropic' ? anthropicFailure(error, requestId) : writeEvent(JSON.stringify(openAiError(error)))
  return { ...(operation === 'chat' ? chatAsItIs(request) : asItIs(request)), failure }
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
    Buffer.concat(said.map((one) => writeEvent(JSON.stringify(one), isNamed ? String(one.type) : undefined)))
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
function chatAsItIs({ includeUsage }: ModelRequest): Omit<Words, 'failure'> {
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
  }
}

function asItIs({ operation }: Pick<ModelRequest, 'operation'>): Omit<Words, 'failure'> {
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
    cut: () => Buffer.alloc(0),
  }
}

/** Events pass; one of ours behind them has the next number, and the response as far as it has come. */
function responseAsItIs(): Words {
  const words = asItIs({ operation: 'responses' })
  const items: unknown[] = []
  let begun: Json | undefined
  let last = ''
  const numbered = (event: Json) => {
    const [, number = '-1'] = /"sequence_number"\s*:\s*(\d+)/.exec(last) ?? []
    return writeEvent(JSON.stringify({ ...event, sequence_number: Number(number) + 1 }), String(event.type))
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
