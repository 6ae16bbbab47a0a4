import type { Deps } from '../context.ts'
import { newTimedId } from '../crypto/ids.ts'
import { ApiError } from '../http/errors.ts'
import { listNamedLots } from '../storage/credit-lots.ts'
import type { Db, Work } from '../storage/database.ts'
import { findStanding, insertCredit } from '../storage/ledger.ts'
import { findPerson } from '../storage/persons.ts'
import { type ModelNames, roomIn, spendableIn, usableLots } from './credit-lots.ts'

export const NANO_PER_CENT = 10_000_000

/** Nano-dollars that a person can spend now, net of what is reserved and of what has expired: on a model, or on any. */
export async function findSpendable(db: Db, userId: string, now: number, names?: ModelNames): Promise<number> {
  return spendableIn(await findStanding(db, userId), now, names)
}

/** The same in cents with fractions. */
export async function creditsOf({ db, now }: Pick<Deps, 'db' | 'now'>, userId: string): Promise<number> {
  return (await findSpendable(db.read, userId, now())) / NANO_PER_CENT
}

/** What a person has of promotional credits, in the order in which they are spent. */
export async function lotsOf({ db, now }: Pick<Deps, 'db' | 'now'>, userId: string) {
  const rows = await listNamedLots(db.read, userId)
  const names = new Map(rows.map(({ lot_id, client_name }) => [lot_id, client_name]))
  return usableLots(rows, now()).map((lot) => ({
    credits: roomIn(lot) / NANO_PER_CENT,
    expires_at: lot.expires_at === null ? null : new Date(lot.expires_at).toISOString(),
    client_id: lot.client_id,
    client_name: names.get(lot.lot_id) ?? null,
    excluded_models: JSON.parse(lot.excluded_models) as string[],
  }))
}

/** What an app gives its new users. */
export interface Promotion {
  userId: string
  clientId: string
  /** Of the app. */
  orgId: string
  cents: number
  /** Seconds; null: they do not end. */
  expireIn: number | null
  /** JSON list of patterns. */
  excludedModels: string
}

/** Gives a new user of an app what the app gives its new users. True the first time, whatever races. */
export async function grantPromotion(
  { random }: Pick<Deps, 'random'>,
  work: Work,
  { userId, clientId, orgId, cents, expireIn, excludedModels }: Promotion,
  now: number,
): Promise<boolean> {
  if (cents === 0) return false
  const entryId = newTimedId(random, 'entry', now)
  const nano = cents * NANO_PER_CENT
  const expiresAt = expireIn === null ? null : now + expireIn * 1000
  const entry = {
    entry_id: entryId,
    user_id: userId,
    client_id: clientId,
    kind: 'promotion' as const,
    amount_nano: nano,
    reason: null,
    actor: clientId,
    at: now,
    usage_id: null,
    lot_id: entryId,
  }
  const granted = await insertCredit(work.trx, entry, {
    lot_id: entryId,
    user_id: userId,
    org_id: orgId,
    client_id: clientId,
    remaining_nano: nano,
    reserved_nano: 0,
    expires_at: expiresAt,
    excluded_models: excludedModels,
    created_at: now,
  })
  if (granted)
    work.record({
      at: now,
      org_id: orgId,
      actor: clientId,
      action: 'credits.promotion_granted',
      target: userId,
      client_id: clientId,
      detail: { cents, ...(expiresAt !== null && { expires_at: new Date(expiresAt).toISOString() }) },
    })
  return granted
}

/** `POST /api/admin/users/:id/credits`: as good as paid for. What the person can spend now, in cents. */
export async function addCredits(
  deps: Deps,
  userId: string,
  { cents, reason }: { cents: number; reason: string },
  actor: string,
): Promise<{ credits: number }> {
  const now = deps.now()
  await deps.db.write(async ({ trx, record }) => {
    const person = await findPerson(trx, userId)
    if (!person) throw new ApiError('not_found', `There is no user ${userId.slice(0, 64)}`)
    await insertCredit(trx, {
      entry_id: newTimedId(deps.random, 'entry', now),
      user_id: userId,
      client_id: null,
      kind: 'credit',
      amount_nano: cents * NANO_PER_CENT,
      reason,
      actor,
      at: now,
      usage_id: null,
      lot_id: null,
    })
    record({
      at: now,
      org_id: person.org_id,
      actor,
      action: 'credits.added',
      target: userId,
      detail: { cents, reason },
    })
  })
  return { credits: await creditsOf(deps, userId) }
}
