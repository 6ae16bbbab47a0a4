import type { Selectable, Updateable } from 'kysely'
import type { Db } from './database.ts'
import { prepared } from './prepared.ts'
import type { ProviderTable } from './schema.ts'

export type ProviderRow = Selectable<ProviderTable>

/** False when there is one of that name. */
export async function insertProvider(trx: Db, provider: ProviderRow): Promise<boolean> {
  const inserted = await trx
    .insertInto('provider')
    .values(provider)
    .onConflict((c) => c.column('provider_name').doNothing())
    .executeTakeFirst()
  return inserted.numInsertedOrUpdatedRows === 1n
}

const byName = prepared<{ name: string }, ProviderRow>((db, param) =>
  db.selectFrom('provider').selectAll().where('provider_name', '=', param('name')),
)

export async function findProviderRow(db: Db, name: string): Promise<ProviderRow | undefined> {
  return (await byName(db, { name })).rows[0]
}

/** By name. */
export function listProviderRows(db: Db): Promise<ProviderRow[]> {
  return db.selectFrom('provider').selectAll().orderBy('provider_name').execute()
}

export async function updateProvider(trx: Db, name: string, changes: Updateable<ProviderTable>): Promise<boolean> {
  const updated = await trx.updateTable('provider').set(changes).where('provider_name', '=', name).executeTakeFirst()
  return updated.numUpdatedRows === 1n
}

export async function deleteProvider(trx: Db, name: string): Promise<boolean> {
  const deleted = await trx.deleteFrom('provider').where('provider_name', '=', name).executeTakeFirst()
  return deleted.numDeletedRows === 1n
}
