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

type Claim = Pick<IdempotencyKeyRow, 'key_hash' | 'created_at'>

/** Once, by whoever claimed it last. */
export async function keepIdempotentAnswer(trx: Db, { key_hash, created_at }: Claim, sealed: string): Promise<void> {
  await trx
    .updateTable('idempotency_key')
    .set({ answer_sealed: sealed })
    .where('key_hash', '=', key_hash)
    .where('created_at', '=', created_at)
    .where('answer_sealed', 'is', null)
    .execute()
}

/** The same call can be made again, unless it was answered. */
export async function releaseIdempotencyKey(trx: Db, { key_hash, created_at }: Claim): Promise<void> {
  await trx
    .deleteFrom('idempotency_key')
    .where('key_hash', '=', key_hash)
    .where('created_at', '=', created_at)
    .where('answer_sealed', 'is', null)
    .execute()
}

/** From one that has not answered, and was claimed before then. True for one of those who try. */
export async function takeOverIdempotencyKey(
  trx: Db,
  { key_hash, created_at }: Claim,
  before: number,
): Promise<boolean> {
  const taken = await trx
    .updateTable('idempotency_key')
    .set({ created_at })
    .where('key_hash', '=', key_hash)
    .where('answer_sealed', 'is', null)
    .where('created_at', '<', before)
    .executeTakeFirst()
  return taken.numUpdatedRows === 1n
}
