import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { readConfig } from '../src/config.ts'
import { updateProvider } from '../src/storage/providers.ts'
import { openWorld, type World } from '../src/world.ts'
import { ADMIN_KEY, type Answer, DATABASES, freshDatabase } from './harness.ts'
import { eventually, query, type SpawnedServer, serverEnv, spawnServer } from './spawned-server.ts'
import { type Broker, startBroker } from './token-broker.ts'
import { seedConnection, seedProvider, startTokenProvider, type TokenProvider } from './token-provider.ts'
import { startWebhookReceiver, type WebhookReceiver } from './webhook-receiver.ts'

describe.each(DATABASES)('what a caller is told, on %s', (kind) => {
  let broker: Broker
  beforeAll(async () => {
    broker = await startBroker(kind, {}, { CONNECTION_REFRESHES_RPM: '2' })
  })
  afterAll(() => broker?.stop())
  beforeEach(() => {
    Object.assign(broker.provider, { odd: [], always: undefined })
    broker.provider.requests.length = 0
  })

  const put = (id: string, changes: object) =>
    broker.deps.db.write(({ trx }) =>
      trx.updateTable('connection').set(changes).where('connection_id', '=', id).execute(),
    )

  test('how a connection stands, without a call, a look into what is sealed, or a line in the audit log', async () => {
    const pending = { status: 'pending', tokens_sealed: null, pending_until: broker.deps.now() + 60_000 } as const
    const ids = {
      active: await broker.connection(-1),
      pending: await broker.connection(-1, pending),
      failed: await broker.connection(-1, { status: 'failed', reason: 'denied', tokens_sealed: null }),
    }
    // Whoever opened this would find out.
    await put(ids.active, { tokens_sealed: 's1.m1.AAAA.AAAA', previous_sealed: 'x' })
    const state = async () => {
      const { read } = broker.deps.db
      return [
        await read.selectFrom('audit_event').select('hash').execute(),
        await read.selectFrom('connection').selectAll().orderBy('connection_id').execute(),
      ]
    }
    await broker.authorization()
    const before = await state()
    for (const [status, id] of Object.entries(ids)) {
      const { body } = await broker.call('GET', `/v1/check-connection/${id}`)
      expect(body).toMatchObject({ connection_id: id, status })
    }
    expect((await broker.call('GET', '/v1/check-connection/conn_nobody')).status).toBe(404)
    expect((await broker.call('GET', '/v1/connections')).body.data).toHaveLength(3)
    expect(await state()).toEqual(before)
    expect(broker.provider.requests).toEqual([])
  })

  test('of every failure in one shape', async () => {
    const answers: [number, string, Answer][] = []
    const expected = async (status: number, code: string, answer: Promise<Answer>) =>
      answers.push([status, code, await answer])
    const at = (path: string, init: RequestInit = {}) => broker.request(path, init)
    const always = (status: number, body: object | string) => {
      broker.provider.always = { status, body }
    }

    const id = await broker.connection(3600)
    const other = await broker.bearerOf(await broker.agent())
    await expected(401, 'unauthorized', at(`/v1/token/${id}`))
    await expected(401, 'invalid_token', at(`/v1/token/${id}`, { headers: { authorization: 'Bearer x' } }))
    await expected(403, 'forbidden', at(`/v1/token/${id}`, { headers: { authorization: other } }))
    await expected(404, 'not_found', broker.token('conn_nobody'))
    await expected(404, 'not_found', broker.call('GET', '/v1/token'))
    await expected(405, 'method_not_allowed', broker.call('POST', `/v1/token/${id}`))
    const pending = { status: 'pending', tokens_sealed: null, pending_until: broker.deps.now() + 60_000 } as const
    await expected(409, 'connection_pending', broker.token(await broker.connection(-1, pending)))
    const failed = { status: 'failed', reason: 'denied', tokens_sealed: null } as const
    await expected(409, 'reauth_required', broker.token(await broker.connection(-1, failed)))
    const fixed = await seedConnection(broker.deps, broker.agentId, { access_token: 'x', token_type: 'Bearer' })
    await expected(400, 'not_refreshable', broker.refreshToken(fixed))
    const json = { headers: { 'content-type': 'application/json' }, body: '{"user_id":7}' }
    await expected(422, 'validation_failed', broker.call('POST', '/v1/request-connection', json))
    for (const _ of [1, 2]) await broker.refreshToken(id)
    await expected(429, 'rate_limit_exceeded', broker.refreshToken(id))
    always(503, 'out')
    await expected(503, 'provider_unavailable', broker.token(await broker.connection()))
    always(401, { error: 'invalid_client' })
    await expected(502, 'provider_misconfigured', broker.token(await broker.connection()))
    const altered = await broker.connection(3600)
    await put(altered, { tokens_sealed: 's1.m1.AAAA.AAAA' })
    await expected(500, 'integrity_error', broker.token(altered))

    const more: Record<string, string> = { reauth_required: 'reason', validation_failed: 'fields' }
    for (const [status, code, { status: got, body, headers }] of answers) {
      expect([got, body.error]).toEqual([status, code])
      const names = ['error', 'error_description', ...(more[code] ? [more[code]] : [])]
      expect([code, Object.keys(body)]).toEqual([code, names])
      expect(body.error_description).toMatch(/^\S.{10,}/)
      expect(headers.get('x-request-id')).toMatch(/^[\w-]{8,}$/)
      expect(headers.get('cache-control')).toBe('no-store')
      if (status === 429 || status === 503) expect(Number(headers.get('retry-after'))).toBeGreaterThan(0)
    }
  })
})

