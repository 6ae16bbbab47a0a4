import { type ModelNames, paidIn, roomIn, spendableIn, usableLots } from '../../accounts/credit-lots.ts'
import { newTimedId } from '../../crypto/ids.ts'
import type { Random } from '../../crypto/random.ts'
import { changeLot } from '../../storage/credit-lots.ts'
import type { Db } from '../../storage/database.ts'
import {
  type BalanceRow,
  changeBalance,
  findStanding,
  holdBalance,
  insertEntry,
  listEntriesOfCall,
  reserveOrHold,
  type Standing,
  standingWith,
} from '../../storage/ledger.ts'
import type { UsageRow } from '../../storage/usage.ts'

/** A model that may answer a call. */
export interface PayableModel {
  /** `provider/model`, as the record of the call will tell who answered. */
  served: string
  names: ModelNames
  /** What the call may cost there at most. */
  nano: number
}

/** What a call has set aside of one lot. */
export interface LotPart {
  lot_id: string
  nano: number
  /** Those of its models that the lot does not pay. */
  not_for?: string[]
}

export interface SetAside {
  amountNano: number
  /** In the order in which they are spent; the rest of the amount is paid credit. */
  lots: LotPart[]
}

/**
 * Sets aside what a call may cost, whichever of its models answers: of each lot and of what is paid for, as much as any of
 * them would take, lots first. Undefined, and nothing is changed, where one of them could not be paid.
 */
export async function setAside(
  trx: Db,
  userId: string,
  models: readonly PayableModel[],
  now: number,
): Promise<SetAside | undefined> {
  const most = Math.max(0, ...models.map(({ nano }) => nano))
  if (most === 0) return { amountNano: 0, lots: [] }
  const standing = await reserveOrHold(trx, userId, most)
  if (!standing?.balance) return undefined
  if (standing.balance.lots_nano === 0) return { amountNano: most, lots: [] }
  const found = partsFor(standing, models, now)
  if (!found) return undefined
  const ofLots = sumOf(found.lots)
  await changeBalance(trx, userId, { balance: 0, reserved: found.amountNano, lots: 0, lotsReserved: ofLots })
  for (const { lot_id, nano } of found.lots) await changeLot(trx, lot_id, { remaining: 0, reserved: nano })
  return found
}

const sumOf = (parts: readonly { nano: number }[]) => parts.reduce((sum, { nano }) => sum + nano, 0)

function partsFor(standing: Standing, models: readonly PayableModel[], now: number): SetAside | undefined {
  let paid = 0
  const byLot = new Map<string, number>()
  for (const { names, nano } of models) {
    const { parts, rest } = taken(standing, nano, now, names)
    if (rest > paidOf(standing)) return undefined
    paid = Math.max(paid, rest)
    for (const part of parts) byLot.set(part.lot_id, Math.max(byLot.get(part.lot_id) ?? 0, part.nano))
  }
  const lots = usableLots(standing.lots, now).flatMap((lot): LotPart[] => {
    const nano = byLot.get(lot.lot_id)
    if (nano === undefined) return []
    const not_for = models.filter(({ names }) => usableLots([lot], now, names).length === 0)
    return [{ lot_id: lot.lot_id, nano, ...(not_for.length > 0 && { not_for: not_for.map(({ served }) => served) }) }]
  })
  return { amountNano: paid + sumOf(lots), lots }
}

const paidOf = ({ balance }: Standing) => (balance ? paidIn(balance) : 0)

/** So much from the lots that pay for a model, and what is then still to be paid. */
function taken({ lots }: Standing, nano: number, now: number, names?: ModelNames) {
  let rest = nano
  const parts = usableLots(lots, now, names).flatMap((lot) => {
    const part = { lot_id: lot.lot_id, nano: Math.min(rest, roomIn(lot)) }
    rest -= part.nano
    return part.nano > 0 ? [part] : []
  })
  return { parts, rest }
}

export interface Spent {
  spentNano: number
  /** What can be spent now. */
  spendableNano: number
}

/** What is to be paid for a call. */
export interface Charge {
  usage: UsageRow
  costNano: number
  /** Everything that the model is called; undefined: not known any more, so that no other lot is touched. */
  names: ModelNames | undefined
}

type World = { random: Random; trx: Db }

/**
 * Gives back what was set aside, and takes what the call cost: in the order in which it was set aside, then from other
 * lots, then from what is paid for; no more than is there beside what other calls have set aside, so that nothing falls
 * below zero. A lot that expired meanwhile pays what was set aside of it in time.
 */
