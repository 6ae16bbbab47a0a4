import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { deliverDueWebhooks } from '../src/connections/webhook-delivery.ts'
import { type ConnectionsServer, connectionsOf, startConnections } from './connection-flows.ts'
import { ADMIN_KEY, locationOf } from './harness.ts'
import { type IdentityProvider, type Said, type Seen, startIdentityProvider } from './identity-provider.ts'

const CLIENT_ID = 'our-client'
const RETURN_URL = 'https://app.example.com/done'

/** Hosts that lead to the machine itself or behind its firewall, as URLs may write them. */
const OF_THIS_MACHINE = ['127.0.0.1', 'localhost', '[::1]', '127.1', '2130706433', '0x7f000001', '0177.0.0.1']
const BEHIND_THE_FIREWALL = [
  '0.0.0.0',
  '127.8.8.8',
  '10.0.0.1',
  '167772161',
  '012.0.0.1',
  '172.16.0.1',
  '192.168.1.1',
  '169.254.169.254',
  '0xa9fea9fe',
  '100.64.0.1',
  '[fc00::1]',
  '[fd00:ec2::254]',
  '[fe80::1]',
  '[::ffff:127.0.0.1]',
  '[::ffff:a9fe:a9fe]',
  '[64:ff9b::a00:1]',
  '[2002:7f00:1::]',
]

