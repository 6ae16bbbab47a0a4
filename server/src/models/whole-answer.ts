import { assembledAnswer } from './assembled-answer.ts'
import type { Upstream } from './attempts.ts'
import { streamOfAnswer } from './completion-chunks.ts'
import type { ModelRequest } from './model-request.ts'

/** An answer in one piece: as the backend said it, and as the caller reads it. */
export interface WholeAnswer {
  backend: unknown
  said: Uint8Array<ArrayBuffer> | string
  contentType: string
}

const JSON_TYPE = 'application/json'
const EVENTS_TYPE = 'text/event-stream; charset=utf-8'

/** Put together where the backend streamed although nobody asked; cut into events where the caller wants a stream. */
export async function wholeAnswer(upstream: Upstream, request: ModelRequest): Promise<WholeAnswer> {
  const { translation } = upstream
  const isWhole = upstream.kind === 'json'
  const backend = isWhole ? upstream.answer : await assembledAnswer(translation.operation, upstream)
  const answer = translation.json ? translation.json(backend) : backend
  if (request.stream) return { backend, said: streamOfAnswer(request, answer), contentType: EVENTS_TYPE }
  const asItIs = isWhole && !translation.json
  return { backend, said: asItIs ? Uint8Array.from(upstream.bytes) : JSON.stringify(answer), contentType: JSON_TYPE }
}
