import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { readConfig } from '../src/config.ts'
import { createLogger } from '../src/http/log.ts'
import { openWorld, type World } from '../src/world.ts'
import { type AgentCredentials, DATABASES, freshDatabase } from './harness.ts'
import { eventually, type SpawnedServer, serverEnv, spawnServer } from './spawned-server.ts'
import { seedConnection, seedProvider, startTokenProvider, type TokenProvider } from './token-provider.ts'

const ENV = { EGRESS_ALLOW: '127.0.0.1' }

const spawnBroker = (databaseUrl: string) => spawnServer(databaseUrl, ENV)

// Leases are what is waited for: on both databases at once, and for one test after the other on each.
describe.concurrent.each(DATABASES)('on %s', (kind) => {
  describe('two brokers on one database', { concurrent: false }, () => testTwoBrokers(kind))
})

function testTwoBrokers(kind: (typeof DATABASES)[number]) {
  let database: Awaited<ReturnType<typeof freshDatabase>>
  let provider: TokenProvider
  let world: World
  let agent: AgentCredentials
  let authorization: string
  let brokers: SpawnedServer[]

  beforeAll(async () => {
    database = await freshDatabase(kind)
    provider = await startTokenProvider()
    brokers = await Promise.all([spawnBroker(database.url), spawnBroker(database.url)])
    world = await openWorld(readConfig(serverEnv(database.url, ENV)), { log: createLogger('silent') })
    await seedProvider(world.deps, provider.origin)
    const [a] = brokers as [SpawnedServer]
    agent = await a.agent()
    const form = { grant_type: 'client_credentials', client_id: agent.agent_id, client_secret: agent.agent_secret }
    authorization = `Bearer ${(await a.post('/token', form)).body.access_token}`
  })
  afterAll(async () => {
    await world?.close()
    await Promise.all(brokers?.map((broker) => broker.stop()) ?? [])
    await provider?.stop()
    await database?.drop()
  })
  beforeEach(() => {
    Object.assign(provider, {
      odd: [],
      always: undefined,
      omit: [],
      delayMs: 0,
      lifetimeS: 3600,
      leewayMs: 0,
      reuses: 0,
    })
    provider.onRotated = async () => {}
    provider.requests.length = 0
  })

  const connection = () => seedConnection(world.deps, agent.agent_id, provider.issue(Date.now() - 1000))
  const token = (broker: SpawnedServer | undefined, id: string) => {
    if (!broker) throw new Error('There is no such broker')
    return broker.request(`/v1/token/${id}`, { headers: { authorization } })
  }
  const fromBoth = (count: number, id: string) =>
    Promise.all(Array.from({ length: count }, (_, n) => token(brokers[n % 2], id)))
  const row = (id: string) =>
    world.deps.db.read.selectFrom('connection').selectAll().where('connection_id', '=', id).executeTakeFirstOrThrow()

  test.for([100, 3000])('refresh once for fifty callers each, of a provider that takes %i ms', async (delayMs) => {
    const id = await connection()
    provider.delayMs = delayMs
    const answers = await fromBoth(100, id)
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    expect(new Set(answers.map(({ body }) => body.access_token)).size).toBe(1)
    expect(provider.requests).toHaveLength(1)
  })

  test('keep the lease of a provider that takes longer than it lasts', async () => {
    const id = await connection()
    provider.delayMs = 13_000
    const answers = await fromBoth(10, id)
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    expect(provider.requests).toHaveLength(1)
  })

  test('never bring a refresh token back through a thousand fetches over many expiries', async () => {
    const id = await connection()
    provider.lifetimeS = 1
    const until = performance.now() + 6000
    let fetches = 0
    const worker = async (n: number) => {
      while (performance.now() < until && fetches < 1000) {
        fetches++
        const { status, text } = await token(brokers[n % 2], id)
        if (status !== 200) throw new Error(`${status} ${text}`)
      }
    }
    await Promise.all([0, 1, 2, 3].map(worker))
    expect(provider.reuses).toBe(0)
    expect(provider.requests.length).toBeGreaterThan(1)
    expect((await row(id)).status).toBe('active')
  })

  test('tell each other that a connection is over, and ask once', async () => {
    const id = await connection()
    provider.delayMs = 200
    provider.always = { status: 400, body: { error: 'invalid_grant' } }
    for (const { status, body } of await fromBoth(20, id))
      expect([status, body.error]).toEqual([409, 'reauth_required'])
    expect(provider.requests).toHaveLength(1)
  })

  test('share the wait for a provider that is out', async () => {
    const id = await connection()
    provider.always = { status: 503, headers: { 'retry-after': '2' } }
    for (const { status } of await fromBoth(40, id)) expect(status).toBe(503)
    expect(provider.requests).toHaveLength(1)
    provider.always = undefined
    await sleep(2100)
    expect((await token(brokers[1], id)).status).toBe(200)
  })

  test.for([
    ['with leeway', 60_000, 200],
    ['without', 0, 409],
  ] as const)('go on after one was killed with the answer on its way: %s, %i ms: %i', async ([, leewayMs, status]) => {
    const victim = await spawnBroker(database.url)
    const id = await connection()
    provider.leewayMs = leewayMs
    provider.onRotated = async () => {
      provider.onRotated = async () => {}
      await victim.kill()
    }
    await token(victim, id).catch(() => undefined)
    expect(await row(id)).toMatchObject({ status: 'active', generation: 1 })
    const answers = await fromBoth(4, id)
    expect(answers.map((answer) => answer.status)).toEqual([status, status, status, status])
    expect(await row(id)).toMatchObject({ status: status === 200 ? 'active' : 'failed', lease_owner: null })
  })

  test('ask again for a killed one, although nobody wants the token', async () => {
    const victim = await spawnBroker(database.url)
    const id = await connection()
    provider.leewayMs = 60_000
    provider.onRotated = async () => {
      provider.onRotated = async () => {}
      await victim.kill()
    }
    await token(victim, id).catch(() => undefined)
    await eventually(async () => (await row(id)).generation === 2, 60_000)
    expect(provider.requests).toHaveLength(2)
  })

  test('give what was stored just before a kill, without another refresh', async () => {
    const victim = await spawnBroker(database.url)
    const id = await connection()
    const { body } = await token(victim, id)
    await victim.kill()
    expect((await token(brokers[0], id)).body).toEqual(body)
    expect(provider.requests).toHaveLength(1)
  })

  test('store what a refresh brings that was under way when one was told to stop', async () => {
    const victim = await spawnBroker(database.url)
    const id = await connection()
    provider.delayMs = 700
    const gone = new AbortController()
    const asked = victim
      .request(`/v1/token/${id}`, { headers: { authorization }, signal: gone.signal })
      .catch(() => undefined)
    await sleep(300)
    gone.abort()
    await asked
    await victim.stop()
    expect(await row(id)).toMatchObject({ generation: 2, lease_owner: null, intent_at: null })
    expect((await token(brokers[0], id)).status).toBe(200)
    expect(provider.requests).toHaveLength(1)
  })
}
