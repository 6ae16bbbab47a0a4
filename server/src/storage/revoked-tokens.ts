import type { Db } from './database.ts'
import { prepared } from './prepared.ts'
import type { RevokedTokenTable } from './schema.ts'

const byJti = prepared<{ jti: string }, { jti: string }>((db, param) =>
  db.selectFrom('revoked_token').select('jti').where('jti', '=', param('jti')),
)

export async function isTokenRevoked(db: Db, jti: string): Promise<boolean> {
  return (await byJti(db, { jti })).rows.length > 0
}

export async function insertRevokedToken(trx: Db, token: RevokedTokenTable): Promise<boolean> {
  const inserted = await trx
    .insertInto('revoked_token')
    .values(token)
    .onConflict((conflict) => conflict.column('jti').doNothing())
    .executeTakeFirst()
  return inserted.numInsertedOrUpdatedRows === 1n
}
