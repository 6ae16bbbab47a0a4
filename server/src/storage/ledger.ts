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

/** What people spent through an app: how often, and how many nano-dollars. */
export async function spentThroughApp(
  db: Db,
  clientId: string,
  userIds: readonly string[],
): Promise<Map<string, { requests: number; nano: number }>> {
  if (userIds.length === 0) return new Map()
  const rows = await db
    .selectFrom('ledger_entry')
    .select([
      'user_id',
      (e) => e.fn.countAll<number>().as('requests'),
      (e) => e.fn.sum<number>('amount_nano').as('nano'),
    ])
    .where('client_id', '=', clientId)
    .where('user_id', 'in', userIds)
    .where('kind', '=', 'usage')
    .groupBy('user_id')
    .execute()
  return new Map(
    rows.map(({ user_id, requests, nano }) => [user_id, { requests: Number(requests), nano: -Number(nano) }]),
  )
}
