import type { Selectable } from 'kysely'
import type { Db } from './database.ts'
import type { IdempotencyKeyTable } from './schema.ts'

export type IdempotencyKeyRow = Selectable<IdempotencyKeyTable>

/** False when somebody was here before with the same key. */
export async function claimIdempotencyKey(trx: Db, row: IdempotencyKeyRow): Promise<boolean> {
  const inserted = await trx
    .insertInto('idempotency_key')
    .values(row)
    .onConflict((c) => c.column('key_hash').doNothing())
    .executeTakeFirst()
  return inserted.numInsertedOrUpdatedRows === 1n
}

export function findIdempotencyKey(db: Db, keyHash: string): Promise<IdempotencyKeyRow | undefined> {
  return db.selectFrom('idempotency_key').selectAll().where('key_hash', '=', keyHash).executeTakeFirst()
}