describe.each(DATABASES)('the end of a token, on %s', (kind) => {
  let broker: Broker
  beforeAll(async () => {
    broker = await startBroker(kind, {}, { CONNECTION_TOKENS_RPM: '1000000' })
  })
  afterAll(() => broker?.stop())

  const inSeconds = (seconds: number) => Math.floor(broker.deps.now() / 1000) + seconds
  const jwt = (claims: unknown) => `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.c2ln`
  const say = (members: object) => {
    broker.provider.odd = [{ status: 200, body: { refresh_token: 'r-canary', token_type: 'Bearer', ...members } }]
    broker.provider.requests.length = 0
  }

  /** What follows from an answer: after how many seconds it ends, and how often the provider is asked by five readers. */
  async function endOf(members: object) {
    const id = await broker.connection()
    say(members)
    const { body } = await broker.token(id)
    broker.provider.always = { status: 500 }
    for (let n = 0; n < 4; n++) await broker.token(id)
    broker.provider.always = undefined
    return [(Date.parse(body.expires_at) - broker.deps.now()) / 1000, broker.provider.requests.length]
  }

  test.each<[string, (at: typeof inSeconds) => object, number]>([
    ['what it says itself, where nothing else is said', (at) => ({ access_token: jwt({ exp: at(600) }) }), 600],
    [
      'what it says itself, before what is said',
      (at) => ({ access_token: jwt({ exp: at(600) }), expires_in: 3600 }),
      600,
    ],
    ['what is said, before what it says', (at) => ({ access_token: jwt({ exp: at(7200) }), expires_in: 3600 }), 3600],
    [
      'what is said, where its own end has passed',
      (at) => ({ access_token: jwt({ exp: at(-90) }), expires_in: 900 }),
      900,
    ],
    ['an hour, where its own end has passed', (at) => ({ access_token: jwt({ exp: at(-90) }) }), 3600],
    ['an hour, where it ended at the beginning', () => ({ access_token: jwt({ exp: 0 }) }), 3600],
    ['an hour, where it ended before that', () => ({ access_token: jwt({ exp: -5 }) }), 3600],
    ['an hour, where it speaks in milliseconds', (at) => ({ access_token: jwt({ exp: at(600) * 1000 }) }), 3600],
    ['an hour, where it says a word', () => ({ access_token: jwt({ exp: 'soon' }) }), 3600],
    ['an hour, where it says a number as a word', (at) => ({ access_token: jwt({ exp: String(at(600)) }) }), 3600],
    ['an hour, where it says nothing', () => ({ access_token: jwt({}) }), 3600],
    ['an hour, where it is no object', () => ({ access_token: jwt(null) }), 3600],
    ['an hour, where it only looks like a JWT', () => ({ access_token: 'a.b.c' }), 3600],
    ['an hour, where a flag is said', () => ({ access_token: 'opaque-1', expires_in: true }), 3600],
    ['an hour, where a list is said', () => ({ access_token: 'opaque-1', expires_in: [900] }), 3600],
    ['an hour, where nothing but space is said', () => ({ access_token: 'opaque-1', expires_in: ' ' }), 3600],
    ['an hour, where a minus is said', () => ({ access_token: 'opaque-1', expires_in: '-900' }), 3600],
    ['an hour, where more is said than there is time', () => ({ access_token: 'opaque-1', expires_in: 1e21 }), 3600],
    ['an hour, where less than a moment is said', () => ({ access_token: 'opaque-1', expires_in: 1.3e-7 }), 3600],
    ['whole milliseconds', () => ({ access_token: 'opaque-1', expires_in: 900.0019 }), 900.001],
    ['a number with spaces', () => ({ access_token: 'opaque-1', expires_in: ' 900 ' }), 900],
    ['milliseconds', () => ({ access_token: 'opaque-1', expires_in: 7_200_000 }), 7200],
    ['a moment', (at) => ({ access_token: 'opaque-1', expires_in: at(900) }), 900],
  ])('is %s', async (_, members, seconds) => {
    expect(await endOf(members(inSeconds))).toEqual([seconds, 1])
  })

  test('is what the operator says, where neither it nor the provider does', async () => {
    const { settings } = await broker.deps.db.read.selectFrom('provider').selectAll().executeTakeFirstOrThrow()
    const configure = (text: string) =>
      broker.deps.db.write(({ trx }) => updateProvider(trx, 'acme', { settings: text }))
    await configure(JSON.stringify({ ...JSON.parse(settings), expires_in_default_s: 1800 }))
    for (const expires_in of [undefined, null, 0, -1, 'never'])
      expect(await endOf({ access_token: 'opaque-1', expires_in })).toEqual([1800, 1])
    expect(await endOf({ access_token: jwt({ exp: inSeconds(-1) }) })).toEqual([1800, 1])
    await configure(settings)
  })

  test('is always one that comes, whatever is said', async () => {
    const said = fc.oneof(fc.jsonValue(), fc.integer(), fc.double(), fc.integer().map(String))
    await fc.assert(
      fc.asyncProperty(said, said, async (expires_in, exp) => {
        const [seconds = 0, calls] = await endOf({ access_token: jwt({ exp }), expires_in })
        expect(seconds).toBeGreaterThan(0)
        expect(seconds).toBeLessThan(50 * 366 * 86_400)
        // A token of a moment is due at once, and asked for again no faster than the provider lets us.
        expect(calls).toBeLessThanOrEqual(seconds < 1 ? 6 : 1)
      }),
      { numRuns: kind === 'sqlite' ? 100 : 30 },
    )
  })
})

