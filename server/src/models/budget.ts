import { type ModelNames, spendableIn } from '../accounts/credit-lots.ts'
import type { Deps } from '../context.ts'
import { findStanding } from '../storage/ledger.ts'
import type { PriceOverrideRow } from '../storage/price-overrides.ts'
import { costsExtra, refuseExtras } from './fuel/extras.ts'
import { flatPrice, nanoOf, type Price } from './fuel/price.ts'
import { priceOf, requirePrice } from './fuel/prices.ts'
import { insufficientCredits } from './fuel/reservations.ts'
import type { PayableModel } from './fuel/spending.ts'
import { affordable, promptOf, unpricedSound, upperBound } from './fuel/upper-bound.ts'
import { askedTokens, type ModelRequest } from './model-request.ts'
import type { Payer } from './payer.ts'
import { baseUrlOf } from './provider-addresses.ts'
import type { ServedModel } from './registry.ts'

/** What a call may cost, before it is made. */
export interface Budget {
  /** What is to be set aside, for each of the models; nothing on own keys. */
  payable: PayableModel[]
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
 * On credits: as much as each of those that may answer can come to, and no more than the person has for it. Who answers
 * in the place of the first may cost more, as long as the answer can be as long, and is left out where it could not be
 * paid: promotional credits pay for some models only. On their own keys there is nothing to set aside, and what is asked
 * for is not touched.
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

  refuseExtras(
    request,
    [...priced.values()].every(({ isOperators }) => isOperators),
  )
  const price = requirePrice(priceAt(first), first.name)
  const isGenerated = request.operation !== 'embeddings'
  const asked = isGenerated ? (askedTokens(request) ?? deps.config.chat.maxTokens) : 0
  const standing = await findStanding(deps.db.read, payer.userId)
  const spendable = (served: ServedModel) => spendableIn(standing, deps.now(), namesOf(served))
  const bounds = found.flatMap((served) => boundOf(request, served, priceAt(served), asked, spendable(served)))
  const [{ maxTokens = -1 } = {}] = bounds.filter(({ served }) => served === first)
  if (maxTokens < 0) {
    const prompt = promptOf(request.body, price)
    const sound = unpricedSound(prompt, price)
    if (sound !== undefined) throw costsExtra(sound, `sound of ${first.name}`)
    const neededNano = upperBound(prompt, asked, price)
    throw await insufficientCredits(deps, payer.userId, { neededNano, names: namesOf(first) })
  }
  const covered = bounds.filter((bound) => bound.maxTokens >= maxTokens)
  return {
    payable: covered.map(({ served, prompt, price }) => ({
      served: `${served.provider.id}/${served.upstreamModel}`,
      names: namesOf(served),
      nano: upperBound(prompt, maxTokens, price),
    })),
    models: covered.map(({ served }) => served),
    maxTokens: isGenerated ? maxTokens : undefined,
    mostTokens: maxTokens * Math.max(...covered.map(({ prompt }) => prompt.answers)),
    promptTokens: Math.max(...covered.map(({ prompt }) => prompt.tokens)),
    priceOf: priceAt,
  }
}

/** With and without the provider, as it is called here and there: a pattern may mean any of them. */
function namesOf({ provider, name, upstreamModel }: ServedModel): ModelNames {
  const bare = name.slice(provider.id.length + 1)
  return [...new Set([name, bare, `${provider.id}/${upstreamModel}`, upstreamModel])]
}

const FREE = flatPrice({ inputNanoPerMtok: 0, outputNanoPerMtok: 0 })

/** What own keys cost is between the person and the provider. */
function onOwnKeys({ body }: ModelRequest, models: ServedModel[], price: Price): Budget {
  return {
    payable: [],
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
  if (unpricedSound(prompt, price) !== undefined) return []
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
