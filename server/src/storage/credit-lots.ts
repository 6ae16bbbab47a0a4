import type { Selectable } from 'kysely'
import { sql } from 'kysely'
import type { Db } from './database.ts'
import { prepared } from './prepared.ts'
import type { CreditLotTable } from './schema.ts'

export type CreditLotRow = Selectable<CreditLotTable>

export async function insertLot(trx: Db, lot: CreditLotRow): Promise<void> {
  await trx.insertInto('credit_lot').values(lot).execute()
}

const held = prepared<{ userId: string }, CreditLotRow>((db, param) =>
  db.selectFrom('credit_lot').selectAll().where('user_id', '=', param('userId')).where('remaining_nano', '>', 0),
)

/** Those with something in them, expired ones too. In a transaction that holds the balance they stay as they are. */
export async function listLots(db: Db, userId: string): Promise<CreditLotRow[]> {
  return (await held(db, { userId })).rows
}

const change = prepared<{ lotId: string; remaining: number; reserved: number }, unknown>((db, param) =>
  db
    .updateTable('credit_lot')
    .set({
      remaining_nano: sql<number>`remaining_nano + ${param('remaining')}`,
      reserved_nano: sql<number>`reserved_nano + ${param('reserved')}`,
    })
    .where('lot_id', '=', param('lotId')),
)

/** Only in a transaction that has changed the balance before. False: the lot is gone. */
export async function changeLot(
  trx: Db,
  lotId: string,
  { remaining, reserved }: { remaining: number; reserved: number },
): Promise<boolean> {
  return (await change(trx, { lotId, remaining, reserved })).changed === 1
}

/** Those that have ended with something in them that no call has set aside. */
export async function listExpiredLots(db: Db, now: number, limit: number): Promise<CreditLotRow[]> {
  return db
    .selectFrom('credit_lot')
    .selectAll()
    .where('expires_at', '<=', now)
    .whereRef('remaining_nano', '>', 'reserved_nano')
    .limit(limit)
    .execute()
}

export async function findLot(trx: Db, lotId: string): Promise<CreditLotRow | undefined> {
  return trx.selectFrom('credit_lot').selectAll().where('lot_id', '=', lotId).executeTakeFirst()
}

/** Forgets empty ones that ended before; the ledger knows of them still. */
export async function deleteEmptyLots(trx: Db, endedBefore: number): Promise<void> {
  await trx
    .deleteFrom('credit_lot')
    .where('expires_at', '<', endedBefore)
    .where('remaining_nano', '=', 0)
    .where('reserved_nano', '=', 0)
    .execute()
}

/** A person's lots with what their apps are called, for them to look at. */
export async function listNamedLots(
  db: Db,
  userId: string,
): Promise<(CreditLotRow & { client_name: string | null })[]> {
  return db
    .selectFrom('credit_lot')
    .leftJoin('client', 'client.client_id', 'credit_lot.client_id')
    .selectAll('credit_lot')
    .select('client.client_name')
    .where('credit_lot.user_id', '=', userId)
    .where('credit_lot.remaining_nano', '>', 0)
    .execute()
}
