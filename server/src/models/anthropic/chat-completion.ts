import { asText, entryOf, isJson, type Json } from '../fields.ts'
import { usageOf } from '../usage-of.ts'
import { brokenAnswer } from './errors.ts'
import { toFinishReason } from './stop-reason.ts'
import { isSigned, toThinkingBlock } from './thinking-blocks.ts'
import { NO_USAGE, toChatUsage } from './usage.ts'

export interface ChatCompletionHead {
  id: string
  /** In seconds. */
  created: number
  /** As the caller named it. */
  model: string
}

/** Anthropic's message as a chat completion. */
export function toChatCompletion(message: unknown, { id, created, model }: ChatCompletionHead): Json {
  if (!isJson(message) || !Array.isArray(message.content)) throw brokenAnswer('no message of Anthropic')
  const blocks = message.content.filter(isJson)
  const toolCalls = blocks.filter(({ type }) => type === 'tool_use').map(toToolCall)
  const choice = {
    index: 0,
    message: toChatMessage(message, blocks, toolCalls),
    logprobs: null,
    finish_reason: toFinishReason(message.stop_reason, toolCalls.length > 0),
  }
  return {
    id,
    object: 'chat.completion',
    created,
    model,
    choices: [choice],
    ...serviceTier(message.usage),
    usage: toChatUsage(usageOf('messages', message) ?? NO_USAGE),
  }
}

function toChatMessage(message: Json, blocks: readonly Json[], toolCalls: readonly Json[]): Json {
  const texts = blocks.filter(({ type, text }) => type === 'text' && typeof text === 'string')
  const thoughts = blocks.filter(({ type }) => type === 'thinking').map(({ thinking }) => asText(thinking ?? ''))
  const signed = blocks.filter(isSigned).map(toThinkingBlock)
  const annotations = annotationsOf(texts)
  return {
    role: 'assistant',
    content: texts.length > 0 ? texts.map(({ text }) => text).join('') : null,
    refusal: refusalOf(message),
    ...(thoughts.length > 0 && { reasoning_content: thoughts.join('') }),
    ...(signed.length > 0 && { thinking_blocks: signed }),
    ...(annotations.length > 0 && { annotations }),
    ...(toolCalls.length > 0 && { tool_calls: toolCalls }),
  }
}

function toToolCall({ id, name, input }: Json): Json {
  return { id, type: 'function', function: { name, arguments: JSON.stringify(input ?? {}) } }
}

/** Why Anthropic refused, where it says so. */
export function refusalOf({ stop_reason: reason, stop_details: details }: Json): string | null {
  return reason === 'refusal' && isJson(details) && typeof details.explanation === 'string' ? details.explanation : null
}

function annotationsOf(texts: readonly Json[]): Json[] {
  let start = 0
  return texts.flatMap(({ text, citations }) => {
    const from = start
    start += asText(text).length
    return Array.isArray(citations) ? citations.flatMap((citation) => toAnnotations(citation, from, start)) : []
  })
}

/** A chat can cite what has an address; places in the caller's own documents have none. */
export function toAnnotations(citation: unknown, start: number, end: number): Json[] {
  if (!isJson(citation) || typeof citation.url !== 'string') return []
  const { url, title } = citation
  return [{ type: 'url_citation', url_citation: { start_index: start, end_index: end, url, title: title ?? url } }]
}

const SERVICE_TIERS: Readonly<Record<string, string>> = { standard: 'default', priority: 'priority' }

function serviceTier(usage: unknown): Json {
  const tier = isJson(usage) ? entryOf(SERVICE_TIERS, usage.service_tier) : undefined
  return tier === undefined ? {} : { service_tier: tier }
}
