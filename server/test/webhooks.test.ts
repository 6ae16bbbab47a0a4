import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { expireUnanswered } from '../src/connections/connections.ts'
import { deliverDueWebhooks } from '../src/connections/webhook-delivery.ts'
import { DATABASES, type Person, startServer, type TestServer } from './harness.ts'

interface Received {
  headers: Record<string, string | string[] | undefined>
  body: string
}

describe.each(DATABASES)('a webhook, on %s', (kind) => {
  let server: TestServer
  let owner: Person
  let receiver: Server
  let url: string
  let received: Received[]
  let status: number
  beforeAll(async () => {
    receiver = createServer(async (request, response) => {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk)
      received.push({ headers: request.headers, body: Buffer.concat(chunks).toString() })
      response.writeHead(status).end()
    }).listen(0, '127.0.0.1')
    await once(receiver, 'listening')
    url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`
    server = await startServer(kind, { EGRESS_ALLOW: '127.0.0.1' })
    owner = await server.person({ name: 'Ada', email: 'ada@example.com' })
    await server.admin('POST', '/providers', { name: 'github', client_id: 'id', client_secret: 'secret' })
  })
  afterAll(async () => {
    receiver.close()
    await server.stop()
  })
  beforeEach(() => {
    received = []
    status = 200
  })

  const hook = async (body: object = {}) => (await owner.send('POST', '/api/webhooks', { url, ...body })).body
  const remove = ({ webhook_id }: { webhook_id: string }) => owner.send('DELETE', `/api/webhooks/${webhook_id}`)
  const deliveries = async ({ webhook_id }: { webhook_id: string }) =>
    (await owner.get(`/api/webhooks/${webhook_id}/deliveries`)).body.data

  /** A connection that nobody consents to: it fails by the clock. */
  async function failConnection(): Promise<string> {
    const { body } = await owner.send('POST', '/api/connections', { provider_name: 'github' })
    server.wait(601)
    await expireUnanswered(server.deps)
    return body.connection_id
  }

  test('tells of a connection that failed, signed, once', async () => {
    const made = await hook()
    expect(made.secret).toMatch(/^whsec_/)
    expect((await owner.get('/api/webhooks')).text).not.toContain(made.secret)
    const id = await failConnection()
    await Promise.all([deliverDueWebhooks(server.deps), deliverDueWebhooks(server.deps)])
    expect(received).toHaveLength(1)
    const [{ headers, body } = { headers: {}, body: '' }] = received
    expect(JSON.parse(body)).toEqual({
      type: 'connection.failed',
      timestamp: new Date(server.deps.now()).toISOString(),
      data: { connection_id: id, user_id: owner.id, provider_name: 'github', status: 'failed', reason: 'expired' },
    })
    const key = Buffer.from(made.secret.slice('whsec_'.length), 'base64')
    const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`
    expect(headers['webhook-signature']).toBe(`v1,${createHmac('sha256', key).update(signed).digest('base64')}`)
    expect(await deliveries(made)).toEqual([
      expect.objectContaining({ attempts: 1, last_status: 200, last_error: null }),
    ])
    await remove(made)
  })

  test('is tried again until it is taken, under the same id', async () => {
    const made = await hook()
    status = 503
    await failConnection()
    await deliverDueWebhooks(server.deps)
    await deliverDueWebhooks(server.deps)
    expect(received).toHaveLength(1)
    server.wait(6)
    status = 204
    await deliverDueWebhooks(server.deps)
    await deliverDueWebhooks(server.deps)
    expect(received).toHaveLength(2)
    expect(received[0]?.headers['webhook-id']).toBe(received[1]?.headers['webhook-id'])
    const [delivery] = await deliveries(made)
    expect(delivery).toMatchObject({ attempts: 2, last_status: 204, next_attempt_at: null })
    await remove(made)
  })

  test('is given up after a dozen tries', async () => {
    const made = await hook()
    status = 500
    await failConnection()
    for (let tries = 0; tries < 14; tries++) {
      await deliverDueWebhooks(server.deps)
      server.wait(6 * 3600 + 1)
    }
    expect(received).toHaveLength(12)
    expect((await deliveries(made))[0]).toMatchObject({ attempts: 12, delivered_at: null, next_attempt_at: null })
    await remove(made)
  })

  test('hears only what it asked for, and nothing of other organizations', async () => {
    const made = await hook({ events: ['connection.recovered'] })
    const other = await server.person({ name: 'Eve', email: 'eve@example.com' })
    await other.send('POST', '/api/webhooks', { url })
    await failConnection()
    await deliverDueWebhooks(server.deps)
    expect(received).toEqual([])
    await remove(made)
  })

  test('does not reach into the network behind the server', async () => {
    const made = await hook({ url: 'https://169.254.169.254/latest' })
    await failConnection()
    await deliverDueWebhooks(server.deps)
    expect((await deliveries(made))[0]).toMatchObject({ last_status: null, last_error: 'private_address' })
    await remove(made)
    for (const wrong of ['http://hooks.example/', 'ftp://hooks.example/', 'https://user:pass@hooks.example/', 'x'])
      expect((await owner.send('POST', '/api/webhooks', { url: wrong })).status).toBe(422)
  })
})
