import { asText, entryOf, isJson, type Json } from '../fields.ts'
import type { StreamTranslator } from '../stream-translator.ts'
import { createUsageMeter } from '../usage-of.ts'
import { type ChatCompletionHead, refusalOf, toAnnotations } from './chat-completion.ts'
import { brokenAnswer, streamError } from './errors.ts'
import { toFinishReason } from './stop-reason.ts'
import { isSigned, toThinkingBlock } from './thinking-blocks.ts'
import { NO_USAGE, toChatUsage } from './usage.ts'

export interface ChatChunksOptions extends ChatCompletionHead {
  /** `stream_options.include_usage`. */
  includeUsage: boolean
}

/** A block that is being written. */
interface OpenBlock {
  block: Json
  /** Among the calls of tools. */
  toolIndex: number
  /** What has been said of the arguments. */
  wrote: boolean
  /** Where its text begins and ends in the whole. */
  start: number
  citations: unknown[]
}

/** Anthropic's events as the chunks of a chat completion, without the `[DONE]` behind them. */
export function createChatChunks({ id, created, model, includeUsage }: ChatChunksOptions): StreamTranslator {
  const meter = createUsageMeter('messages')
  const open = new Map<unknown, OpenBlock>()
  let hasBegun = false
  let hasEnded = false
  let tools = 0
  let length = 0
  let stopReason: unknown

  const chunk = (delta: Json, finishReason: string | null = null): Json => ({
    id,
    object: 'chat.completion.chunk',
    created,
    model,
    choices: [{ index: 0, delta, logprobs: null, finish_reason: finishReason }],
    ...(includeUsage && { usage: null }),
  })

  function begin(): Json[] {
    if (hasBegun) return []
    hasBegun = true
    return [chunk({ role: 'assistant', content: '' })]
  }

  function startBlock({ index, content_block: block }: Json): Json[] {
    if (!isJson(block)) return []
    const isTool = block.type === 'tool_use'
    const citations = Array.isArray(block.citations) ? [...block.citations] : []
    open.set(index, { block: { ...block }, toolIndex: tools, wrote: false, start: length, citations })
    if (isTool) {
      const call = { index: tools++, id: block.id, type: 'function', function: { name: block.name, arguments: '' } }
      return [chunk({ tool_calls: [call] })]
    }
    return [...write('content', block.text), ...write('reasoning_content', block.thinking)]
  }

  function write(member: 'content' | 'reasoning_content', text: unknown): Json[] {
    if (typeof text !== 'string' || text === '') return []
    if (member === 'content') length += text.length
    return [chunk({ [member]: text })]
  }

  function writeArguments(to: OpenBlock, text: unknown): Json[] {
    if (to.block.type !== 'tool_use' || typeof text !== 'string' || text === '') return []
    to.wrote = true
    return [chunk({ tool_calls: [{ index: to.toolIndex, function: { arguments: text } }] })]
  }

  function continueBlock({ index, delta }: Json): Json[] {
    const to = open.get(index)
    if (!to || !isJson(delta)) return []
    if (delta.type === 'text_delta') return write('content', delta.text)
    if (delta.type === 'input_json_delta') return writeArguments(to, delta.partial_json)
    if (delta.type === 'citations_delta') to.citations.push(delta.citation)
    if (delta.type === 'signature_delta') to.block.signature = delta.signature
    if (delta.type !== 'thinking_delta') return []
    to.block.thinking = `${asText(to.block.thinking ?? '')}${asText(delta.thinking ?? '')}`
    return write('reasoning_content', delta.thinking)
  }

  function stopBlock({ index }: Json): Json[] {
    const done = open.get(index)
    open.delete(index)
    if (!done) return []
    // A call without arguments has none in the stream, or all of them at its start; either way they must be JSON.
    if (done.block.type === 'tool_use')
      return done.wrote ? [] : writeArguments(done, JSON.stringify(done.block.input ?? {}))
    if (isSigned(done.block)) return [chunk({ thinking_blocks: [toThinkingBlock(done.block)] })]
    const annotations = done.citations.flatMap((citation) => toAnnotations(citation, done.start, length))
    return annotations.length > 0 ? [chunk({ annotations })] : []
  }

  function noteDelta({ delta }: Json): Json[] {
    if (!isJson(delta)) return []
    stopReason = delta.stop_reason ?? stopReason
    const refusal = refusalOf(delta)
    return refusal === null ? [] : [chunk({ refusal })]
  }

  function finish(): Json[] {
    if (hasEnded) return []
    hasEnded = true
    const last = [chunk({}, toFinishReason(stopReason, tools > 0))]
    if (!includeUsage) return last
    const usage = toChatUsage(meter.read()?.usage ?? NO_USAGE)
    return [...last, { id, object: 'chat.completion.chunk', created, model, choices: [], usage }]
  }

  const translate: Readonly<Record<string, (event: Json) => Json[]>> = {
    message_start: begin,
    content_block_start: (event) => [...begin(), ...startBlock(event)],
    content_block_delta: continueBlock,
    content_block_stop: stopBlock,
    message_delta: noteDelta,
    message_stop: finish,
    error: (event) => {
      throw streamError(event)
    },
  }

  return {
    push(event) {
      if (hasEnded || !isJson(event)) return []
      meter.push(event)
      // Pings, and whatever Anthropic thinks of next, say nothing to a chat.
      return entryOf(translate, event.type)?.(event) ?? []
    },
    end() {
      if (!hasEnded && typeof stopReason !== 'string') throw brokenAnswer('half an answer')
      return finish()
    },
    cut() {
      if (hasEnded) return []
      hasEnded = true
      return [...begin(), chunk({}, 'length')]
    },
  }
}
