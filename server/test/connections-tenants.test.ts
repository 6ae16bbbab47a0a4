import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readConfig } from '../src/config.ts'
import { openWorld } from '../src/world.ts'
import { ADMIN_KEY, type Answer, DATABASES, freshDatabase } from './harness.ts'
import { type SpawnedServer, serverEnv, spawnServer } from './spawned-server.ts'
import { type Broker, startBroker } from './token-broker.ts'
import { seedConnection, seedProvider, startTokenProvider, type TokenProvider } from './token-provider.ts'

const VERIFIER = 'v'.repeat(43)
const METHODS = ['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE'] as const

interface Call {
  method: string
  path: string
  body?: object
  headers?: Record<string, string>
}

/** Everything that names one connection, for whoever has a credential. */
const ofCallers = (id: string): Call[] => [
  { method: 'GET', path: `/v1/check-connection/${id}` },
  { method: 'GET', path: `/v1/token/${id}` },
  { method: 'POST', path: `/v1/refresh/${id}` },
  { method: 'DELETE', path: `/v1/connections/${id}` },
  { method: 'POST', path: `/v1/connections/${id}/confirm`, body: { session_verifier: VERIFIER } },
  ...METHODS.flatMap((method) =>
    [`/v1/proxy/${id}`, `/v1/proxy/${id}/x?y=z`, `/v1/proxy/${id}/../x`].map((path) => ({ method, path })),
  ),
  { method: 'GET', path: `/v1/proxy/${id}/x`, headers: { 'x-auth-agent-host': 'elsewhere.example' } },
  ...['acme', 'other'].flatMap((provider_name) =>
    ['user-1', 'user-2'].map((user_id) => ({
      method: 'POST',
      path: '/v1/request-connection',
      body: { user_id, provider_name, connection_id: id },
    })),
  ),
]

/** The same, for people. */
const ofPeople = (id: string): Call[] => [
  { method: 'GET', path: `/api/connections/${id}` },
  { method: 'POST', path: `/api/connections/${id}/refresh` },
  { method: 'DELETE', path: `/api/connections/${id}` },
  { method: 'POST', path: '/api/connections', body: { provider_name: 'acme', connection_id: id } },
  { method: 'GET', path: `/api/connection-grants?connection_id=${id}` },
  ...[true, false].map((raw_token) => ({
    method: 'POST',
    path: '/api/connection-grants',
    body: { connection_id: id, agent_id: 'AGENT', raw_token },
  })),
]

