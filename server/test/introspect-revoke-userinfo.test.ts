import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type AgentCredentials,
  basic,
  type Credentials,
  claimsOf,
  ISSUER,
  secretPost,
  startServer,
  type TestServer,
} from './harness.ts'

let server: TestServer
let client: Credentials
let other: Credentials
let agent: AgentCredentials
beforeAll(async () => {
  server = await startServer()
  client = await server.client()
  other = await server.client()
  agent = await server.agent()
})
afterAll(() => server.stop())

const INACTIVE = { active: false }
const revoke = (by: Credentials, token: string, extra = {}) =>
  server.post('/revoke', { token, ...secretPost(by), ...extra })
const isActive = async (token: string) => (await server.introspect(client, token)).body.active
const userinfo = (headers: Record<string, string>, init: RequestInit = {}) =>
  server.request('/userinfo', { headers, ...init })
const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

describe('introspection', () => {
  test('tells a client of its own tokens', async () => {
    const { access_token, refresh_token } = await server.tokens(client, agent)
    const access = await server.introspect(client, access_token)
    expect(access.headers.get('cache-control')).toBe('no-store')
    expect(access.body).toEqual({
      active: true,
      token_type: 'Bearer',
      agent_id: agent.agent_id,
      ...claimsOf(access_token),
    })
    expect((await server.introspect(client, refresh_token)).body).toMatchObject({
      active: true,
      sub: agent.agent_id,
      client_id: client.client_id,
      scope: 'openid profile email offline_access',
      iss: ISSUER,
    })
  })

  test.each([undefined, 'access_token', 'refresh_token', 'nonsense'])('with hint %s is the same', async (hint) => {
    const { access_token, refresh_token } = await server.tokens(client, agent)
    for (const token of [access_token, refresh_token]) {
      const params = { token, ...secretPost(client), ...(hint && { token_type_hint: hint }) }
      expect((await server.post('/introspect', params)).body.active).toBe(true)
    }
  })

  test('tells nothing of tokens of others, or that are none', async () => {
    const { access_token, refresh_token, id_token } = await server.tokens(client, agent)
    for (const token of [
      access_token,
      refresh_token,
      id_token,
      'rt_nothing',
      'x',
      'eyJ.eyJ.x',
      '\u{1f642}',
      agent.agent_secret,
    ])
      expect((await server.introspect(other, token)).body).toEqual(INACTIVE)
    server.wait(3600)
    expect((await server.introspect(client, access_token)).body).toEqual(INACTIVE)
  })

  test('tells a resource server of the tokens of its organization', async () => {
    const api = await server.client({ resource_server: true, grant_types: ['client_credentials'] })
    const { access_token } = await server.tokens(client, agent)
    expect((await server.introspect(api, access_token)).body).toMatchObject({
      active: true,
      client_id: client.client_id,
    })
  })

  test('wants a client that proves itself, in the body, by POST', async () => {
    const { access_token: token } = await server.tokens(client, agent)
    const spa = await server.client({ token_endpoint_auth_method: 'none' })
    expect((await server.post('/introspect', { token })).status).toBe(401)
    expect((await server.post('/introspect', { token, client_id: client.client_id })).status).toBe(401)
    expect((await server.post('/introspect', { token, client_id: spa.client_id })).status).toBe(401)
    expect((await server.post('/introspect', { token }, bearer(token))).status).toBe(401)
    expect((await server.post('/introspect', { ...secretPost(client) })).status).toBe(400)
    expect((await server.post(`/introspect?token=${token}`, { ...secretPost(client) })).status).toBe(400)
    expect((await server.request('/introspect')).status).toBe(405)
    const shop = await server.client({ token_endpoint_auth_method: 'client_secret_basic' })
    const answer = await server.post('/introspect', { token }, basic(shop.client_id, shop.client_secret))
    expect(answer.body).toEqual(INACTIVE)
    expect(answer.headers.get('access-control-allow-origin')).toBe(null)
  })
})

