import type { Db } from './database.ts'

export async function findSetting(db: Db, name: string): Promise<string | undefined> {
  const row = await db.selectFrom('setting').select('value').where('name', '=', name).executeTakeFirst()
  return row?.value
}

/** True for the one caller whose value stands, however many processes start at once. */
export async function claimSetting(trx: Db, name: string, value: string): Promise<boolean> {
  const inserted = await trx
    .insertInto('setting')
    .values({ name, value })
    .onConflict((conflict) => conflict.column('name').doNothing())
    .executeTakeFirst()
  return inserted.numInsertedOrUpdatedRows === 1n
}

/** True when it still was as it was read. */
export async function replaceSetting(trx: Db, name: string, from: string, to: string): Promise<boolean> {
  const replaced = await trx
    .updateTable('setting')
    .set({ value: to })
    .where('name', '=', name)
    .where('value', '=', from)
    .executeTakeFirst()
  return replaced.numUpdatedRows === 1n
}

/** Writes a row that means nothing, to see whether rows can be written. */
export async function writeProbe(trx: Db, value: string): Promise<void> {
  const probe = { name: 'probe', value }
  await trx
    .insertInto('setting')
    .values(probe)
    .onConflict((conflict) => conflict.column('name').doUpdateSet(probe))
    .execute()
}
