import type { ServerSentEvent } from '../http/event-stream.ts'
import type { Operation } from './backend.ts'
import type { Price, TokenUsage } from './fuel/price.ts'
import { costOf } from './fuel/price.ts'
import { createUsageMeter, tellsUsage, type Usage, usageOf } from './usage-of.ts'

/** What a call has come to, while it goes on and at its end. */
export interface Metered {
  usage: TokenUsage
  /** The provider has not said it (all): it is what we counted. */
  estimated: boolean
}

export interface StreamMeter {
  push(event: ServerSentEvent): void
  read(): Metered
  /** Answers of a model that have gone by: each event is one token at least. */
  events(): number
}

const DONE = '[DONE]'

/** Counts along with a stream, in the backend's own words; `promptTokens` is the most that the prompt can be. */
export function createStreamMeter(operation: Operation, promptTokens: number): StreamMeter {
  const meter = createUsageMeter(operation)
  let events = 0
  return {
    push({ data }) {
      if (data === '' || data === DONE) return
      if (isContent(operation, data)) events++
      if (tellsUsage(data)) meter.push(parsed(data))
    },
    events: () => events,
    read() {
      const told = meter.read()
      if (told?.isFinal) return { usage: tokenUsage(told.usage), estimated: false }
      const usage = told ? tokenUsage(told.usage) : { ...NOTHING, input_tokens: promptTokens }
      return { usage: { ...usage, output_tokens: Math.max(usage.output_tokens, events) }, estimated: true }
    },
  }
}

/** What a whole answer used; where it does not say, at most what was possible. */
export function meteredAnswer(operation: Operation, answer: unknown, most: { input: number; output: number }): Metered {
  const usage = usageOf(operation, answer)
  if (usage) return { usage: tokenUsage(usage), estimated: false }
  return { usage: { ...NOTHING, input_tokens: most.input, output_tokens: most.output }, estimated: true }
}

/** Nano-dollars; 0 where nobody knows the price, as on a caller's own key. */
export function costIn({ usage }: Metered, price: Price | undefined): number {
  return price ? costOf(usage, price) : 0
}

const NOTHING: TokenUsage = {
  input_tokens: 0,
  cached_tokens: 0,
  cache_write_tokens: 0,
  output_tokens: 0,
  reasoning_tokens: 0,
}

function tokenUsage(usage: Usage): TokenUsage {
  return {
    input_tokens: usage.inputTokens,
    cached_tokens: usage.cachedInputTokens,
    cache_write_tokens: usage.cacheWriteTokens,
    output_tokens: usage.outputTokens,
    reasoning_tokens: usage.reasoningTokens,
  }
}

function isContent(operation: Operation, data: string): boolean {
  if (operation === 'messages') return data.includes('"content_block_delta"')
  if (operation === 'responses') return data.includes('.delta"')
  return data.includes('"delta"')
}

function parsed(data: string): unknown {
  try {
    return JSON.parse(data)
  } catch {
    return undefined
  }
}
