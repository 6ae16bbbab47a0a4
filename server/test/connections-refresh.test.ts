import type { Updateable } from 'kysely'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { keepRefreshes } from '../src/connections/refresh-upkeep.ts'
import { sealTokens } from '../src/connections/vault.ts'
import { updateProvider } from '../src/storage/providers.ts'
import type { ConnectionTable } from '../src/storage/schema.ts'
import { ADMIN_KEY, DATABASES } from './harness.ts'
import { type Broker, startBroker } from './token-broker.ts'
import { CLIENT_SECRET, type Odd, seedConnection } from './token-provider.ts'

const invalidGrant = { error: 'invalid_grant' }

describe.each(DATABASES)('the token of a connection (%s)', (kind) => {
  let broker: Broker

  beforeAll(async () => {
    broker = await startBroker(kind)
  })
  afterAll(() => broker?.stop())
  beforeEach(() => {
    const { provider } = broker
    Object.assign(provider, { odd: [], always: undefined, omit: [], delayMs: 0, lifetimeS: 3600, leewayMs: 0 })
    provider.requests.length = 0
    // Past what the test before has made of the provider.
    broker.wait(60)
  })

  const refreshes = () => broker.provider.requests.length
  const change = (id: string, changes: Updateable<ConnectionTable>) =>
    broker.deps.db.write(({ trx }) =>
      trx.updateTable('connection').set(changes).where('connection_id', '=', id).execute(),
    )
  const row = (id: string) =>
    broker.deps.db.read.selectFrom('connection').selectAll().where('connection_id', '=', id).executeTakeFirstOrThrow()

  test('is given as it is, outside the last five minutes, without a call to the provider', async () => {
    const id = await broker.connection(301)
    const { status, body, headers } = await broker.token(id)
    expect(status).toBe(200)
    expect(body).toEqual({
      access_token: expect.stringMatching(/^canary-access-/),
      token_type: 'Bearer',
      scope: 'read',
      expires_at: new Date(broker.deps.now() + 301_000).toISOString(),
    })
    expect(headers.get('cache-control')).toBe('no-store')
    expect(refreshes()).toBe(0)
  })

  test('is refreshed within the last five minutes, and then kept', async () => {
    const id = await broker.connection(300)
    const first = await broker.token(id)
    expect(first.body.expires_at).toBe(new Date(broker.deps.now() + 3_600_000).toISOString())
    expect((await broker.token(id)).body).toEqual(first.body)
    expect(refreshes()).toBe(1)
  })

  test('is refreshed once for a hundred callers, who all get the new one', async () => {
    const id = await broker.connection()
    broker.provider.delayMs = 100
    const answers = await Promise.all(Array.from({ length: 100 }, () => broker.token(id)))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    expect(new Set(answers.map(({ body }) => body.access_token)).size).toBe(1)
    expect(refreshes()).toBe(1)
  })

  test('lives through many expiries without a refresh token being used twice', async () => {
    const id = await broker.connection()
    const seen = new Set<string>()
    for (let round = 0; round < 20; round++) {
      broker.wait(3600)
      const answers = await Promise.all(Array.from({ length: 20 }, () => broker.token(id)))
      expect(answers.every(({ status }) => status === 200)).toBe(true)
      for (const { body } of answers) seen.add(body.access_token)
    }
    expect(seen.size).toBe(20)
    expect(refreshes()).toBe(20)
    expect(broker.provider.reuses).toBe(0)
  })

  test('is refreshed to the end although the one who asked hangs up', async () => {
    const id = await broker.connection()
    broker.provider.delayMs = 200
    const gone = new AbortController()
    const asked = broker.call('GET', `/v1/token/${id}`, { signal: gone.signal }).catch(() => undefined)
    setTimeout(() => gone.abort(), 50)
    const { status } = await broker.token(id)
    await asked
    expect(status).toBe(200)
    expect(refreshes()).toBe(1)
    expect((await row(id)).generation).toBe(2)
  })

  test('of a refresh that says little keeps what was said before, ten times over', async () => {
    const tokens = { ...broker.provider.issue(broker.deps.now()), id_token: 'e30.e30.x' }
    const id = await seedConnection(broker.deps, broker.agentId, tokens)
    broker.provider.omit = ['refresh_token', 'scope', 'expires_in']
    for (let n = 1; n <= 10; n++) {
      broker.wait(3601)
      const { status, body } = await broker.token(id)
      expect(status).toBe(200)
      expect(body).toMatchObject({ scope: 'read', id_token: 'e30.e30.x' })
      // Nobody said when it ends: it is looked after every hour all the same.
      expect(body.expires_at).toBe(new Date(broker.deps.now() + 3_600_000).toISOString())
      expect(refreshes()).toBe(n)
    }
  })

  test.for([
    ['3600', 3600],
    [3_600_000, 3600],
    [0, 3600],
    [-5, 3600],
    [null, 3600],
    ['soon', 3600],
    [5_184_000, 5_184_000],
  ])('ends when %s says so', async ([said, seconds]) => {
    const id = await broker.connection()
    broker.provider.lifetimeS = said
    const { body } = await broker.token(id)
    expect((Date.parse(body.expires_at) - broker.deps.now()) / 1000).toBe(seconds)
  })

  test('is not asked for with every call where tokens live for a minute', async () => {
    const id = await broker.connection()
    broker.provider.lifetimeS = 60
    for (const step of [0, 0, 20, 20]) {
      broker.wait(step)
      expect((await broker.token(id)).status).toBe(200)
    }
    expect(refreshes()).toBe(2)
  })

  test('can be refreshed on demand, once in ten seconds', async () => {
    const id = await broker.connection(3600)
    broker.provider.delayMs = 50
    const [one, two] = await Promise.all([broker.refreshToken(id), broker.refreshToken(id)])
    expect(one?.body).toEqual(two?.body)
    broker.wait(9)
    expect((await broker.refreshToken(id)).body).toEqual(one?.body)
    expect(refreshes()).toBe(1)
    broker.wait(2)
    expect((await broker.refreshToken(id)).body).not.toEqual(one?.body)
    expect(refreshes()).toBe(2)
  })

  test('that is static is given, and refused to be refreshed', async () => {
    const tokens = { access_token: 'canary-static-key-1', token_type: 'Bearer' }
    const id = await seedConnection(broker.deps, broker.agentId, tokens)
    expect((await broker.token(id)).body).toMatchObject({ access_token: 'canary-static-key-1', expires_at: null })
    const { status, body } = await broker.refreshToken(id)
    expect([status, body.error]).toEqual([400, 'not_refreshable'])
    expect(refreshes()).toBe(0)
  })

  test('that has ended, with nothing to refresh it by, sends the person back', async () => {
    const tokens = { access_token: 'canary-short-1', token_type: 'Bearer', expires_at: broker.deps.now() + 60_000 }
    const id = await seedConnection(broker.deps, broker.agentId, tokens)
    expect((await broker.token(id)).status).toBe(200)
    broker.wait(61)
    const { status, body } = await broker.token(id)
    expect([status, body.error, body.reason]).toEqual([409, 'reauth_required', 'reauth_required'])
  })

  test.for([400, 401, 403])(
    'is over with an invalid_grant of status %i: noted once, and asked no more',
    async (status) => {
      const id = await broker.connection()
      broker.provider.always = { status, body: invalidGrant }
      const answers = await Promise.all(Array.from({ length: 10 }, () => broker.token(id)))
      for (const { status, body } of answers)
        expect([status, body.error, body.reason]).toEqual([409, 'reauth_required', 'reauth_required'])
      expect((await broker.token(id)).status).toBe(409)
      expect(refreshes()).toBe(1)
      const events = await broker.admin('GET', '/audit-log?action=connection.reauth_required&limit=200')
      expect(events.body.data.filter(({ target }: { target: string }) => target === id)).toHaveLength(1)
    },
  )

  test('survives an invalid_grant that somebody else has overtaken', async () => {
    const id = await broker.connection()
    const before = await row(id)
    broker.provider.odd = [{ status: 400, body: invalidGrant }]
    broker.provider.delayMs = 100
    const asked = broker.token(id)
    await new Promise((resolve) => setTimeout(resolve, 50))
    // Past every lock, as a process that hung would.
    const next = { ...broker.provider.issue(broker.deps.now() + 3_600_000), access_token: 'canary-overtaken' }
    await change(id, {
      generation: 2,
      tokens_sealed: sealTokens(broker.deps, { ...before, generation: 2 }, next),
      expires_at: next.expires_at ?? null,
      lease_owner: null,
      lease_until: null,
    })
    expect((await asked).body.access_token).toBe('canary-overtaken')
    expect(await row(id)).toMatchObject({ status: 'active', generation: 2 })
  })

  test.for([
    ['a wrong client', { status: 401, body: { error: 'invalid_client' } }],
    ['a client without the right', { status: 400, body: { error: 'unauthorized_client' } }],
    ['a wrong address', { status: 404, body: '<h1>Not found</h1>' }],
    ['a page in the place of tokens', { status: 200, body: '<h1>Welcome</h1>' }],
  ] as const)('stays active through %s, and heals when the operator mends the provider', async ([, odd]) => {
    const id = await broker.connection()
    broker.provider.always = odd
    for (let n = 0; n < 3; n++) {
      const { status, body } = await broker.token(id)
      expect([status, body.error]).toEqual([502, 'provider_misconfigured'])
    }
    expect(refreshes()).toBe(1)
    expect((await row(id)).status).toBe('active')

    broker.provider.always = undefined
    broker.wait(0.01)
    await broker.deps.db.write(({ trx }) => updateProvider(trx, 'acme', { updated_at: broker.deps.now() }))
    expect((await broker.token(id)).status).toBe(200)
  })

  test.for<[Odd | 'hang up']>([
    [{ status: 500 }],
    [{ status: 502, body: 'Bad Gateway' }],
    [{ status: 503, headers: { 'retry-after': '7' } }],
    [{ status: 429, body: { error: 'slow_down' } }],
    ['hang up'],
  ])('stays active while the provider is out (%o), and says when to come back', async ([odd]) => {
    const id = await broker.connection()
    broker.provider.odd = [odd]
    const answers = await Promise.all(Array.from({ length: 20 }, () => broker.token(id)))
    for (const { status, body, headers } of answers) {
      expect([status, body.error]).toEqual([503, 'provider_unavailable'])
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(0)
    }
    expect(refreshes()).toBe(1)
    broker.wait(8)
    expect((await broker.token(id)).status).toBe(200)
  })

  test('is the old one while that lives and the provider does not', async () => {
    const id = await broker.connection(120)
    broker.provider.always = { status: 500 }
    const { status, body } = await broker.token(id)
    expect(status).toBe(200)
    expect(body.expires_at).toBe(new Date(broker.deps.now() + 120_000).toISOString())
    expect((await broker.refreshToken(id)).status).toBe(503)
  })

  test('of a provider that is out for a minute costs it no more than ten calls, whoever asks', async () => {
    const id = await broker.connection()
    broker.provider.always = { status: 500 }
    for (let second = 0; second < 60; second++) {
      await Promise.all(Array.from({ length: 5 }, () => broker.token(id)))
      broker.wait(1)
    }
    expect(refreshes()).toBeGreaterThan(2)
    expect(refreshes()).toBeLessThanOrEqual(10)
    broker.provider.always = undefined
    broker.wait(60)
    expect((await broker.token(id)).status).toBe(200)
  })

  test('of twenty connections costs a provider that is out no more than a few calls, and heals with it', async () => {
    const ids = await Promise.all(Array.from({ length: 20 }, () => broker.connection()))
    broker.provider.always = { status: 500 }
    for (let seconds = 0; seconds < 60; seconds += 6) {
      for (const id of ids) expect((await broker.token(id)).status).toBe(503)
      broker.wait(6)
    }
    expect(refreshes()).toBeGreaterThan(5)
    expect(refreshes()).toBeLessThanOrEqual(10)
    broker.provider.always = undefined
    broker.wait(60)
    for (const id of ids) expect((await broker.token(id)).status).toBe(200)
  })

  test('of one connection that asks too often does not keep the others of its provider waiting', async () => {
    const ids = await Promise.all(Array.from({ length: 10 }, () => broker.connection()))
    broker.provider.always = { status: 429, body: { error: 'slow_down' } }
    for (const id of ids) expect((await broker.token(id)).status).toBe(503)
    expect(refreshes()).toBe(10)
  })

  test('is asked for again by the one that is stored, after a process died with the answer', async () => {
    const id = await broker.connection(-1, {
      lease_owner: 'gone',
      lease_until: broker.deps.now() + 10_000,
      intent_at: broker.deps.now() - 1000,
    })
    const asked = broker.token(id)
    await new Promise((resolve) => setTimeout(resolve, 400))
    expect(refreshes()).toBe(0)
    broker.wait(11)
    expect((await asked).status).toBe(200)
    expect(await row(id)).toMatchObject({ lease_owner: null, intent_at: null })
  })

  test('that a dead process had rotated is found dead after one more try, never used again', async () => {
    const id = await broker.connection(-1, { intent_at: broker.deps.now() - 1000 })
    broker.provider.always = { status: 400, body: invalidGrant }
    expect((await broker.token(id)).body.error).toBe('reauth_required')
    expect((await broker.token(id)).body.error).toBe('reauth_required')
    expect(refreshes()).toBe(2)
  })

  test('is had by the one before where the provider still takes that, and the newest never took hold', async () => {
    const settings = JSON.stringify({ token_url: `${broker.provider.origin}/token`, rotation_leeway_s: 60 })
    const { settings: before } = await broker.deps.db.read
      .selectFrom('provider')
      .select('settings')
      .where('provider_name', '=', 'acme')
      .executeTakeFirstOrThrow()
    const configure = (settings: string) => broker.deps.db.write(({ trx }) => updateProvider(trx, 'acme', { settings }))
    const id = await broker.connection()
    broker.provider.leewayMs = 60_000
    await broker.token(id)
    broker.wait(11)
    broker.provider.odd = [{ status: 400, body: invalidGrant }]
    await configure(JSON.stringify({ ...JSON.parse(before), ...JSON.parse(settings) }))
    expect((await broker.refreshToken(id)).status).toBe(200)
    const sent = broker.provider.requests.map(({ form }) => form.get('refresh_token'))
    expect(sent[2]).toBe(sent[0])

    // Beyond the leeway, it is not sent again.
    broker.wait(61)
    broker.provider.odd = [{ status: 400, body: invalidGrant }]
    expect((await broker.refreshToken(id)).status).toBe(409)
    expect(broker.provider.requests).toHaveLength(4)
    await configure(before)
  })

  test('that came before is forgotten after ten minutes', async () => {
    const id = await broker.connection()
    await broker.token(id)
    await keepRefreshes(broker.deps)
    expect((await row(id)).previous_sealed).not.toBeNull()
    broker.wait(601)
    await keepRefreshes(broker.deps)
    expect(await row(id)).toMatchObject({ previous_sealed: null, previous_until: null })
  })

  test('waits for its person, or for another, without a call', async () => {
    const pending = await broker.connection(-1, {
      status: 'pending',
      tokens_sealed: null,
      pending_until: Date.now() * 2,
    })
    const failed = await broker.connection(-1, { status: 'failed', reason: 'denied', tokens_sealed: null })
    for (const ask of [broker.token, broker.refreshToken]) {
      expect(await ask(pending)).toMatchObject({ status: 409, body: { error: 'connection_pending' } })
      expect(await ask(failed)).toMatchObject({ status: 409, body: { error: 'reauth_required', reason: 'denied' } })
    }
    expect(refreshes()).toBe(0)
  })

  test('that was swapped, or put back from before, opens for nobody, and is told of', async () => {
    const [one, two] = [await broker.connection(3600), await broker.connection(3600)]
    const { tokens_sealed: other } = await row(two)
    const { tokens_sealed: old } = await row(one)
    await broker.refreshToken(one)
    for (const sealed of [other, old]) {
      await change(one, { tokens_sealed: sealed })
      const { status, body, text } = await broker.token(one)
      expect([status, body.error]).toEqual([500, 'integrity_error'])
      expect(text).not.toContain('canary')
    }
    const events = await broker.admin('GET', '/audit-log?action=connection.integrity_error&limit=200')
    expect(events.body.data.filter(({ target }: { target: string }) => target === one)).toHaveLength(2)
  })

  test('never travels with the refresh token or the client secret', async () => {
    const id = await broker.connection()
    const [first, second] = [await broker.token(id), await broker.refreshToken(id)]
    broker.provider.always = { status: 500, body: { error: CLIENT_SECRET, error_description: 'canary-refresh-echo' } }
    broker.wait(11)
    const third = await broker.refreshToken(id)
    const audit = await broker.admin('GET', '/audit-log?limit=200')
    for (const text of [first.text, second.text, third.text, audit.text, broker.logged.join()]) {
      expect(text).not.toContain('canary-refresh')
      expect(text).not.toContain(CLIENT_SECRET)
    }
    expect(`${third.text}${audit.text}${broker.logged.join()}`).not.toContain('canary-access')
  })

  test('is limited as the configuration says', async () => {
    const few = await startBroker('sqlite', {}, { CONNECTION_TOKENS_RPM: '3', CONNECTION_REFRESHES_RPM: '1' })
    try {
      const id = await few.connection(3600)
      const reads = []
      for (let n = 0; n < 4; n++) reads.push((await few.token(id)).status)
      expect(reads).toEqual([200, 200, 200, 429])
      expect([(await few.refreshToken(id)).status, (await few.refreshToken(id)).status]).toEqual([200, 429])
      const operator = { authorization: `Bearer ${ADMIN_KEY}` }
      const fromConsole = () => few.request(`/api/connections/${id}/refresh`, { method: 'POST', headers: operator })
      expect([(await fromConsole()).status, (await fromConsole()).status]).toEqual([200, 429])
    } finally {
      await few.stop()
    }
  })

  test('is limited for each caller and connection', async () => {
    const [id, other] = [await broker.connection(3600), await broker.connection(3600)]
    const answers = []
    for (let n = 0; n < 65; n++) answers.push(await broker.refreshToken(id))
    const refused = answers.filter(({ status }) => status === 429)
    expect(refused).toHaveLength(5)
    expect(refused[0]?.headers.get('retry-after')).toBe('1')
    expect((await broker.refreshToken(other)).status).toBe(200)
    broker.wait(60)
    expect((await broker.refreshToken(id)).status).toBe(200)
  })
})

