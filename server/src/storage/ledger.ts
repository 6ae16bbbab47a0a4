import { type Selectable, sql } from 'kysely'
import { type CreditLotRow, insertLot, listLots } from './credit-lots.ts'
import type { Db } from './database.ts'
import { prepared } from './prepared.ts'
import type { BalanceTable, LedgerEntryTable } from './schema.ts'

export type BalanceRow = Selectable<BalanceTable>

/** What a person has, and in which lots some of it is. */
export interface Standing {
  balance: BalanceRow | undefined
  lots: readonly CreditLotRow[]
}

type Joined = BalanceRow & { lot_reserved_nano: number | null } & {
  [K in Exclude<keyof CreditLotRow, keyof BalanceRow>]: CreditLotRow[K] | null
}

// One statement, so that the balance and the lots are of one moment.
const standings = (db: Db) =>
  db
    .selectFrom('balance')
    .leftJoin('credit_lot', (join) =>
      join
        .onRef('credit_lot.user_id', '=', 'balance.user_id')
        .on('credit_lot.remaining_nano', '>', 0)
        .on('balance.lots_nano', '>', 0),
    )
    .selectAll('balance')
    .select([
      'credit_lot.lot_id',
      'credit_lot.org_id',
      'credit_lot.client_id',
      'credit_lot.remaining_nano',
      'credit_lot.reserved_nano as lot_reserved_nano',
      'credit_lot.expires_at',
      'credit_lot.excluded_models',
      'credit_lot.created_at',
    ])

const standing = prepared<{ userId: string }, Joined>((db, param) =>
  standings(db).where('balance.user_id', '=', param('userId')),
)

export async function findStanding(db: Db, userId: string): Promise<Standing> {
  const { rows } = await standing(db, { userId })
  return { balance: rows[0], lots: rows.flatMap(lotOf) }
}

/** The same of many people at once; nobody is in it who never had anything. */
export async function findStandings(db: Db, userIds: readonly string[]): Promise<Map<string, Standing>> {
  if (userIds.length === 0) return new Map()
  const rows = await standings(db).where('balance.user_id', 'in', userIds).execute()
  const byPerson = Map.groupBy(rows, ({ user_id }) => user_id)
  return new Map([...byPerson].map(([id, own]) => [id, { balance: own[0], lots: own.flatMap(lotOf) }]))
}

function lotOf(row: Joined): CreditLotRow[] {
  // All or none of its columns are null, but for its end.
  return row.lot_id === null ? [] : [{ ...(row as unknown as CreditLotRow), reserved_nano: row.lot_reserved_nano ?? 0 }]
}

/** Adds what is given to a person, in a lot or to what is paid for. False for a promotion that was given them before. */
export async function insertCredit(trx: Db, entry: LedgerEntryTable, lot?: CreditLotRow): Promise<boolean> {
  const inserted = await trx
    .insertInto('ledger_entry')
    .values(entry)
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst()
  if (inserted.numInsertedOrUpdatedRows !== 1n) return false
  const { user_id, amount_nano } = entry
  const lots_nano = lot?.remaining_nano ?? 0
  await trx
    .insertInto('balance')
    .values({ user_id, balance_nano: amount_nano, reserved_nano: 0, lots_nano })
    .onConflict((conflict) =>
      conflict.column('user_id').doUpdateSet({
        balance_nano: sql<number>`balance.balance_nano + ${amount_nano}`,
        lots_nano: sql<number>`balance.lots_nano + ${lots_nano}`,
      }),
    )
    .execute()
  if (lot) await insertLot(trx, lot)
  return true
}

const setAside = prepared<{ userId: string; nano: number }, BalanceRow>((db, param) =>
  db
    .updateTable('balance')
    .set({
      reserved_nano: sql<number>`reserved_nano + case when lots_nano = 0 then cast(${param('nano')} as bigint) else 0 end`,
    })
    .where('user_id', '=', param('userId'))
    .where(sql<boolean>`(lots_nano > 0 or balance_nano - reserved_nano >= ${param('nano')})`)
    .returningAll(),
)

/**
 * Sets credits aside, for whoever comes first: undefined when there are not enough. For a person with lots nothing is set
 * aside yet: their row is held until the commit, so that what is then read of the lots stays true.
 */
export async function reserveOrHold(trx: Db, userId: string, nano: number): Promise<Standing | undefined> {
  const [balance] = (await setAside(trx, { userId, nano })).rows
  return balance && standingWith(trx, balance)
}

/** The lots of a balance that this transaction holds: no look at them where nothing is in them. */
export async function standingWith(trx: Db, balance: BalanceRow): Promise<Standing> {
  return { balance, lots: balance.lots_nano > 0 ? await listLots(trx, balance.user_id) : [] }
}

/** What is added to a balance; below zero is taken. */
export interface BalanceChange {
  balance: number
  reserved: number
  /** Of the two before. */
  lots: number
  lotsReserved: number
}

const change = prepared<BalanceChange & { userId: string }, BalanceRow>((db, param) =>
  db
    .updateTable('balance')
    .set({
      balance_nano: sql<number>`balance_nano + ${param('balance')}`,
      reserved_nano: sql<number>`reserved_nano + ${param('reserved')}`,
      lots_nano: sql<number>`lots_nano + ${param('lots')}`,
      lots_reserved_nano: sql<number>`lots_reserved_nano + ${param('lotsReserved')}`,
    })
    .where('user_id', '=', param('userId'))
    .returningAll(),
)

/** Holds the row: what it tells stays true until the commit. Undefined: the person never had anything. */
export async function changeBalance(trx: Db, userId: string, by: BalanceChange): Promise<BalanceRow | undefined> {
  return (await change(trx, { userId, ...by })).rows[0]
}

const NO_CHANGE: BalanceChange = { balance: 0, reserved: 0, lots: 0, lotsReserved: 0 }

export const holdBalance = (trx: Db, userId: string) => changeBalance(trx, userId, NO_CHANGE)

const insert = prepared<LedgerEntryTable, unknown>((db, param) =>
  db.insertInto('ledger_entry').values({
    entry_id: param('entry_id'),
    user_id: param('user_id'),
    client_id: param('client_id'),
    kind: param('kind'),
    amount_nano: param('amount_nano'),
    reason: param('reason'),
    actor: param('actor'),
    at: param('at'),
    usage_id: param('usage_id'),
    lot_id: param('lot_id'),
  }),
)

export async function insertEntry(trx: Db, entry: LedgerEntryTable): Promise<void> {
  await insert(trx, entry)
}

/** What a call took, in the order in which it took it. Began at `since`. */
export async function listEntriesOfCall(
  trx: Db,
  { userId, usageId, since }: { userId: string; usageId: string; since: number },
): Promise<Selectable<LedgerEntryTable>[]> {
  return trx
    .selectFrom('ledger_entry')
    .selectAll()
    .where('user_id', '=', userId)
    .where('at', '>=', since)
    .where('usage_id', '=', usageId)
    .orderBy('entry_id')
    .execute()
}
