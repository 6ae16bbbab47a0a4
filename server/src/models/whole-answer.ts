import type { Upstream } from './attempts.ts'
import { streamOfAnswer } from './completion-chunks.ts'
import type { ModelRequest } from './model-request.ts'
import { EVENT_HEADERS } from './stream-answer.ts'

/** An answer in one piece, as the caller reads it. */
export interface WholeAnswer {
  said: Uint8Array<ArrayBuffer> | string
  headers: Record<string, string>
}

const JSON_HEADERS = { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' }

/** Cut into events where the caller wants a stream. Throws for what is no answer. */
export function wholeAnswer(upstream: Extract<Upstream, { kind: 'json' }>, request: ModelRequest): WholeAnswer {
  const { translation, bytes } = upstream
  const answer = translation.json ? translation.json(upstream.answer) : upstream.answer
  if (request.stream) return { said: streamOfAnswer(request, answer), headers: EVENT_HEADERS }
  const said = bytes && !translation.json ? Uint8Array.from(bytes) : JSON.stringify(answer)
  return { said, headers: JSON_HEADERS }
}

/** A stream tells no length, though it is known. */
export function bodyOf({ said, headers }: WholeAnswer) {
  return headers['Content-Type'] === EVENT_HEADERS['Content-Type'] ? new Blob([said]).stream() : said
}
