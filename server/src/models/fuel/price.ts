import type { ModelPrice, TieredPrices } from '@pydantic/genai-prices'

/** Nano-dollars for a million tokens. All of a call's tokens cost what the step says that its whole input has passed. */
export interface Rate {
  base: number
  steps: readonly { above: number; price: number }[]
}

/** What a model costs. */
export interface Price {
  /** The operator's word, rather than the catalogue's: it holds for whatever tier a call is served by. */
  isOperators: boolean
  input: Rate
  cached: Rate
  cacheWrite: Rate
  /** Written to stay for an hour. */
  cacheWrite1h: Rate
  /** Undefined: nobody knows what sound costs. */
  inputAudio: Rate | undefined
  output: Rate
  outputAudio: Rate | undefined
  /** Of each search of the web that the provider makes: nano-dollars for a thousand. */
  webSearch: number
  /** Of the call itself: nano-dollars for a thousand. */
  request: number
  /** The longest prompt that it takes. */
  contextWindow: number | undefined
}

/** What a call used. What is said apart is part of the whole that it is named after. */
export interface TokenUsage {
  input_tokens: number
  cached_tokens: number
  cache_write_tokens: number
  /** Of those written. */
  cache_write_1h_tokens?: number
  input_audio_tokens?: number
  output_tokens: number
  reasoning_tokens: number
  output_audio_tokens?: number
  web_searches?: number
}

/** Flat, as an operator says it. */
export interface FlatPrice {
  inputNanoPerMtok: number
  outputNanoPerMtok: number
  cachedNanoPerMtok?: number | null
}

const flat = (price: number): Rate => ({ base: price, steps: [] })

export function flatPrice({ inputNanoPerMtok, outputNanoPerMtok, cachedNanoPerMtok }: FlatPrice): Price {
  const input = flat(inputNanoPerMtok)
  const output = flat(outputNanoPerMtok)
  return {
    isOperators: true,
    input,
    cached: flat(cachedNanoPerMtok ?? inputNanoPerMtok),
    cacheWrite: input,
    cacheWrite1h: input,
    inputAudio: input,
    output,
    outputAudio: output,
    webSearch: 0,
    request: 0,
    contextWindow: undefined,
  }
}

const NANO_PER_DOLLAR = 1e9

/** Dollars for a million tokens, as people say prices. Exact down to a nano-dollar for a million tokens. */
export function nanoOf(dollars: number): number {
  return Math.round(dollars * NANO_PER_DOLLAR)
}

/** Of what is generated beside text and sound, or counted in ways of its own. */
const NOT_COUNTED = ['output_image_mtok', 'output_video_mtok', 'output_citation_mtok', 'input_text_messages_kcount']

/** A price of the catalogue. Undefined when it names none for tokens, or one for what is not counted here. */
export function cataloguePrice(entry: ModelPrice, contextWindow: number | undefined): Price | undefined {
  const rate = (name: string) => rateOf(entry[name])
  const input = rate('input_mtok')
  if (!input || NOT_COUNTED.some((name) => entry[name] !== undefined)) return undefined
  // What only takes input, such as an embedding, has no price for output.
  const output = rate('output_mtok') ?? flat(0)
  const cacheWrite = rate('cache_write_mtok') ?? input
  return {
    isOperators: false,
    input,
    cached: rate('cache_read_mtok') ?? input,
    cacheWrite,
    cacheWrite1h: rate('cache_write_1h_mtok') ?? cacheWrite,
    inputAudio: rate('input_audio_mtok'),
    output,
    outputAudio: rate('output_audio_mtok'),
    webSearch: rate('web_searches_kcount')?.base ?? 0,
    request: rate('requests_kcount')?.base ?? 0,
    contextWindow,
  }
}

function rateOf(price: number | TieredPrices | undefined): Rate | undefined {
  if (price === undefined) return undefined
  if (typeof price === 'number') return flat(nanoOf(price))
  return {
    base: nanoOf(price.base),
    steps: price.tiers.map((tier) => ({ above: tier.start, price: nanoOf(tier.price) })),
  }
}

function at({ base, steps }: Rate, inputTokens: number): number {
  return steps.reduce((price, step) => (inputTokens > step.above ? step.price : price), base)
}

/** The dearest that a rate can be for so much input, or less. */
export function dearest({ base, steps }: Rate, inputTokens: number): number {
  const reached = steps.filter(({ above }) => inputTokens > above)
  return Math.max(base, ...reached.map(({ price }) => price))
}

/**
 * What a call cost, in nano-dollars, rounded up once. Tokens and prices are multiplied as BigInt: a billion tokens at a
 * thousand dollars a million pass 2^53 before they are divided; the cost itself is exact up to nine million dollars.
 */
export function costOf(usage: TokenUsage, price: Price): number {
  const { input_tokens, cached_tokens, cache_write_tokens, output_tokens } = usage
  const hour = Math.min(usage.cache_write_1h_tokens ?? 0, cache_write_tokens)
  const uncached = Math.max(0, input_tokens - cached_tokens - cache_write_tokens)
  const audioIn = Math.min(usage.input_audio_tokens ?? 0, uncached)
  const audioOut = Math.min(usage.output_audio_tokens ?? 0, output_tokens)
  return sumOf([
    [uncached - audioIn, at(price.input, input_tokens)],
    [audioIn, at(price.inputAudio ?? price.input, input_tokens)],
    [cached_tokens, at(price.cached, input_tokens)],
    [cache_write_tokens - hour, at(price.cacheWrite, input_tokens)],
    [hour, at(price.cacheWrite1h, input_tokens)],
    [output_tokens - audioOut, at(price.output, input_tokens)],
    [audioOut, at(price.outputAudio ?? price.output, input_tokens)],
    [(usage.web_searches ?? 0) * A_THOUSANDTH, price.webSearch],
    [A_THOUSANDTH, price.request],
  ])
}

const TOKENS_PER_MTOK = 1_000_000n
/** Of a million: prices for a thousand of something beside those for a million tokens. */
export const A_THOUSANDTH = 1000

/** The sum of tokens at prices for a million, rounded up. */
export function sumOf(parts: readonly (readonly [tokens: number, nanoPerMtok: number])[]): number {
  const sum = parts.reduce((total, [tokens, price]) => total + BigInt(tokens) * BigInt(price), 0n)
  return Number((sum + TOKENS_PER_MTOK - 1n) / TOKENS_PER_MTOK)
}
