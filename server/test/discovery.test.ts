import { createLocalJWKSet, jwtVerify } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { atIssuerPath } from '../src/server.ts'
import {
  authorizePath,
  type Credentials,
  claimsOf,
  headerOf,
  ISSUER,
  newPkce,
  startServer,
  type TestServer,
} from './harness.ts'

const OAUTH = '/.well-known/oauth-authorization-server'
const OPENID = '/.well-known/openid-configuration'
const JWKS = '/.well-known/jwks.json'
const DOCUMENTS = [OAUTH, OPENID, JWKS, '/.well-known/auth-agent']

describe('discovery', () => {
  let server: TestServer
  let client: Credentials
  beforeAll(async () => {
    server = await startServer()
    client = await server.client()
  })
  afterAll(() => server.stop())

  test('tells what RFC 8414 and OpenID Connect want to know', async () => {
    const { status, headers, body } = await server.request(OAUTH)
    expect(status).toBe(200)
    expect(headers.get('content-type')).toMatch(/^application\/json/)
    expect(body).toMatchObject({
      issuer: ISSUER,
      authorization_endpoint: `${ISSUER}/authorize`,
      token_endpoint: `${ISSUER}/token`,
      jwks_uri: `${ISSUER}${JWKS}`,
      userinfo_endpoint: `${ISSUER}/userinfo`,
      introspection_endpoint: `${ISSUER}/introspect`,
      revocation_endpoint: `${ISSUER}/revoke`,
      response_types_supported: ['code'],
      code_challenge_methods_supported: ['S256'],
      authorization_response_iss_parameter_supported: true,
    })
    expect((await server.request(OPENID)).body).toMatchObject({
      ...body,
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['ES256'],
    })
    expect((await server.request('/.well-known/auth-agent')).body).toMatchObject({
      issuer: ISSUER,
      authenticate_endpoint: `${ISSUER}/api/agent/authenticate`,
    })
  })

  test.each(DOCUMENTS)('%s may be read by everyone, and kept for a while', async (path) => {
    const { headers, text } = await server.request(path, { headers: { origin: 'https://spa.example' } })
    expect(headers.get('access-control-allow-origin')).toBe('*')
    expect(headers.get('cache-control')).toMatch(/^public, max-age=\d+$/)
    const again = await server.request(path, { headers: { 'if-none-match': headers.get('etag') ?? '' } })
    expect([again.status, again.text]).toEqual([304, ''])
    expect(text).not.toBe('')
    expect((await server.post(path, {})).status).toBe(405)
  })

  test('names no endpoint that is not there', async () => {
    const endpoints = Object.entries((await server.request(OPENID)).body).filter(([name]) =>
      /_endpoint$|_uri$/.test(name),
    )
    for (const [name, url] of endpoints) {
      expect(String(url).startsWith(`${ISSUER}/`)).toBe(true)
      expect([name, (await server.request(String(url))).status]).not.toEqual([name, 404])
    }
  })

  test('names grants, methods and algorithms that work', async () => {
    const { body } = await server.request(OPENID)
    for (const grant_type of body.grant_types_supported) {
      const answer = await server.post('/token', { grant_type, ...client })
      expect(answer.body.error).not.toBe('unsupported_grant_type')
    }
    for (const token_endpoint_auth_method of body.token_endpoint_auth_methods_supported) {
      const jwks = (await server.request(JWKS)).body
      const made = await server.admin('POST', '/clients', {
        client_name: 'M',
        redirect_uris: ['https://m.example/'],
        token_endpoint_auth_method,
        ...(token_endpoint_auth_method === 'private_key_jwt' && { jwks }),
      })
      expect(made.status).toBe(201)
    }
    expect(body.token_endpoint_auth_signing_alg_values_supported).not.toContain('none')
    for (const prompt of body.prompt_values_supported) {
      const answer = await server.request(authorizePath(client.client_id, newPkce(), { prompt }))
      expect(answer.headers.get('location') ?? '').not.toContain('invalid_request')
    }
    for (const scope of body.scopes_supported)
      expect((await server.request(authorizePath(client.client_id, newPkce(), { scope }))).status).toBe(200)
    for (const acr_values of body.acr_values_supported)
      expect((await server.request(authorizePath(client.client_id, newPkce(), { acr_values }))).status).toBe(200)
  })

  test('a level that is not offered is refused at once, rather than waited for in vain', async () => {
    const { body } = await server.request(OPENID)
    expect(body.acr_values_supported).toEqual(['aa1', 'aa2', 'aa3', 'aa4'])
    const answer = await server.request(authorizePath(client.client_id, newPkce(), { acr_values: 'aa5' }))
    expect(answer.headers.get('location') ?? '').toContain('error=unmet_authentication_requirements')
  })

  test('publishes public keys only', async () => {
    const { keys } = (await server.request(JWKS)).body
    expect(keys).toHaveLength(1)
    for (const key of keys) {
      expect(key).toMatchObject({ kty: 'EC', crv: 'P-256', alg: 'ES256', use: 'sig', kid: expect.any(String) })
      for (const member of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k']) expect(key).not.toHaveProperty(member)
    }
  })

  test('never takes its own name from a caller', async () => {
    const headers = {
      host: 'evil.example',
      'x-forwarded-host': 'evil.example',
      'x-forwarded-proto': 'https',
      forwarded: 'host=evil.example',
    }
    for (const path of [...DOCUMENTS, authorizePath(client.client_id, newPkce())])
      expect((await server.request(`http://evil.example${path}`, { headers })).text).not.toContain('evil.example')
  })
})

test.each(['ES256', 'EdDSA', 'RS256'])('tokens signed with %s verify by the published keys', async (alg) => {
  const server = await startServer('sqlite', { SIGNING_ALG: alg })
  const { access_token, id_token } = await server.tokens(await server.client(), await server.agent())
  const keys = createLocalJWKSet((await server.request(JWKS)).body)
  const options = { algorithms: [alg], issuer: ISSUER, currentDate: new Date(server.deps.now()) }
  await jwtVerify(access_token, keys, { ...options, typ: 'at+jwt' })
  await jwtVerify(id_token, keys, { ...options, typ: 'JWT' })
  expect((await server.request(OPENID)).body.id_token_signing_alg_values_supported).toEqual([alg])
  await server.stop()
})

test('a new key signs only after it was known for a while, and the old one stays while its tokens live', async () => {
  const server = await startServer()
  const [client, agent] = [await server.client(), await server.agent()]
  const kids = async () => (await server.request(JWKS)).body.keys.map(({ kid }: { kid: string }) => kid)
  const [old] = await kids()
  const etag = (await server.request(JWKS)).headers.get('etag') ?? ''
  const before = await server.tokens(client, agent)
  const fresh = await server.deps.signingKeys.rotate()

  expect((await kids()).sort()).toEqual([old, fresh].sort())
  expect((await server.request(JWKS, { headers: { 'if-none-match': etag } })).status).toBe(200)
  expect(headerOf((await server.tokens(client, agent)).access_token).kid).toBe(old)
  server.wait(300)
  const after = await server.tokens(client, agent)
  expect(headerOf(after.access_token).kid).toBe(fresh)
  expect((await server.introspect(client, before.access_token)).body.active).toBe(true)
  const keys = createLocalJWKSet((await server.request(JWKS)).body)
  await jwtVerify(before.id_token, keys, { currentDate: new Date(server.deps.now()) })

  server.wait(4200)
  expect(await kids()).toEqual([fresh])
  expect((await server.refresh(client, before.refresh_token)).status).toBe(200)
  await server.stop()
})

test('an issuer with a path has its metadata where RFC 8414 and OpenID look for it', async () => {
  const issuer = 'https://example.com/auth'
  const server = await startServer('sqlite', { ISSUER: issuer })
  const fetch = atIssuerPath(issuer, server.app.fetch)
  for (const url of [
    `https://example.com${OAUTH}/auth`,
    `https://example.com/auth${OPENID}`,
    `https://example.com${OPENID}/auth`,
  ]) {
    const document = (await (await fetch(new Request(url))).json()) as Record<string, string>
    expect(document).toMatchObject({ issuer, token_endpoint: `${issuer}/token`, jwks_uri: `${issuer}${JWKS}` })
    expect((await fetch(new Request(document.jwks_uri ?? ''))).status).toBe(200)
  }
  const client = await server.client()
  const url = `https://example.com/auth${authorizePath(client.client_id, newPkce())}`
  const page = await fetch(new Request(url))
  expect(page.status).toBe(200)
  expect(page.headers.get('strict-transport-security')).toMatch(/max-age=\d{7,}/)
  expect(page.headers.get('set-cookie')).toMatch(/^__Host-[^;]+; Path=\/; HttpOnly; SameSite=Lax; Max-Age=600; Secure$/)
  const { access_token } = await server.tokens(client, await server.agent())
  expect(claimsOf(access_token).iss).toBe(issuer)
  await server.stop()
})
