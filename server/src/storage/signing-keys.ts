import type { Selectable } from 'kysely'
import type { Db } from './database.ts'
import type { SigningKeyTable } from './schema.ts'

export type SigningKeyRow = Selectable<SigningKeyTable>

/** Oldest first. */
export function listSigningKeys(db: Db): Promise<SigningKeyRow[]> {
  return db.selectFrom('signing_key').selectAll().orderBy('active_at').orderBy('kid').execute()
}

export async function insertSigningKey(trx: Db, key: SigningKeyRow): Promise<void> {
  await trx.insertInto('signing_key').values(key).execute()
}

/** Gives every key of the algorithms named that has no end yet its end. */
export async function retireSigningKeys(trx: Db, kids: readonly string[], retiresAt: number): Promise<void> {
  if (kids.length === 0) return
  await trx
    .updateTable('signing_key')
    .set({ retires_at: retiresAt })
    .where('kid', 'in', kids)
    .where('retires_at', 'is', null)
    .execute()
}
