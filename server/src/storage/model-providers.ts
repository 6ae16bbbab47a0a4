import type { Selectable } from 'kysely'
import type { Db } from './database.ts'
import { prepared } from './prepared.ts'
import type { ModelProviderTable } from './schema.ts'

export type ModelProviderRow = Selectable<ModelProviderTable>

/** In their order. */
export function listModelProviders(db: Db): Promise<ModelProviderRow[]> {
  return db.selectFrom('model_provider').selectAll().orderBy('place').orderBy('provider_id').execute()
}

export function findModelProvider(db: Db, providerId: string): Promise<ModelProviderRow | undefined> {
  return db.selectFrom('model_provider').selectAll().where('provider_id', '=', providerId).executeTakeFirst()
}

/** False when there is one of that id. */
export async function insertModelProvider(trx: Db, provider: ModelProviderRow): Promise<boolean> {
  const inserted = await trx
    .insertInto('model_provider')
    .values(provider)
    .onConflict((c) => c.column('provider_id').doNothing())
    .executeTakeFirst()
  return inserted.numInsertedOrUpdatedRows === 1n
}

export async function updateModelProvider(trx: Db, { provider_id, ...changes }: ModelProviderRow): Promise<boolean> {
  const updated = await trx
    .updateTable('model_provider')
    .set(changes)
    .where('provider_id', '=', provider_id)
    .executeTakeFirst()
  return updated.numUpdatedRows === 1n
}

export async function deleteModelProvider(trx: Db, providerId: string): Promise<boolean> {
  const deleted = await trx.deleteFrom('model_provider').where('provider_id', '=', providerId).executeTakeFirst()
  return deleted.numDeletedRows === 1n
}

const REVISION = 'models.revision'

const revision = prepared<object, { value: string }>((db) =>
  db.selectFrom('setting').select('value').where('name', '=', REVISION),
)

/** Another text after every change of any provider: asked for with each call, so that the next one knows. */
export async function findModelsRevision(db: Db): Promise<string> {
  return (await revision(db, {})).rows[0]?.value ?? ''
}

/** Makes every process read the providers anew. `value` was never used before. */
export async function setModelsRevision(trx: Db, value: string): Promise<void> {
  await trx
    .insertInto('setting')
    .values({ name: REVISION, value })
    .onConflict((c) => c.column('name').doUpdateSet({ value }))
    .execute()
}

/** For the very first change of all. False when there was one. */
export async function claimModelsRevision(trx: Db, value: string): Promise<boolean> {
  const inserted = await trx
    .insertInto('setting')
    .values({ name: REVISION, value })
    .onConflict((c) => c.column('name').doNothing())
    .executeTakeFirst()
  return inserted.numInsertedOrUpdatedRows === 1n
}
