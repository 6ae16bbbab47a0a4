import type { Db } from './database.ts'
import type { RevokedTokenTable } from './schema.ts'

export async function insertRevokedToken(trx: Db, token: RevokedTokenTable): Promise<boolean> {
  const inserted = await trx
    .insertInto('revoked_token')
    .values(token)
    .onConflict((conflict) => conflict.column('jti').doNothing())
    .executeTakeFirst()
  return inserted.numInsertedOrUpdatedRows === 1n
}
