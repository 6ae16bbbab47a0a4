import { createHash, generateKeyPairSync, randomUUID } from 'node:crypto'
import { SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type AgentCredentials,
  type Answer,
  basic,
  CALLBACK,
  type Credentials,
  claimsOf,
  DATABASES,
  ISSUER,
  newPkce,
  type Params,
  secretPost,
  startServer,
  type TestServer,
} from './harness.ts'

const FORM = { 'content-type': 'application/x-www-form-urlencoded' }
const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
const { publicKey, privateKey } = generateKeyPairSync('ed25519')

describe.each(DATABASES)('the token endpoint on %s', (database) => {
  let server: TestServer
  let client: Credentials
  let agent: AgentCredentials
  beforeAll(async () => {
    server = await startServer(database)
    client = await server.client()
    agent = await server.agent()
  })
  afterAll(() => server.stop())

  const token = (params: Params, headers: Record<string, string> = {}) => server.post('/token', params, headers)
  const signIn = (params: Params = {}) => server.code(client, agent, params)
  const isActive = async (access: string) => (await server.introspect(client, access)).body.active
  /** What a code needs besides: the client by its secret in the body. */
  const exchangeOf = ({ code, verifier }: { code: string; verifier: string }): Params => ({
    grant_type: 'authorization_code',
    code,
    code_verifier: verifier,
    ...secretPost(client),
  })

  function expectRefused(answer: Answer, error: string, status = 400): void {
    expect(answer.body).toMatchObject({
      error,
      error_description: expect.stringMatching(/^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/),
    })
    expect(answer.status).toBe(status)
    expect(answer.headers.get('content-type')).toContain('application/json')
    expect(answer.headers.get('cache-control')).toBe('no-store')
  }

  describe('is spoken to', () => {
    test('by POST alone', async () => {
      for (const path of ['/token', '/oauth/token']) {
        const answer = await server.request(`${path}?grant_type=client_credentials`)
        expect(answer.status).toBe(405)
        expect(answer.headers.get('allow')).toBe('POST')
      }
    })

    test('in forms, and in flat JSON', async () => {
      const form = exchangeOf(await signIn())
      const json = exchangeOf(await signIn())
      expect((await token(form)).status).toBe(200)
      expect((await server.postJson('/oauth/token', json)).status).toBe(200)
    })

    test.each([
      ['multipart', { 'content-type': 'multipart/form-data; boundary=x' }, '--x--'],
      ['text', { 'content-type': 'text/plain' }, 'grant_type=client_credentials'],
      ['no type', {}, 'grant_type=client_credentials'],
      ['XML', { 'content-type': 'application/xml' }, '<grant_type/>'],
    ])('never in %s', async (_name, headers, body) => {
      const answer = await server.request('/token', {
        method: 'POST',
        headers: headers as Record<string, string>,
        body: Buffer.from(body),
      })
      expect([400, 415]).toContain(answer.status)
      expect(answer.body.error).toMatch(/^(invalid_request|unsupported_media_type)$/)
    })

    test('never in the URL', async () => {
      const { client_id, client_secret } = client
      const query = new URLSearchParams({ client_id, client_secret }).toString()
      const answer = await server.post(`/token?${query}`, { grant_type: 'authorization_code' })
      expectRefused(answer, 'invalid_request')
      const form = exchangeOf(await signIn())
      expectRefused(await server.post(`/token?code=${form.code}`, form), 'invalid_request')
    })

    test('with each parameter once, what is empty or unknown left out', async () => {
      const form = exchangeOf(await signIn())
      for (const name of ['grant_type', 'code', 'code_verifier', 'client_id', 'client_secret', 'foo'])
        expectRefused(await token({ ...form, [name]: [String(form[name] ?? ''), 'x'] }), 'invalid_request')
      expectRefused(await token({ ...form, code_verifier: '' }), 'invalid_request')
      expectRefused(await token({ ...form, grant_type: '' }), 'invalid_request')
      expect((await token({ ...form, scope: '', redirect_uri: '', resource: '', foo: 'bar' })).status).toBe(200)
    })

    test('with strings in JSON, each once', async () => {
      const json = exchangeOf(await signIn())
      expectRefused(await server.postJson('/token', { ...json, code: 7 }), 'invalid_request')
      expectRefused(await server.postJson('/token', { ...json, code: [json.code] }), 'invalid_request')
      expectRefused(await server.postJson('/token', { ...json, code: { a: 1 } }), 'invalid_request')
      expectRefused(await server.postJson('/token', [json]), 'invalid_request')
      const twice = `{"code":"x",${JSON.stringify(json).slice(1)}`
      const body = { method: 'POST', headers: { 'content-type': 'application/json' } }
      expectRefused(await server.request('/token', { ...body, body: twice }), 'invalid_request')
      const escaped = twice.replace('"code"', '"c\\u006fde"')
      expectRefused(await server.request('/token', { ...body, body: escaped }), 'invalid_request')
      expect((await server.postJson('/token', json)).status).toBe(200)
    })

    test.each([
      ['a broken escape', 'grant_type=%'],
      ['escaped bytes that are no UTF-8', 'grant_type=%ff%fe'],
      ['an escaped surrogate', 'grant_type=%ed%a0%80'],
      ['a NUL', 'grant_type=authorization_code&code=a%00b'],
    ])('and %s is refused', async (_name, body) => {
      expectRefused(await server.request('/token', { method: 'POST', headers: FORM, body }), 'invalid_request')
    })

    test('and bytes that are no UTF-8 are refused', async () => {
      const body = Buffer.from([0x67, 0x3d, 0xff, 0xfe])
      expectRefused(await server.request('/token', { method: 'POST', headers: FORM, body }), 'invalid_request')
    })

    test('from other origins too, without credentials', async () => {
      const origin = { origin: 'https://spa.example' }
      const answer = await token({ grant_type: 'nope' }, origin)
      expect(answer.headers.get('access-control-allow-origin')).toBe('*')
      expect(answer.headers.get('access-control-allow-credentials')).toBe(null)
      const preflight = await server.request('/token', {
        method: 'OPTIONS',
        headers: { ...origin, 'access-control-request-method': 'POST' },
      })
      expect(preflight.status).toBe(204)
      expect(preflight.headers.get('access-control-allow-origin')).toBe('*')
    })

    test('for grants that it has, by clients that may', async () => {
      expectRefused(await token({ grant_type: 'password', ...secretPost(client) }), 'unsupported_grant_type')
      expectRefused(await token({ grant_type: '__proto__', ...secretPost(client) }), 'unsupported_grant_type')
      expectRefused(await token({ grant_type: 'client_credentials', ...secretPost(client) }), 'unauthorized_client')
      const { agent_id: client_id, agent_secret: client_secret } = agent
      for (const grant_type of ['authorization_code', 'refresh_token'])
        expectRefused(await token({ grant_type, client_id, client_secret, code: 'x' }), 'unauthorized_client')
    })
  })

  describe('knows a client', () => {
    const failing = { grant_type: 'authorization_code', code: 'x', code_verifier: 'v'.repeat(43) }

    test('by its secret in the header, which is form-encoded', async () => {
      const shop = await server.client({ token_endpoint_auth_method: 'client_secret_basic' })
      expectRefused(await token(failing, basic(shop.client_id, shop.client_secret)), 'invalid_grant')
      const raw = Buffer.from(`${shop.client_id}:${shop.client_secret}`).toString('base64')
      expectRefused(await token(failing, { authorization: `basic ${raw}` }), 'invalid_grant')
      const escaped = [...`${shop.client_id}`].map((sign) => `%${sign.charCodeAt(0).toString(16)}`).join('')
      const header = Buffer.from(`${escaped}:${shop.client_secret}`).toString('base64')
      expectRefused(await token(failing, { authorization: `Basic ${header}` }), 'invalid_grant')
    })

    test.each([
      ['a wrong secret', () => basic(client.client_id, 'wrong')],
      ['a secret of signs', () => basic(client.client_id, 'a:b%c+d é')],
      ['an unknown client', () => basic('nobody', 'wrong')],
      ['no colon', () => ({ authorization: `Basic ${Buffer.from('nobody').toString('base64')}` })],
      ['no base64', () => ({ authorization: 'Basic !!!' })],
      ['a broken escape', () => ({ authorization: `Basic ${Buffer.from('no%zz:%').toString('base64')}` })],
      ['bytes', () => ({ authorization: `Basic ${Buffer.from([0xff, 0x3a, 0xfe]).toString('base64')}` })],
      ['a NUL', () => ({ authorization: `Basic ${Buffer.from('a%00b:c%00d').toString('base64')}` })],
    ])('in the header with %s not, and says how', async (_name, header) => {
      const answer = await token(failing, header())
      expectRefused(answer, 'invalid_client', 401)
      expect(answer.headers.get('www-authenticate')).toMatch(/^Basic /)
      server.wait(60)
    })

    test('by one way at a time, the one it registered', async () => {
      const basicShop = await server.client({ token_endpoint_auth_method: 'client_secret_basic' })
      const postShop = await server.client({ token_endpoint_auth_method: 'client_secret_post' })
      const both = { ...failing, ...secretPost(basicShop) }
      expectRefused(await token(both, basic(basicShop.client_id, basicShop.client_secret)), 'invalid_request')
      expectRefused(await token(both), 'invalid_client', 401)
      expectRefused(await token(failing, basic(postShop.client_id, postShop.client_secret)), 'invalid_client', 401)
      expectRefused(await token({ ...failing, ...secretPost(postShop) }), 'invalid_grant')
      const named = { ...failing, client_id: client.client_id }
      expectRefused(await token(named, basic(basicShop.client_id, basicShop.client_secret)), 'invalid_request')
      expectRefused(await token(named), 'invalid_client', 401)
      expectRefused(await token(failing), 'invalid_client', 401)
      const spa = await server.client({ token_endpoint_auth_method: 'none' })
      expect(spa.client_secret).toBe(undefined)
      expectRefused(await token({ ...failing, client_id: spa.client_id }), 'invalid_grant')
      expectRefused(await token({ ...failing, client_id: spa.client_id, client_secret: 'x' }), 'invalid_client', 401)
      server.wait(60)
    })

    test('that chose no way by either header or body', async () => {
      expectRefused(await token(failing, basic(client.client_id, client.client_secret)), 'invalid_grant')
      expectRefused(await token({ ...failing, ...secretPost(client) }), 'invalid_grant')
    })

    test('a public one cannot have a token for itself', async () => {
      const answer = await server.admin('POST', '/clients', {
        client_name: 'SPA',
        redirect_uris: [CALLBACK],
        token_endpoint_auth_method: 'none',
        grant_types: ['client_credentials'],
      })
      expect(answer.status).toBe(422)
    })

    test('by its key', async () => {
      const jwks = { keys: [publicKey.export({ format: 'jwk' })] }
      const shop = await server.client({ token_endpoint_auth_method: 'private_key_jwt', jwks })
      const now = Math.floor(server.deps.now() / 1000)
      const sign = (claims: Record<string, unknown> = {}) =>
        new SignJWT({
          iss: shop.client_id,
          sub: shop.client_id,
          aud: ISSUER,
          jti: randomUUID(),
          iat: now,
          exp: now + 60,
          ...claims,
        })
          .setProtectedHeader({ alg: 'EdDSA' })
          .sign(privateKey)
      const present = (client_assertion: string, extra: Params = {}) =>
        token({ ...failing, client_assertion_type: JWT_BEARER, client_assertion, ...extra })

      const once = await sign()
      expectRefused(await present(once), 'invalid_grant')
      expectRefused(await present(once), 'invalid_client', 401)
      expectRefused(await present(await sign(), { client_id: shop.client_id }), 'invalid_grant')
      expectRefused(await present(await sign(), { client_id: client.client_id }), 'invalid_client', 401)
      for (const claims of [
        { aud: `${ISSUER}/token` },
        { aud: [ISSUER] },
        { iss: 'other' },
        { exp: now + 301 },
        { exp: now - 31 },
        { jti: undefined },
        { jti: 'a\0b' },
        { iat: now + 31 },
      ])
        expectRefused(await present(await sign(claims)), 'invalid_client', 401)
      expectRefused(await present(await sign({ sub: '__proto__' })), 'invalid_client', 401)
      expectRefused(await present('nonsense'), 'invalid_client', 401)
      expectRefused(await present(await sign(), { client_assertion_type: 'x' }), 'invalid_request')
      expectRefused(await present(await sign(), { client_secret: 'x', client_id: shop.client_id }), 'invalid_request')

      const same = await sign()
      const answers = await Promise.all(Array.from({ length: 10 }, () => present(same)))
      expect(answers.filter(({ body }) => body.error === 'invalid_grant')).toHaveLength(1)
      server.wait(60)
    })

    test('by either of two secrets while one takes over from the other', async () => {
      const shop = await server.client()
      const renewed = await server.admin('POST', `/clients/${shop.client_id}/rotate`, { overlap: 3600 })
      const { client_secret } = renewed.body
      expectRefused(await token({ ...failing, ...secretPost(shop) }), 'invalid_grant')
      expectRefused(await token({ ...failing, ...secretPost({ ...shop, client_secret }) }), 'invalid_grant')
      server.wait(3600)
      expectRefused(await token({ ...failing, ...secretPost(shop) }), 'invalid_client', 401)
      const last = await server.admin('POST', `/clients/${shop.client_id}/rotate`)
      expectRefused(await token({ ...failing, ...secretPost({ ...shop, client_secret }) }), 'invalid_client', 401)
      expectRefused(await token({ ...failing, ...secretPost(last.body) }), 'invalid_grant')
    })

    test('and stops who guesses, never who knows', async () => {
      const shop = await server.client()
      const guess = () => token({ ...failing, client_id: shop.client_id, client_secret: 'guess' })
      for (let time = 0; time < 10; time++) expectRefused(await guess(), 'invalid_client', 401)
      const stopped = await guess()
      expectRefused(stopped, 'rate_limit_exceeded', 429)
      expect(Number(stopped.headers.get('retry-after'))).toBeGreaterThan(0)
      expectRefused(await token({ ...failing, ...secretPost(shop) }), 'invalid_grant')
      server.wait(60)
    })
  })

  describe('for a code', () => {
    test('answers with everything that was asked for', async () => {
      const { status, headers, body } = await token(exchangeOf(await signIn({ scope: 'openid email' })))
      expect(status).toBe(200)
      expect(headers.get('cache-control')).toBe('no-store')
      expect(headers.get('pragma')).toBe('no-cache')
      expect(body).toEqual({
        access_token: expect.any(String),
        token_type: 'Bearer',
        expires_in: 3600,
        scope: 'openid email',
        refresh_token: expect.stringMatching(/^rt_[A-Za-z0-9_-]{43,}$/),
        id_token: expect.any(String),
      })
    })

    test('without openid there is no ID token, and without the grant no refresh token', async () => {
      expect((await token(exchangeOf(await signIn({ scope: 'email' })))).body).not.toHaveProperty('id_token')
      const brief = await server.client({ grant_types: ['authorization_code'] })
      const { body } = await server.exchange(brief, await server.code(brief, agent))
      expect(body).not.toHaveProperty('refresh_token')
      expect(body.scope).toContain('offline_access')
    })

    test('of two at once one wins, and as it was used twice, nothing it bought lives on', async () => {
      const form = exchangeOf(await signIn())
      const answers = await Promise.all(Array.from({ length: 20 }, () => token(form)))
      const won = answers.filter(({ status }) => status === 200)
      expect(won).toHaveLength(1)
      for (const answer of answers) if (answer !== won[0]) expectRefused(answer, 'invalid_grant')
      expect(await isActive(won[0]?.body.access_token)).toBe(false)
      expectRefused(await server.refresh(client, won[0]?.body.refresh_token), 'invalid_grant')
    })

    test('that comes again rightly ends what it bought, and wrongly ends nothing', async () => {
      const form = exchangeOf(await signIn())
      const { body } = await token(form)
      const other = await server.client()
      expectRefused(await token({ ...form, code_verifier: newPkce().verifier }), 'invalid_grant')
      expectRefused(await token({ ...form, ...secretPost(other) }), 'invalid_grant')
      expectRefused(await token({ ...form, redirect_uri: 'https://evil.example/' }), 'invalid_grant')
      expect(await isActive(body.access_token)).toBe(true)
      expectRefused(await token(form), 'invalid_grant')
      expect(await isActive(body.access_token)).toBe(false)
      expectRefused(await server.refresh(client, body.refresh_token), 'invalid_grant')
      const userinfo = await server.request('/userinfo', { headers: { authorization: `Bearer ${body.access_token}` } })
      expect(userinfo.status).toBe(401)
      const events = await server.admin('GET', `/audit-log?action=grant.revoked&client_id=${client.client_id}`)
      expect(events.body.data[0].detail).toEqual({ reason: 'code_replayed' })
    })

    test('used again a day later ends what it bought, too', async () => {
      const form = exchangeOf(await signIn())
      const { body } = await token(form)
      server.wait(86_400)
      expectRefused(await token(form), 'invalid_grant')
      expectRefused(await server.refresh(client, body.refresh_token), 'invalid_grant')
    })

    test.each([
      ['another verifier', { code_verifier: newPkce().verifier }, 'invalid_grant'],
      ['the challenge for a verifier', 'challenge', 'invalid_grant'],
      ['no verifier', { code_verifier: [] }, 'invalid_request'],
      ['a verifier of 42 characters', { code_verifier: 'v'.repeat(42) }, 'invalid_request'],
      ['a verifier of 129 characters', { code_verifier: 'v'.repeat(129) }, 'invalid_request'],
      ['a verifier with a sign that is none', { code_verifier: `${'v'.repeat(42)}!` }, 'invalid_request'],
      ['another redirect_uri', { redirect_uri: `${CALLBACK}/` }, 'invalid_grant'],
      ['a code that is none', { code: `code_${'x'.repeat(43)}` }, 'invalid_grant'],
      ['no code', { code: [] }, 'invalid_request'],
      ['a resource that was not asked for', { resource: 'https://api.example/' }, 'invalid_target'],
    ] as [string, Params | 'challenge', string][])(
      'with %s is refused, and the code stays good',
      async (_name, wrong, error) => {
        const signedIn = await signIn()
        const form = exchangeOf(signedIn)
        const challenge = createHash('sha256').update(signedIn.verifier).digest('base64url')
        const bent = wrong === 'challenge' ? { code_verifier: challenge } : wrong
        for (let time = 0; time < 6; time++) expectRefused(await token({ ...form, ...bent }), error)
        expect((await token({ ...form, redirect_uri: CALLBACK })).status).toBe(200)
      },
    )

    test('of another client is refused, and stays good for its own', async () => {
      const form = exchangeOf(await signIn())
      const other = await server.client()
      expectRefused(await token({ ...form, ...secretPost(other) }), 'invalid_grant')
      const spa = await server.client({ token_endpoint_auth_method: 'none' })
      const publicly = { ...form, client_id: spa.client_id, client_secret: [] }
      expectRefused(await token(publicly), 'invalid_grant')
      expect((await token(form)).status).toBe(200)
    })

    test('is a minute old at most; the browser can get another, and then the first is worth nothing', async () => {
      const signedIn = await signIn()
      server.wait(59)
      const again = await signedIn.window.get(`/api/check-status?request_id=${signedIn.requestId}`)
      expect(again.body.code).toBe(signedIn.code)
      server.wait(1)
      expectRefused(await token(exchangeOf(signedIn)), 'invalid_grant')

      const { code } = (await signedIn.window.get(`/api/check-status?request_id=${signedIn.requestId}`)).body
      expect(code).not.toBe(signedIn.code)
      expectRefused(await token(exchangeOf(signedIn)), 'invalid_grant')
      expect((await token(exchangeOf({ ...signedIn, code }))).status).toBe(200)
    })

    test('59 seconds old is good', async () => {
      const signedIn = await signIn()
      server.wait(59)
      expect((await token(exchangeOf(signedIn))).status).toBe(200)
    })

    test('of an agent that was disabled, or a client that is gone, is worth nothing', async () => {
      const fired = await server.agent()
      const signedIn = await server.code(client, fired)
      await server.admin('POST', `/agents/${fired.agent_id}/disable`)
      expectRefused(await token(exchangeOf(signedIn)), 'invalid_grant')
      await server.admin('POST', `/agents/${fired.agent_id}/enable`)
      expectRefused(await token(exchangeOf(signedIn)), 'invalid_grant')

      const shop = await server.client()
      const atShop = await server.code(shop, agent)
      await server.admin('DELETE', `/clients/${shop.client_id}`)
      expectRefused(await server.exchange(shop, atShop), 'invalid_client', 401)
    })

    test('bought for some resources may be used for fewer', async () => {
      const resource = ['https://a.example/', 'https://b.example/api']
      const both = await token(exchangeOf(await signIn({ resource })))
      expect(claimsOf(both.body.access_token).aud).toEqual(resource)
      const one = await token({ ...exchangeOf(await signIn({ resource })), resource: 'https://b.example/api' })
      expect(claimsOf(one.body.access_token).aud).toBe('https://b.example/api')
      const wider = { ...exchangeOf(await signIn({ resource })), resource: [...resource, 'https://c.example/'] }
      expectRefused(await token(wider), 'invalid_target')
    })
  })

  describe('for a caller itself', () => {
    test('a website gets a token that is no sign-in', async () => {
      const machine = await server.client({ grant_types: ['client_credentials'], scope: 'openid email orders:read' })
      const { body } = await token({ grant_type: 'client_credentials', ...secretPost(machine) })
      expect(body).toEqual({
        access_token: expect.any(String),
        token_type: 'Bearer',
        expires_in: 3600,
        scope: 'orders:read',
      })
      const claims = claimsOf(body.access_token)
      expect(claims).toMatchObject({ sub: machine.client_id, client_id: machine.client_id, aud: machine.client_id })
      expect(Object.keys(claims).sort()).toEqual(['aud', 'client_id', 'exp', 'iat', 'iss', 'jti', 'scope', 'sub'])
      for (const scope of ['openid', 'orders:write', 'orders:read orders:write', 'api:"'])
        expectRefused(await token({ grant_type: 'client_credentials', ...secretPost(machine), scope }), 'invalid_scope')
      for (const resource of [
        ISSUER,
        `${ISSUER}/`,
        'http://LOCALHOST:4000',
        'http:localhost:4000',
        '/x',
        'https://a.example/#',
      ])
        expectRefused(
          await token({ grant_type: 'client_credentials', ...secretPost(machine), resource }),
          'invalid_target',
        )
    })

    test('an agent gets one for our own API, by header or body', async () => {
      const own = { grant_type: 'client_credentials' }
      const posted = await token({ ...own, client_id: agent.agent_id, client_secret: agent.agent_secret, model: 'm-1' })
      const byHeader = await token(own, basic(agent.agent_id, agent.agent_secret))
      expect(byHeader.status).toBe(200)
      expect(posted.body).not.toHaveProperty('refresh_token')
      expect(claimsOf(posted.body.access_token)).toMatchObject({
        sub: agent.agent_id,
        client_id: agent.agent_id,
        aud: ISSUER,
        model: 'm-1',
        act_for: { sub: expect.stringMatching(/^user_/) },
      })
    })

    test('an agent that must do better than a secret gets one by its key alone', async () => {
      const strict = await server.agent({ min_level: 2, jwk: publicKey.export({ format: 'jwk' }) })
      const own = { grant_type: 'client_credentials', client_id: strict.agent_id }
      expectRefused(await token({ ...own, client_secret: strict.agent_secret }), 'unauthorized_client')
      const now = Math.floor(server.deps.now() / 1000)
      const present = async (typ?: string) => {
        const client_assertion = await new SignJWT({ jti: randomUUID(), iat: now, exp: now + 60 })
          .setIssuer(strict.agent_id)
          .setSubject(strict.agent_id)
          .setAudience(ISSUER)
          .setProtectedHeader({ alg: 'EdDSA', ...(typ && { typ }) })
          .sign(privateKey)
        return token({ ...own, client_assertion_type: JWT_BEARER, client_assertion })
      }
      for (const typ of [undefined, 'JWT', 'client-authentication+jwt'])
        expect((await present(typ)).body).toMatchObject({ token_type: 'Bearer' })
      for (const typ of ['agent-assertion+jwt', 'application/agent-assertion+jwt', 'at+jwt', 'dpop+jwt'])
        expectRefused(await present(typ), 'invalid_client', 401)
    })

    test('an agent never gets more than its owner allows, or with a wrong secret, or none', async () => {
      const own = { grant_type: 'client_credentials', client_id: agent.agent_id }
      expectRefused(await token({ ...own, client_secret: agent.agent_secret, scope: 'openid' }), 'invalid_scope')
      expectRefused(await token({ ...own, client_secret: 'wrong' }), 'invalid_client', 401)
      expectRefused(await token(own), 'invalid_client', 401)
      expectRefused(
        await token({ ...own, client_id: `agent_${'0'.repeat(26)}`, client_secret: 'x' }),
        'invalid_client',
        401,
      )
      const fired = await server.agent()
      await server.admin('POST', `/agents/${fired.agent_id}/disable`)
      const answer = await token({ ...own, client_id: fired.agent_id, client_secret: fired.agent_secret })
      expectRefused(answer, 'invalid_client', 401)
    })
  })
})
