import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readConfig } from '../src/config.ts'
import { openWorld, type World } from '../src/world.ts'
import { ADMIN_KEY, DATABASES, freshDatabase } from './harness.ts'
import { type IdentityProvider, startIdentityProvider } from './identity-provider.ts'
import { type SpawnedServer, serverEnv, spawnServer } from './spawned-server.ts'

const ENV = { EGRESS_ALLOW: '127.0.0.1' }
const DOCUMENTS = ['/.well-known/openid-configuration', '/jwks']

describe.each(DATABASES)('what a provider published, on %s', (kind) => {
  let database: Awaited<ReturnType<typeof freshDatabase>>
  let idp: IdentityProvider
  let world: World
  let server: SpawnedServer

  beforeAll(async () => {
    database = await freshDatabase(kind)
    idp = await startIdentityProvider('our-client')
    server = await spawnServer(database.url, ENV)
    world = await openWorld(readConfig(serverEnv(database.url, { ...ENV, LOG_LEVEL: 'silent' })))
    await server.admin('POST', '/providers', { name: 'idp', issuer: idp.issuer, client_id: 'our-client' })
  })
  afterAll(async () => {
    await world?.close()
    await server?.stop()
    await idp?.stop()
    await database?.drop()
  })

  /** The token endpoint goes on. */
  const takeDown = () => {
    idp.behaviour.override = ({ path }) => (DOCUMENTS.includes(path) ? { status: 503, body: '' } : undefined)
  }
  const asked = () => idp.seen.filter(({ path }) => DOCUMENTS.includes(path))
  const age = (changes: { fresh_until?: number; tried_at?: number; fetched_at?: number }) =>
    world.deps.db.write(({ trx }) => trx.updateTable('provider_document').set(changes).execute())

  async function begin() {
    const headers = { authorization: `Bearer ${ADMIN_KEY}` }
    return server.postJson(
      '/v1/request-connection',
      { user_id: 'u', provider_name: 'idp', scopes: ['openid'] },
      headers,
    )
  }
  /** 200 for a connection whose id_token was verified, 400 for one whose was not. */
  async function connect(): Promise<number> {
    const { body } = await begin()
    return (await server.request(`/auth/callback/idp?${idp.consent(body.authUrl)}`)).status
  }

  test('is known to a server that starts while the provider is down, and to one that was killed', async () => {
    expect(await connect()).toBe(200)
    expect(asked()).toHaveLength(2)
    await server.kill()
    server = await spawnServer(database.url, ENV)
    takeDown()
    idp.seen.length = 0
    expect(await connect()).toBe(200)
    expect(asked()).toEqual([])
  })

  test('is believed beyond its time while the provider is down, asked for once a minute, and no longer than a week', async () => {
    await age({ fresh_until: 0 })
    for (let n = 0; n < 5; n++) expect(await connect()).toBe(200)
    expect(asked()).toHaveLength(2)
    await age({ fresh_until: 0, fetched_at: Date.now() - 8 * 86_400_000 })
    const { status, body } = await begin()
    expect([status, body.error]).toEqual([503, 'provider_unavailable'])
  })

  test('is kept when the provider says that it has not changed', async () => {
    idp.reset()
    expect(await connect()).toBe(200)
    await age({ fresh_until: 0 })
    idp.seen.length = 0
    expect(await connect()).toBe(200)
    expect(asked().map(({ headers }) => headers['if-none-match'])).toEqual([
      expect.stringMatching(/^"/),
      expect.stringMatching(/^"/),
    ])
    expect(await connect()).toBe(200)
    expect(asked()).toHaveLength(2)
  })

  test('is asked for once a minute, however many come with a key that nobody knows', async () => {
    const sign = idp.behaviour.sign
    await age({ tried_at: 0 })
    idp.seen.length = 0
    const [known] = idp.keys
    await idp.rotateKey('stranger')
    const { sign: unknown } = idp.behaviour
    // The provider does not have it either.
    idp.behaviour.override = ({ path }) =>
      path === '/jwks' ? { status: 200, body: JSON.stringify({ keys: [known?.jwk] }) } : undefined
    const statuses = await Promise.all(Array.from({ length: 20 }, connect))
    for (let n = 0; n < 5; n++) statuses.push(await connect())
    expect(new Set(statuses)).toEqual(new Set([400]))
    expect(asked().filter(({ path }) => path === '/jwks')).toHaveLength(1)
    idp.behaviour.sign = sign
    expect(await connect()).toBe(200)
    idp.behaviour.sign = unknown
  })

  test('has a new key in it that is taken up without a restart', async () => {
    idp.behaviour.override = () => undefined
    await age({ tried_at: 0 })
    idp.seen.length = 0
    expect(await connect()).toBe(200)
    expect(asked().map(({ path }) => path)).toEqual(['/jwks'])
    expect(await connect()).toBe(200)
    expect(asked()).toHaveLength(1)
  })
})
