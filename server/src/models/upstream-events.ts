import type { ApiError } from '../http/errors.ts'
import { createEventScanner, type ServerSentEvent } from '../http/event-stream.ts'
import type { BackendAnswer } from './backend.ts'
import { brokenOff } from './upstream-json.ts'

/** Server-sent events of a backend, as many at a time as came together. */
export interface UpstreamEvents {
  /** Undefined at the end. Fails as the body does, and where an event tells of a failure: nothing behind it is read. */
  next(): Promise<ServerSentEvent[] | undefined>
  cancel(): Promise<void>
}

export function readEvents(
  { body }: Pick<BackendAnswer, 'body'>,
  failureIn: (event: ServerSentEvent) => ApiError | undefined,
): UpstreamEvents {
  const reader = body?.getReader()
  const scanner = createEventScanner()
  let isOver = false
  let failure: ApiError | undefined

  async function read(): Promise<ServerSentEvent[]> {
    const { done, value } = (await reader?.read().catch(brokenOff)) ?? { done: true }
    isOver ||= done
    return value ? scanner.push(value) : scanner.flush()
  }

  return {
    async next() {
      if (failure) throw failure
      while (!isOver) {
        const events = await read()
        const before = events.findIndex((event) => {
          failure = failureIn(event)
          return failure !== undefined
        })
        if (failure && before === 0) throw failure
        if (events.length > 0) return before < 0 ? events : events.slice(0, before)
      }
      return undefined
    },
    async cancel() {
      isOver = true
      await reader?.cancel().catch(() => {})
    },
  }
}
