import type { Selectable } from 'kysely'
import type { Db } from './database.ts'
import { prepared } from './prepared.ts'
import type { PriceOverrideTable } from './schema.ts'

export type PriceOverrideRow = Selectable<PriceOverrideTable>

const all = prepared<object, PriceOverrideRow>((db) => db.selectFrom('price_override').selectAll().orderBy('pattern'))

/** By pattern. */
export async function listPriceOverrides(db: Db): Promise<PriceOverrideRow[]> {
  return (await all(db, {})).rows
}

export async function savePriceOverride(trx: Db, row: PriceOverrideRow): Promise<void> {
  const { pattern, ...changes } = row
  await trx
    .insertInto('price_override')
    .values({ pattern, ...changes })
    .onConflict((c) => c.column('pattern').doUpdateSet(changes))
    .execute()
}

export async function deletePriceOverride(trx: Db, pattern: string): Promise<boolean> {
  const deleted = await trx.deleteFrom('price_override').where('pattern', '=', pattern).executeTakeFirst()
  return deleted.numDeletedRows === 1n
}
