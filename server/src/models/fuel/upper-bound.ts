import { A_THOUSANDTH, dearest, type Price, sumOf } from './price.ts'

/** What a request may cost at most: what is known of its prompt without a tokenizer. */
export interface Prompt {
  /** No prompt has more tokens than that. */
  tokens: number
  hasAudio: boolean
  /** The answer may be sound. */
  asksAudio: boolean
  /** Something is to be kept in the cache for an hour. */
  cachesForHour: boolean
  /** How many answers are asked for. */
  answers: number
}

/** The dearest picture that we know of: eight tiles of gpt-4o-mini, 2833 and 5667 for each. */
const IMAGE_TOKENS = 48_169
/** What a provider says of its own to a model that has tools. */
const TOOLS_TOKENS = 1000
/** What a prompt has beside what was sent: its beginning and end, and those of each message, are in the JSON's signs. */
const OWN_TOKENS = 16
/** Of a model whose window nobody knows. */
const WINDOW_TOKENS = 1_000_000

const IMAGES: ReadonlySet<unknown> = new Set(['image_url', 'input_image', 'image'])
/** Where a picture is, in its part. */
const PICTURES_IN: ReadonlySet<string> = new Set(['image_url', 'source'])
/** Members of a body in which models are shown something. All else they read as text, whatever it looks like. */
const SHOWN_IN: ReadonlySet<string> = new Set(['messages', 'input', 'system'])
/** What is not in the body, or is pages rather than text: only the window bounds it. */
const FILES: ReadonlySet<unknown> = new Set(['file', 'input_file', 'document', 'item_reference'])
const ELSEWHERE = ['previous_response_id', 'conversation', 'prompt'] as const

/**
 * A token stands for one byte of text at least, in every tokenizer that works on bytes; so the bytes of what is sent are
 * an upper bound of the text's tokens. Pictures and files are counted as what they may become.
 */
export function promptOf(body: Record<string, unknown>, price: Price): Prompt {
  const found = { tokens: OWN_TOKENS, hasAudio: false, cachesForHour: false, isUnbounded: false }
  const count = (value: unknown, mayShow: boolean): void => {
    if (typeof value === 'string') found.tokens += Buffer.byteLength(value) + 2
    else if (Array.isArray(value)) for (const one of value) count(one, mayShow)
    else if (typeof value === 'object' && value !== null) countPart(value as Record<string, unknown>, mayShow)
    else found.tokens += String(value).length + 1
  }
  const countPart = (part: Record<string, unknown>, mayShow: boolean) => {
    if (part.type === 'input_audio') found.hasAudio = true
    if (part.type === 'ephemeral' && part.ttl === '1h') found.cachesForHour = true
    const isPicture = mayShow && IMAGES.has(part.type)
    if (isPicture) found.tokens += IMAGE_TOKENS
    else if (FILES.has(part.type) && !isTextDocument(part)) found.isUnbounded = true
    for (const [name, value] of Object.entries(part))
      if (!isPicture || !PICTURES_IN.has(name)) countMember(name, value, mayShow && !isArguments(part, name))
  }
  const countMember = (name: string, value: unknown, mayShow: boolean) => {
    found.tokens += Buffer.byteLength(name) + 4
    count(value, mayShow)
  }
  for (const [name, value] of Object.entries(body)) countMember(name, value, SHOWN_IN.has(name))
  if (body.tools !== undefined || body.functions !== undefined) found.tokens += TOOLS_TOKENS
  const isElsewhere = ELSEWHERE.some((name) => typeof body[name] === 'object' || typeof body[name] === 'string')
  const { tokens, isUnbounded, hasAudio, cachesForHour } = found
  const window = price.contextWindow ?? WINDOW_TOKENS
  return {
    tokens: isUnbounded || isElsewhere ? window : Math.min(tokens, window),
    hasAudio,
    asksAudio: Array.isArray(body.modalities) && body.modalities.includes('audio'),
    cachesForHour,
    answers: typeof body.n === 'number' && body.n > 1 ? Math.ceil(body.n) : 1,
  }
}

/** What a model of Anthropic's has called a tool with: read as text too. */
function isArguments({ type }: Record<string, unknown>, name: string): boolean {
  return name === 'input' && typeof type === 'string' && type.endsWith('tool_use')
}

/** A document of Anthropic's whose text stands in the body. */
function isTextDocument({ source }: Record<string, unknown>): boolean {
  return typeof source === 'object' && source !== null && 'type' in source && source.type === 'text'
}

/** The most that a call can cost with so many tokens of answer, in nano-dollars. */
export function upperBound(prompt: Prompt, maxTokens: number, price: Price): number {
  return sumOf([
    [prompt.tokens, inputRate(prompt, price)],
    [prompt.answers * maxTokens, outputRate(prompt, price)],
    [A_THOUSANDTH, price.request],
  ])
}

/** How many tokens of answer so many nano-dollars cover, beside the prompt; below one, not even that. */
export function coveredTokens(prompt: Prompt, nano: number, price: Price): number {
  const rate = outputRate(prompt, price) * prompt.answers
  const left = nano - upperBound(prompt, 0, price)
  if (left < 0) return 0
  return rate === 0 ? Number.MAX_SAFE_INTEGER : Number((BigInt(left) * 1_000_000n) / BigInt(rate))
}

function inputRate({ tokens, hasAudio, cachesForHour }: Prompt, price: Price): number {
  const rates = [price.input, price.cacheWrite, price.cached]
  if (cachesForHour) rates.push(price.cacheWrite1h)
  if (hasAudio && price.inputAudio) rates.push(price.inputAudio)
  return Math.max(...rates.map((rate) => dearest(rate, tokens)))
}

function outputRate({ tokens, hasAudio, asksAudio }: Prompt, price: Price): number {
  const rates = [price.output]
  if ((hasAudio || asksAudio) && price.outputAudio) rates.push(price.outputAudio)
  return Math.max(...rates.map((rate) => dearest(rate, tokens)))
}

/** An answer shorter than this is of no use to anybody (OpenAI takes no less for `max_output_tokens`). */
const SHORTEST_ANSWER = 16

/**
 * What to reserve of what a person has, and the `max_tokens` that it covers: as many as were asked for, or fewer.
 * Undefined when not even a short answer is covered.
 */
export function affordable(
  prompt: Prompt,
  askedTokens: number,
  price: Price,
  spendableNano: number,
): { maxTokens: number; amountNano: number } | undefined {
  const maxTokens = Math.min(askedTokens, coveredTokens(prompt, spendableNano, price))
  if (maxTokens < Math.min(askedTokens, SHORTEST_ANSWER)) return undefined
  const amountNano = upperBound(prompt, maxTokens, price)
  return amountNano <= spendableNano ? { maxTokens, amountNano } : undefined
}

/** The member that asks for sound where nobody knows what that costs: it is dearer than text, often by ten times. */
export function unpricedSound({ hasAudio, asksAudio }: Prompt, price: Price): string | undefined {
  if (asksAudio && !price.outputAudio) return 'modalities'
  return hasAudio && !price.inputAudio ? 'messages' : undefined
}
