import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

export type WebhookReceiver = Awaited<ReturnType<typeof startWebhookReceiver>>

/** Whoever hears of events on loopback, and keeps what it heard. */
export async function startWebhookReceiver() {
  const heard: { id: string; text: string; type: string; connectionId: string }[] = []
  const server = createServer(async (request, response) => {
    const body = await text(request)
    const { type, data } = JSON.parse(body)
    heard.push({ id: String(request.headers['webhook-id']), text: body, type, connectionId: data.connection_id })
    response.end()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    heard,
    of: (connectionId: string, type: string) =>
      heard.filter((event) => event.connectionId === connectionId && event.type === type),
    stop: () => new Promise((resolve) => server.close(resolve)),
  }
}
