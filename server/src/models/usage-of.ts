import { isJson, type Json } from './fields.ts'

/** What a call used, whoever tells it in whichever words. */
export interface Usage {
  /** All of the prompt, what was read from and written to a cache included. */
  inputTokens: number
  /** Of the input: read from a cache. */
  cachedInputTokens: number
  /** Of the input: written to a cache. */
  cacheWriteTokens: number
  /** All that was generated, reasoning included. */
  outputTokens: number
  /** Of the output: reasoning. */
  reasoningTokens: number
  /** Of the input and the output: sound. */
  audioInputTokens?: number
  audioOutputTokens?: number
  /** Of the cache's: written to stay for an hour. */
  cacheWriteHourTokens?: number
  /** That the provider made by itself. */
  webSearches?: number
}

export type MeteredOperation = 'chat' | 'responses' | 'messages' | 'embeddings'

/** The usage in a whole answer; undefined where it tells none. */
export function usageOf(operation: MeteredOperation, answer: unknown): Usage | undefined {
  const usage = part(answer, 'usage')
  return usage && READERS[operation](usage)
}

const READERS: Readonly<Record<MeteredOperation, (usage: Json) => Usage>> = {
  chat: ofChat,
  embeddings: ofChat,
  responses: ofResponses,
  messages: ofMessages,
}

function ofChat(usage: Json): Usage {
  const prompt = part(usage, 'prompt_tokens_details')
  const completion = part(usage, 'completion_tokens_details')
  return reconciled({
    inputTokens: count(usage.prompt_tokens),
    cachedInputTokens: count(prompt?.cached_tokens ?? usage.prompt_cache_hit_tokens),
    cacheWriteTokens: count(prompt?.cache_write_tokens),
    outputTokens: count(usage.completion_tokens),
    reasoningTokens: count(completion?.reasoning_tokens),
    ...told({
      audioInputTokens: prompt?.audio_tokens,
      audioOutputTokens: completion?.audio_tokens,
      webSearches: usage.num_search_queries,
    }),
  })
}

function ofResponses(usage: Json): Usage {
  const input = part(usage, 'input_tokens_details')
  return reconciled({
    inputTokens: count(usage.input_tokens),
    cachedInputTokens: count(input?.cached_tokens),
    cacheWriteTokens: count(input?.cache_write_tokens),
    outputTokens: count(usage.output_tokens),
    reasoningTokens: count(part(usage, 'output_tokens_details')?.reasoning_tokens),
  })
}

/** Some who speak OpenAI's shape count the cache beside the prompt: a part that is larger than its whole gives them away. */
function reconciled(usage: Usage): Usage {
  const throughCache = usage.cachedInputTokens + usage.cacheWriteTokens
  return {
    ...usage,
    inputTokens: throughCache > usage.inputTokens ? usage.inputTokens + throughCache : usage.inputTokens,
    reasoningTokens: Math.min(usage.reasoningTokens, usage.outputTokens),
  }
}

/** Anthropic counts what went through a cache beside the input, not in it. */
function ofMessages(usage: Json): Usage {
  const rounds = roundsOf(usage)
  const sum = (name: string) => rounds.reduce((total, round) => total + count(round[name]), 0)
  const cachedInputTokens = sum('cache_read_input_tokens')
  const cacheWriteTokens = sum('cache_creation_input_tokens')
  return {
    inputTokens: sum('input_tokens') + cachedInputTokens + cacheWriteTokens,
    cachedInputTokens,
    cacheWriteTokens,
    outputTokens: sum('output_tokens'),
    reasoningTokens: count(part(usage, 'output_tokens_details')?.thinking_tokens),
    ...told({
      cacheWriteHourTokens: rounds.reduce(
        (total, round) => total + count(part(round, 'cache_creation')?.ephemeral_1h_input_tokens),
        0,
      ),
      webSearches: part(usage, 'server_tool_use')?.web_search_requests,
    }),
  }
}

/**
 * Where the model ran more than once, the totals leave out the rounds that only shortened the conversation. A fallback
 * at Anthropic is the exception: there the totals are those of the model that answered.
 */
function roundsOf(usage: Json): Json[] {
  const rounds = Array.isArray(usage.iterations) ? usage.iterations.filter(isJson) : []
  const billed = rounds.filter(({ type }) => type === 'message' || type === 'compaction')
  return billed.length > 0 && !rounds.some(({ type }) => type === 'fallback_message') ? billed : [usage]
}

/** Reads a stream as it goes by. */
export interface UsageMeter {
  /** An event's data, parsed. */
  push(event: unknown): void
  /** What is known so far. Until the provider has told what was generated, `outputTokens` is 0 and `isFinal` false. */
  read(): { usage: Usage; isFinal: boolean } | undefined
}

/** Whether an event's data can be of interest to a meter: most are not, and need not be parsed. */
export function tellsUsage(data: string): boolean {
  return data.includes('"usage"')
}

export function createUsageMeter(operation: MeteredOperation): UsageMeter {
  return operation === 'messages' ? createMessagesMeter() : createTotalsMeter(operation)
}

/** OpenAI tells totals, at the end or along the way: the last ones hold. */
function createTotalsMeter(operation: MeteredOperation): UsageMeter {
  let usage: Usage | undefined
  return {
    push(event) {
      usage = usageOf(operation, operation === 'responses' ? part(event, 'response') : event) ?? usage
    },
    read: () => usage && { usage, isFinal: true },
  }
}

/** Anthropic tells the prompt at the beginning, with a placeholder for what is yet to be generated, and totals later. */
function createMessagesMeter(): UsageMeter {
  let told: Json | undefined
  let isFinal = false
  return {
    push(event) {
      if (!isJson(event)) return
      if (event.type === 'message_start') told = { ...part(event.message, 'usage'), output_tokens: 0 }
      const totals = event.type === 'message_delta' ? part(event, 'usage') : undefined
      if (!totals) return
      told = { ...told, ...withoutNull(totals) }
      isFinal = true
    },
    read: () => told && { usage: ofMessages(told), isFinal },
  }
}

function withoutNull(json: Json): Json {
  return Object.fromEntries(Object.entries(json).filter(([, value]) => value !== null))
}

function part(value: unknown, name: string): Json | undefined {
  const inner = isJson(value) ? value[name] : undefined
  return isJson(inner) ? inner : undefined
}

/** What hardly any call has is not there where it is nothing. */
function told<K extends string>(counts: Record<K, unknown>): Partial<Record<K, number>> {
  const given = Object.entries(counts).flatMap(([name, value]) => (count(value) > 0 ? [[name, count(value)]] : []))
  return Object.fromEntries(given)
}

/** Money hangs on it: what is no count of anything counts for nothing. */
function count(value: unknown): number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : 0
}