describe('a provider whose address leads inside', () => {
  let idp: IdentityProvider
  let server: ConnectionsServer
  let inside: Server
  let visits = 0
  let addresses: string[]

  beforeAll(async () => {
    idp = await startIdentityProvider(CLIENT_ID)
    inside = createServer((_, response) => response.end('{}')).listen(0, '127.0.0.1')
    inside.on('connection', () => visits++)
    await once(inside, 'listening')
    const { port } = inside.address() as AddressInfo
    addresses = [
      ...OF_THIS_MACHINE.flatMap((host) => [`http://${host}:${port}`, `https://${host}:${port}`]),
      ...BEHIND_THE_FIREWALL.map((host) => `https://${host}:${port}`),
    ]
    server = await startConnections('sqlite', {
      EGRESS_ALLOW: new URL(idp.issuer).host,
      ALLOWED_RETURN_DOMAINS: 'app.example.com',
    })
    await add('acme', right())
  })
  afterEach(async () => {
    idp.reset()
    await change(right())
    expect(visits).toBe(0)
  })
  afterAll(async () => {
    await server?.stop()
    await idp?.stop()
    inside?.close()
  })

  const right = () => ({
    issuer: idp.issuer,
    authorization_url: `${idp.issuer}/authorize`,
    token_url: `${idp.issuer}/token`,
    jwks_uri: `${idp.issuer}/jwks`,
    userinfo_url: `${idp.issuer}/userinfo`,
    revocation_url: `${idp.issuer}/revoke`,
    api_base_url: `${idp.issuer}/api`,
    api_hosts: [] as string[],
  })
  const add = (name: string, settings: object) =>
    server.admin('POST', '/providers', { name, client_id: CLIENT_ID, client_secret: 'secret', ...settings })
  const change = async (settings: object) => {
    const { status, text } = await server.admin('PUT', '/providers/acme', settings)
    expect([status, status === 200 || text]).toEqual([200, true])
  }
  /** The operator, whose key does not end. */
  const call = (method: string, path: string, body?: object, headers = {}) =>
    server.call(method, path, { token: ADMIN_KEY, headers, ...(body && { body }) })
  const at = (provider: string) => connectionsOf(server, idp, ADMIN_KEY, provider)
  const connect = () => at('acme').connect({ return_url: RETURN_URL })
  const statusOf = async (id: string) => (await at('acme').check(id)).body.status
  const outdateDocuments = () => server.deps.db.write(({ trx }) => trx.deleteFrom('provider_document').execute())

  /** What becomes of a connection, by the address that leads inside. */
  const outcomes: Record<string, () => Promise<void>> = {
    async token_url() {
      const { connection_id, answer } = await connect()
      expect(locationOf(answer).searchParams.get('error')).toBe('exchange_failed')
      expect(await statusOf(connection_id)).toBe('failed')
    },
    async jwks_uri() {
      const { answer } = await connect()
      expect(locationOf(answer).searchParams.get('error')).toBe('exchange_failed')
    },
    async userinfo_url() {
      idp.behaviour.idToken = false
      const { connection_id } = await connect()
      const { body } = await at('acme').check(connection_id)
      expect([body.status, body.account]).toEqual(['active', undefined])
    },
    async revocation_url() {
      const { connection_id } = await connect()
      const { body } = await call('DELETE', `/v1/connections/${connection_id}`)
      expect(body).toEqual({ revoked_upstream: false })
    },
    async api_base_url() {
      const { connection_id } = await connect()
      const { status, body } = await call('GET', `/v1/proxy/${connection_id}/x`)
      expect([status, body.error]).toEqual([502, 'provider_misconfigured'])
    },
  }

  test.each(Object.keys(outcomes))('is not called there: %s', async (kind) => {
    for (const address of addresses) {
      await change({ ...right(), [kind]: `${address}/x` })
      await outdateDocuments()
      await outcomes[kind]?.()
    }
  })

  test('is not called there to refresh', async () => {
    const { connection_id } = await connect()
    for (const address of addresses) {
      await change({ token_url: `${address}/token` })
      server.wait(61)
      const { status, body } = await call('POST', `/v1/refresh/${connection_id}`)
      expect([address, status, body.error]).toEqual([address, 502, 'provider_misconfigured'])
    }
    expect(await statusOf(connection_id)).toBe('active')
  })

  test('is not called there as an issuer', async () => {
    for (const [n, issuer] of addresses.entries()) {
      expect((await add(`issuer-${n}`, { issuer })).status).toBe(201)
      const { status, body } = await at(`issuer-${n}`).request({})
      expect([issuer, status, body.error]).toEqual([issuer, 502, 'provider_misconfigured'])
    }
  })

  test('is not called there by the proxy, as one of its other hosts', async () => {
    const hosts = ['localhost', '127.0.0.1', '127.1', '2130706433', '169.254.169.254']
    const { port } = inside.address() as AddressInfo
    await change({ api_hosts: hosts.map((host) => `${host}:${port}`) })
    const { connection_id } = await connect()
    for (const host of hosts) {
      const headers = { 'x-auth-agent-host': `${host}:${port}` }
      const { body } = await call('GET', `/v1/proxy/${connection_id}/x`, undefined, headers)
      expect(['provider_misconfigured', 'invalid_request'], host).toContain(body.error)
    }
  })

  test('is not called there as a webhook', async () => {
    const hooks = addresses.filter((address) => address.startsWith('https:')).slice(0, 18)
    for (const address of hooks) expect((await call('POST', '/api/webhooks', { url: `${address}/x` })).status).toBe(201)
    await connect()
    await deliverDueWebhooks(server.deps)
    for (const { webhook_id } of (await call('GET', '/api/webhooks')).body.data) {
      const { body } = await call('GET', `/api/webhooks/${webhook_id}/deliveries`)
      expect(body.data[0]).toMatchObject({ last_status: null, last_error: 'private_address' })
      await call('DELETE', `/api/webhooks/${webhook_id}`)
    }
  })

  test('is not followed there, whatever redirects', async () => {
    const location = `http://127.0.0.1:${(inside.address() as AddressInfo).port}/`
    for (const status of [301, 302, 303, 307, 308])
      for (const [kind, path] of [
        ['token_url', '/token'],
        ['jwks_uri', '/jwks'],
        ['userinfo_url', '/userinfo'],
        ['revocation_url', '/revoke'],
      ] as const) {
        idp.reset()
        idp.behaviour.override = redirecting(path, status, location)
        await outdateDocuments()
        if (kind === 'jwks_uri') expect(locationOf((await connect()).answer).searchParams.get('status')).toBe('error')
        else await outcomes[kind]?.()
      }
    idp.behaviour.override = redirecting('/.well-known/openid-configuration', 302, location)
    await add('moved', { issuer: idp.issuer })
    expect((await at('moved').request({})).body.error).toBe('provider_unavailable')
    idp.behaviour.override = redirecting('/api/x', 302, location)
    const { connection_id } = await connect()
    const led = await call('GET', `/v1/proxy/${connection_id}/x`)
    expect([led.status, led.headers.get('location')]).toEqual([302, location])
  })

  test('is not called where its own discovery document leads', async () => {
    await add('found', { issuer: idp.issuer })
    const { port } = inside.address() as AddressInfo
    const lead = async (metadata: object) => {
      idp.behaviour.metadata = { ...metadata }
      await outdateDocuments()
      const requested = await at('found').request({ return_url: RETURN_URL })
      return at('found').callback(idp.consent(requested.body.authUrl))
    }
    for (const host of ['127.0.0.1', '127.1', '[::ffff:127.0.0.1]', '169.254.169.254'])
      for (const name of ['token_endpoint', 'jwks_uri', 'userinfo_endpoint', 'revocation_endpoint']) {
        idp.behaviour.idToken = name === 'jwks_uri'
        const outcome = locationOf(await lead({ [name]: `http://${host}:${port}/x` })).searchParams
        const fails = name === 'token_endpoint' || name === 'jwks_uri'
        expect([name, outcome.get('status')]).toEqual([name, fails ? 'error' : 'success'])
        if (fails) continue
        const { body } = await call('DELETE', `/v1/connections/${outcome.get('connection_id')}`)
        expect(body.revoked_upstream).toBe(name === 'userinfo_endpoint')
      }
  })

  test('sends no person where its discovery document has no address for people', async () => {
    await add('crooked', { issuer: idp.issuer })
    for (const authorization_endpoint of [
      'javascript:alert(document.domain)//',
      'data:text/html,<script>alert(1)</script>',
      'http://provider.example/authorize',
      'https://user:password@provider.example/authorize',
      '/authorize',
      'not a URL',
      '',
    ]) {
      idp.behaviour.metadata = { authorization_endpoint }
      await outdateDocuments()
      const { status, body, text } = await at('crooked').request({})
      expect([authorization_endpoint, status, body.error]).toEqual([
        authorization_endpoint,
        502,
        'provider_misconfigured',
      ])
      expect(text).not.toContain('alert')
    }
  })
})

