import { sql } from 'kysely'
import type { Db } from './database.ts'
import { prepared } from './prepared.ts'
import type { BalanceTable, LedgerEntryTable } from './schema.ts'

const balanceOf = prepared<{ userId: string }, BalanceTable>((db, param) =>
  db.selectFrom('balance').selectAll().where('user_id', '=', param('userId')),
)

/** Nano-dollars that a person can spend now: what they have, less what is reserved. */
export async function findSpendable(db: Db, userId: string): Promise<number> {
  return spendableOf((await balanceOf(db, { userId })).rows[0])
}

/** Adds what is given to a person. False for a promotion that this app has given them before. */
export async function insertCredit(trx: Db, entry: LedgerEntryTable): Promise<boolean> {
  const inserted = await trx
    .insertInto('ledger_entry')
    .values(entry)
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst()
  if (inserted.numInsertedOrUpdatedRows !== 1n) return false
  await trx
    .insertInto('balance')
    .values({ user_id: entry.user_id, balance_nano: entry.amount_nano, reserved_nano: 0 })
    .onConflict((conflict) =>
      conflict
        .column('user_id')
        .doUpdateSet({ balance_nano: sql<number>`balance.balance_nano + ${entry.amount_nano}` }),
    )
    .execute()
  return true
}

const setAside = prepared<{ userId: string; nano: number }, BalanceTable>((db, param) =>
  db
    .updateTable('balance')
    .set({ reserved_nano: sql<number>`reserved_nano + ${param('nano')}` })
    .where('user_id', '=', param('userId'))
    .where(sql<boolean>`balance_nano - reserved_nano >= ${param('nano')}`),
)

/** Sets credits aside, for whoever comes first. False when there are not enough. */
export async function reserveCredits(trx: Db, userId: string, nano: number): Promise<boolean> {
  return (await setAside(trx, { userId, nano })).changed === 1
}

const settle = prepared<{ userId: string; reserved: number; nano: number }, BalanceTable>((db, param) =>
  db
    .updateTable('balance')
    .set({
      reserved_nano: sql<number>`reserved_nano - ${param('reserved')}`,
      balance_nano: sql<number>`balance_nano - ${param('nano')}`,
    })
    .where('user_id', '=', param('userId'))
    .returningAll(),
)
const insertEntry = prepared<LedgerEntryTable, unknown>((db, param) =>
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
  }),
)

export interface Spent {
  spentNano: number
  /** What can be spent now. */
  spendableNano: number
}

/**
 * Gives back what was reserved, and takes what `charge` costs: no more than is there beside what other calls have set
 * aside, so that the balance never falls below zero. A cost below zero gives back.
 */
export async function spendCredits(
  trx: Db,
  charge: Omit<LedgerEntryTable, 'amount_nano' | 'kind'> & { cost_nano: number },
  reservedNano: number,
): Promise<Spent> {
  const { cost_nano, ...entry } = charge
  const userId = entry.user_id
  // What was reserved is there, and what is given back needs none. The first statement holds the row: what it tells stays
  // true until the commit.
  const covered = Math.min(cost_nano, reservedNano)
  let balance = (await settle(trx, { userId, reserved: reservedNano, nano: covered })).rows[0]
  const more = Math.min(cost_nano - covered, spendableOf(balance))
  if (more > 0) balance = (await settle(trx, { userId, reserved: 0, nano: more })).rows[0]
  const spentNano = balance === undefined ? 0 : covered + more
  if (spentNano !== 0) await insertEntry(trx, { ...entry, kind: 'usage', amount_nano: -spentNano })
  return { spentNano, spendableNano: spendableOf(balance) }
}

function spendableOf(row: BalanceTable | undefined): number {
  return row === undefined ? 0 : row.balance_nano - row.reserved_nano
}