describe.each(DATABASES)('a connection, on %s', (kind) => {
  let broker: Broker
  let id: string
  /** Of the agent without a grant, once another has one. */
  let granted: string
  let stranger: string
  const theirs: Record<string, string> = {}

  beforeAll(async () => {
    broker = await startBroker(kind, {})
    await seedProvider(broker.deps, broker.provider.origin, {}, 'other')
    id = await broker.connection(3600)
    granted = await broker.connection(3600)
    // The first who signs up is of the first organization.
    await broker.person({ name: 'Ada', email: 'ada@example.com' })
    const eve = await broker.person({ name: 'Eve', email: 'eve@example.com' })
    const { body: agent } = await eve.send('POST', '/api/agents', { agent_name: 'Buyer of Eve' })
    theirs.agent_id = agent.agent_id
    theirs.agent = await broker.bearerOf(agent)
    for (const scope of ['connections', 'manage']) {
      const { body } = await eve.send('POST', '/api/api-keys', { name: scope, scopes: [scope] })
      theirs[scope] = `Bearer ${body.api_key}`
    }
    stranger = await broker.bearerOf(await broker.agent())
    const grant = { connection_id: granted, agent_id: (await broker.agent()).agent_id }
    const { status } = await send(`Bearer ${ADMIN_KEY}`, {
      method: 'POST',
      path: '/api/connection-grants',
      body: grant,
    })
    expect(status).toBe(201)
  })
  afterAll(() => broker?.stop())

  const send = (authorization: string, { method, path, body, headers }: Call) =>
    broker.request(path, {
      method,
      headers: { authorization, ...(body && { 'content-type': 'application/json' }), ...headers },
      ...(body && { body: JSON.stringify(body).replace('AGENT', theirs.agent_id ?? '') }),
    })

  /** All that a caller can tell apart. */
  const seen = ({ status, text, headers }: Answer) => ({
    status,
    text,
    headers: [...headers].filter(([name]) => name !== 'x-request-id' && name !== 'content-security-policy'),
  })

  /** Whatever is asked about it, the answer is the one about an id that nobody ever had. */
  async function expectUnknown(authorization: string, connectionId: string, calls: (id: string) => Call[]) {
    const before = await everythingAbout(connectionId)
    const unknown = calls('conn_00000000000000000000000000')
    for (const [n, call] of calls(connectionId).entries()) {
      const expected = seen(await send(authorization, unknown[n] as Call))
      const answer = seen(await send(authorization, call))
      const name = `${call.method} ${call.path} ${JSON.stringify(call.body)}`
      expect([name, answer]).toEqual([name, expected])
      const isList = call.path.startsWith('/api/connection-grants?')
      const climbs = call.path.includes('/../')
      if (!isList && !climbs) expect([name, answer.status]).toEqual([name, 404])
    }
    expect(await everythingAbout(connectionId)).toEqual(before)
    expect(broker.provider.requests).toHaveLength(0)
  }

  async function everythingAbout(connectionId: string) {
    const { read } = broker.deps.db
    const of = (table: 'connection' | 'connection_flow' | 'connection_grant') =>
      read.selectFrom(table).selectAll().where('connection_id', '=', connectionId).execute()
    const events = await read.selectFrom('audit_event').selectAll().where('target', '=', connectionId).execute()
    return [await of('connection'), await of('connection_flow'), await of('connection_grant'), events]
  }

  test.each(['agent', 'connections', 'manage'])('is not there for another organization, by its %s', async (by) => {
    await expectUnknown(theirs[by] ?? '', id, ofCallers)
  })

  test('is not there for the people of another organization', async () => {
    await expectUnknown(theirs.manage ?? '', id, ofPeople)
  })

  test('is not there for an agent of its own organization without a grant, once others have one', async () => {
    await expectUnknown(stranger, granted, ofCallers)
    const { body } = await send(stranger, { method: 'GET', path: '/v1/connections' })
    const ids = body.data.map(({ connection_id }: { connection_id: string }) => connection_id)
    expect([ids.includes(id), ids.includes(granted)]).toEqual([true, false])
  })

  test('is not there for anybody once it is gone', async () => {
    const gone = await broker.connection(3600)
    expect((await broker.call('DELETE', `/v1/connections/${gone}`)).status).toBe(200)
    await expectUnknown(await broker.authorization(), gone, ofCallers)
    await expectUnknown(`Bearer ${ADMIN_KEY}`, gone, (of) =>
      ofPeople(of).filter(({ path }) => path !== '/api/connections'),
    )
  })

  test('is not there for a credential that is none', async () => {
    for (const call of [...ofCallers(id), ...ofPeople(id)])
      for (const authorization of ['Bearer nobody', 'Basic Zm9vOmJhcg==', `Bearer ${'x'.repeat(5000)}`]) {
        const answer = await send(authorization, call)
        expect([call.method, call.path, answer.status]).toEqual([call.method, call.path, 401])
      }
  })

  test('takes no confirmation of another organization, though it knows the verifier', async () => {
    const session_challenge = createHash('sha256').update(VERIFIER).digest('base64url')
    const body = { user_id: 'u', provider_name: 'acme', session_challenge }
    const asked = await send(await broker.authorization(), { method: 'POST', path: '/v1/request-connection', body })
    expect(asked.status).toBe(201)
    await expectUnknown(theirs.agent ?? '', asked.body.connection_id, ofCallers)
  })
})

