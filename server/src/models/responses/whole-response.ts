import { brokenAnswer } from '../anthropic/errors.ts'
import { asText, entryOf, isJson, type Json } from '../fields.ts'
import type { StreamTranslator } from '../stream-translator.ts'

/** What a stream ends with is the whole answer: told in one piece, it is the same to the letter. */
export function toResponse(translator: StreamTranslator, events: readonly unknown[]): Json {
  const told = [...events.flatMap((event) => translator.push(event)), ...translator.end()]
  const response = told.at(-1)?.response
  if (!isJson(response)) throw brokenAnswer('no response')
  return response
}

/** A response in one piece as the events that it would have been: each item as it began, what was said of it, its end. */
export function eventsOfResponse(response: Json): Json[] {
  const items = Array.isArray(response.output) ? response.output.filter(isJson) : []
  const begun = { ...response, status: 'in_progress', output: [], usage: null }
  const events = [
    { type: 'response.created', response: begun },
    { type: 'response.in_progress', response: begun },
    ...items.flatMap((item, output_index) => [
      { type: 'response.output_item.added', output_index, item: emptied(item) },
      ...(entryOf(WORDS, item.type)?.(item, { item_id: item.id, output_index }) ?? []),
      { type: 'response.output_item.done', output_index, item },
    ]),
    { type: `response.${response.status === 'incomplete' ? 'incomplete' : 'completed'}`, response },
  ]
  return events.map((event, sequence_number) => ({ ...event, sequence_number }))
}

function emptied(item: Json): Json {
  const status = item.status === undefined ? {} : { status: 'in_progress' }
  if (item.type === 'function_call') return { ...item, ...status, arguments: '' }
  if (item.type === 'reasoning')
    return { ...item, ...status, summary: [], ...(isJson(item.content) && { content: [] }) }
  return item.content === undefined ? item : { ...item, ...status, content: [] }
}

/** The words of an item, by its type; of others there are none to be told one by one. */
const WORDS: Readonly<Record<string, (item: Json, at: Json) => Json[]>> = {
  message: ({ content }, at) =>
    listOf(content).flatMap((part, content_index) => wordsOf(part, { ...at, content_index })),
  function_call: ({ arguments: all, name }, at) => [
    { type: 'response.function_call_arguments.delta', ...at, delta: all },
    { type: 'response.function_call_arguments.done', ...at, name, arguments: all },
  ],
  reasoning: ({ summary }, at) =>
    listOf(summary).flatMap((part, summary_index) => summaryOf(part, { ...at, summary_index })),
}

function wordsOf(part: Json, at: Json): Json[] {
  const isRefusal = part.type === 'refusal'
  const member = isRefusal ? 'refusal' : 'text'
  const logprobs = isRefusal ? {} : { logprobs: [] }
  const annotations = listOf(part.annotations)
  const said = part[member]
  const words =
    typeof said === 'string'
      ? [
          { type: `response.${asText(part.type)}.delta`, ...at, delta: said, ...logprobs },
          ...annotations.map((annotation, annotation_index) => ({
            type: 'response.output_text.annotation.added',
            ...at,
            annotation_index,
            annotation,
          })),
          { type: `response.${asText(part.type)}.done`, ...at, [member]: said, ...logprobs },
        ]
      : []
  const begun = {
    ...part,
    ...(typeof said === 'string' && { [member]: '' }),
    ...(part.annotations !== undefined && { annotations: [] }),
  }
  return [
    { type: 'response.content_part.added', ...at, part: begun },
    ...words,
    { type: 'response.content_part.done', ...at, part },
  ]
}

function summaryOf(part: Json, at: Json): Json[] {
  const { text } = part
  return [
    { type: 'response.reasoning_summary_part.added', ...at, part: { ...part, text: '' } },
    { type: 'response.reasoning_summary_text.delta', ...at, delta: text },
    { type: 'response.reasoning_summary_text.done', ...at, text },
    { type: 'response.reasoning_summary_part.done', ...at, part },
  ]
}

const listOf = (value: unknown): Json[] => (Array.isArray(value) ? value.filter(isJson) : [])
