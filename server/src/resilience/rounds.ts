interface Rounds {
  everyMs: number
  /** One at a time; safe to run twice at once in two processes. */
  round: () => Promise<unknown>
  /** Calls back when a round is due before its time. Returns what ends that. */
  subscribe?: (due: () => void) => () => void
  log: { error(details: object, message: string): void }
  /** What is said when a round fails; the next one comes all the same. */
  complaint: string
}

/** Does the same by the clock, until the function returned is called; that one waits for the round under way. */
export function startRounds({ everyMs, round, subscribe, log, complaint }: Rounds): () => Promise<void> {
  let running: Promise<unknown> = Promise.resolve()
  const due = () => {
    running = running.then(round).catch((error: unknown) => log.error({ error }, complaint))
  }
  const unsubscribe = subscribe?.(due)
  const timer = setInterval(due, everyMs)
  timer.unref()
  return async () => {
    unsubscribe?.()
    clearInterval(timer)
    await running
  }
}
