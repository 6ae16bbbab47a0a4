import type { Insertable, Selectable } from 'kysely'
import type { Db } from './database.ts'
import type { AccountTable } from './schema.ts'

export type AccountRow = Selectable<AccountTable>

export async function findAccount(db: Db, providerId: string, accountId: string): Promise<AccountRow | undefined> {
  return db
    .selectFrom('account')
    .selectAll()
    .where('provider_id', '=', providerId)
    .where('account_id', '=', accountId)
    .executeTakeFirst()
}

export async function findAccountById(db: Db, id: string): Promise<AccountRow | undefined> {
  return db.selectFrom('account').selectAll().where('id', '=', id).executeTakeFirst()
}

export async function listAccounts(db: Db, userId: string): Promise<AccountRow[]> {
  return db.selectFrom('account').selectAll().where('user_id', '=', userId).orderBy('created_at').execute()
}

/** False when it is there already. */
export async function insertAccount(trx: Db, account: Insertable<AccountTable>): Promise<boolean> {
  const inserted = await trx
    .insertInto('account')
    .values(account)
    .onConflict((conflict) => conflict.columns(['provider_id', 'account_id']).doNothing())
    .executeTakeFirst()
  return inserted.numInsertedOrUpdatedRows === 1n
}

export async function setPassword(trx: Db, id: string, passwordHash: string, now: number): Promise<boolean> {
  const set = await trx
    .updateTable('account')
    .set({ password_hash: passwordHash, updated_at: now })
    .where('id', '=', id)
    .executeTakeFirst()
  return set.numUpdatedRows === 1n
}

/** What somebody may have linked who had not proved the address. */
export async function deleteSocialAccounts(trx: Db, userId: string): Promise<void> {
  await trx.deleteFrom('account').where('user_id', '=', userId).where('provider_id', '!=', 'credential').execute()
}

export async function deletePassword(trx: Db, userId: string): Promise<void> {
  await trx.deleteFrom('account').where('user_id', '=', userId).where('provider_id', '=', 'credential').execute()
}
