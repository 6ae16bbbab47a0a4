import type { Deps } from '../context.ts'
import { newTimedId } from '../crypto/ids.ts'
import { changeLot, deleteEmptyLots, findLot, listExpiredLots } from '../storage/credit-lots.ts'
import type { Work } from '../storage/database.ts'
import { changeBalance, holdBalance, insertEntry } from '../storage/ledger.ts'
import { roomIn } from './credit-lots.ts'
import { NANO_PER_CENT } from './credits.ts'

const EXPIRED_AT_ONCE = 100
/** Longer than any call lasts that may give back to it. */
const EMPTY_KEPT_MS = 7 * 86_400_000

/** By the clock: what is left of a lot at its end is gone, but for what calls under way have set aside. How many ended. */
export async function expireLots(deps: Deps): Promise<number> {
  const now = deps.now()
  let ended = 0
  for (;;) {
    const due = await listExpiredLots(deps.db.read, now, EXPIRED_AT_ONCE)
    let done = 0
    for (const { lot_id } of due) if (await expire(deps, lot_id, now)) done++
    ended += done
    if (due.length < EXPIRED_AT_ONCE || done === 0) break
  }
  await deps.db.write(({ trx }) => deleteEmptyLots(trx, now - EMPTY_KEPT_MS))
  return ended
}

/** One that cannot be ended holds up no other. */
async function expire(deps: Deps, lotId: string, now: number): Promise<boolean> {
  try {
    return await deps.db.write((work) => expireIn(deps, work, lotId, now))
  } catch (error) {
    deps.log.error({ error, lotId }, 'a lot of credits could not be ended')
    return false
  }
}

async function expireIn(
  { random }: Pick<Deps, 'random'>,
  { trx, record }: Work,
  lotId: string,
  now: number,
): Promise<boolean> {
  const found = await findLot(trx, lotId)
  if (!found || !(await holdBalance(trx, found.user_id))) return false
  const lot = await findLot(trx, lotId)
  const nano = lot ? roomIn(lot) : 0
  if (!lot || nano <= 0) return false
  const { user_id, client_id, org_id } = lot
  await changeBalance(trx, user_id, { balance: -nano, reserved: 0, lots: -nano, lotsReserved: 0 })
  await changeLot(trx, lotId, { remaining: -nano, reserved: 0 })
  await insertEntry(trx, {
    entry_id: newTimedId(random, 'entry', now),
    user_id,
    client_id,
    kind: 'expiry',
    amount_nano: -nano,
    reason: null,
    actor: 'auth-agent',
    at: now,
    usage_id: null,
    lot_id: lotId,
  })
  record({
    at: now,
    org_id,
    actor: 'auth-agent',
    action: 'credits.expired',
    target: user_id,
    client_id,
    detail: { cents: nano / NANO_PER_CENT },
  })
  return true
}