describe('the door of the broker', () => {
  const [OLD, NEW] = ['broker-key-old-0123456789', 'broker-key-new-0123456789']

  test('has its key replaced by another without a call that fails', async () => {
    const database = await freshDatabase('sqlite')
    const provider = await startTokenProvider()
    const spawn = (keys: string) =>
      spawnServer(database.url, {
        EGRESS_ALLOW: '127.0.0.1',
        BROKER_API_KEYS: keys,
        CONNECTION_REFRESHES_RPM: '1000000',
      })
    const servers: SpawnedServer[] = []
    let stopped = false
    let gateways: Promise<unknown> = Promise.resolve()
    let connectionId = ''
    const refresh = (server: SpawnedServer | undefined, key: string) => {
      if (!server) throw new Error('There is no such broker')
      return server.request(`/connections/${connectionId}/refresh`, { method: 'POST', headers: { 'x-api-key': key } })
    }
    try {
      const first = await spawn(OLD)
      servers.push(first)
      connectionId = await connectionIn(database.url, provider)
      expect((await refresh(first, OLD)).status).toBe(200)
      expect((await refresh(first, NEW)).status).toBe(401)

      // Gateways go on with the key that they have while brokers, and then they themselves, are replaced one by one.
      let broker = first
      let key = OLD
      const statuses = new Set<number>()
      const gateway = async () => {
        for (; !stopped; await sleep(5)) statuses.add((await refresh(broker, key)).status)
      }
      gateways = Promise.all([gateway(), gateway()])
      const both = await spawn(`${OLD},${NEW}`)
      servers.push(both)
      broker = both
      key = NEW
      const last = await spawn(NEW)
      servers.push(last)
      broker = last
      await sleep(100)
      stopped = true
      await gateways
      expect([...statuses]).toEqual([200])
      expect((await refresh(last, OLD)).status).toBe(401)
    } finally {
      stopped = true
      await gateways
      await Promise.all(servers.map((server) => server.stop()))
      await provider.stop()
      await database.drop()
    }
  })

  test('opens to a whole key only, however many others are tried, and the key opens nothing else', async () => {
    const broker = await startBroker('sqlite', {}, { BROKER_API_KEYS: `${OLD},${NEW}` })
    const id = await broker.connection(3600)
    const ask = (headers: Record<string, string>, query = '') =>
      broker.request(`/connections/${id}/refresh${query}`, { method: 'POST', headers })
    const unknown = await ask({})
    expect([unknown.status, unknown.body.error]).toEqual([401, 'unauthorized'])
    for (const wrong of [OLD.slice(0, -1), `${OLD}x`, `${OLD},${NEW}`, OLD.toUpperCase(), ADMIN_KEY, 'undefined', '*'])
      expect([wrong, (await ask({ 'x-api-key': wrong })).status]).toEqual([wrong, 401])
    expect((await ask({ authorization: `Bearer ${OLD}` })).status).toBe(401)
    expect((await ask({}, `?x-api-key=${OLD}&api_key=${OLD}`)).status).toBe(401)
    expect((await ask({ authorization: await broker.authorization() })).status).toBe(401)
    for (let n = 0; n < 40; n++)
      expect([401, 429]).toContain((await ask({ 'x-api-key': `guess-${n}-0123456789` })).status)
    for (const right of [OLD, NEW]) expect((await ask({ 'x-api-key': right })).status).toBe(200)

    const elsewhere = ['/v1/connections', '/api/connections', '/api/admin/providers', `/v1/token/${id}`]
    for (const path of elsewhere)
      for (const headers of [{ 'x-api-key': OLD }, { authorization: `Bearer ${OLD}` }])
        expect([path, (await broker.request(path, { headers })).status]).toEqual([path, 401])
    await broker.stop()
  })
})

/** A connection of a database that servers run on. */
async function connectionIn(databaseUrl: string, provider: TokenProvider) {
  const world = await openWorld(readConfig(serverEnv(databaseUrl, { LOG_LEVEL: 'silent' })))
  await seedProvider(world.deps, provider.origin)
  const id = await seedConnection(world.deps, 'operator', provider.issue(Date.now() + 3_600_000))
  await world.close()
  return id
}
