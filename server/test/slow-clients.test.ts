import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createLogger } from '../src/http/log.ts'
import { type RunningServer, startServer } from '../src/server.ts'
import { ISSUER, MASTER_KEYS } from './harness.ts'
import { type ModelGateway, startModelGateway } from './model-gateway.ts'
import { chunk, completion, sendEvent, sendJson, startEvents } from './model-upstream.ts'
import { eventually } from './spawned-server.ts'
import { type Broker, startBroker } from './token-broker.ts'

/** The server's own, but shorter: a test has no minute to wait. */
const TIMES = { headersMs: 1500, bodyMs: 600, uploadMs: 6000, keepAliveMs: 2000, checkMs: 50 }
const DROP_MS = 40

/** The same database and clock, behind a port. */
function listening(of: { databaseUrl: string; deps: { now: () => number } }): Promise<RunningServer> {
  return startServer(
    { ISSUER, DATABASE_URL: of.databaseUrl, MASTER_KEYS, PORT: '0', EGRESS_ALLOW: '127.0.0.1', BODY_LIMIT_MB: '1' },
    { now: of.deps.now, log: createLogger('silent'), requestTimes: TIMES },
  )
}

async function open(server: RunningServer): Promise<Socket & { said: () => string }> {
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
  socket.on('error', () => {})
  let said = ''
  socket.on('data', (data) => {
    said += data
  })
  await once(socket, 'connect')
  return Object.assign(socket, { said: () => said })
}

/** Sends what is given at once, then what is left drop by drop, until the other side has had enough. What it said. */
async function drip(server: RunningServer, head: string, drops = 'x'.repeat(10_000)): Promise<string> {
  const socket = await open(server)
  const closed = new Promise((resolve) => socket.once('close', resolve))
  socket.write(head)
  for (const drop of drops) {
    if (socket.destroyed || !socket.writable) break
    socket.write(drop)
    await Promise.race([sleep(DROP_MS), closed])
  }
  await Promise.race([closed, sleep(3000)])
  expect(socket.destroyed).toBe(true)
  return socket.said()
}

