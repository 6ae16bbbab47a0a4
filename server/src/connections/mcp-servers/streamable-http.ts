import type { Deps } from '../../context.ts'
import { eventsOf, textOf } from './answer-body.ts'
import type { Channel } from './channel.ts'
import { faultOfStatus, McpFault } from './fault.ts'
import { notificationOf, readMessage, requestOf, resultOf } from './json-rpc.ts'
import { STREAMABLE_ACCEPT } from './protocol.ts'

export interface HttpTarget {
  url: string
  headers: Record<string, string>
  /** Aborted when the whole has taken too long. */
  signal: AbortSignal
  timeoutMs: number
}

/** Streamable HTTP: each message is a POST, whose answer is JSON or a stream of events. */
export function openStreamableHttp({ outbound }: Pick<Deps, 'outbound'>, target: HttpTarget): Channel {
  let id = 0
  let session: string | undefined
  let version: string | undefined

  const headers = () => ({
    ...target.headers,
    ...(session !== undefined && { 'mcp-session-id': session }),
    ...(version !== undefined && { 'mcp-protocol-version': version }),
  })

  async function post(body: string): Promise<Response> {
    const response = await outbound.stream(target.url, {
      method: 'POST',
      headers: { ...headers(), accept: STREAMABLE_ACCEPT, 'content-type': 'application/json' },
      body,
      signal: target.signal,
      timeoutMs: target.timeoutMs,
    })
    const fault = faultOfStatus(response.status)
    if (fault) {
      await response.body?.cancel()
      throw fault
    }
    const given = response.headers.get('mcp-session-id')
    if (given !== null && /^[\x21-\x7e]{1,1024}$/.test(given)) session = given
    return response
  }

  return {
    async request(method, params) {
      id++
      const response = await post(requestOf(id, method, params))
      const isStream = response.headers.get('content-type')?.toLowerCase().startsWith('text/event-stream')
      for await (const text of isStream ? dataOf(response) : [await textOf(response)]) {
        const result = resultOf(readMessage(text), id)
        if (result) return result
      }
      throw new McpFault('protocol_error')
    },
    async notify(method) {
      const response = await post(notificationOf(method))
      await response.body?.cancel()
    },
    speak(agreed) {
      version = agreed
    },
    async close() {
      if (session === undefined) return
      // Who has no sessions to end says 405: either way, we are gone.
      await outbound
        .fetch(target.url, { method: 'DELETE', headers: headers(), signal: target.signal, timeoutMs: 2000 })
        .catch(() => undefined)
    },
  }
}

async function* dataOf(response: Response): AsyncGenerator<string> {
  for await (const { data } of eventsOf(response)) yield data
}
