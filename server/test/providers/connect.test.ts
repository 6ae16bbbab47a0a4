import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { providers } from '../../src/connections/providers/index.ts'
import type { ApiKeyProvider, OAuthProvider } from '../../src/connections/providers/provider.ts'
import { ADMIN_KEY, ISSUER, locationOf, type Person, startServer, type TestServer } from '../harness.ts'
import { type Double, startDouble } from './double.ts'

/** The operator, who may do everything: whose connection it is, other tests ask. */
const headers = { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json' }

const isOAuth = (entry: (typeof providers)[number]): entry is OAuthProvider => entry.kind === 'oauth2'
const isApiKey = (entry: (typeof providers)[number]): entry is ApiKeyProvider => entry.kind === 'api_key'

let server: TestServer
let person: Person
const doubles = new Map<string, Double>()

beforeAll(async () => {
  let now = () => Date.now()
  for (const entry of providers) doubles.set(entry.name, await startDouble(entry, () => now()))
  const entries = [...doubles.values()].map(({ provider }) => provider)
  server = await startServer('sqlite', { EGRESS_ALLOW: '127.0.0.1' }, { providers: entries })
  // Providers that sign do so by the real clock.
  server.wait(Math.floor((Date.now() - server.deps.now()) / 1000))
  now = server.deps.now
  person = await server.person({ name: 'Ada', email: 'ada@example.com' })
}, 120_000)
afterAll(async () => {
  await server.stop()
  for (const double of doubles.values()) await double.stop()
})

function doubleOf(name: string): Double {
  const double = doubles.get(name)
  if (!double) throw new Error(`no double of ${name}`)
  return double
}

const get = (path: string) => server.request(path, { headers })

/** From the request, over the consent, to the connection. */
async function connect(name: string, double: Double): Promise<string> {
  const { client, parameters } = double
  await server.admin('POST', '/providers', { name, ...client })
  double.redirectUris.add(`${ISSUER}/auth/callback/${name}`)
  const requested = await server.request('/v1/request-connection', {
    method: 'POST',
    headers,
    body: JSON.stringify({ user_id: 'ada', provider_name: name, parameters }),
  })
  expect([requested.status, requested.text]).toEqual([201, expect.any(String)])
  const consent = await fetch(requested.body.authUrl, { redirect: 'manual' })
  expect([consent.status >= 300 && consent.status < 400, double.refusals]).toEqual([true, []])
  const back = new URL(consent.headers.get('location') ?? '')
  const answered = await server.request(back.pathname + back.search)
  expect([answered.status, double.refusals]).toEqual([200, []])
  return requested.body.connection_id
}

describe.each(providers.filter(isOAuth).map((entry) => [entry.name, entry] as const))('%s', (name, entry) => {
  let connectionId: string

  test('connects, and says whose account it is', async () => {
    const double = doubleOf(name)
    connectionId = await connect(name, double)
    const { body } = await get(`/v1/check-connection/${connectionId}`)
    expect(body).toMatchObject({ status: 'active', provider_name: name })
    if (entry.account || entry.issuer) expect(body.account).toEqual(expect.any(String))
    const token = await get(`/v1/token/${connectionId}`)
    expect([token.status, token.body.access_token]).toEqual([200, expect.any(String)])
    expect(double.refusals).toEqual([])
  })

  test(entry.refresh === 'none' ? 'is not refreshed' : 'is refreshed, again and again', async () => {
    const double = doubleOf(name)
    const refresh = () => server.request(`/v1/refresh/${connectionId}`, { method: 'POST', headers })
    if (entry.refresh === 'none') {
      const { status, body } = await refresh()
      expect([status, body.error]).toEqual([400, 'not_refreshable'])
      return
    }
    const tokens = new Set([(await get(`/v1/token/${connectionId}`)).body.access_token])
    for (let times = 1; times <= 3; times++) {
      server.wait(11)
      const { status, body } = await refresh()
      expect([status, double.refusals, body.error]).toEqual([200, [], undefined])
      tokens.add(body.access_token)
    }
    expect(double.count('refresh')).toBe(3)
    expect(tokens.size).toBe(4)
    expect((await get(`/v1/check-connection/${connectionId}`)).body.status).toBe('active')
  })

  test(entry.revocation ? 'is revoked there too' : 'is ended here', async () => {
    const double = doubleOf(name)
    const { status, body } = await server.request(`/v1/connections/${connectionId}`, { method: 'DELETE', headers })
    expect([status, double.refusals]).toEqual([200, []])
    expect(body.revoked_upstream).toBe(entry.revocation !== undefined || entry.revocation_url !== undefined)
    expect(double.count('revoke')).toBe(body.revoked_upstream ? 1 : 0)
    expect((await get(`/v1/token/${connectionId}`)).status).toBe(404)
  })
})

describe.each(providers.filter(isApiKey).map(({ name }) => [name] as const))('%s', (name) => {
  test('takes the key, and the proxy sends it as it wants it', async () => {
    const double = doubleOf(name)
    const made = await person.send('POST', '/api/connections/api-key', {
      provider_name: name,
      api_key: double.key,
      parameters: double.parameters,
    })
    expect([made.status, made.text]).toEqual([201, expect.any(String)])
    const { connection_id } = made.body
    const answer = await get(`/v1/proxy/${connection_id}/some/thing`)
    expect([answer.status, double.refusals]).toEqual([200, []])
    expect(answer.text).not.toContain(double.key)
    expect((await server.request(`/v1/refresh/${connection_id}`, { method: 'POST', headers })).status).toBe(400)
  })
})

test.for([
  ['twilio', { account_sid: 'nonsense/../x' }],
  ['freshdesk', {}],
  ['freshdesk', { subdomain: 'evil.example/' }],
] as const)('a key of %s is refused when its parameters could name another host', async ([name, parameters]) => {
  const { status, body } = await person.send('POST', '/api/connections/api-key', {
    provider_name: name,
    api_key: 'key',
    parameters,
  })
  expect([status, body.error]).toEqual([422, 'validation_failed'])
})

test('a connection’s person goes back to where they came from', async () => {
  const double = doubleOf('github')
  double.reset()
  const requested = await server.request('/v1/request-connection', {
    method: 'POST',
    headers,
    body: JSON.stringify({ user_id: 'ada', provider_name: 'GitHub', return_url: 'http://localhost:3000/done?a=1#x' }),
  })
  const consent = await fetch(requested.body.authUrl, { redirect: 'manual' })
  const back = new URL(consent.headers.get('location') ?? '')
  const to = locationOf(await server.request(back.pathname + back.search))
  expect(to.href).toBe(`http://localhost:3000/done?a=1&status=success&connection_id=${requested.body.connection_id}#x`)
  expect(double.refusals).toEqual([])
})
