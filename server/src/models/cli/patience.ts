import { type BackendCall, BackendFailed } from '../backend.ts'

/** How long an agent is waited for: until its model says anything, between two lines, and in all. */
export interface Patience {
  /** Aborted with a `BackendFailed` when it is over. */
  signal: AbortSignal
  /** The model has said something. */
  heard(): void
  /** Waits for the next line; the idle time runs only meanwhile, not while the caller is slow to read. */
  during<T>(next: Promise<T>): Promise<T>
  end(): void
}

export function startPatience({ firstByteMs, idleMs, totalMs }: BackendCall['timeouts']): Patience {
  const aborter = new AbortController()
  const after = (ms: number, message: string) =>
    setTimeout(() => aborter.abort(new BackendFailed('timeout', message)), ms)
  const total = after(totalMs, 'The agent did not finish in time')
  let first: NodeJS.Timeout | undefined = after(firstByteMs, 'The agent said nothing in time')

  return {
    signal: aborter.signal,
    heard() {
      clearTimeout(first)
      first = undefined
    },
    async during(next) {
      const idle = first ? undefined : after(idleMs, 'The agent fell silent')
      try {
        return await next
      } finally {
        clearTimeout(idle)
      }
    },
    end() {
      clearTimeout(total)
      clearTimeout(first)
    },
  }
}
