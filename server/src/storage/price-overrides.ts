import type { Selectable } from 'kysely'
import type { Db } from './database.ts'
import { prepared } from './prepared.ts'
import type { PriceOverrideTable } from './schema.ts'

const all = prepared<object, Selectable<PriceOverrideTable>>((db) => db.selectFrom('price_override').selectAll())

/** What the operator says that models cost. */
export async function listPriceOverrides(db: Db): Promise<Selectable<PriceOverrideTable>[]> {
  return (await all(db, {})).rows
}