const post = (path: string, headers: Record<string, string>) =>
  [`POST ${path} HTTP/1.1`, 'Host: x', ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`)].join(
    '\r\n',
  )

/** The body of an answer as it came over the wire. */
const bodyOf = (said: string) => JSON.parse(said.slice(said.indexOf('\r\n\r\n') + 4))

describe('a body that comes in drops', () => {
  let gateway: ModelGateway
  let server: RunningServer
  let bearer: string
  beforeAll(async () => {
    gateway = await startModelGateway('sqlite')
    server = await listening(gateway)
    bearer = `Bearer ${(await gateway.caller(1000)).apiKey}`
  })
  afterAll(async () => {
    await server?.close()
    await gateway?.stop()
  })

  const held = async () => {
    const { read } = gateway.deps.db
    return {
      reservations: await read.selectFrom('reservation').selectAll().execute(),
      calls: await read.selectFrom('model_rate').selectAll().execute(),
    }
  }
  const slow = (path: string, headers: Record<string, string>, body = '{"model":"gpt-5","messages":"') =>
    drip(server, `${post(path, { 'Content-Length': '9000', ...headers })}\r\n\r\n${body}`)

  test.each([
    ['/v1/chat/completions', (body: unknown) => expect(body).toMatchObject({ error: { code: 'request_timeout' } })],
    [
      '/v1/messages',
      (body: unknown) => expect(body).toMatchObject({ type: 'error', error: { type: 'timeout_error' } }),
    ],
  ])('is told 408 at %s, in the words of its clients, and holds nothing meanwhile', async (path, isTold) => {
    const asking = slow(path, { 'Content-Type': 'application/json', Authorization: bearer })
    await sleep(200)
    expect(await held()).toEqual({ reservations: [], calls: [] })
    const said = await asking
    expect(said).toMatch(/^HTTP\/1\.1 408 /)
    expect(said).toMatch(/\r\nconnection: close\r\n/i)
    expect(said).not.toMatch(/x-should-retry/i)
    isTold(bodyOf(said))
    expect(await held()).toEqual({ reservations: [], calls: [] })
    expect(gateway.upstream.seen).toEqual([])
  })

  test.each([
    ['/token', 'application/x-www-form-urlencoded', 'grant_type='],
    ['/introspect', 'application/x-www-form-urlencoded', 'token='],
    ['/revoke', 'application/x-www-form-urlencoded', 'token='],
    ['/api/agent/authenticate', 'application/json', '{"request_id":"'],
    ['/api/auth/sign-in/email', 'application/json', '{"email":"'],
    ['/v1/request-connection', 'application/json', '{"user_id":"'],
  ])('is told 408 at %s', async (path, type, body) => {
    const said = await slow(path, { 'Content-Type': type, Authorization: bearer }, body)
    expect(said).toMatch(/^HTTP\/1\.1 408 /)
    expect(said).toMatch(/\r\nconnection: close\r\n/i)
    expect(bodyOf(said)).toMatchObject({ error: 'request_timeout', error_description: expect.any(String) })
  })

  test('and of no announced length is the same', async () => {
    const head = post('/v1/chat/completions', {
      'Transfer-Encoding': 'chunked',
      'Content-Type': 'application/json',
      Authorization: bearer,
    })
    expect(await drip(server, `${head}\r\n\r\n3e8\r\n{"model":"`)).toMatch(/^HTTP\/1\.1 408 /)
  })

  test('that nobody wants is not waited for', async () => {
    for (const path of ['/v1/chat/completions', '/nowhere', '/v1/models'])
      expect(await slow(path, {})).toMatch(/^HTTP\/1\.1 4\d\d /)
  })

  test('is written down, once', async () => {
    const events = await gateway.deps.db.read
      .selectFrom('audit_event')
      .select('detail')
      .where('action', '=', 'model.refused')
      .execute()
    const late = events.filter(({ detail }) => JSON.parse(detail).error === 'request_timeout')
    expect(late).toHaveLength(3)
  })

  test('headers that come in drops are cut off', async () => {
    const said = await drip(server, `POST /token HTTP/1.1\r\nHost: x\r\nX-Slow: `)
    expect(said).toMatch(/^HTTP\/1\.1 408 /)
  })

  test('who says nothing at all is cut off too, also behind an answer', async () => {
    const silent = await open(server)
    const answered = await open(server)
    answered.write('GET /live HTTP/1.1\r\nHost: x\r\n\r\n')
    await eventually(async () => answered.said().startsWith('HTTP/1.1 200'), 2000)
    await eventually(async () => silent.destroyed && answered.destroyed, 6000)
  })

  test('a thousand who say nothing do not keep others waiting', async () => {
    const sockets = await Promise.all(Array.from({ length: 1000 }, () => open(server)))
    const half = sockets.slice(0, 500)
    for (const socket of half) socket.write(`${post('/v1/chat/completions', { Authorization: bearer })}\r\nContent-Le`)
    const chat = () =>
      fetch(`${server.url}/v1/chat/completions`, {
        method: 'POST',
        headers: { authorization: bearer, 'content-type': 'application/json' },
        body: JSON.stringify({ model: 'gpt-5', messages: [{ role: 'user', content: 'Hi' }] }),
      })
    expect(sockets.filter(({ destroyed }) => !destroyed).length).toBeGreaterThan(0)
    const answers = await Promise.all(Array.from({ length: 20 }, chat))
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200))
    await eventually(async () => sockets.every(({ destroyed }) => destroyed), 10_000)
  }, 20_000)

  test('an answer may take longer than any request', async () => {
    gateway.upstream.answer = async ({ body }, response) => {
      if (!body.stream) return sendJson(response, 200, completion('Hi'))
      startEvents(response)
      for (let word = 0; word < 6; word++) {
        sendEvent(response, chunk({ content: `${word} ` }))
        await sleep(TIMES.uploadMs / 5)
      }
      sendEvent(response, chunk({}, 'stop'))
      response.end('data: [DONE]\n\n')
    }
    const answer = await fetch(`${server.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: bearer, 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'gpt-5', stream: true, messages: [{ role: 'user', content: 'Hi' }] }),
    })
    expect(await answer.text()).toMatch(/data: \[DONE\]\n\n$/)
    gateway.upstream.reset()
  }, 20_000)
})

describe('who asks before they send', () => {
  let gateway: ModelGateway
  let server: RunningServer
  let bearer: string
  beforeAll(async () => {
    gateway = await startModelGateway('sqlite')
    server = await listening(gateway)
    bearer = `Bearer ${(await gateway.caller(1000)).apiKey}`
  })
  afterAll(async () => {
    await server?.close()
    await gateway?.stop()
  })

  const ask = async (length: number) => {
    const socket = await open(server)
    const headers = { 'Content-Type': 'application/json', Authorization: bearer, Expect: '100-continue' }
    socket.write(`${post('/v1/chat/completions', { ...headers, 'Content-Length': String(length) })}\r\n\r\n`)
    await eventually(async () => socket.said() !== '', 2000)
    return socket
  }

  test('is told to send what is taken', async () => {
    const body = JSON.stringify({ model: 'gpt-5', messages: [{ role: 'user', content: 'Hi' }] })
    const socket = await ask(body.length)
    expect(socket.said()).toBe('HTTP/1.1 100 Continue\r\n\r\n')
    socket.write(body)
    await eventually(async () => socket.said().includes('HTTP/1.1 200 OK'), 2000)
    socket.destroy()
  })

  test('and not to send what is too much', async () => {
    const socket = await ask(2_000_000)
    expect(socket.said()).toMatch(/^HTTP\/1\.1 413 /)
    await eventually(async () => socket.destroyed, 2000)
    expect(gateway.upstream.seen).toHaveLength(1)
  })
})

describe('what is sent on to a provider as it comes', () => {
  let broker: Broker
  let server: RunningServer
  beforeAll(async () => {
    broker = await startBroker('sqlite')
    server = await listening(broker)
  })
  afterAll(async () => {
    await server?.close()
    await broker?.stop()
  })

  test('may take longer than a body that is read here', async () => {
    let received = 0
    broker.provider.api = async (request, response) => {
      for await (const piece of request) received += piece.length
      response.end('{}')
    }
    const id = await broker.connection(3600)
    const head = post(`/v1/proxy/${id}/upload`, {
      Authorization: await broker.authorization(),
      'Content-Type': 'application/octet-stream',
      'Content-Length': '40',
      Connection: 'close',
    })
    expect(await drip(server, `${head}\r\n\r\n`, 'x'.repeat(40))).toMatch(/^HTTP\/1\.1 200 /)
    expect(received).toBe(40)
    expect(40 * DROP_MS).toBeGreaterThan(2 * TIMES.bodyMs)
  })
})
