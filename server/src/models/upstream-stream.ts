import type { ServerSentEvent } from '../http/event-stream.ts'
import type { Operation } from './backend.ts'
import { isJson, type Json } from './fields.ts'

/** Behind the last chunk of a chat. */
export const DONE = '[DONE]'

/** Whether a provider has nothing more to say after this. */
export function isLast(operation: Operation, { event, data }: ServerSentEvent): boolean {
  if (operation === 'messages') return event === 'message_stop' || data.includes('"message_stop"')
  if (operation === 'responses') return /"type"\s*:\s*"response\.(completed|incomplete)"/.test(data)
  return data === DONE
}

/**
 * A failure that is told in a stream, where a status would be too late: an `error`, alone or beside what else a chunk
 * holds, and of a response, that it has failed.
 */
export function failureIn(operation: Operation, { event, data }: ServerSentEvent): Json | undefined {
  if (event !== 'error' && !data.includes('"error"')) return undefined
  const said = jsonIn(data)
  if (operation === 'responses') {
    if (said.type === 'response.failed') return isJson(said.response) ? said.response : said
    return event === 'error' || said.type === 'error' ? said : undefined
  }
  if (operation === 'messages') return event === 'error' || said.type === 'error' ? said : undefined
  return event === 'error' || isJson(said.error) || typeof said.error === 'string' ? said : undefined
}

/** Nothing where it is none: what passes need not be understood. */
export function jsonIn(data: string): Json {
  try {
    const value: unknown = JSON.parse(data)
    return isJson(value) ? value : {}
  } catch {
    return {}
  }
}
