import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type AgentCredentials,
  type Credentials,
  claimsOf,
  headerOf,
  ISSUER,
  secretPost,
  startServer,
  type TestServer,
} from './harness.ts'

describe('a token', () => {
  let server: TestServer
  let client: Credentials
  let agent: AgentCredentials
  beforeAll(async () => {
    server = await startServer()
    client = await server.client()
    agent = await server.agent({ agent_name: 'Shopper' })
  })
  afterAll(() => server.stop())

  const userinfo = (token: string) => server.request('/userinfo', { headers: { authorization: `Bearer ${token}` } })
  const isActive = async (token: string) => (await server.introspect(client, token)).body.active

  test('for access says what RFC 9068 asks, and how the agent proved itself', async () => {
    const { access_token } = await server.tokens(client, agent)
    expect(headerOf(access_token)).toEqual({ alg: 'ES256', typ: 'at+jwt', kid: expect.any(String) })
    const claims = claimsOf(access_token)
    expect(claims).toMatchObject({
      iss: ISSUER,
      sub: agent.agent_id,
      aud: client.client_id,
      client_id: client.client_id,
      scope: 'openid profile email offline_access',
      acr: 'aa1',
      jti: expect.stringMatching(/^[\w.-]{22,}$/),
    })
    expect(claims.exp - claims.iat).toBe(3600)
    expect(claims.auth_time).toBeLessThanOrEqual(claims.iat)
    expect(claims).not.toHaveProperty('act')
  })

  test('for identity says what OpenID Connect asks', async () => {
    const { id_token } = await server.tokens(client, agent, { nonce: 'n' })
    expect(headerOf(id_token).typ).toBe('JWT')
    expect(claimsOf(id_token)).toMatchObject({
      iss: ISSUER,
      sub: agent.agent_id,
      aud: client.client_id,
      nonce: 'n',
      acr: 'aa1',
      amr: ['pwd'],
      auth_time: expect.any(Number),
    })
    expect(claimsOf((await server.tokens(client, agent)).id_token)).not.toHaveProperty('nonce')
  })

  test('tells of the owner what the scopes allow', async () => {
    const told = async (scope: string) => claimsOf((await server.tokens(client, agent, { scope })).access_token).act_for
    const sub = expect.stringMatching(/^user_/)
    expect(await told('openid')).toEqual({ sub })
    expect(await told('openid email')).toEqual({ sub, email: 'ada@example.com' })
    expect(await told('openid profile')).toEqual({ sub, name: 'Ada Lovelace' })
    const { id_token } = await server.tokens(client, agent, { scope: 'openid' })
    for (const claim of ['name', 'email', 'email_verified']) expect(claimsOf(id_token)).not.toHaveProperty(claim)
  })

  test('never claims an address to be verified that is not', async () => {
    const { id_token, access_token } = await server.tokens(client, agent)
    expect(claimsOf(id_token)).toMatchObject({ email: 'ada@example.com', email_verified: false })
    expect((await userinfo(access_token)).body).toMatchObject({ email: 'ada@example.com', email_verified: false })
  })

  test('names the model in a claim that promises nothing', async () => {
    const { id_token } = await server.tokens(client, agent)
    const names = Object.keys(claimsOf(id_token)).filter((name) => /model/.test(name))
    expect(names).toEqual(['model'])
  })

  test('for identity is none for access, and the reverse', async () => {
    const { id_token, refresh_token } = await server.tokens(client, agent)
    for (const token of [id_token, refresh_token]) expect((await userinfo(token)).status).toBe(401)
    expect(await isActive(id_token)).toBe(false)
  })

  test('of a website itself is not that of an agent', async () => {
    const machine = await server.client({ grant_types: ['client_credentials'], scope: 'orders:read' })
    const { body } = await server.post('/token', { grant_type: 'client_credentials', ...secretPost(machine) })
    const claims = claimsOf(body.access_token)
    expect(claims.sub).toBe(machine.client_id)
    for (const claim of ['model', 'act_for', 'acr', 'sid', 'auth_time']) expect(claims).not.toHaveProperty(claim)
    expect((await server.introspect(machine, body.access_token)).body).not.toHaveProperty('agent_id')
    for (const client_id of ['agent_x123', 'agent-x123', 'user_abc', 'sk-abc', 'org_1abc']) {
      const answer = await server.admin('POST', '/clients', {
        client_name: 'X',
        client_id,
        redirect_uris: ['https://x.example/'],
      })
      expect([client_id, answer.status]).toEqual([client_id, 422])
    }
  })

  test('is for the resources asked for, and for the website when none was', async () => {
    const aud = async (resource: string[]) =>
      claimsOf((await server.tokens(client, agent, { resource })).access_token).aud
    expect(await aud([])).toBe(client.client_id)
    expect(await aud(['https://api.example/v1'])).toBe('https://api.example/v1')
    expect(await aud(['urn:example:api', 'urn:example:api'])).toBe('urn:example:api')
    const listed = await server.client({ resources: ['https://api.example/'] })
    const { page } = await server.browser().open(listed.client_id, { resource: 'https://other.example/' })
    expect(page.headers.get('location')).toContain('error=invalid_target')
    expect(claimsOf((await server.tokens(listed, agent, { resource: 'https://api.example/' })).access_token).aud).toBe(
      'https://api.example/',
    )
  })

  test('ends after an hour, to the second', async () => {
    const { access_token } = await server.tokens(client, agent)
    server.wait(3599)
    expect((await userinfo(access_token)).status).toBe(200)
    expect(await isActive(access_token)).toBe(true)
    server.wait(1)
    expect((await userinfo(access_token)).status).toBe(401)
    expect(await isActive(access_token)).toBe(false)
  })

  test('bent anywhere is worth nothing', async () => {
    const { access_token } = await server.tokens(client, agent)
    const [header = '', payload = '', signature = ''] = access_token.split('.')
    const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const claims = claimsOf(access_token)
    const { kid } = headerOf(access_token)
    const bent = [
      `${header}.${encode({ ...claims, sub: 'agent_other' })}.${signature}`,
      `${encode({ alg: 'none', typ: 'at+jwt', kid })}.${payload}.`,
      `${encode({ alg: 'HS256', typ: 'at+jwt', kid })}.${payload}.${signature}`,
      `${encode({ alg: 'ES256', typ: 'at+jwt', kid: 'other' })}.${payload}.${signature}`,
      `${encode({ alg: 'ES256', typ: 'JWT', kid })}.${payload}.${signature}`,
      `${header}.${payload}`,
      `${header}.${payload}.`,
      `${header}.${payload}.${signature}.`,
      `${header}.${payload}.${signature}.x`,
      `${header}.${payload}.${Buffer.alloc(64).toString('base64url')}`,
      `${header}.${payload}.${signature.slice(0, -2)}`,
      access_token.slice(1),
    ]
    for (const token of bent) {
      expect((await userinfo(token)).status).toBe(401)
      expect(await isActive(token)).toBe(false)
    }
    expect((await userinfo(access_token)).status).toBe(200)
  })
})
