import type { Insertable, Selectable, Updateable } from 'kysely'
import type { Db } from './database.ts'
import type { PasskeyTable } from './schema.ts'

export type PasskeyRow = Selectable<PasskeyTable>

export async function findPasskey(db: Db, id: string): Promise<PasskeyRow | undefined> {
  return db.selectFrom('passkey').selectAll().where('id', '=', id).executeTakeFirst()
}

export async function findPasskeyByCredential(db: Db, credentialId: string): Promise<PasskeyRow | undefined> {
  return db.selectFrom('passkey').selectAll().where('credential_id', '=', credentialId).executeTakeFirst()
}

export async function listPasskeys(db: Db, userId: string): Promise<PasskeyRow[]> {
  return db.selectFrom('passkey').selectAll().where('user_id', '=', userId).orderBy('created_at').execute()
}

/** False when the credential is there already. */
export async function insertPasskey(trx: Db, passkey: Insertable<PasskeyTable>): Promise<boolean> {
  const inserted = await trx
    .insertInto('passkey')
    .values(passkey)
    .onConflict((conflict) => conflict.column('credential_id').doNothing())
    .executeTakeFirst()
  return inserted.numInsertedOrUpdatedRows === 1n
}

export async function updatePasskey(
  trx: Db,
  id: string,
  changes: Updateable<PasskeyTable>,
): Promise<PasskeyRow | undefined> {
  return trx.updateTable('passkey').set(changes).where('id', '=', id).returningAll().executeTakeFirst()
}

export async function deletePasskey(trx: Db, id: string): Promise<PasskeyRow | undefined> {
  return trx.deleteFrom('passkey').where('id', '=', id).returningAll().executeTakeFirst()
}

export async function deletePasskeysOf(trx: Db, userId: string): Promise<void> {
  await trx.deleteFrom('passkey').where('user_id', '=', userId).execute()
}
