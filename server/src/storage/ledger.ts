import { sql } from 'kysely'
import type { Db } from './database.ts'
import { prepared } from './prepared.ts'
import type { BalanceTable, LedgerEntryTable } from './schema.ts'

const balanceOf = prepared<{ userId: string }, BalanceTable>((db, param) =>
  db.selectFrom('balance').selectAll().where('user_id', '=', param('userId')),
)

/** Nano-dollars that a person can spend now: what they have, less what is reserved. */
export async function findSpendable(db: Db, userId: string): Promise<number> {
  const [row] = (await balanceOf(db, { userId })).rows
  return row === undefined ? 0 : row.balance_nano - row.reserved_nano
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

const giveBack = prepared<{ userId: string; reserved: number }, BalanceTable>((db, param) =>
  db
    .updateTable('balance')
    .set({ reserved_nano: sql<number>`reserved_nano - ${param('reserved')}` })
    .where('user_id', '=', param('userId'))
    .returningAll(),
)
/** Nothing was spent of what was set aside. */
export async function returnCredits(trx: Db, userId: string, nano: number): Promise<void> {
  await giveBack(trx, { userId, reserved: nano })
}

const take = prepared<{ userId: string; nano: number }, BalanceTable>((db, param) =>
  db
    .updateTable('balance')
    .set({ balance_nano: sql<number>`balance_nano - ${param('nano')}` })
    .where('user_id', '=', param('userId')),
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

/**
 * Gives back what was reserved, and takes what `charge` costs: no more than is there beside what other calls have set
 * aside, so that the balance never falls below zero. What was taken.
 */
export async function spendCredits(
  trx: Db,
  charge: Omit<LedgerEntryTable, 'amount_nano' | 'kind'> & { cost_nano: number },
  reservedNano: number,
): Promise<number> {
  const { cost_nano, ...entry } = charge
  const userId = entry.user_id
  // The first statement holds the row: what it tells stays true until the commit.
  const [balance] = (await giveBack(trx, { userId, reserved: reservedNano })).rows
  const spent = Math.min(cost_nano, balance === undefined ? 0 : balance.balance_nano - balance.reserved_nano)
  if (spent === 0) return 0
  await take(trx, { userId, nano: spent })
  await insertEntry(trx, { ...entry, kind: 'usage', amount_nano: -spent })
  return spent
}
