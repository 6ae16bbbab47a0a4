/** Runs what was submitted during one turn of the event loop together; the next batch waits for the one before. */
export interface TurnBatch<T> {
  submit(item: T): void
  /** Resolves when nothing is running or waiting. */
  idle(): Promise<void>
}

/** Items a batch takes at most, so that the first of them does not wait for ever. */
const MAX_BATCH = 256

export function createTurnBatch<T>(run: (batch: T[]) => Promise<void>): TurnBatch<T> {
  const waiting: T[] = []
  const idlers: (() => void)[] = []
  let running = false

  async function drain() {
    while (waiting.length > 0) {
      await run(waiting.splice(0, MAX_BATCH))
      // Lets the turn go on, so that what arrives meanwhile makes the next batch and not a late addition to this one.
      await new Promise<void>((resolve) => setImmediate(resolve))
    }
    running = false
    for (const resolve of idlers.splice(0)) resolve()
  }

  return {
    submit(item) {
      waiting.push(item)
      if (running) return
      running = true
      setImmediate(drain)
    },
    idle: () => (running ? new Promise((resolve) => idlers.push(resolve)) : Promise.resolve()),
  }
}
