import type { Selectable } from 'kysely'
import type { Db } from './database.ts'
import type { ProviderKeyTable } from './schema.ts'

export type ProviderKeyRow = Selectable<ProviderKeyTable>

export function findProviderKey(db: Db, userId: string, providerId: string): Promise<ProviderKeyRow | undefined> {
  return db
    .selectFrom('provider_key')
    .selectAll()
    .where('user_id', '=', userId)
    .where('provider_id', '=', providerId)
    .executeTakeFirst()
}

/** By provider. */
export function listProviderKeys(db: Db, userId: string): Promise<ProviderKeyRow[]> {
  return db.selectFrom('provider_key').selectAll().where('user_id', '=', userId).orderBy('provider_id').execute()
}

/** A new key takes the place of the old one. As it stands now. */
export async function saveProviderKey(trx: Db, row: ProviderKeyRow): Promise<ProviderKeyRow> {
  const { key_sealed, last_four, updated_at } = row
  return trx
    .insertInto('provider_key')
    .values(row)
    .onConflict((c) => c.columns(['user_id', 'provider_id']).doUpdateSet({ key_sealed, last_four, updated_at }))
    .returningAll()
    .executeTakeFirstOrThrow()
}

export async function deleteProviderKey(trx: Db, userId: string, providerId: string): Promise<boolean> {
  const deleted = await trx
    .deleteFrom('provider_key')
    .where('user_id', '=', userId)
    .where('provider_id', '=', providerId)
    .executeTakeFirst()
  return deleted.numDeletedRows === 1n
}
