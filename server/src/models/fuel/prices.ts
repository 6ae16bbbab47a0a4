import { calcPrice } from '@pydantic/genai-prices'
import { ApiError } from '../../http/errors.ts'
import type { PriceOverrideRow } from '../../storage/price-overrides.ts'
import { cataloguePrice, flatPrice, type Price } from './price.ts'

/** Where a model is served, as far as its price goes. */
export interface PricedProvider {
  id: string
  kind: string
  /** Where a provider of OpenAI's shape is: the catalogue knows many by their address. */
  base_url?: string | undefined
}

/** The catalogue's names of who serves. The kinds that are not here serve other makers' models. */
const CATALOGUE_ID: Record<string, string> = {
  openai: 'openai',
  anthropic: 'anthropic',
  'claude-cli': 'anthropic',
  'azure-openai': 'azure',
  bedrock: 'aws',
  vertex: 'google',
}

/**
 * What a provider's model costs now: as the operator says, or as the catalogue that comes with us does. A provider that
 * the catalogue does not know is taken to charge what the model's maker does. Undefined: nobody knows.
 */
export function priceOf(
  provider: PricedProvider,
  model: string,
  overrides: readonly PriceOverrideRow[],
  now: number,
): Price | undefined {
  const override = overrideFor(overrides, [`${provider.id}/${model}`, model])
  if (override)
    return flatPrice({
      inputNanoPerMtok: override.input_nano_per_mtok,
      outputNanoPerMtok: override.output_nano_per_mtok,
      cachedNanoPerMtok: override.cached_nano_per_mtok,
    })
  return listPrice(provider, model, now)
}

/** For a call on credits: what has no price cannot be paid. */
export function requirePrice(price: Price | undefined, model: string): Price {
  if (price) return price
  throw new ApiError(
    'price_unknown',
    `The price of ${model.slice(0, 200)} is not known here, so credits cannot pay for it: use your own key, another model, or ask the operator to set a price`,
    { param: 'model' },
  )
}

/** The longest pattern wins, and the provider's own before any. */
function overrideFor(overrides: readonly PriceOverrideRow[], names: readonly string[]): PriceOverrideRow | undefined {
  for (const name of names) {
    const [longest] = overrides
      .filter(({ pattern }) => matches(pattern, name))
      .sort((a, b) => b.pattern.length - a.pattern.length)
    if (longest) return longest
  }
  return undefined
}

function matches(pattern: string, name: string): boolean {
  return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern
}

/** Models that search by themselves, at a price for each search that stands nowhere. */
const SEARCHES = /-search-(?:preview|api)|:online$/

/** The catalogue tries hundreds of patterns for a name: half a millisecond, and the same for each call. */
const KEPT = 1000
const KEPT_MS = 60_000
const kept = new Map<string, { price: Price | undefined; until: number }>()

function listPrice(provider: PricedProvider, model: string, now: number): Price | undefined {
  const name = JSON.stringify([provider.kind, provider.base_url, model])
  const known = kept.get(name)
  // Some prices change with the hour, by the clock that the caller has.
  if (known && now < known.until && now >= known.until - KEPT_MS) return known.price
  if (kept.size >= KEPT) kept.clear()
  const price = catalogued(provider, model, new Date(now))
  kept.set(name, { price, until: now + KEPT_MS })
  return price
}

function catalogued({ kind, base_url }: PricedProvider, model: string, timestamp: Date): Price | undefined {
  if (SEARCHES.test(model)) return undefined
  const providerId = CATALOGUE_ID[kind]
  const found = providerId
    ? calcPrice({}, kind === 'vertex' ? model.replace(/^google[/]/, '') : model, { providerId, timestamp })
    : (base_url && calcPrice({}, model, { providerApiUrl: base_url, timestamp })) || calcPrice({}, model, { timestamp })
  return found ? cataloguePrice(found.model_price, found.model.context_window) : undefined
}
