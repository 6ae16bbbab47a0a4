import type { Insertable, Selectable } from 'kysely'
import type { Db } from './database.ts'
import type { VerificationTable } from './schema.ts'

export type VerificationRow = Selectable<VerificationTable>

/** The youngest of that name. */
export async function findVerification(db: Db, hashes: readonly string[]): Promise<VerificationRow | undefined> {
  return db
    .selectFrom('verification')
    .selectAll()
    .where('identifier_hash', 'in', hashes)
    .orderBy('created_at', 'desc')
    .limit(1)
    .executeTakeFirst()
}

export async function findVerificationById(db: Db, id: string): Promise<VerificationRow | undefined> {
  return db.selectFrom('verification').selectAll().where('id', '=', id).executeTakeFirst()
}

export async function insertVerification(trx: Db, row: Insertable<VerificationTable>): Promise<void> {
  await trx.insertInto('verification').values(row).execute()
}

/** The row, for one caller only. */
export async function consumeVerification(trx: Db, id: string): Promise<VerificationRow | undefined> {
  return trx.deleteFrom('verification').where('id', '=', id).returningAll().executeTakeFirst()
}

export async function deleteVerifications(trx: Db, hashes: readonly string[]): Promise<number> {
  const deleted = await trx.deleteFrom('verification').where('identifier_hash', 'in', hashes).executeTakeFirst()
  return Number(deleted.numDeletedRows)
}

/** Links to set a password that were sent to a person before. */
export async function deleteResetLinks(trx: Db, userId: string): Promise<void> {
  await trx.deleteFrom('verification').where('user_id', '=', userId).execute()
}