function redirecting(path: string, status: number, location: string) {
  return (asked: Seen): Said | undefined =>
    asked.path === path ? { status, headers: { location }, body: '' } : undefined
}

test('the operator may allow an address inside', async () => {
  const idp = await startIdentityProvider(CLIENT_ID)
  const server = await startConnections('sqlite', { EGRESS_ALLOW: '127.0.0.0/8' })
  await server.admin('POST', '/providers', { name: 'idp', issuer: idp.issuer, client_id: CLIENT_ID })
  const { connection_id } = await connectionsOf(server, idp, ADMIN_KEY).connect({})
  expect((await connectionsOf(server, idp, ADMIN_KEY).check(connection_id)).body.status).toBe('active')
  await server.stop()
  await idp.stop()
})

describe('a provider that goes on and on', () => {
  let idp: IdentityProvider
  let server: ConnectionsServer
  let sent = 0
  let open = 0

  beforeAll(async () => {
    idp = await startIdentityProvider(CLIENT_ID)
    server = await startConnections('sqlite', { ALLOWED_RETURN_DOMAINS: 'app.example.com' })
    const settings = { issuer: idp.issuer, api_base_url: `${idp.issuer}/api`, client_id: CLIENT_ID }
    await server.admin('POST', '/providers', { name: 'idp', ...settings })
  })
  afterEach(() => idp.reset())
  afterAll(async () => {
    await server?.stop()
    await idp?.stop()
  })

  const flows = () => connectionsOf(server, idp, ADMIN_KEY)
  const connect = () => flows().connect({ return_url: RETURN_URL })
  const errorOf = async (made: ReturnType<typeof connect>) => locationOf((await made).answer).searchParams.get('error')
  const call = (method: string, path: string) => server.call(method, path, { token: ADMIN_KEY })
  const outdateDocuments = () => server.deps.db.write(({ trx }) => trx.deleteFrom('provider_document').execute())

  /** JSON without an end: as fast as it is taken, or a sign now and then. */
  async function* endless(pauseMs = 0): AsyncGenerator<Buffer> {
    const chunk = pauseMs === 0 ? Buffer.alloc(64 * 1024, ' ') : Buffer.from(' ')
    open++
    try {
      yield Buffer.from('{')
      for (;;) {
        yield chunk
        sent += chunk.length
        await (pauseMs === 0 ? new Promise(setImmediate) : sleep(pauseMs))
      }
    } finally {
      open--
    }
  }
  const flooding = (path: string) => {
    const headers = { 'content-type': 'application/json' }
    idp.behaviour.override = (asked) => (asked.path === path ? { status: 200, headers, body: endless() } : undefined)
  }

  const WHERE: [string, () => Promise<void>][] = [
    ['/token', async () => expect(await errorOf(connect())).toBe('exchange_failed')],
    [
      '/.well-known/openid-configuration',
      async () => {
        await outdateDocuments()
        expect((await flows().request({})).body.error).toBe('provider_unavailable')
      },
    ],
    [
      '/jwks',
      async () => {
        await outdateDocuments()
        expect(await errorOf(connect())).toBe('exchange_failed')
      },
    ],
    [
      '/userinfo',
      async () => {
        idp.behaviour.idToken = false
        const { connection_id } = await connect()
        expect((await flows().check(connection_id)).body.status).toBe('active')
      },
    ],
    [
      '/revoke',
      async () => {
        const { connection_id } = await connect()
        expect((await call('DELETE', `/v1/connections/${connection_id}`)).body.revoked_upstream).toBe(false)
      },
    ],
  ]

  test.each(WHERE)('is cut off at %s, in flat memory', async (path, outcome) => {
    const before = process.memoryUsage().rss
    for (let n = 0; n < 5; n++) {
      sent = 0
      flooding(path)
      await outcome()
      expect(sent).toBeGreaterThan(0)
      // What we take, and what the system holds on its way.
      expect(sent).toBeLessThan(16_000_000)
    }
    await expect.poll(() => open).toBe(0)
    expect(process.memoryUsage().rss - before).toBeLessThan(150_000_000)
  })

  test('is cut off when it is to refresh, and the connection stays', async () => {
    const { connection_id } = await connect()
    flooding('/token')
    const { status, body } = await call('POST', `/v1/refresh/${connection_id}`)
    expect([status, body.error]).toEqual([503, 'provider_unavailable'])
    await expect.poll(() => open).toBe(0)
    expect((await flows().check(connection_id)).body.status).toBe('active')
    expect((await call('GET', `/v1/token/${connection_id}`)).status).toBe(200)
  })

  test('a sign at a time is cut off by the clock', { timeout: 40_000 }, async () => {
    const settings = {
      authorization_url: `${idp.issuer}/authorize`,
      token_url: `${idp.issuer}/token`,
      userinfo_url: `${idp.issuer}/userinfo`,
      revocation_url: `${idp.issuer}/revoke`,
      client_id: CLIENT_ID,
    }
    await server.admin('POST', '/providers', { name: 'plain', ...settings })
    const plain = connectionsOf(server, idp, ADMIN_KEY, 'plain')
    const { connection_id: ended } = await plain.connect({})
    await outdateDocuments()
    idp.behaviour.override = ({ path }) =>
      path === '/token'
        ? undefined
        : { status: 200, headers: { 'content-type': 'application/json' }, body: endless(100) }
    const started = performance.now()
    const [found, connected, revoked] = await Promise.all([
      flows().request({}),
      plain.connect({}),
      call('DELETE', `/v1/connections/${ended}`),
    ])
    expect(performance.now() - started).toBeLessThan(15_000)
    expect(found.body.error).toBe('provider_unavailable')
    expect((await plain.check(connected.connection_id)).body.status).toBe('active')
    expect(revoked.body).toEqual({ revoked_upstream: false })
    await expect.poll(() => open).toBe(0)
  })
})
