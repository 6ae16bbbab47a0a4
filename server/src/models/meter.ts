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
  /** More has gone by than the call may generate: the provider does not keep to what it was asked. */
  isOver(): boolean
}

const DONE = '[DONE]'

/** What a call can come to, in tokens. */
interface Most {
  input: number
  /** Of all answers that were asked for. */
  output: number
}

/** Counts along with a stream, in the backend's own words: an event that brings some of an answer is one token at least. */
export function createStreamMeter(operation: Operation, most: Most): StreamMeter {
  const meter = createUsageMeter(operation)
  let events = 0
  return {
    push({ data }) {
      if (data === '' || data === DONE) return
      if (isContent(operation, data)) events++
      if (tellsUsage(data)) meter.push(parsed(data))
    },
    isOver: () => events > most.output,
    read() {
      const told = meter.read()
      if (told?.isFinal) return { usage: tokenUsage(told.usage), estimated: false }
      const usage = told ? tokenUsage(told.usage) : { ...NOTHING, input_tokens: most.input }
      const output_tokens = Math.max(usage.output_tokens, Math.min(events, most.output))
      return { usage: { ...usage, output_tokens }, estimated: true }
    },
  }
}

/** What a whole answer used; where it does not say, at most what was possible. */
export function meteredAnswer(operation: Operation, answer: unknown, most: Most): Metered {
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
    ...(usage.audioInputTokens && { input_audio_tokens: usage.audioInputTokens }),
    ...(usage.audioOutputTokens && { output_audio_tokens: usage.audioOutputTokens }),
    ...(usage.cacheWriteHourTokens && { cache_write_1h_tokens: usage.cacheWriteHourTokens }),
    ...(usage.webSearches && { web_searches: usage.webSearches }),
  }
}

/** The first event of a chat says who speaks, and the last why it ended: neither is a token. */
const CHAT_CONTENT = /"(?:content|text|reasoning|reasoning_content|refusal|arguments)"\s*:\s*"[^"]/

function isContent(operation: Operation, data: string): boolean {
  if (operation === 'messages') return data.includes('"content_block_delta"')
  if (operation === 'responses') return data.includes('.delta"')
  return CHAT_CONTENT.test(data)
}

function parsed(data: string): unknown {
  try {
    return JSON.parse(data)
  } catch {
    return undefined
  }
}
