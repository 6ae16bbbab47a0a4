import type { Db } from './database.ts'
import type { UsedJtiTable } from './schema.ts'

/** True the first time an issuer uses a jti, for one caller only, in whatever process. RFC 7523 §3 (7). */
export async function claimJti(trx: Db, used: UsedJtiTable): Promise<boolean> {
  const inserted = await trx
    .insertInto('used_jti')
    .values(used)
    .onConflict((conflict) => conflict.columns(['issuer', 'jti']).doNothing())
    .executeTakeFirst()
  return inserted.numInsertedOrUpdatedRows === 1n
}