describe.each([
  ['client_secret_basic', 'form'],
  ['client_secret_post', 'form'],
  ['client_secret_post', 'json'],
  ['none', 'form'],
])('a provider that wants %s and %s', (token_endpoint_auth_method, token_request) => {
  test('gets its refresh like that, with what it wants besides', async () => {
    const refresh_params = { audience: 'https://api.acme.example' }
    const broker = await startBroker('sqlite', { token_endpoint_auth_method, token_request, refresh_params })
    await broker.token(await broker.connection())
    const [asked] = broker.provider.requests
    const text = asked?.form.toString() ?? ''
    const parameters =
      token_request === 'json'
        ? JSON.parse([...(asked?.form.keys() ?? [])][0] ?? '')
        : Object.fromEntries(asked?.form ?? [])
    const isPost = token_endpoint_auth_method === 'client_secret_post'
    expect(parameters).toEqual({
      grant_type: 'refresh_token',
      refresh_token: expect.stringMatching(/^canary-refresh-/),
      ...refresh_params,
      ...(token_endpoint_auth_method !== 'client_secret_basic' && { client_id: 'client-1' }),
      ...(isPost && { client_secret: CLIENT_SECRET }),
    })
    expect(asked?.headers.authorization).toBe(
      token_endpoint_auth_method === 'client_secret_basic'
        ? `Basic ${Buffer.from(`client-1:${CLIENT_SECRET}`).toString('base64')}`
        : undefined,
    )
    expect(text).not.toBe('')
    await broker.stop()
  })
})

