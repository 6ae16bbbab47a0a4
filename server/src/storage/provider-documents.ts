import type { Selectable } from 'kysely'
import type { Db } from './database.ts'
import type { ProviderDocumentTable } from './schema.ts'

export type ProviderDocument = Selectable<ProviderDocumentTable>

export function findProviderDocument(db: Db, url: string): Promise<ProviderDocument | undefined> {
  return db.selectFrom('provider_document').selectAll().where('url', '=', url).executeTakeFirst()
}

export async function saveProviderDocument(trx: Db, document: ProviderDocument): Promise<void> {
  const { url, ...changes } = document
  await trx
    .insertInto('provider_document')
    .values(document)
    .onConflict((c) => c.column('url').doUpdateSet(changes))
    .execute()
}

/** Its owner could not be asked: it is not asked again before `freshUntil`. */
export async function keepProviderDocument(
  trx: Db,
  url: string,
  changes: Partial<Pick<ProviderDocument, 'fetched_at' | 'tried_at' | 'fresh_until'>>,
): Promise<void> {
  await trx.updateTable('provider_document').set(changes).where('url', '=', url).execute()
}
