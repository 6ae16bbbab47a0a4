import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { deliverDueMail, startMailDelivery } from '../src/accounts/mail-delivery.ts'
import { DATABASES, type DatabaseKind, startServer, type TestServer } from './harness.ts'

interface Sent {
  path: string
  authorization: string | undefined
  key: string | undefined
  // biome-ignore lint/suspicious/noExplicitAny: what the service was sent is looked at as it would, without a schema.
  body: any
}

/** AgentMail, as far as we talk to it. */
async function agentMail() {
  const calls: Sent[] = []
  const delivered = new Map<string, Sent>()
  const state = { status: 200, inboxes: 0, hang: false }
  const server: Server = createServer(async (request, response) => {
    const call = await read(request)
    calls.push(call)
    if (state.hang) return
    if (call.path === '/v0/inboxes') {
      state.inboxes++
      response.end(JSON.stringify({ inbox_id: 'server@agentmail.to' }))
    } else {
      if (state.status === 200 && call.key) delivered.set(call.key, call)
      response.statusCode = state.status
      response.end(JSON.stringify({ message_id: 'm' }))
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    state,
    calls,
    delivered,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function read(request: IncomingMessage): Promise<Sent> {
  let text = ''
  for await (const chunk of request) text += chunk
  const key = request.headers['idempotency-key']
  const { authorization } = request.headers
  return { path: request.url ?? '', authorization, key: String(key ?? '') || undefined, body: JSON.parse(text) }
}

const EMAIL = 'ada@example.com'

describe.each(DATABASES)('mail on %s', (database: DatabaseKind) => {
  let service: Awaited<ReturnType<typeof agentMail>>
  let server: TestServer
  beforeEach(async () => {
    service = await agentMail()
    server = await startServer(database, {
      AGENTMAIL_API_KEY: 'am_secret_of_the_tests',
      AGENTMAIL_BASE_URL: service.url,
    })
  })
  afterEach(async () => {
    await server.stop()
    await service.stop()
  })
  const signUp = () => server.person({ name: 'Ada', email: EMAIL })
  const rows = () => server.deps.db.read.selectFrom('mail').selectAll().execute()

  test('is delivered by the service, from one inbox, and not kept', async () => {
    await signUp()
    expect(await deliverDueMail(server.deps)).toBe(1)
    expect(service.calls.map(({ path }) => path)).toEqual([
      '/v0/inboxes',
      '/v0/inboxes/server%40agentmail.to/messages/send',
    ])
    const [inbox, mail] = service.calls
    expect(inbox?.body.client_id).toContain(server.deps.orgId)
    expect(mail?.authorization).toBe('Bearer am_secret_of_the_tests')
    expect(mail?.body).toMatchObject({ to: [EMAIL], subject: 'Confirm your e-mail address' })
    expect(mail?.body.text).toContain('/api/auth/verify-email?token=')
    expect(mail?.body.html).toContain('<a href="http')
    expect(await rows()).toMatchObject([{ body_sealed: '', sent_at: server.deps.now(), next_attempt_at: null }])
    expect(await deliverDueMail(server.deps)).toBe(0)
    expect(service.calls).toHaveLength(2)
  })

  test('is sent once by several processes that look at once', async () => {
    await signUp()
    const counts = await Promise.all([1, 2, 3, 4].map(() => deliverDueMail(server.deps)))
    expect(counts.reduce((sum, count) => sum + count)).toBe(1)
    expect(service.calls.filter(({ path }) => path.endsWith('/send'))).toHaveLength(1)
  })

  test('that a killed process had in hand is sent by the next, under the same key', async () => {
    await signUp()
    const [mail] = await rows()
    // As a process leaves it that was killed between its claim and the answer.
    await server.deps.db.write(async ({ trx }) => {
      const claimed = { attempts: 1, next_attempt_at: server.deps.now() + 60_000 }
      await trx.updateTable('mail').set(claimed).execute()
    })
    expect(await deliverDueMail(server.deps)).toBe(0)
    server.wait(60)
    expect(await deliverDueMail(server.deps)).toBe(1)
    expect([...service.delivered.keys()]).toEqual([mail?.mail_id])
  })

  test('is tried again later and later while the service fails', async () => {
    await signUp()
    service.state.status = 503
    const waits: number[] = []
    for (let at = 0; at < 4; at++) {
      expect(await deliverDueMail(server.deps)).toBe(0)
      const [mail] = await rows()
      waits.push(((mail?.next_attempt_at ?? 0) - server.deps.now()) / 1000)
      expect(await deliverDueMail(server.deps)).toBe(0)
      server.wait(waits.at(-1) ?? 0)
    }
    expect(waits).toEqual([15, 30, 60, 120])
    expect(await rows()).toMatchObject([{ attempts: 4, last_error: 'AgentMail answered 503', sent_at: null }])
    service.state.status = 200
    expect(await deliverDueMail(server.deps)).toBe(1)
  })

  test('that the service will never take is given up', async () => {
    await signUp()
    service.state.status = 422
    expect(await deliverDueMail(server.deps)).toBe(0)
    expect(await rows()).toMatchObject([{ next_attempt_at: null, last_error: 'AgentMail answered 422' }])
    server.wait(86_400)
    expect(await deliverDueMail(server.deps)).toBe(0)
    expect(service.calls.filter(({ path }) => path.endsWith('/send'))).toHaveLength(1)
  })

  test('leaves as it comes, and a server that stops does not wait for it', async () => {
    const stop = startMailDelivery(server.deps)
    await signUp()
    await expect.poll(() => service.delivered.size).toBe(1)
    service.state.hang = true
    await server.postJson('/api/auth/request-password-reset', { email: EMAIL })
    await expect.poll(() => service.calls.length).toBe(3)
    server.drain()
    await stop()
    expect((await rows()).find(({ sent_at }) => sent_at === null)).toMatchObject({ last_error: expect.any(String) })
  })

  test('goes nowhere when what it tells of did not happen', async () => {
    await Promise.all([1, 2].map(() => signUp().catch(() => undefined)))
    expect(await rows()).toHaveLength(1)
  })

  test('is not shown in an inbox for developers, and its key in no log', async () => {
    await signUp()
    service.state.status = 500
    await deliverDueMail(server.deps)
    expect((await server.admin('GET', `/dev-inbox?to=${EMAIL}`)).status).toBe(404)
    expect((await server.request('/api/account/providers')).body.development_inbox).toBe(false)
    const logged = server.logged.join('\n')
    expect(logged).toContain('a mail was not delivered')
    expect(logged).not.toContain('am_secret_of_the_tests')
  })
})

test('without a service mail stays in the development inbox, newest first, for the operator', async () => {
  const server = await startServer()
  await server.person({ name: 'Ada', email: EMAIL })
  server.wait(1)
  await server.postJson('/api/auth/request-password-reset', { email: EMAIL })
  const { body } = await server.admin('GET', `/dev-inbox?to=${EMAIL.toUpperCase()}`)
  expect(body.data.map(({ subject }: { subject: string }) => subject)).toEqual([
    'Set a new password',
    'Confirm your e-mail address',
  ])
  expect(body.data[0]).toMatchObject({ to: EMAIL, links: [expect.stringContaining('/api/auth/reset-password/')] })
  expect((await server.request('/api/admin/dev-inbox')).status).toBe(401)
  expect((await server.request('/api/account/providers')).body).toEqual({
    github: false,
    google: false,
    email_verification_required: false,
    development_inbox: true,
  })
  await server.stop()
})

test('in production there is no development inbox', async () => {
  const server = await startServer('sqlite', { NODE_ENV: 'production' })
  expect((await server.admin('GET', '/dev-inbox')).status).toBe(404)
  const stop = startMailDelivery(server.deps)
  await stop()
  expect(server.logged.join('\n')).toContain('no mail service is configured')
  await server.stop()
})