describe.each(DATABASES)('who hears of a connection of two brokers on one %s database', (kind) => {
  let database: Awaited<ReturnType<typeof freshDatabase>>
  let provider: TokenProvider
  let receiver: WebhookReceiver
  let world: World
  let brokers: SpawnedServer[]

  beforeAll(async () => {
    database = await freshDatabase(kind)
    provider = await startTokenProvider()
    receiver = await startWebhookReceiver()
    const env = { EGRESS_ALLOW: '127.0.0.1' }
    brokers = await Promise.all([spawnServer(database.url, env), spawnServer(database.url, env)])
    world = await openWorld(readConfig(serverEnv(database.url, { ...env, LOG_LEVEL: 'silent' })))
    await seedProvider(world.deps, provider.origin)
    expect((await call(0, 'POST', '/api/webhooks', { url: receiver.url })).status).toBe(201)
  })
  afterAll(async () => {
    await world?.close()
    await Promise.all(brokers?.map((broker) => broker.stop()) ?? [])
    await provider?.stop()
    await receiver?.stop()
    await database?.drop()
  })

  async function call(n: number, method: string, path: string, body?: object): Promise<Answer> {
    const broker = brokers[n % 2]
    if (!broker) throw new Error('There is no such broker')
    const headers = { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json' }
    return broker.request(path, { method, headers, ...(body && { body: JSON.stringify(body) }) })
  }
  const atOnce = (count: number, ask: (n: number) => Promise<Answer>) =>
    Promise.all(Array.from({ length: count }, (_, n) => ask(n)))
  /** Of the connection, however often they were sent. */
  const announced = async (id: string) => {
    const rows = await query(database.url, 'select event, body from webhook_delivery order by created_at, delivery_id')
    return rows.filter(({ body }) => body.includes(id)).map(({ event }) => event)
  }

  test('hears once that it failed and once that it is there again, whatever fifty callers do', async () => {
    const id = await seedConnection(world.deps, 'operator', provider.issue(Date.now() - 1000))
    provider.delayMs = 100
    provider.always = { status: 400, body: { error: 'invalid_grant' } }
    for (const { status, body } of await atOnce(50, (n) => call(n, 'GET', `/v1/token/${id}`)))
      expect([status, body.error]).toEqual([409, 'reauth_required'])
    await atOnce(20, (n) => call(n, 'POST', `/v1/refresh/${id}`))
    expect(provider.requests).toHaveLength(1)
    await eventually(async () => receiver.of(id, 'connection.failed').length > 0, 15_000)
    expect(await announced(id)).toEqual(['connection.failed'])

    const ask = async () => {
      const body = { user_id: 'user-1', provider_name: 'acme', connection_id: id }
      return (await call(0, 'POST', '/v1/request-connection', body)).body
    }
    // One denied on the way changes nothing, and is told to nobody.
    const denied = await ask()
    await call(1, 'GET', `/auth/callback/acme?state=${denied.state}&error=access_denied`)
    expect((await call(0, 'GET', `/v1/check-connection/${id}`)).body.status).toBe('failed')

    const { state } = await ask()
    const { expires_at: _, ...tokens } = provider.issue(0)
    provider.always = { status: 200, body: { ...tokens, expires_in: 3600 } }
    const back = await atOnce(20, (n) => call(n, 'GET', `/auth/callback/acme?state=${state}&code=c`))
    expect(back.filter(({ status }) => status === 200)).toHaveLength(1)
    await eventually(async () => receiver.of(id, 'connection.recovered').length > 0, 15_000)
    provider.always = undefined
    const answers = await atOnce(50, (n) => call(n, 'GET', `/v1/token/${id}`))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    expect(await announced(id)).toEqual(['connection.failed', 'connection.recovered'])
    // However often each was sent, it is one event, under one id.
    const heard = receiver.heard.filter(({ connectionId }) => connectionId === id)
    expect(new Set(heard.map((event) => event.id)).size).toBe(2)
    expect(heard).toHaveLength(2)
  })
})
