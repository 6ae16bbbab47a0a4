import type { Deps } from '../context.ts'
import { findSpendable } from '../storage/ledger.ts'
import type { PriceOverrideRow } from '../storage/price-overrides.ts'
import { flatPrice, nanoOf, type Price } from './fuel/price.ts'
import { priceOf, requirePrice } from './fuel/prices.ts'
import { insufficientCredits } from './fuel/reservations.ts'
import { affordable, promptOf, upperBound } from './fuel/upper-bound.ts'
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
  /** At most so many tokens are generated for each answer; undefined: as many as the provider likes. */
  maxTokens: number | undefined
  /** For all answers together. */
  mostTokens: number
  /** No prompt has more: what is charged where a provider does not tell. */
  promptTokens: number
  priceOf(served: ServedModel): Price | undefined
}

/**
 * On credits: as much as the dearest of those that may answer can come to, and no more than the person has. Who answers
 * in the place of the first may cost more, as long as the answer can be as long. On their own keys there is nothing to
 * set aside, and what is asked for is not touched.
 */
export async function budgetFor(
  deps: Deps,
  request: ModelRequest,
  found: ServedModel[],
  prices: readonly PriceOverrideRow[],
  payer: Payer,
): Promise<Budget> {
  const priced = pricesOf(deps, found, prices)
  const [first] = found
  if (!first) throw new TypeError('No model')
  const priceAt = (served: ServedModel) => priced.get(served)
  if (payer.paymentMethod === 'byok') return onOwnKeys(request, found, priceAt(first) ?? FREE)

  const price = requirePrice(priceAt(first), first.name)
  const isGenerated = request.operation !== 'embeddings'
  const asked = isGenerated ? (askedTokens(request) ?? deps.config.chat.maxTokens) : 0
  const spendable = await findSpendable(deps.db.read, payer.userId)
  const bounds = found.flatMap((served) => boundOf(request, served, priceAt(served), asked, spendable))
  const [{ maxTokens = -1 } = {}] = bounds.filter(({ served }) => served === first)
  if (maxTokens < 0)
    throw await insufficientCredits(deps, payer.userId, upperBound(promptOf(request.body, price), asked, price))
  const covered = bounds.filter((bound) => bound.maxTokens >= maxTokens)
  return {
    amountNano: Math.max(...covered.map((bound) => upperBound(bound.prompt, maxTokens, bound.price))),
    models: covered.map(({ served }) => served),
    maxTokens: isGenerated ? maxTokens : undefined,
    mostTokens: maxTokens * Math.max(...covered.map(({ prompt }) => prompt.answers)),
    promptTokens: Math.max(...covered.map(({ prompt }) => prompt.tokens)),
    priceOf: priceAt,
  }
}

const FREE = flatPrice({ inputNanoPerMtok: 0, outputNanoPerMtok: 0 })

/** What own keys cost is between the person and the provider. */
function onOwnKeys({ body }: ModelRequest, models: ServedModel[], price: Price): Budget {
  return {
    amountNano: 0,
    models,
    maxTokens: undefined,
    mostTokens: Number.POSITIVE_INFINITY,
    promptTokens: promptOf(body, price).tokens,
    priceOf: () => undefined,
  }
}

/** What so much money covers at one of the models; nothing where it does not, or nobody knows the price. */
function boundOf(
  { body }: ModelRequest,
  served: ServedModel,
  price: Price | undefined,
  asked: number,
  spendable: number,
) {
  if (!price) return []
  const prompt = promptOf(body, price)
  const covered = affordable(prompt, asked, price, spendable)
  return covered ? [{ served, price, prompt, maxTokens: covered.maxTokens }] : []
}

function pricesOf(
  { now }: Deps,
  found: readonly ServedModel[],
  overrides: readonly PriceOverrideRow[],
): Map<ServedModel, Price> {
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
