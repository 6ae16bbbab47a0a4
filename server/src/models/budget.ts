import type { Deps } from '../context.ts'
import { findSpendable } from '../storage/ledger.ts'
import { listPriceOverrides } from '../storage/price-overrides.ts'
import { flatPrice, nanoOf, type Price } from './fuel/price.ts'
import { priceOf, requirePrice } from './fuel/prices.ts'
import { insufficientCredits } from './fuel/reservations.ts'
import { affordable, type Prompt, promptOf, upperBound } from './fuel/upper-bound.ts'
import { askedTokens, type ModelRequest } from './model-request.ts'
import type { Payer } from './payer.ts'
import { baseUrlOf } from './provider-addresses.ts'
import type { ServedModel } from './registry.ts'

/** What a call may cost, before it is made. */
export interface Budget {
  /** To be set aside. */
  amountNano: number
  /** Those that can be paid, in their order. */
  models: ServedModel[]
  /** At most so many tokens are generated; undefined: as many as the provider likes. */
  maxTokens: number | undefined
  /** The caller asked for more, or did not say. */
  isClamped: boolean
  /** No prompt has more: what is charged where a provider does not tell. */
  promptTokens: number
  priceOf(served: ServedModel): Price | undefined
}

/**
 * On credits: as much as the dearest of those that may answer can come to, and no more than the person has. On their own
 * keys there is nothing to set aside, and what is asked for is not touched.
 */
export async function budgetFor(
  deps: Deps,
  request: ModelRequest,
  found: ServedModel[],
  payer: Payer,
): Promise<Budget> {
  const priced = await pricesOf(deps, found)
  const [first] = found
  if (!first) throw new TypeError('No model')
  const priceAt = (served: ServedModel) => priced.get(served)
  if (payer.paymentMethod === 'byok') {
    const price = priceAt(first) ?? FREE
    const { tokens } = promptOf(request.body, price)
    const maxTokens = undefined
    // What own keys cost is between the person and the provider.
    return { amountNano: 0, models: found, maxTokens, isClamped: false, promptTokens: tokens, priceOf: () => undefined }
  }

  requirePrice(priceAt(first), first.name)
  const models = found.filter((served) => priceAt(served) !== undefined)
  const prices = models.flatMap((served) => priceAt(served) ?? [])
  const asked = request.operation === 'embeddings' ? 0 : (askedTokens(request) ?? deps.config.chat.maxTokens)
  const spendable = await findSpendable(deps.db.read, payer.userId)
  const covers = prices.map((price) => affordable(promptOf(request.body, price), asked, price, spendable))
  const maxTokens = Math.min(...covers.map((cover) => cover?.maxTokens ?? -1))
  if (maxTokens < 0) throw await insufficientCredits(deps, payer.userId, dearest(request, prices, asked))
  return {
    amountNano: Math.max(...covers.map((cover) => cover?.amountNano ?? 0)),
    models,
    maxTokens: request.operation === 'embeddings' ? undefined : maxTokens,
    isClamped: maxTokens < (askedTokens(request) ?? Number.POSITIVE_INFINITY),
    promptTokens: Math.max(...prices.map((price) => promptOf(request.body, price).tokens)),
    priceOf: priceAt,
  }
}

const FREE = flatPrice({ inputNanoPerMtok: 0, outputNanoPerMtok: 0 })

function dearest({ body }: ModelRequest, prices: readonly Price[], tokens: number): number {
  const bound = (prompt: Prompt, price: Price) => upperBound(prompt, tokens, price)
  return Math.max(...prices.map((price) => bound(promptOf(body, price), price)))
}

async function pricesOf({ db, now }: Deps, found: readonly ServedModel[]): Promise<Map<ServedModel, Price>> {
  const overrides = await listPriceOverrides(db.read)
  return new Map(
    found.flatMap((served) => {
      const price = ownPrice(served) ?? priceOf(pricedProvider(served), served.upstreamModel, overrides, now())
      return price ? [[served, price] as const] : []
    }),
  )
}

/** As the operator says it with the model. */
function ownPrice({ entry: { price } }: ServedModel): Price | undefined {
  if (!price) return undefined
  return flatPrice({
    inputNanoPerMtok: nanoOf(price.input_per_mtok),
    outputNanoPerMtok: nanoOf(price.output_per_mtok),
    cachedNanoPerMtok: price.cached_input_per_mtok === undefined ? null : nanoOf(price.cached_input_per_mtok),
  })
}

function pricedProvider({ provider }: ServedModel) {
  const base = baseUrlOf(provider)
  return { id: provider.id, kind: provider.kind, ...(base !== '' && { base_url: base }) }
}
