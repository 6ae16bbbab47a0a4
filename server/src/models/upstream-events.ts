import { createEventScanner, type ServerSentEvent } from '../http/event-stream.ts'
import type { BackendAnswer } from './backend.ts'

/** Server-sent events of a backend, as many at a time as came together. */
export interface UpstreamEvents {
  /** Undefined at the end. Fails as the body does. */
  next(): Promise<ServerSentEvent[] | undefined>
  cancel(): Promise<void>
}

export function readEvents({ body }: Pick<BackendAnswer, 'body'>): UpstreamEvents {
  const reader = body?.getReader()
  const scanner = createEventScanner()
  let isOver = false
  return {
    async next() {
      while (reader && !isOver) {
        const { done, value } = await reader.read()
        isOver = done
        const events = done ? scanner.flush() : scanner.push(value)
        if (events.length > 0) return events
      }
      return undefined
    },
    async cancel() {
      isOver = true
      await reader?.cancel().catch(() => {})
    },
  }
}
