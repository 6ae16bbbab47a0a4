import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { maintain } from '../src/maintenance.ts'
import {
  type AgentCredentials,
  type Answer,
  type Credentials,
  claimsOf,
  DATABASES,
  secretPost,
  startServer,
  type TestServer,
} from './harness.ts'

const DAY = 86_400

describe.each(DATABASES)('a refresh on %s', (database) => {
  let server: TestServer
  let client: Credentials
  let agent: AgentCredentials
  beforeAll(async () => {
    server = await startServer(database)
    client = await server.client()
    agent = await server.agent()
  })
  afterAll(() => server.stop())

  const signIn = () => server.tokens(client, agent)
  const refresh = (refreshToken: string, extra = {}) => server.refresh(client, refreshToken, extra)
  const isActive = async (token: string) => (await server.introspect(client, token)).body.active

  function expectEnded(answer: Answer): void {
    expect(answer.body).toMatchObject({ error: 'invalid_grant', error_description: expect.any(String) })
    expect(answer.status).toBe(400)
    expect(answer.headers.get('cache-control')).toBe('no-store')
  }

  test('gives a new refresh token each time, and keeps who signed in, when and how', async () => {
    const first = await server.tokens(client, agent, { nonce: 'n-1', acr_values: 'aa1' })
    server.wait(1000)
    const { status, body } = await refresh(first.refresh_token)
    expect(status).toBe(200)
    expect(Object.keys(body).sort()).toEqual(Object.keys(first).sort())
    expect(body.refresh_token).not.toBe(first.refresh_token)
    const [before, after] = [claimsOf(first.access_token), claimsOf(body.access_token)]
    for (const claim of ['sub', 'aud', 'client_id', 'scope', 'model', 'acr', 'auth_time', 'sid', 'act_for'])
      expect([claim, after[claim]]).toEqual([claim, before[claim]])
    expect(after.jti).not.toBe(before.jti)
    expect(after.iat).toBe(before.iat + 1000)
    const [idBefore, idAfter] = [claimsOf(first.id_token), claimsOf(body.id_token)]
    expect(idAfter).toMatchObject({ sub: idBefore.sub, aud: idBefore.aud, auth_time: idBefore.auth_time })
    expect(await isActive(first.refresh_token)).toBe(false)
    expect(await isActive(body.refresh_token)).toBe(true)
  })

  test('works for a public client', async () => {
    const spa = await server.client({ token_endpoint_auth_method: 'none' })
    const code = await server.code(spa, agent)
    const params = { grant_type: 'authorization_code', code: code.code, code_verifier: code.verifier }
    const { body } = await server.post('/token', { ...params, client_id: spa.client_id })
    const again = { grant_type: 'refresh_token', refresh_token: body.refresh_token, client_id: spa.client_id }
    expect((await server.post('/token', again)).body.refresh_token).toMatch(/^rt_/)
  })

  test('whose answer was lost can be asked again for thirty seconds, and is the same to the byte', async () => {
    const { refresh_token } = await signIn()
    const first = await refresh(refresh_token)
    for (const seconds of [0, 1, 28]) {
      server.wait(seconds)
      expect((await refresh(refresh_token)).text).toBe(first.text)
    }
    const next = await refresh(first.body.refresh_token)
    expect(next.status).toBe(200)
    expect(await isActive(next.body.access_token)).toBe(true)
  })

  test('asked again after thirty seconds ends the whole sign-in', async () => {
    const first = await signIn()
    const second = await refresh(first.refresh_token)
    server.wait(31)
    expectEnded(await refresh(first.refresh_token))
    expectEnded(await refresh(second.body.refresh_token))
    for (const token of [first.access_token, second.body.access_token, second.body.refresh_token])
      expect(await isActive(token)).toBe(false)
    const events = await server.admin('GET', `/audit-log?action=grant.revoked&client_id=${client.client_id}`)
    expect(events.body.data[0].detail).toEqual({ reason: 'refresh_token_reused' })
  })

  test('asked again once its new token was used ends the whole sign-in', async () => {
    const first = await signIn()
    const second = await refresh(first.refresh_token)
    const third = await refresh(second.body.refresh_token)
    expectEnded(await refresh(first.refresh_token))
    for (const token of [first.access_token, second.body.access_token, third.body.access_token])
      expect(await isActive(token)).toBe(false)
    expectEnded(await refresh(third.body.refresh_token))
  })

  test('asked again with another question ends it too', async () => {
    const { refresh_token } = await signIn()
    const first = await refresh(refresh_token)
    expectEnded(await refresh(refresh_token, { scope: 'openid' }))
    expectEnded(await refresh(first.body.refresh_token))
  })

  test('by another client is nothing, within the thirty seconds or not, and ends nothing', async () => {
    const { refresh_token } = await signIn()
    const other = await server.client()
    expectEnded(await server.refresh(other, refresh_token))
    const { body } = await refresh(refresh_token)
    expectEnded(await server.refresh(other, refresh_token))
    server.wait(31)
    expectEnded(await server.refresh(other, refresh_token))
    expect(await isActive(body.access_token)).toBe(true)
    const impostor = { ...client, client_secret: 'wrong' }
    expect((await server.refresh(impostor, body.refresh_token)).status).toBe(401)
    expect((await refresh(body.refresh_token)).status).toBe(200)
  })

  test('twenty at once get one answer, and one token goes on', async () => {
    const { refresh_token } = await signIn()
    const answers = await Promise.all(Array.from({ length: 20 }, () => refresh(refresh_token)))
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1)
    expect(answers[0]?.status).toBe(200)
    const next = await refresh(answers[0]?.body.refresh_token)
    expect(next.status).toBe(200)
    expect(await isActive(next.body.access_token)).toBe(true)
    const events = await server.admin('GET', `/audit-log?action=token.refreshed&client_id=${client.client_id}`)
    const { sid } = claimsOf(next.body.access_token)
    expect(events.body.data.filter(({ target }: { target: string }) => target === sid)).toHaveLength(2)
  })

  test('and a revocation at once leave nothing alive', async () => {
    for (let round = 0; round < 5; round++) {
      const { refresh_token } = await signIn()
      const revoked = server.post('/revoke', { token: refresh_token, ...secretPost(client) })
      const answers = await Promise.all([refresh(refresh_token), revoked, refresh(refresh_token)])
      for (const { body } of answers) {
        if (!body?.access_token) continue
        expect(await isActive(body.access_token)).toBe(false)
        expectEnded(await refresh(body.refresh_token))
      }
    }
  })

  test('may ask for less, never for more, and the next may ask for all again', async () => {
    const { refresh_token } = await server.tokens(client, agent, { scope: 'openid profile email' })
    expect((await refresh(refresh_token, { scope: 'openid offline_access' })).body.error).toBe('invalid_scope')
    expect((await refresh(refresh_token, { scope: 'admin' })).body.error).toBe('invalid_scope')
    const less = await refresh(refresh_token, { scope: 'email' })
    expect(less.body.scope).toBe('email')
    expect(less.body).not.toHaveProperty('id_token')
    expect(claimsOf(less.body.access_token)).toMatchObject({ scope: 'email', act_for: { email: 'ada@example.com' } })
    expect(claimsOf(less.body.access_token).act_for).not.toHaveProperty('name')
    const all = await refresh(less.body.refresh_token)
    expect(all.body.scope).toBe('openid profile email')
  })

  test('may ask for some of its resources, never for others', async () => {
    const resource = ['https://a.example/', 'https://b.example/']
    const { refresh_token } = await server.tokens(client, agent, { resource })
    expect((await refresh(refresh_token, { resource: 'https://c.example/' })).body.error).toBe('invalid_target')
    const one = await refresh(refresh_token, { resource: 'https://b.example/' })
    expect(claimsOf(one.body.access_token).aud).toBe('https://b.example/')
    expect(claimsOf((await refresh(one.body.refresh_token)).body.access_token).aud).toEqual(resource)
  })

  test('keeps a sign-in alive that is used every month, for a year', async () => {
    let { refresh_token } = await signIn()
    for (let month = 0; month < 12; month++) {
      server.wait(30 * DAY - 1)
      const { status, body } = await refresh(refresh_token)
      expect([month, status]).toEqual([month, 200])
      refresh_token = body.refresh_token
    }
    server.wait(6 * DAY)
    expectEnded(await refresh(refresh_token))
    expect(await isActive(refresh_token)).toBe(false)
  })

  test('with a token that was used up long ago ends what came of it', async () => {
    const first = await signIn()
    server.wait(29 * DAY)
    const second = await refresh(first.refresh_token)
    server.wait(2 * DAY)
    await maintain(server.deps)
    expectEnded(await refresh(first.refresh_token))
    expectEnded(await refresh(second.body.refresh_token))
  })

  test('after thirty idle days is over', async () => {
    const { refresh_token } = await signIn()
    server.wait(30 * DAY)
    expectEnded(await refresh(refresh_token))
  })

  test.each([
    [
      'its agent was disabled',
      (_: Credentials, { agent_id }: AgentCredentials) => ['POST', `/agents/${agent_id}/disable`],
    ],
    ['its agent was deleted', (_: Credentials, { agent_id }: AgentCredentials) => ['DELETE', `/agents/${agent_id}`]],
    [
      'its owner ended all sign-ins',
      (_: Credentials, { agent_id }: AgentCredentials) => ['POST', `/agents/${agent_id}/revoke-all`],
    ],
  ])('when %s is over, inside the thirty seconds too', async (_name, act) => {
    const mortal = await server.agent()
    const first = await server.tokens(client, mortal)
    const second = await refresh(first.refresh_token)
    const [method = '', path = ''] = act(client, mortal)
    expect((await server.admin(method, path)).status).toBeLessThan(300)
    expectEnded(await refresh(first.refresh_token))
    expectEnded(await refresh(second.body.refresh_token))
    expect(await isActive(second.body.access_token)).toBe(false)
  })

  test('is over when its website is deleted', async () => {
    const shop = await server.client()
    const { refresh_token, access_token } = await server.tokens(shop, agent)
    await server.admin('DELETE', `/clients/${shop.client_id}`)
    expect((await server.refresh(shop, refresh_token)).status).toBe(401)
    const userinfo = await server.request('/userinfo', { headers: { authorization: `Bearer ${access_token}` } })
    expect(userinfo.status).toBe(401)
  })

  test.each(['', 'rt_', `rt_${'x'.repeat(43)}`, 'x'.repeat(10_000), 'rt_\u{1f642}', '__proto__'])(
    'with %s for a token is refused',
    async (token) => {
      const { status, body } = await refresh(token)
      expect(status).toBe(400)
      expect(body.error).toBe(token === '' ? 'invalid_request' : 'invalid_grant')
    },
  )

  test('keeps no answer longer than it may be asked again', async () => {
    const { refresh_token } = await signIn()
    await refresh(refresh_token)
    const kept = () =>
      server.deps.db.read.selectFrom('refresh_token').select('replay_sealed').where('replay_sealed', 'is not', null)
    expect(await kept().execute()).not.toEqual([])
    server.wait(31)
    await maintain(server.deps)
    expect(await kept().execute()).toEqual([])
  })
})
