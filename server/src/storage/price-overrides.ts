import type { Selectable } from 'kysely'
import type { Db } from './database.ts'
import type { PriceOverrideTable } from './schema.ts'

export type PriceOverrideRow = Selectable<PriceOverrideTable>

/** By pattern. */
export function listPriceOverrides(db: Db): Promise<PriceOverrideRow[]> {
  return db.selectFrom('price_override').selectAll().orderBy('pattern').execute()
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
