/** How a call came out, as far as it says something about who was called: a caller's own mistake says nothing. */
export type CallOutcome = 'success' | 'failure' | 'neutral'

export interface BreakerSettings {
  /** So many failures, */
  failures: number
  /** among the last so many calls that said something, */
  of: number
  /** within this time, open it. */
  withinMs: number
  /** How long nobody is let through then. After that, one call is, and decides. */
  coolDownMs: number
  /** Twice as long after each such call that failed, up to this. Absent: always the same. */
  longestCoolDownMs?: number
}

/** Keeps callers from something that is out. In memory, per process. Times are epoch milliseconds. */
export interface Breaker {
  /** How long nobody will be let through; 0: somebody will. Takes no place. */
  waitMs(now: number): number
  /** Undefined: not now. Whoever is let through says how it came out, exactly once. */
  enter(now: number): ((outcome: CallOutcome, now: number) => void) | undefined
  state(now: number): 'closed' | 'open' | 'half_open'
}

/** While the one call is under way that decides, others come back soon. */
const PROBE_MS = 1000

export function createBreaker(settings: BreakerSettings): Breaker {
  const { failures, of, withinMs, coolDownMs, longestCoolDownMs = coolDownMs } = settings
  let recent: { at: number; failed: boolean }[] = []
  let openedAt: number | undefined
  let coolsForMs = coolDownMs
  let probe: object | undefined

  const coolMs = (now: number) => (openedAt === undefined ? 0 : Math.max(0, openedAt + coolsForMs - now))

  function note(outcome: CallOutcome, now: number): void {
    if (outcome === 'neutral') return
    recent = [...recent, { at: now, failed: outcome === 'failure' }].slice(-of)
    if (recent.filter(({ at, failed }) => failed && now - at <= withinMs).length >= failures) openedAt = now
  }

  function decide(outcome: CallOutcome, now: number): void {
    probe = undefined
    if (outcome === 'failure') {
      openedAt = now
      coolsForMs = Math.min(longestCoolDownMs, coolsForMs * 2)
    }
    if (outcome !== 'success') return
    openedAt = undefined
    coolsForMs = coolDownMs
    recent = []
  }

  return {
    waitMs: (now) => (probe ? PROBE_MS : coolMs(now)),
    enter(now) {
      if (openedAt === undefined)
        // What was let through before it opened decides nothing any more.
        return (outcome, then) => {
          if (openedAt === undefined) note(outcome, then)
        }
      if (probe || coolMs(now) > 0) return undefined
      const own = {}
      probe = own
      return (outcome, then) => {
        if (probe === own) decide(outcome, then)
      }
    },
    state(now) {
      if (openedAt === undefined) return 'closed'
      return coolMs(now) > 0 ? 'open' : 'half_open'
    },
  }
}

const MAX_BREAKERS = 10_000

/** A breaker for each name; those that were not asked for longest are forgotten. */
export interface Breakers {
  (name: string): Breaker
  /** To look at without making one, or keeping it from being forgotten. */
  known(name: string): Breaker | undefined
}

export function createBreakers(settings: BreakerSettings): Breakers {
  const breakers = new Map<string, Breaker>()
  const breakerFor = (name: string) => {
    const breaker = breakers.get(name) ?? createBreaker(settings)
    breakers.delete(name)
    breakers.set(name, breaker)
    for (const [oldest] of breakers) {
      if (breakers.size <= MAX_BREAKERS) break
      breakers.delete(oldest)
    }
    return breaker
  }
  return Object.assign(breakerFor, { known: (name: string) => breakers.get(name) })
}
