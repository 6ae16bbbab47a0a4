import type { Deps } from '../context.ts'
import { newTimedId } from '../crypto/ids.ts'
import { ApiError } from '../http/errors.ts'
import type { Db, Work } from '../storage/database.ts'
import { findSpendable, insertCredit } from '../storage/ledger.ts'
import { findPerson } from '../storage/persons.ts'

export const NANO_PER_CENT = 10_000_000

/** Cents with fractions, net of what is reserved. */
export async function creditsOf(db: Db, userId: string): Promise<number> {
  return (await findSpendable(db, userId)) / NANO_PER_CENT
}

/** Gives a new user of an app what the app gives its new users. True the first time, whatever races. */
export async function grantPromotion(
  { random }: Pick<Deps, 'random'>,
  work: Work,
  { userId, clientId, orgId, cents }: { userId: string; clientId: string; orgId: string; cents: number },
  now: number,
): Promise<boolean> {
  if (cents === 0) return false
  const granted = await insertCredit(work.trx, {
    entry_id: newTimedId(random, 'entry', now),
    user_id: userId,
    client_id: clientId,
    kind: 'promotion',
    amount_nano: cents * NANO_PER_CENT,
    reason: null,
    actor: clientId,
    at: now,
    usage_id: null,
  })
  if (granted)
    work.record({
      at: now,
      org_id: orgId,
      actor: clientId,
      action: 'credits.promotion_granted',
      target: userId,
      client_id: clientId,
      detail: { cents },
    })
  return granted
}

/** `POST /api/admin/users/:id/credits`. What the person can spend now, in cents. */
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
  return { credits: await creditsOf(deps.db.read, userId) }
}