describe('who may read a token', () => {
  let broker: Broker
  beforeAll(async () => {
    broker = await startBroker('sqlite', {}, { BROKER_API_KEYS: 'broker-key-one-0123,broker-key-two-0123' })
  })
  afterAll(() => broker?.stop())

  test('is told the same of what is unknown and what is of another organization', async () => {
    const foreign = await broker.connection(3600, { org_id: 'org_other' })
    const unknown = await broker.token('conn_unknown')
    expect(unknown.status).toBe(404)
    for (const answer of [await broker.token(foreign), await broker.refreshToken(foreign)])
      expect([answer.status, answer.text]).toEqual([404, unknown.text])
  })

  test('is whoever made the connection; others of the organization need a grant for it', async () => {
    const id = await broker.connection(3600)
    const other = await broker.agent()
    const authorization = await broker.bearerOf(other)
    const ask = () => broker.request(`/v1/token/${id}`, { headers: { authorization } })
    expect(await ask()).toMatchObject({ status: 403, body: { error: 'forbidden' } })

    const grant = async (agentId: string, raw_token: boolean) => {
      const body = JSON.stringify({ connection_id: id, agent_id: agentId, raw_token })
      return broker.request('/api/connection-grants', {
        method: 'POST',
        headers: { 'x-api-key': 'admin-key-of-the-tests-0123456789', 'content-type': 'application/json' },
        body,
      })
    }
    const made = await grant(other.agent_id, true)
    expect(made.status).toBe(201)
    expect((await ask()).status).toBe(200)
    // Once grants name agents, the rest do not even see it.
    const third = await broker.bearerOf(await broker.agent())
    expect((await broker.request(`/v1/token/${id}`, { headers: { authorization: third } })).status).toBe(404)
    expect((await broker.token(id)).status).toBe(200)

    const key = { 'x-api-key': 'admin-key-of-the-tests-0123456789' }
    const listed = await broker.request(`/api/connection-grants?connection_id=${id}`, { headers: key })
    expect(listed.body.data).toEqual([made.body])
    const of = (agent: string) =>
      broker.request(`/api/connection-grants?connection_id=${id}&agent_id=${agent}`, { headers: key })
    expect((await of(other.agent_id)).body.data).toEqual([made.body])
    expect((await of('agent_unknown')).body.data).toEqual([])
    const path = `/api/connection-grants/${made.body.grant_id}`
    expect((await broker.request(path, { method: 'DELETE', headers: key })).status).toBe(204)
    expect((await broker.request(path, { method: 'DELETE', headers: key })).status).toBe(404)
    expect((await ask()).status).toBe(403)
  })

  test("at the broker is who has one of its keys, and not the admin's once there are others", async () => {
    const id = await broker.connection(3600)
    const refresh = (key?: string) =>
      broker.request(`/connections/${id}/refresh`, { method: 'POST', ...(key && { headers: { 'x-api-key': key } }) })
    expect((await refresh()).status).toBe(401)
    expect((await refresh('broker-key-one-0124')).status).toBe(401)
    expect((await refresh('admin-key-of-the-tests-0123456789')).status).toBe(401)
    for (const key of ['broker-key-one-0123', 'broker-key-two-0123']) {
      const { status, body } = await refresh(key)
      expect(status).toBe(200)
      expect(Object.keys(body).sort()).toEqual(['access_token', 'expires_at', 'scope', 'token_type'])
    }
  })
})
