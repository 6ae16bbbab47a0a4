import { createRateLimit } from '../resilience/rate-limit.ts'
import type { AuditEntry } from '../storage/database.ts'

/** Of somebody we know in a minute: what a whole fleet of theirs runs into when their credits end. */
const OF_SOMEBODY = 1000
/** Of one network without a right credential. */
const OF_NETWORK = 300
/** Of all these together, for anybody can be many of them. */
const OF_NOBODY = 600
/** Callers that are counted each for themselves, until it is told. */
const MAX_COUNTED = 100

/** A call of a model that was refused, as the audit log is to tell of it. */
export interface Refusal {
  event: AuditEntry & { detail: { error: string; from: string } }
  /** Whose limit it counts against: somebody we know, or a network. */
  caller: string
  isKnown: boolean
}

/** Refusals of one caller that have no event of their own. */
export interface Counted extends Pick<AuditEntry, 'org_id' | 'actor' | 'target'> {
  count: number
  /** How many of them, by their reason. */
  errors: Record<string, number>
  from: string | null
  since: number
  until: number
}

export type RefusalTally = ReturnType<typeof createRefusalTally>

/**
 * Keeps the audit log from growing as fast as somebody sends calls that come to nothing: each has an event of its own up to
 * a limit, and beyond it one event counts them. In memory, per process.
 */
export function createRefusalTally() {
  const ofSomebody = createRateLimit(OF_SOMEBODY)
  const ofNetwork = createRateLimit(OF_NETWORK)
  const ofNobody = createRateLimit(OF_NOBODY)
  let counted = new Map<string, Counted>()

  function count({ event, caller }: Refusal): void {
    const isOwn = counted.has(caller) || counted.size < MAX_COUNTED
    const key = isOwn ? caller : ''
    const { org_id, actor, at } = event
    const whose = isOwn ? { org_id, actor, target: event.target ?? null } : { org_id, actor: 'unknown', target: null }
    const from = isOwn ? event.detail.from : null
    const before = counted.get(key) ?? { ...whose, count: 0, errors: {}, from, since: at, until: at }
    const errors = { ...before.errors, [event.detail.error]: (before.errors[event.detail.error] ?? 0) + 1 }
    counted.set(key, { ...before, count: before.count + 1, errors, until: at })
  }

  return {
    /** Whether it is to be told by itself; else it is counted. */
    admits(refusal: Refusal): boolean {
      const { event, caller, isKnown } = refusal
      const isAdmitted = isKnown
        ? ofSomebody.take(caller, event.at) === 0
        : ofNetwork.take(caller, event.at) === 0 && ofNobody.take('', event.at) === 0
      if (!isAdmitted) count(refusal)
      return isAdmitted
    },
    /** What was counted since this was asked last. */
    take(): Counted[] {
      const taken = [...counted.values()]
      counted = new Map()
      return taken
    },
  }
}
