import type { Json } from '../fields.ts'

/** An item of a response's output while it is written. Each step gives the events that tell of it, yet unnumbered. */
export interface OutputItem {
  /** As it stands. */
  readonly item: Json
  /** Whether it is all there, as far as can be told. */
  isComplete(): boolean
  open(): Json[]
  close(status: 'completed' | 'incomplete'): Json[]
}

export interface ItemPlace {
  id: string
  /** Among the items of the output. */
  index: number
}

const added = (index: number, item: Json): Json => ({
  type: 'response.output_item.added',
  output_index: index,
  item: { ...item },
})
const done = (index: number, item: Json): Json => ({
  type: 'response.output_item.done',
  output_index: index,
  item: { ...item },
})

export interface MessageItem extends OutputItem {
  write(kind: 'output_text' | 'refusal', text: string): Json[]
  annotate(annotations: readonly Json[]): Json[]
}

/** What the model says, in parts: text, or that it refuses. */
export function messageItem({ id, index }: ItemPlace): MessageItem {
  const item: Json = {
    id: `msg_${id}_${index}`,
    type: 'message',
    status: 'in_progress',
    role: 'assistant',
    content: [],
  }
  const parts: Json[] = []
  let isPartOpen = false

  const at = () => ({ item_id: item.id, output_index: index, content_index: parts.length - 1 })

  function openPart(kind: string): Json[] {
    const closed = closePart()
    const part =
      kind === 'refusal' ? { type: kind, refusal: '' } : { type: kind, text: '', annotations: [], logprobs: [] }
    parts.push(part)
    isPartOpen = true
    return [...closed, { type: 'response.content_part.added', ...at(), part: { ...part } }]
  }

  function closePart(): Json[] {
    const part = parts.at(-1)
    if (!part || !isPartOpen) return []
    isPartOpen = false
    const end =
      part.type === 'refusal'
        ? { type: 'response.refusal.done', ...at(), refusal: part.refusal }
        : { type: 'response.output_text.done', ...at(), text: part.text, logprobs: [] }
    return [end, { type: 'response.content_part.done', ...at(), part: { ...part } }]
  }

  return {
    item,
    isComplete: () => true,
    open: () => [added(index, item)],
    write(kind, text) {
      const opened = isPartOpen && parts.at(-1)?.type === kind ? [] : openPart(kind)
      const part = parts.at(-1) ?? {}
      const member = kind === 'refusal' ? 'refusal' : 'text'
      part[member] = `${part[member]}${text}`
      const delta = {
        type: `response.${kind}.delta`,
        ...at(),
        delta: text,
        ...(kind === 'output_text' && { logprobs: [] }),
      }
      return [...opened, delta]
    },
    annotate(annotations) {
      const part = parts.at(-1)
      if (!part || !Array.isArray(part.annotations)) return []
      const known: unknown[] = part.annotations
      part.annotations = [...known, ...annotations]
      return annotations.map((annotation, i) => ({
        type: 'response.output_text.annotation.added',
        ...at(),
        annotation_index: known.length + i,
        annotation,
      }))
    },
    close(status) {
      const closed = closePart()
      Object.assign(item, { status, content: parts })
      return [...closed, done(index, item)]
    },
  }
}

export interface ReasoningItem extends OutputItem {
  write(text: string): Json[]
  /** What the model needs to take its reasoning back. */
  sign(encryptedContent: string): void
}

/** What the model tells of its reasoning, as one part of a summary. */
export function reasoningItem({ id, index }: ItemPlace): ReasoningItem {
  const item: Json = { id: `rs_${id}_${index}`, type: 'reasoning', summary: [] }
  const at = { item_id: item.id, output_index: index, summary_index: 0 }
  let summary = ''
  return {
    item,
    isComplete: () => true,
    open: () => [added(index, item)],
    write(text) {
      const part = { type: 'summary_text', text: '' }
      const opened = summary === '' ? [{ type: 'response.reasoning_summary_part.added', ...at, part }] : []
      summary += text
      return [...opened, { type: 'response.reasoning_summary_text.delta', ...at, delta: text }]
    },
    sign(encryptedContent) {
      item.encrypted_content = encryptedContent
    },
    close() {
      const part = { type: 'summary_text', text: summary }
      if (summary !== '') item.summary = [part]
      const closed =
        summary === ''
          ? []
          : [
              { type: 'response.reasoning_summary_text.done', ...at, text: summary },
              { type: 'response.reasoning_summary_part.done', ...at, part },
            ]
      return [...closed, done(index, item)]
    },
  }
}

export interface CallItem extends OutputItem {
  write(text: string): Json[]
}

/** A function that the model calls. */
export function callItem({ id, index }: ItemPlace, called: { id: string; name: string }): CallItem {
  const item: Json = {
    id: `fc_${id}_${index}`,
    type: 'function_call',
    status: 'in_progress',
    call_id: called.id,
    name: called.name,
    arguments: '',
  }
  const at = { item_id: item.id, output_index: index }
  let written = ''

  function write(text: string): Json[] {
    written += text
    return text === '' ? [] : [{ type: 'response.function_call_arguments.delta', ...at, delta: text }]
  }

  return {
    item,
    open: () => [added(index, item)],
    write,
    isComplete() {
      try {
        JSON.parse(written)
        return true
      } catch {
        return false
      }
    },
    close(status) {
      // Whoever reads arguments reads JSON, of a function that takes none as well.
      const none = written.trim() === '' ? write('{}') : []
      Object.assign(item, { status, arguments: written })
      const end = { type: 'response.function_call_arguments.done', ...at, name: called.name, arguments: written }
      return [...none, end, done(index, item)]
    },
  }
}
