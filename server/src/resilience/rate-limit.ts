/** So many calls of a key in a minute, refilled evenly: a burst may use them all at once. In memory, per process. */
export interface RateLimit {
  /** Takes one. How many milliseconds to wait where there is none; 0: it was taken. */
  take(key: string, now: number): number
}

const MINUTE_MS = 60_000
const MAX_KEYS = 100_000
/** So many are left when there are too many: one by one, each would be looked for from the beginning. */
const KEPT_KEYS = 75_000

export function createRateLimit(perMinute: number): RateLimit {
  /** When the key has all of its calls again. */
  const fullAt = new Map<string, number>()
  const costMs = MINUTE_MS / perMinute

  return {
    take(key, now) {
      const after = Math.max(fullAt.get(key) ?? 0, now) + costMs
      const waitMs = after - now - MINUTE_MS
      if (waitMs > 0) return Math.ceil(waitMs)
      // Set anew at the end: the keys in front are those that were not used for longest.
      fullAt.delete(key)
      fullAt.set(key, after)
      if (fullAt.size > MAX_KEYS) forget(now)
      return 0
    },
  }

  function forget(now: number): void {
    for (const [oldest, at] of fullAt) {
      if (at > now && fullAt.size <= KEPT_KEYS) break
      fullAt.delete(oldest)
    }
  }
}
