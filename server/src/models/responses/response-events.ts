import { brokenAnswer } from '../anthropic/errors.ts'
import { isSigned, reasoningOf } from '../anthropic/thinking-blocks.ts'
import { firstChoice } from '../chunk-choice.ts'
import { asText, isJson, type Json } from '../fields.ts'
import type { StreamTranslator } from '../stream-translator.ts'
import { createUsageMeter } from '../usage-of.ts'
import { toEncryptedContent } from './encrypted-reasoning.ts'
import {
  type CallItem,
  callItem,
  type MessageItem,
  messageItem,
  type OutputItem,
  type ReasoningItem,
  reasoningItem,
} from './output-items.ts'
import { emptyResponse, type ResponseHead, statusOf, toResponseUsage } from './response.ts'

/**
 * The chunks of a chat completion as the events of a response. Items follow each other; only a call whose arguments are
 * not all there stays open while others begin.
 */
export function createResponseEvents(head: ResponseHead): StreamTranslator {
  const meter = createUsageMeter('chat')
  const items: OutputItem[] = []
  const calls = new Map<unknown, { id: string; item: CallItem }>()
  const open = new Set<OutputItem>()
  let response = emptyResponse(head)
  let message: MessageItem | undefined
  let reasoning: ReasoningItem | undefined
  let hasBegun = false
  let hasEnded = false
  let finishReason: string | undefined
  let sequence = 0
  /** How much text came before the open message, by which annotations count. */
  let [length, before] = [0, 0]

  const numbered = (events: readonly Json[]) => events.map((event) => ({ ...event, sequence_number: sequence++ }))

  function begin(): Json[] {
    if (hasBegun) return []
    hasBegun = true
    return [
      { type: 'response.created', response },
      { type: 'response.in_progress', response },
    ]
  }

  function place() {
    return { id: head.id, index: items.length }
  }

  function start(item: OutputItem): Json[] {
    const closed = closeComplete()
    items.push(item)
    open.add(item)
    return [...closed, ...item.open()]
  }

  function close(item: OutputItem, status: 'completed' | 'incomplete' = 'completed'): Json[] {
    open.delete(item)
    if (item === message) message = undefined
    if (item === reasoning) reasoning = undefined
    return item.close(status)
  }

  function closeComplete(): Json[] {
    return [...open].filter((item) => item.isComplete()).flatMap((item) => close(item))
  }

  function writeText(kind: 'output_text' | 'refusal', text: unknown): Json[] {
    if (typeof text !== 'string' || text === '') return []
    const opened: Json[] = []
    if (!message) {
      const begun = messageItem(place())
      opened.push(...start(begun))
      message = begun
      before = length
    }
    if (kind === 'output_text') length += text.length
    return [...opened, ...message.write(kind, text)]
  }

  function annotate(annotations: unknown): Json[] {
    const cited = Array.isArray(annotations) ? annotations.filter(isJson) : []
    return message?.annotate(cited.flatMap((one) => toAnnotation(one, before))) ?? []
  }

  function openReasoning(): Json[] {
    if (reasoning) return []
    const begun = reasoningItem(place())
    const opened = start(begun)
    reasoning = begun
    return opened
  }

  function writeReasoning(text: string): Json[] {
    if (text === '') return []
    const opened = openReasoning()
    return [...opened, ...(reasoning?.write(text) ?? [])]
  }

  /** Signed reasoning is whole: what comes behind it is another. */
  function sign(block: Json): Json[] {
    const opened = openReasoning()
    const signed = reasoning
    signed?.sign(toEncryptedContent(block))
    return [...opened, ...(signed ? close(signed) : [])]
  }

  function writeCall(fragment: Json, position: number): Json[] {
    const key = fragment.index ?? position
    const called = isJson(fragment.function) ? fragment.function : {}
    const text = typeof called.arguments === 'string' ? called.arguments : ''
    const known = calls.get(key)
    // Some providers number all parallel calls 0: another id is another call.
    const isNew = !known || (typeof fragment.id === 'string' && fragment.id !== '' && fragment.id !== known.id)
    if (!isNew) return continueCall(known.item, text)
    const id = asText(fragment.id ?? `call_${head.id}_${items.length}`)
    const item = callItem(place(), { id, name: asText(called.name ?? '') })
    const opened = start(item)
    calls.set(key, { id, item })
    return [...opened, ...item.write(text)]
  }

  function continueCall(item: CallItem, text: string): Json[] {
    if (open.has(item)) return item.write(text)
    if (text.trim() === '') return []
    throw brokenAnswer('arguments for a call that was complete')
  }

  function translateChoice({ delta, finish_reason }: Json): Json[] {
    if (typeof finish_reason === 'string') finishReason = finish_reason
    const said = isJson(delta) ? delta : {}
    const signed = Array.isArray(said.thinking_blocks) ? said.thinking_blocks.filter(isJson).filter(isSigned) : []
    const fragments = Array.isArray(said.tool_calls) ? said.tool_calls.filter(isJson) : []
    return [
      ...writeReasoning(reasoningOf(said)),
      ...signed.flatMap(sign),
      ...writeText('output_text', textOf(said.content)),
      ...writeText('refusal', said.refusal),
      ...annotate(said.annotations),
      ...fragments.flatMap(writeCall),
    ]
  }

  /** What was cut off is the last of the items. */
  function finish(reason: string): Json[] {
    hasEnded = true
    const begun = begin()
    const ended = statusOf(reason)
    const last = items.at(-1)
    const closed = [...open].flatMap((item) =>
      close(item, item === last && reason === 'length' ? 'incomplete' : 'completed'),
    )
    const told = meter.read()
    response = {
      ...response,
      ...ended,
      output: items.map(({ item }) => item),
      usage: told ? toResponseUsage(told.usage) : null,
    }
    return [...begun, ...closed, { type: `response.${ended.status}`, response }]
  }

  return {
    push(chunk) {
      if (hasEnded || !isJson(chunk)) return []
      const choice = firstChoice(chunk)
      meter.push(chunk)
      return numbered(choice === undefined ? [] : [...begin(), ...translateChoice(choice)])
    },
    end() {
      if (hasEnded) return []
      if (finishReason === undefined) throw brokenAnswer('half an answer')
      return numbered(finish(finishReason))
    },
    cut: () => (hasEnded ? [] : numbered(finish('length'))),
    failed: (event) => numbered([event]),
  }
}

/** Some who speak OpenAI's shape answer in parts. */
function textOf(content: unknown): unknown {
  if (!Array.isArray(content)) return content
  return content.map((part) => (isJson(part) && typeof part.text === 'string' ? part.text : '')).join('')
}

/** A citation of a chat counts from the beginning of the answer; of a response, from that of its text. */
function toAnnotation({ type, url_citation: cited }: Json, before: number): Json[] {
  if (type !== 'url_citation' || !isJson(cited)) return []
  const { start_index, end_index, ...source } = cited
  return [{ type, start_index: Number(start_index) - before, end_index: Number(end_index) - before, ...source }]
}