describe('revocation', () => {
  test('of a refresh token ends the sign-in, at once', async () => {
    const first = await server.tokens(client, agent)
    const { body: second } = await server.refresh(client, first.refresh_token)
    const answer = await revoke(client, second.refresh_token)
    expect(answer.status).toBe(200)
    for (const token of [first.access_token, second.access_token, second.refresh_token])
      expect((await server.introspect(client, token)).body).toEqual(INACTIVE)
    expect((await userinfo(bearer(second.access_token))).status).toBe(401)
    expect((await server.refresh(client, second.refresh_token)).body.error).toBe('invalid_grant')
    expect((await revoke(client, second.refresh_token)).status).toBe(200)
  })

  test('of a refresh token that was used already ends the sign-in too', async () => {
    const first = await server.tokens(client, agent)
    const { body: second } = await server.refresh(client, first.refresh_token)
    await revoke(client, first.refresh_token)
    expect(await isActive(second.access_token)).toBe(false)
  })

  test('of an access token ends that one', async () => {
    const { access_token, refresh_token } = await server.tokens(client, agent)
    await revoke(client, access_token, { token_type_hint: 'refresh_token' })
    expect(await isActive(access_token)).toBe(false)
    const { body } = await server.refresh(client, refresh_token)
    expect(await isActive(body.access_token)).toBe(true)
    await revoke(client, body.access_token, { token_type_hint: 'nonsense' })
    expect(await isActive(body.access_token)).toBe(false)
  })

  test('is not for tokens of others, and does not say so', async () => {
    const { access_token, refresh_token } = await server.tokens(client, agent)
    for (const token of [access_token, refresh_token, 'rt_nothing', 'nothing'])
      expect((await revoke(other, token)).status).toBe(200)
    const resourceServer = await server.client({ resource_server: true })
    await revoke(resourceServer, refresh_token)
    expect(await isActive(access_token)).toBe(true)
    expect((await server.refresh(client, refresh_token)).status).toBe(200)
  })

  test('wants a client that proves itself, if it can', async () => {
    const { refresh_token: token } = await server.tokens(client, agent)
    expect((await server.post('/revoke', { token })).status).toBe(401)
    expect((await server.post('/revoke', { token, client_id: client.client_id })).status).toBe(401)
    expect((await server.post('/revoke', secretPost(client))).status).toBe(400)
    expect((await server.request('/revoke')).status).toBe(405)
    expect(await isActive(token)).toBe(true)
    const spa = await server.client({ token_endpoint_auth_method: 'none' })
    const code = await server.code(spa, agent)
    const { body } = await server.post('/token', {
      grant_type: 'authorization_code',
      code: code.code,
      code_verifier: code.verifier,
      client_id: spa.client_id,
    })
    const answer = await server.post('/revoke', { token: body.refresh_token, client_id: spa.client_id })
    expect(answer.status).toBe(200)
    expect((await userinfo(bearer(body.access_token))).status).toBe(401)
  })

  test('by an agent is for what it got itself', async () => {
    const credentials = { client_id: agent.agent_id, client_secret: agent.agent_secret }
    const { body } = await server.post('/token', { grant_type: 'client_credentials', ...credentials })
    const signIn = await server.tokens(client, agent)
    await revoke(credentials, signIn.refresh_token)
    expect(await isActive(signIn.access_token)).toBe(true)
    expect((await server.introspect(credentials, body.access_token)).body.active).toBe(true)
    await revoke(credentials, body.access_token)
    expect((await server.introspect(credentials, body.access_token)).body).toEqual(INACTIVE)
  })
})

describe('userinfo', () => {
  test('tells by GET and POST who has signed in', async () => {
    const { access_token, id_token } = await server.tokens(client, agent)
    for (const method of ['GET', 'POST']) {
      const { status, body, headers } = await userinfo(bearer(access_token), { method })
      expect(status).toBe(200)
      expect(headers.get('cache-control')).toBe('no-store')
      expect(body).toMatchObject({ sub: claimsOf(id_token).sub, email: 'ada@example.com', model: 'gpt-5' })
    }
    const small = await server.tokens(client, agent, { scope: 'openid' })
    expect((await userinfo(bearer(small.access_token))).body).not.toHaveProperty('email')
  })

  test('asks who brings nothing for a token, and says what is wrong with one', async () => {
    const nothing = await userinfo({})
    expect([nothing.status, nothing.headers.get('www-authenticate')]).toEqual([401, 'Bearer'])
    for (const authorization of [
      'Bearer x',
      'Bearer',
      'Bearer ',
      'Basic eDp5',
      'Bearer a b',
      `Bearer ${client.client_secret}`,
    ]) {
      const { status, headers, body } = await userinfo({ authorization })
      expect(status).toBe(401)
      expect(headers.get('www-authenticate')).toContain('error="invalid_token"')
      expect(body.error).toBe('invalid_token')
    }
  })

  test('without openid is 403', async () => {
    const { access_token } = await server.tokens(client, agent, { scope: 'email' })
    const { status, headers, body } = await userinfo(bearer(access_token))
    expect([status, body.error]).toEqual([403, 'insufficient_scope'])
    expect(headers.get('www-authenticate')).toContain('error="insufficient_scope"')
  })

  test('takes no token from the URL or the body', async () => {
    const { access_token } = await server.tokens(client, agent)
    expect((await server.request(`/userinfo?access_token=${access_token}`)).status).toBeGreaterThanOrEqual(400)
    expect((await server.post('/userinfo', { access_token })).status).toBe(401)
  })

  test('says the same to a browser page', async () => {
    const { status, headers } = await userinfo({ accept: 'text/html' })
    expect([status, headers.get('www-authenticate')]).toEqual([401, 'Bearer'])
  })

  test('ends with the agent, its sign-in and its website', async () => {
    const shop = await server.client()
    const mortal = await server.agent()
    const tokens = await Promise.all([1, 2, 3].map(() => server.tokens(shop, mortal)))
    await revoke(shop, tokens[0]?.refresh_token ?? '')
    expect((await userinfo(bearer(tokens[0]?.access_token ?? ''))).status).toBe(401)
    expect((await userinfo(bearer(tokens[1]?.access_token ?? ''))).status).toBe(200)
    await server.admin('DELETE', `/agents/${mortal.agent_id}`)
    expect((await userinfo(bearer(tokens[1]?.access_token ?? ''))).status).toBe(401)
  })
})
