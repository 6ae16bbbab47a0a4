import type { Selectable } from 'kysely'
import type { Db } from './database.ts'
import { prepared } from './prepared.ts'
import type { ReservationTable } from './schema.ts'

export type ReservationRow = Selectable<ReservationTable>

const insert = prepared<ReservationRow, unknown>((db, param) =>
  db.insertInto('reservation').values({
    usage_id: param('usage_id'),
    user_id: param('user_id'),
    amount_nano: param('amount_nano'),
    metered_nano: param('metered_nano'),
    call: param('call'),
    lots: param('lots'),
    created_at: param('created_at'),
    expires_at: param('expires_at'),
  }),
)

export async function insertReservation(trx: Db, row: ReservationRow): Promise<void> {
  await insert(trx, row)
}

const remove = prepared<{ usageId: string }, ReservationRow>((db, param) =>
  db.deleteFrom('reservation').where('usage_id', '=', param('usageId')).returningAll(),
)

/** The reservation, for the one that ends it. */
export async function takeReservation(trx: Db, usageId: string): Promise<ReservationRow | undefined> {
  return (await remove(trx, { usageId })).rows[0]
}

/** The same, unless its process has said meanwhile that it lives. */
export async function takeExpiredReservation(
  trx: Db,
  usageId: string,
  now: number,
): Promise<ReservationRow | undefined> {
  return trx
    .deleteFrom('reservation')
    .where('usage_id', '=', usageId)
    .where('expires_at', '<=', now)
    .returningAll()
    .executeTakeFirst()
}

/** Notes what a call has come to, and that its process lives. */
export async function renewReservation(
  trx: Db,
  usageId: string,
  changes: Pick<ReservationRow, 'metered_nano' | 'call' | 'expires_at'>,
): Promise<void> {
  await trx.updateTable('reservation').set(changes).where('usage_id', '=', usageId).execute()
}

/** The first that expired. */
export async function listExpiredReservations(db: Db, now: number, limit: number): Promise<string[]> {
  const rows = await db
    .selectFrom('reservation')
    .select('usage_id')
    .where('expires_at', '<=', now)
    .orderBy('expires_at')
    .limit(limit)
    .execute()
  return rows.map(({ usage_id }) => usage_id)
}
