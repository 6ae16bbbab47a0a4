import { z } from 'zod'
import type { Deps, Principal } from '../../context.ts'
import { ApiError } from '../../http/errors.ts'
import { setModelsRevision } from '../../storage/model-providers.ts'
import {
  deletePriceOverride,
  listPriceOverrides,
  type PriceOverrideRow,
  savePriceOverride,
} from '../../storage/price-overrides.ts'
import { nanoOf } from './price.ts'

/** A thousand dollars for a million tokens is beyond any model there is. */
const Dollars = z.number().min(0).max(1000)

/** Dollars for a million tokens. */
export const GivenPrice = z.object({
  input_per_mtok: Dollars,
  output_per_mtok: Dollars,
  cached_per_mtok: Dollars.optional(),
})

/** The operator says what models cost here. For calls that begin from now on. */
export async function setPrice(
  deps: Deps,
  pattern: string,
  { input_per_mtok, output_per_mtok, cached_per_mtok }: z.output<typeof GivenPrice>,
  principal: Principal,
) {
  const now = deps.now()
  const row: PriceOverrideRow = {
    pattern,
    input_nano_per_mtok: nanoOf(input_per_mtok),
    output_nano_per_mtok: nanoOf(output_per_mtok),
    cached_nano_per_mtok: cached_per_mtok === undefined ? null : nanoOf(cached_per_mtok),
    updated_at: now,
  }
  await deps.db.write(async ({ trx, record }) => {
    await savePriceOverride(trx, row)
    await setModelsRevision(trx, deps.random(12).toString('hex'))
    const detail = { input_per_mtok, output_per_mtok, cached_per_mtok }
    record({ at: now, org_id: principal.orgId, actor: principal.id, action: 'price.set', target: pattern, detail })
  })
  return viewOf(row)
}

export async function listPrices({ db }: Deps) {
  return { data: (await listPriceOverrides(db.read)).map(viewOf), next_cursor: null }
}

/** The catalogue's price holds again. */
export async function deletePrice(deps: Deps, pattern: string, principal: Principal): Promise<void> {
  await deps.db.write(async ({ trx, record }) => {
    if (!(await deletePriceOverride(trx, pattern)))
      throw new ApiError('not_found', `No price was set for ${pattern.slice(0, 64)}`)
    await setModelsRevision(trx, deps.random(12).toString('hex'))
    record({ at: deps.now(), org_id: principal.orgId, actor: principal.id, action: 'price.deleted', target: pattern })
  })
}

function viewOf(row: PriceOverrideRow) {
  const dollars = (nano: number) => nano / 1e9
  return {
    pattern: row.pattern,
    input_per_mtok: dollars(row.input_nano_per_mtok),
    output_per_mtok: dollars(row.output_nano_per_mtok),
    cached_per_mtok: row.cached_nano_per_mtok === null ? null : dollars(row.cached_nano_per_mtok),
    updated_at: new Date(row.updated_at).toISOString(),
  }
}