export async function spend({ random, trx }: World, charge: Charge, reserved: SetAside): Promise<Spent> {
  const { usage, costNano } = charge
  const now = usage.settled_at
  const { user_id: userId } = usage
  if (costNano === 0 && reserved.amountNano === 0)
    return { spentNano: 0, spendableNano: await spendable(trx, userId, now) }
  const due = dueOf(reserved, costNano, `${usage.provider}/${usage.model_served}`)
  const balance = await changeBalance(trx, userId, {
    balance: -(due.paid + sumOf(due.lots)),
    reserved: -reserved.amountNano,
    lots: -sumOf(due.lots),
    lotsReserved: -sumOf(reserved.lots),
  })
  if (!balance) return { spentNano: 0, spendableNano: 0 }
  for (const [at, { lot_id, nano }] of reserved.lots.entries())
    await changeLot(trx, lot_id, { remaining: -(due.lots[at]?.nano ?? 0), reserved: -nano })
  const more = await spendMore(trx, balance, costNano - due.paid - sumOf(due.lots), charge)
  const entries = [...due.lots, ...more.lots, { lot_id: null, nano: due.paid + more.paid }]
  await writeEntries({ random, trx }, usage, entries)
  return { spentNano: sumOf(entries), spendableNano: await spendable(trx, userId, now, more.balance) }
}

/** In the order of the lots that were set aside; nothing from one that does not pay for who answered. */
function dueOf({ lots, amountNano }: SetAside, costNano: number, served: string) {
  let rest = costNano
  const due = lots.map(({ lot_id, nano, not_for }) => {
    const part = { lot_id, nano: not_for?.includes(served) ? 0 : Math.min(rest, nano) }
    rest -= part.nano
    return part
  })
  return { lots: due, paid: Math.min(rest, amountNano - sumOf(lots)) }
}

/** Beyond what was set aside. */
async function spendMore(trx: Db, balance: BalanceRow, nano: number, { usage, names }: Charge) {
  if (nano <= 0) return { lots: [], paid: 0, balance }
  const standing = await standingWith(trx, balance)
  const { parts, rest } = names ? taken(standing, nano, usage.settled_at, names) : { parts: [], rest: nano }
  const paid = Math.min(rest, paidOf(standing))
  const ofLots = sumOf(parts)
  const changed = await changeBalance(trx, balance.user_id, {
    balance: -(paid + ofLots),
    reserved: 0,
    lots: -ofLots,
    lotsReserved: 0,
  })
  for (const part of parts) await changeLot(trx, part.lot_id, { remaining: -part.nano, reserved: 0 })
  return { lots: parts, paid, balance: changed ?? balance }
}

async function spendable(trx: Db, userId: string, now: number, balance?: BalanceRow): Promise<number> {
  return spendableIn(balance ? await standingWith(trx, balance) : await findStanding(trx, userId), now)
}

/** One for each lot, and one for what was paid for. */
async function writeEntries(
  { random, trx }: World,
  { usage_id, user_id, client_id, agent_id, key_id, settled_at }: UsageRow,
  spent: readonly { lot_id: string | null; nano: number }[],
): Promise<void> {
  const byLot = new Map<string | null, number>()
  for (const { lot_id, nano } of spent) byLot.set(lot_id, (byLot.get(lot_id) ?? 0) + nano)
  for (const [lot_id, nano] of byLot)
    if (nano !== 0)
      await insertEntry(trx, {
        entry_id: newTimedId(random, 'entry', settled_at),
        user_id,
        client_id,
        kind: 'usage',
        amount_nano: -nano,
        reason: null,
        actor: key_id ?? agent_id ?? user_id,
        at: settled_at,
        usage_id,
        lot_id,
      })
}

/**
 * A call turns out to have cost less than was taken for it: what was taken last comes back first, each to where it came
 * from. Promotional credits never become paid ones.
 */
export async function giveBack({ random, trx }: World, usage: UsageRow, nano: number): Promise<Spent> {
  const { user_id: userId, usage_id: usageId, at: since, settled_at: now } = usage
  await holdBalance(trx, userId)
  const took = new Map<string | null, number>()
  for (const { lot_id, amount_nano } of await listEntriesOfCall(trx, { userId, usageId, since }))
    took.set(lot_id, (took.get(lot_id) ?? 0) - amount_nano)
  const back: { lot_id: string | null; nano: number }[] = []
  const paid = took.get(null) ?? 0
  took.delete(null)
  let rest = nano
  for (const [lot_id, most] of [[null, paid] as const, ...[...took].reverse()]) {
    const part = Math.min(rest, most)
    // One that ended long ago takes nothing back.
    if (part <= 0 || (lot_id !== null && !(await changeLot(trx, lot_id, { remaining: part, reserved: 0 })))) continue
    back.push({ lot_id, nano: -part })
    rest -= part
  }
  const total = sumOf(back)
  const ofLots = sumOf(back.filter(({ lot_id }) => lot_id !== null))
  const balance = await changeBalance(trx, userId, { balance: -total, reserved: 0, lots: -ofLots, lotsReserved: 0 })
  await writeEntries({ random, trx }, usage, back)
  return { spentNano: total, spendableNano: await spendable(trx, userId, now, balance) }
}
