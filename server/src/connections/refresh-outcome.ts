import { setTimeout as sleep } from 'node:timers/promises'
import type { Deps } from '../context.ts'
import { backoffMs } from '../resilience/backoff.ts'
import { failRefresh, postponeRefresh, storeRefreshed } from '../storage/connection-leases.ts'
import { connectionTopic } from '../storage/topics.ts'
import { isUnavailable } from '../storage/unavailable.ts'
import { providerLabel } from './mcp-servers/provider-name.ts'
import { misconfigured, unavailable } from './provider-fault.ts'
import type { RefreshFault } from './refresh-fault.ts'
import type { RefreshLease } from './refresh-lease.ts'
import { type ActiveConnection, reauthRequired } from './standing.ts'
import { sealTokens, type Tokens } from './vault.ts'
import { announce } from './webhooks.ts'

/** How long the tokens before are kept. */
const PREVIOUS_MS = 600_000
/** About a token without an end: we look after it all the same. */
const UNKNOWN_LIFE_MS = 3_600_000
const MAX_RETRY_AFTER_MS = 3_600_000
/** How often tokens that we hold are offered to a database that does not take them, a second each. */
const WRITE_TRIES = 25

/** Seals and stores what the provider gave, before anybody uses it; not where somebody stored other tokens meanwhile. */
export function storeAnswer(deps: Deps, row: ActiveConnection, old: Tokens, fresh: Tokens): Promise<void> {
  deps.metrics.refreshes.inc({ provider: providerLabel(row.provider_name), outcome: 'refreshed' })
  const tokens = merge(old, fresh, deps.now())
  return insist(() => store(deps, row, tokens))
}

/** What an answer leaves out stays as it was. RFC 6749 §6. */
function merge(old: Tokens, fresh: Tokens, now: number): Tokens {
  // An id_token of a refresh has not been verified, and nobody asked for it.
  const { id_token: _, ...rest } = fresh
  return { ...old, ...rest, expires_at: fresh.expires_at ?? now + UNKNOWN_LIFE_MS }
}

async function store(deps: Deps, row: ActiveConnection, tokens: Tokens): Promise<void> {
  const { connection_id: connectionId, generation } = row
  const now = deps.now()
  const refreshed = {
    connectionId,
    generation,
    sealed: sealTokens(deps, { ...row, generation: generation + 1 }, tokens),
    expiresAt: tokens.expires_at ?? null,
    scopes: tokens.scope === undefined ? row.scopes : JSON.stringify(tokens.scope.split(' ').filter(Boolean)),
    previousUntil: now + PREVIOUS_MS,
    now,
  }
  await deps.db.write(async ({ trx, record, notify }) => {
    if (!(await storeRefreshed(trx, refreshed))) return
    record(eventOf(row, 'connection.refreshed', now))
    notify(connectionTopic(connectionId))
  })
}

/** The only copy of a rotated token is not given up because the database is away for a moment. */
async function insist(write: () => Promise<void>): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return await write()
    } catch (error) {
      if (!isUnavailable(error) || tries === WRITE_TRIES) throw error
      await sleep(1000)
    }
  }
}

/** Notes why there are no tokens, for all who would ask next, and throws it; not what has been overtaken. */
export async function noteFault(
  deps: Deps,
  row: ActiveConnection,
  lease: RefreshLease,
  fault: RefreshFault,
): Promise<void> {
  deps.metrics.refreshes.inc({ provider: providerLabel(row.provider_name), outcome: fault.kind })
  const held = heldOf(deps, row, lease)
  const { now } = held
  if (fault.kind === 'dead') {
    const isOver = await deps.db.write(async (work) => {
      const { trx, record, notify } = work
      if (!(await failRefresh(trx, held))) return false
      record(eventOf(row, 'connection.reauth_required', now))
      await announce(deps, work, 'connection.failed', { ...row, status: 'failed', reason: 'reauth_required' })
      notify(connectionTopic(row.connection_id))
      return true
    })
    if (!isOver) return
    throw reauthRequired('reauth_required')
  }

  const failures = row.failures + 1
  const asked = fault.kind === 'unavailable' ? Math.min(fault.retryAfterMs ?? 0, MAX_RETRY_AFTER_MS) : 0
  const waitMs = Math.max(backoffMs(failures, deps.random), asked)
  const answered = fault.kind === 'misconfigured' || fault.answered
  const postponed = { ...held, failures, nextAttemptAt: now + waitMs, fault: fault.kind, answered }
  await deps.db.write(async ({ trx, record, notify }) => {
    await postponeRefresh(trx, postponed)
    // An alarm for the operator, not for every caller who meets it.
    if (fault.kind === 'misconfigured' && row.fault !== 'misconfigured')
      record(eventOf(row, 'provider.misconfigured', now, { why: fault.why }))
    notify(connectionTopic(row.connection_id))
  })
  deps.log.warn({ provider: row.provider_name, why: fault.why, failures }, 'a refresh failed')
  throw fault.kind === 'misconfigured' ? misconfigured() : unavailable(waitMs)
}

/** What a holder of the lease says of it with every write. */
export function heldOf(deps: Deps, row: ActiveConnection, { owner }: RefreshLease) {
  return { connectionId: row.connection_id, generation: row.generation, owner, now: deps.now() }
}

/** The broker does these by itself, whoever's call it was. */
function eventOf(row: ActiveConnection, action: string, at: number, detail: Record<string, unknown> = {}) {
  const { org_id, connection_id: target, provider_name: provider } = row
  return { at, org_id, actor: 'broker', action, target, detail: { provider, ...detail } }
}
