import type { Deps } from '../../context.ts'
import type { ServerSentEvent } from '../../http/event-stream.ts'
import { eventsOf } from './answer-body.ts'
import type { Channel } from './channel.ts'
import { faultOfStatus, McpFault } from './fault.ts'
import { notificationOf, readMessage, requestOf, resultOf } from './json-rpc.ts'
import type { HttpTarget } from './streamable-http.ts'

/** HTTP with server-sent events, as of 2024: one stream brings every answer, and first of all where to post. */
export async function openSse({ outbound }: Pick<Deps, 'outbound'>, target: HttpTarget): Promise<Channel> {
  const { headers, signal, timeoutMs } = target
  const stream = await outbound.stream(target.url, {
    headers: { ...headers, accept: 'text/event-stream' },
    signal,
    timeoutMs,
  })
  const fault = faultOfStatus(stream.status)
  if (fault) {
    await stream.body?.cancel()
    throw fault
  }
  const events = eventsOf(stream)
  const endpoint = await endpointOf(target.url, events).catch(async (error: unknown) => {
    await events.return(undefined)
    throw error
  })
  let id = 0

  async function post(body: string): Promise<void> {
    const response = await outbound.stream(endpoint, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body,
      signal,
      timeoutMs,
    })
    await response.body?.cancel()
    const refused = faultOfStatus(response.status)
    if (refused) throw refused
  }

  return {
    async request(method, params) {
      id++
      await post(requestOf(id, method, params))
      for (;;) {
        const { value, done } = await events.next()
        if (done) throw new McpFault('protocol_error')
        const result = resultOf(readMessage(value.data), id)
        if (result) return result
      }
    },
    notify: (method) => post(notificationOf(method)),
    speak() {},
    async close() {
      await events.return(undefined)
    },
  }
}

/** What we send carries credentials: it goes to the origin that they are for, and nowhere else. */
async function endpointOf(url: string, events: AsyncGenerator<ServerSentEvent>): Promise<URL> {
  for (;;) {
    const { value, done } = await events.next()
    if (done) throw new McpFault('protocol_error')
    if (value.event !== 'endpoint') continue
    if (!URL.canParse(value.data, url)) throw new McpFault('protocol_error')
    const endpoint = new URL(value.data, url)
    if (endpoint.origin !== new URL(url).origin) throw new McpFault('redirected')
    return endpoint
  }
}
