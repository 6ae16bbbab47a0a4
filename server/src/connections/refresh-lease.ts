import type { Deps } from '../context.ts'
import { claimLease, renewLease } from '../storage/connection-leases.ts'
import type { ConnectionRow } from '../storage/connections.ts'

/** A process that dies leaves its lease behind: for so long nobody else asks the provider. */
const LEASE_MS = 10_000
const RENEW_MS = 3_000

/** The right to refresh one generation of a connection's tokens, renewed until it is let go. */
export interface RefreshLease {
  owner: string
  /** Of the tokens that it is for. */
  generation: number
  /** When an earlier attempt began of whose end nobody knows; null: there is none. */
  openIntentAt: number | null
  /** Stops the renewing. Whoever ends the refresh gives the lease back in the same write. */
  letGo(): void
}

/** Undefined when somebody else has it, in whatever process, or the connection has moved on since it was read. */
export async function takeLease(deps: Deps, row: ConnectionRow): Promise<RefreshLease | undefined> {
  const { db, random, now: clock, log } = deps
  const owner = random(16).toString('hex')
  const { connection_id: connectionId, generation, failures } = row
  const now = clock()
  const lease = { connectionId, owner, generation, failures, until: now + LEASE_MS, now }
  if (!(await db.write(({ trx }) => claimLease(trx, lease)))) return undefined

  const timer = setInterval(() => {
    db.write(({ trx }) => renewLease(trx, { connectionId, owner, until: clock() + LEASE_MS })).catch((error: unknown) =>
      log.warn({ error }, 'a refresh lease could not be renewed'),
    )
  }, RENEW_MS)
  timer.unref()
  return { owner, generation, openIntentAt: row.intent_at, letGo: () => clearInterval(timer) }
}
