import { ApiError } from '../http/errors.ts'
import type { ServerSentEvent } from '../http/event-stream.ts'
import { BackendFailed, type Operation } from './backend.ts'
import { createWords, type WordsOptions } from './stream-words.ts'
import type { UpstreamEvents } from './upstream-events.ts'
import { faultOfFailure } from './upstream-fault.ts'
import { isLast } from './upstream-stream.ts'

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

export interface StreamOptions extends WordsOptions {
  /** Of the backend. */
  operation: Operation
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
