import { type FailureReason, OutboundFailed } from './failure.ts'

/** Timers take no more. */
const LONGEST_MS = 2 ** 31 - 1

/** What ends a call before its time: the whole took too long, nothing moved for too long, or the caller gave it up. */
export interface Watch {
  /** Aborted with an `OutboundFailed` as its reason. */
  readonly signal: AbortSignal
  /** From now on, no silence may be longer. */
  allowSilence(ms: number): void
  /** A byte came or went. */
  moved(): void
  /** The work, or the end of the call if that comes first. */
  race<T>(work: Promise<T>): Promise<T>
  end(reason: FailureReason): void
  /** Nothing is waited for any more. */
  stop(): void
}

export function startWatch(host: string, timeoutMs: number, caller: AbortSignal | null | undefined): Watch {
  const controller = new AbortController()
  const { signal } = controller
  const end = (reason: FailureReason) => controller.abort(new OutboundFailed(reason, host))
  const outOfTime = () => end('timeout')
  const givenUp = () => end('aborted')
  const whole = setTimeout(outOfTime, Math.min(timeoutMs, LONGEST_MS))
  let silence: NodeJS.Timeout | undefined
  caller?.addEventListener('abort', givenUp, { once: true })
  if (caller?.aborted) givenUp()

  return {
    signal,
    allowSilence(ms) {
      clearTimeout(silence)
      silence = setTimeout(outOfTime, Math.min(ms, LONGEST_MS))
    },
    moved() {
      silence?.refresh()
    },
    race(work) {
      return new Promise((resolve, reject) => {
        const over = () => reject(signal.reason)
        if (signal.aborted) over()
        signal.addEventListener('abort', over, { once: true })
        work.then(resolve, reject)
      })
    },
    end,
    stop() {
      clearTimeout(whole)
      clearTimeout(silence)
      caller?.removeEventListener('abort', givenUp)
    },
  }
}
