import type { Db } from './database.ts'
import { prepared } from './prepared.ts'
import type { ConnectionTable } from './schema.ts'

interface Lease {
  connectionId: string
  owner: string
  /** Of the tokens that the holder means to replace, */
  generation: number
  /** and how often that has failed, as the holder read it. */
  failures: number
  until: number
  now: number
}

const claim = prepared<Lease, unknown>((db, param) =>
  db
    .updateTable('connection')
    .set((e) => ({
      lease_owner: param('owner'),
      lease_until: param('until'),
      // One that is still there tells of an attempt whose end nobody knows.
      intent_at: e.fn.coalesce('intent_at', e.val(param('now'))),
    }))
    .where('connection_id', '=', param('connectionId'))
    .where('generation', '=', param('generation'))
    .where('failures', '=', param('failures'))
    .where('status', '=', 'active')
    .where((e) => e.or([e('lease_until', 'is', null), e('lease_until', '<=', param('now'))])),
)

/** True for one caller only, in however many processes, until the lease ends or is given back. */
export async function claimLease(trx: Db, lease: Lease): Promise<boolean> {
  return (await claim(trx, lease)).changed === 1
}

/** False when somebody else has taken it over. */
export async function renewLease(
  trx: Db,
  { connectionId, owner, until }: Pick<Lease, 'connectionId' | 'owner' | 'until'>,
): Promise<boolean> {
  const updated = await trx
    .updateTable('connection')
    .set({ lease_until: until })
    .where('connection_id', '=', connectionId)
    .where('lease_owner', '=', owner)
    .executeTakeFirst()
  return updated.numUpdatedRows === 1n
}

/** What ends a lease, however it ends. */
const RELEASED = { lease_owner: null, lease_until: null } as const

interface Refreshed {
  connectionId: string
  generation: number
  sealed: string
  expiresAt: number | null
  scopes: string
  previousUntil: number
  now: number
}

const store = prepared<Refreshed, unknown>((db, param) =>
  db
    .updateTable('connection')
    .set((e) => ({
      ...RELEASED,
      intent_at: null,
      generation: e('generation', '+', 1),
      previous_sealed: e.ref('tokens_sealed'),
      previous_until: param('previousUntil'),
      tokens_sealed: param('sealed'),
      expires_at: param('expiresAt'),
      scopes: param('scopes'),
      failures: 0,
      next_attempt_at: null,
      fault: null,
      refreshed_at: param('now'),
      updated_at: param('now'),
    }))
    .where('connection_id', '=', param('connectionId'))
    .where('generation', '=', param('generation'))
    .where('status', '=', 'active'),
)

/**
 * Puts refreshed tokens in the place of the generation that they came from. The generation alone decides: an answer in
 * hand is worth more than a lease that ran out while it came.
 */
export async function storeRefreshed(trx: Db, refreshed: Refreshed): Promise<boolean> {
  return (await store(trx, refreshed)).changed === 1
}

type Held = Pick<Lease, 'connectionId' | 'owner' | 'generation' | 'now'>

/** What may be changed of a connection by who holds its lease, as long as nobody stored other tokens. */
function held(trx: Db, { connectionId, owner, generation }: Held) {
  return trx
    .updateTable('connection')
    .where('connection_id', '=', connectionId)
    .where('generation', '=', generation)
    .where('lease_owner', '=', owner)
    .where('status', '=', 'active')
}

interface Postponed extends Held {
  failures: number
  nextAttemptAt: number
  fault: NonNullable<ConnectionTable['fault']>
  /** Whether the provider answered: one that did not may have given new tokens all the same. */
  answered: boolean
}

/** The provider could not be asked now: nobody asks before the time. */
export async function postponeRefresh(trx: Db, postponed: Postponed): Promise<void> {
  const { failures, nextAttemptAt, fault, answered, now } = postponed
  await held(trx, postponed)
    .set({
      ...RELEASED,
      ...(answered && { intent_at: null }),
      failures,
      next_attempt_at: nextAttemptAt,
      fault,
      updated_at: now,
    })
    .execute()
}

/** The refresh token is dead. True for the one caller that found it so. */
export async function failRefresh(trx: Db, failed: Held): Promise<boolean> {
  const updated = await held(trx, failed)
    .set({
      ...RELEASED,
      intent_at: null,
      status: 'failed',
      reason: 'reauth_required',
      failures: 0,
      next_attempt_at: null,
      fault: null,
      updated_at: failed.now,
    })
    .executeTakeFirst()
  return updated.numUpdatedRows === 1n
}

/** What can be refreshed by nobody has ended. True for the one caller that found it so. */
export async function failUnrefreshable(
  trx: Db,
  { connectionId, generation, now }: Pick<Lease, 'connectionId' | 'generation' | 'now'>,
): Promise<boolean> {
  const updated = await trx
    .updateTable('connection')
    .set({ status: 'failed', reason: 'reauth_required', updated_at: now })
    .where('connection_id', '=', connectionId)
    .where('generation', '=', generation)
    .where('status', '=', 'active')
    .executeTakeFirst()
  return updated.numUpdatedRows === 1n
}

/** Gives the lease back without having asked anybody. `intentAt`: as it was before the lease. */
export async function releaseLease(trx: Db, lease: Held & { intentAt: number | null }): Promise<void> {
  await held(trx, lease)
    .set({ ...RELEASED, intent_at: lease.intentAt })
    .execute()
}

/** After so many failures only who wants the token asks for it. */
const MOST_FAILURES = 10

/** Connections whose provider was asked by a process that did not live, or wait, to hear the answer. */
export async function listOpenIntents(db: Db, now: number, atMost: number): Promise<string[]> {
  const rows = await db
    .selectFrom('connection')
    .select('connection_id')
    .where('intent_at', 'is not', null)
    .where('failures', '<', MOST_FAILURES)
    .where('status', '=', 'active')
    .where((e) => e.or([e('lease_until', 'is', null), e('lease_until', '<=', now)]))
    .where((e) => e.or([e('next_attempt_at', 'is', null), e('next_attempt_at', '<=', now)]))
    .limit(atMost)
    .execute()
  return rows.map(({ connection_id }) => connection_id)
}

/** Who used it last, for its owner to see; not every use is worth a write. */
export async function touchConnection(
  trx: Db,
  { connectionId, usedBy, now }: { connectionId: string; usedBy: string; now: number },
): Promise<void> {
  await trx
    .updateTable('connection')
    .set({ last_used_at: now, last_used_by: usedBy })
    .where('connection_id', '=', connectionId)
    .execute()
}

/** The tokens before, once no provider would take them any more. True when there may be more. */
export async function forgetPreviousTokens(trx: Db, now: number, atMost: number): Promise<boolean> {
  const due = trx.selectFrom('connection').select('connection_id').where('previous_until', '<=', now).limit(atMost)
  const updated = await trx
    .updateTable('connection')
    .set({ previous_sealed: null, previous_until: null })
    .where('connection_id', 'in', due)
    .executeTakeFirst()
  return updated.numUpdatedRows === BigInt(atMost)
}
