import { generateKeyPairSync, randomUUID } from 'node:crypto'
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
  startServer,
  type TestServer,
} from './harness.ts'

const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const JWK = { ...publicKey.export({ format: 'jwk' }), alg: 'ES256', use: 'sig' }
const ORIGIN = new URL(CALLBACK).origin

describe.each(DATABASES)('an agent at the waiting page, on %s', (database) => {
  let server: TestServer
  let client: Credentials
  let agent: AgentCredentials
  beforeAll(async () => {
    server = await startServer(database)
    client = await server.client()
    agent = await server.agent({ jwk: JWK })
  })
  afterAll(() => server.stop())

  const now = () => Math.floor(server.deps.now() / 1000)
  const open = async (params = {}) => {
    const window = server.browser()
    const { requestId, pkce } = await window.open(client.client_id, params)
    return { window, requestId, pkce, status: async () => (await status(requestId)).body }
  }
  const status = (requestId: string) => server.request(`/api/check-status?request_id=${requestId}`)

  /** What a right assertion says, and how a test bends it. */
  function assertion(requestId: string, claims: Record<string, unknown> = {}, header: object = {}, key = privateKey) {
    const right = {
      iss: agent.agent_id,
      sub: agent.agent_id,
      aud: ISSUER,
      request_id: requestId,
      client_id: client.client_id,
      origin: ORIGIN,
      jti: randomUUID(),
      iat: now(),
      exp: now() + 60,
    }
    return new SignJWT({ ...right, ...claims })
      .setProtectedHeader({ alg: 'ES256', typ: 'agent-assertion+jwt', ...header })
      .sign(key, { crit: { 'https://example.com/crit': true } })
  }
  const assert = (requestId: string, agent_assertion: string, headers: Record<string, string> = {}) =>
    server.postJson(
      '/api/agent/authenticate',
      { request_id: requestId, agent_id: agent.agent_id, agent_assertion, model: 'gpt-5' },
      headers,
    )
  async function acrOf(window: Awaited<ReturnType<typeof open>>['window'], requestId: string, verifier: string) {
    const { body } = await window.get(`/api/check-status?request_id=${requestId}`)
    const tokens = await server.exchange(client, { code: body.code, verifier })
    return claimsOf(tokens.body.access_token).acr
  }

  function expectRefused(answer: Answer, status: number, error: string): void {
    expect(answer.body).toMatchObject({ success: false, error })
    expect(answer.body.error_description).toMatch(/\w/)
    expect(answer.status).toBe(status)
    expect(answer.headers.get('cache-control')).toBe('no-store')
  }

  test('signs in once, and whoever comes later is too late', async () => {
    const { requestId, window } = await open()
    expect((await server.authenticate(requestId, agent)).body).toEqual({ success: true, status: 'authenticated' })
    expectRefused(await server.authenticate(requestId, agent), 409, 'request_completed')
    const { body } = await window.get(`/api/check-status?request_id=${requestId}`)
    expect(body).toMatchObject({ status: 'authenticated', redirect_uri: CALLBACK, state: 'state-1', iss: ISSUER })
    server.wait(600)
    expectRefused(
      await server.authenticate((await open()).requestId, { ...agent, agent_secret: 'x' }),
      401,
      'invalid_agent',
    )
  })

  test('may post a form, as it may post JSON', async () => {
    const { requestId } = await open()
    const answer = await server.post('/api/agent/authenticate', {
      request_id: requestId,
      ...agentForm(agent),
      model: 'm',
    })
    expect(answer.body).toEqual({ success: true, status: 'authenticated' })
  })

  test('of a hundred at once, one signs in and stays', async () => {
    const agents = await Promise.all(Array.from({ length: 10 }, () => server.agent()))
    const { requestId, window } = await open()
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, n) =>
        server.authenticate(requestId, agents[n % 10] ?? agent, { model: `m${n}` }),
      ),
    )
    const statuses = answers.map(({ status }) => status)
    expect(statuses.filter((status) => status === 200)).toHaveLength(1)
    expect(statuses.filter((status) => status === 409)).toHaveLength(99)

    const winner = statuses.indexOf(200)
    const { body } = await window.get(`/api/check-status?request_id=${requestId}`)
    expect(body.status).toBe('authenticated')
    const events = await server.admin('GET', '/audit-log?action=agent.authenticated')
    const signedIn = events.body.data.filter((event: { request_id: string }) => event.request_id === requestId)
    expect(signedIn).toHaveLength(1)
    expect(signedIn[0]).toMatchObject({ actor: agents[winner % 10]?.agent_id, detail: { model: `m${winner}` } })
  })

  test('gets the same answer for a wrong secret and a wrong name, and for a request that is not there', async () => {
    const { requestId } = await open()
    const unknown = { agent_id: `agent_${'0'.repeat(26)}`, agent_secret: agent.agent_secret }
    const wrong = { ...agent, agent_secret: `${agent.agent_secret.slice(0, -1)}!` }
    const answers = [
      await server.authenticate(requestId, wrong),
      await server.authenticate(requestId, unknown),
      await server.authenticate('req_nothing', wrong),
      await server.authenticate('req_nothing', unknown),
      await assert(requestId, 'not.a.jwt'),
    ]
    for (const answer of answers) expectRefused(answer, 401, 'invalid_agent')
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1)
    expectRefused(await server.authenticate('req_nothing', agent), 404, 'unknown_request')
  })

  test('is not spoiled by others who try with wrong secrets, and these are stopped after ten', async () => {
    const victim = await server.agent()
    const { requestId, status } = await open()
    const guess = (address: string, secret = 'aas_guess', as = victim) =>
      server.request(
        '/api/agent/authenticate',
        {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ request_id: requestId, agent_id: as.agent_id, agent_secret: secret, model: 'm' }),
        },
        address,
      )
    for (let time = 0; time < 10; time++) expectRefused(await guess('192.0.2.7'), 401, 'invalid_agent')
    const stopped = await guess('192.0.2.7')
    expectRefused(stopped, 429, 'rate_limit_exceeded')
    expect(Number(stopped.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(Number(stopped.headers.get('retry-after'))).toBeLessThanOrEqual(60)
    expect((await guess('192.0.2.8')).status).toBe(401)
    expect((await guess('192.0.2.7', 'aas_guess', { ...agent, agent_id: 'agent_other' })).status).toBe(401)
    expect(await status()).toEqual({ status: 'pending' })
    expect((await guess('192.0.2.7', victim.agent_secret)).status).toBe(200)

    server.wait(60)
    expect((await guess('192.0.2.7')).status).toBe(401)
  })

  test('from one address may fail sixty times in a minute, under whatever names', async () => {
    const { requestId } = await open()
    const guess = (agent_id: string) =>
      server.request(
        '/api/agent/authenticate',
        {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ request_id: requestId, agent_id, agent_secret: 'x', model: 'm' }),
        },
        '192.0.2.9',
      )
    const statuses = []
    for (let name = 0; name < 62; name++) statuses.push((await guess(`agent_${name}`)).status)
    expect(statuses).toEqual([...Array(60).fill(401), 429, 429])
  })

  test('a hundred wrong secrets at once are stopped as well', async () => {
    const victim = await server.agent()
    const { requestId } = await open()
    const answers = await Promise.all(
      Array.from({ length: 100 }, () => server.authenticate(requestId, { ...victim, agent_secret: 'aas_guess' })),
    )
    const refused = answers.filter(({ status }) => status === 401).length
    expect(answers.every(({ status }) => status === 401 || status === 429)).toBe(true)
    expect((await server.authenticate(requestId, { ...victim, agent_secret: 'aas_guess' })).status).toBe(429)
    expect((await server.authenticate(requestId, victim)).status).toBe(200)
    expect(refused).toBeLessThanOrEqual(10)
    server.wait(60)
  })

  test('comes too late after ten minutes, and the website hears nothing', async () => {
    const { requestId, window } = await open()
    server.wait(599)
    expect((await status(requestId)).body).toEqual({ status: 'pending' })
    server.wait(1)
    expectRefused(await server.authenticate(requestId, agent), 410, 'request_expired')
    expect((await window.get(`/api/check-status?request_id=${requestId}`)).body).toEqual({ status: 'expired' })
    expect((await window.get(`/authorize/resume?request_id=${requestId}`)).status).toBe(410)
  })

  test.each([
    ['no request_id', { request_id: undefined }],
    ['no agent_id', { agent_id: undefined }],
    ['no secret', { agent_secret: undefined }],
    ['secret and assertion', { agent_assertion: 'x.y.z' }],
    ['no model', { model: undefined }],
    ['an empty model', { model: '' }],
    ['a model of 201 characters', { model: 'm'.repeat(201) }],
    ['a number for a string', { agent_id: 7 }],
    ['an object for a string', { agent_secret: { $ne: null } }],
    ['a list for a string', { agent_id: ['a', 'b'] }],
    ['a NUL', { model: 'a\0b' }],
  ])('%s is a malformed call', async (_name, changes) => {
    const { requestId } = await open()
    expectRefused(await server.authenticate(requestId, agent, changes), 400, 'invalid_request')
    expect((await status(requestId)).body).toEqual({ status: 'pending' })
  })

  test('a body that says something twice is malformed', async () => {
    const { requestId } = await open()
    const members = `"agent_id":"${agent.agent_id}","agent_secret":"${agent.agent_secret}","model":"m"`
    const body = `{"request_id":"req_other",${members},"request_id":"${requestId}"}`
    const headers = { 'content-type': 'application/json' }
    expectRefused(
      await server.request('/api/agent/authenticate', { method: 'POST', headers, body }),
      400,
      'invalid_request',
    )
    const form = { request_id: [requestId, 'req_other'], ...agentForm(agent), model: 'm' }
    expectRefused(await server.post('/api/agent/authenticate', form), 400, 'invalid_request')
  })

  test('a model of any script is taken as it is said', async () => {
    const model = '模型 "5" <b>\u202e & 🙂'
    const { requestId, window, status } = await open({ state: 'model' })
    expect((await server.authenticate(requestId, agent, { model })).status).toBe(200)
    expect(await status()).toEqual({ status: 'authenticated' })
    expect((await window.get(`/authorize/resume?request_id=${requestId}`)).status).toBe(303)
  })

  describe('is held to what its owner allows', () => {
    test.each([
      ['websites', { allowed_clients: ['client_other'] }],
      ['no website at all', { allowed_clients: [] }],
      ['scopes', { allowed_scopes: ['openid', 'email'] }],
      ['a level that a secret is not', { min_level: 2 }],
      ['the browser that shows the request', { same_browser: 'required' }],
    ])('%s', async (_name, policy) => {
      const held = await server.agent(policy)
      const { requestId, status } = await open()
      expectRefused(await server.authenticate(requestId, held), 403, 'access_denied')
      expect(await status()).toEqual({ status: 'pending' })
      expect((await server.authenticate(requestId, agent)).status).toBe(200)
      const events = await server.admin('GET', `/audit-log?actor=${held.agent_id}&action=agent.refused`)
      expect(events.body.data).toHaveLength(1)
    })

    test('and may do what is in these bounds', async () => {
      const held = await server.agent({
        allowed_clients: [client.client_id],
        allowed_scopes: ['openid', 'email'],
        same_browser: 'required',
      })
      const { requestId, window } = await open({ scope: 'email openid' })
      expect((await server.authenticate(requestId, held, {}, { cookie: window.cookies() })).status).toBe(200)
    })

    test('a website may ask for a level too', async () => {
      const strict = await server.client({ min_level: 3 })
      const { requestId } = await server.browser().open(strict.client_id)
      expectRefused(await server.authenticate(requestId, agent), 403, 'access_denied')
    })

    test('and an agent that is disabled is told so, once it has proved itself', async () => {
      const held = await server.agent()
      await server.admin('POST', `/agents/${held.agent_id}/disable`)
      const { requestId } = await open()
      expectRefused(await server.authenticate(requestId, held), 403, 'access_denied')
      expectRefused(await server.authenticate(requestId, { ...held, agent_secret: 'x' }), 401, 'invalid_agent')
      await server.admin('POST', `/agents/${held.agent_id}/enable`)
      expect((await server.authenticate(requestId, held)).status).toBe(200)
    })
  })

  test('is refused at another website than it expects', async () => {
    const { requestId } = await open()
    for (const expected of [
      { expected_client_id: 'client_other' },
      { expected_origin: 'https://other.example' },
      { expected_client_id: client.client_id, expected_origin: 'https://shop.example.evil.example' },
    ])
      expectRefused(await server.authenticate(requestId, agent, expected), 403, 'access_denied')
    const right = { expected_client_id: client.client_id, expected_origin: ORIGIN }
    expect((await server.authenticate(requestId, agent, right)).status).toBe(200)
  })

  test('the cookie of another request is not the browser of this one', async () => {
    const held = await server.agent({ same_browser: 'required' })
    const mine = await open()
    const theirs = await open()
    const answer = await server.authenticate(mine.requestId, held, {}, { cookie: theirs.window.cookies() })
    expectRefused(answer, 403, 'access_denied')

    const [pair = ''] = theirs.window.cookies().split('; ')
    const forged = pair.replace(theirs.requestId, mine.requestId)
    expectRefused(await server.authenticate(mine.requestId, held, {}, { cookie: forged }), 403, 'access_denied')
    const both = `${theirs.window.cookies()}; ${mine.window.cookies()}`
    expect((await server.authenticate(mine.requestId, held, {}, { cookie: both })).status).toBe(200)
  })

  describe('may prove itself by its key', () => {
    test('which is level 2, and 3 in the browser of the request', async () => {
      for (const [acr, withCookie] of [
        ['aa2', false],
        ['aa3', true],
      ] as const) {
        const window = server.browser()
        const { requestId, pkce } = await window.open(client.client_id, { acr_values: acr })
        const headers = withCookie ? { cookie: window.cookies() } : {}
        expect((await assert(requestId, await assertion(requestId), headers as Record<string, string>)).status).toBe(
          200,
        )
        expect(await acrOf(window, requestId, pkce.verifier)).toBe(acr)
      }
    })

    test('and a secret stays level 1, with the cookie or without', async () => {
      const { code, verifier } = await server.code(client, agent)
      const { body } = await server.exchange(client, { code, verifier })
      expect(claimsOf(body.access_token).acr).toBe('aa1')
    })

    test('at level 3 the browser is asked for', async () => {
      const { requestId, window } = await open({ acr_values: 'aa3' })
      expectRefused(await assert(requestId, await assertion(requestId)), 403, 'access_denied')
      const again = await assert(requestId, await assertion(requestId), { cookie: window.cookies() })
      expect(again.status).toBe(200)
    })

    const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
    const bent: [string, Record<string, unknown>, object?, typeof privateKey?][] = [
      ['by a strange key', {}, {}, stranger],
      ['for another audience', { aud: 'https://other.example' }],
      ['for the token endpoint', { aud: `${ISSUER}/token` }],
      ['for us in a list', { aud: [ISSUER] }],
      ['for us and another', { aud: [ISSUER, 'https://other.example'] }],
      ['for us with a slash', { aud: `${ISSUER}/` }],
      ['for nobody', { aud: undefined }],
      ['by another issuer', { iss: 'agent_other' }],
      ['of another subject', { sub: 'agent_other' }],
      ['without jti', { jti: undefined }],
      ['with a jti that is a number', { jti: 7 }],
      ['with a jti of 300 characters', { jti: 'j'.repeat(300) }],
      ['with a jti that holds a NUL', { jti: 'a\0b' }],
      ['without exp', { exp: undefined }],
      ['without iat', { iat: undefined }],
      ['of plain type', {}, { typ: 'JWT' }],
      ['without type', {}, { typ: undefined }],
      ['with a critical extension', {}, { crit: ['https://example.com/crit'], 'https://example.com/crit': 1 }],
    ]
    test.each(bent)('%s it is worth nothing', async (_name, claims, header = {}, key = privateKey) => {
      const { requestId, status } = await open()
      const signed = await assertion(requestId, claims, header, key)
      expectRefused(await assert(requestId, signed), 401, 'invalid_agent')
      expect(await status()).toEqual({ status: 'pending' })
      server.wait(60)
    })

    test('too long, too old or too early it is worth nothing', async () => {
      const { requestId } = await open()
      for (const [iat, exp] of [
        [0, 61],
        [-120, -60],
        [-3600, -31],
        [31, 60],
        [3600, 3660],
      ] as const) {
        const signed = await assertion(requestId, { iat: now() + iat, exp: now() + exp })
        expectRefused(await assert(requestId, signed), 401, 'invalid_agent')
      }
      server.wait(60)
      const nearly = await assertion(requestId, { iat: now() - 50, exp: now() + 5 })
      expect((await assert(requestId, nearly)).status).toBe(200)
    })

    test('unsigned, or signed by our knowledge of its public key, it is worth nothing', async () => {
      const { requestId } = await open()
      const claims = (await assertion(requestId)).split('.')[1]
      const header = (alg: string) =>
        Buffer.from(JSON.stringify({ alg, typ: 'agent-assertion+jwt' })).toString('base64url')
      expectRefused(await assert(requestId, `${header('none')}.${claims}.`), 401, 'invalid_agent')
      const hmac = await new SignJWT(JSON.parse(Buffer.from(claims ?? '', 'base64url').toString()))
        .setProtectedHeader({ alg: 'HS256', typ: 'agent-assertion+jwt' })
        .sign(Buffer.from(publicKey.export({ type: 'spki', format: 'pem' }) as string))
      expectRefused(await assert(requestId, hmac), 401, 'invalid_agent')
      const own = await new SignJWT(JSON.parse(Buffer.from(claims ?? '', 'base64url').toString()))
        .setProtectedHeader({
          alg: 'ES256',
          typ: 'agent-assertion+jwt',
          jwk: stranger.export({ format: 'jwk' }) as never,
        })
        .sign(stranger)
      expectRefused(await assert(requestId, own), 401, 'invalid_agent')
    })

    test('it is good for the request, website and origin that it names, and for no other', async () => {
      const { requestId, status } = await open()
      for (const claims of [
        { request_id: 'req_other' },
        { request_id: undefined },
        { client_id: 'client_other' },
        { client_id: undefined },
        { origin: 'https://evil.example' },
        { origin: undefined },
        { origin: [ORIGIN] },
      ])
        expectRefused(await assert(requestId, await assertion(requestId, claims)), 403, 'access_denied')
      expect(await status()).toEqual({ status: 'pending' })
    })

    test('it is good once, also when it comes twenty times at once', async () => {
      const first = await open()
      const signed = await assertion(first.requestId)
      const answers = await Promise.all(Array.from({ length: 20 }, () => assert(first.requestId, signed)))
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
      expect((await assert(first.requestId, signed)).status).not.toBe(200)
      server.wait(60)

      const second = await open()
      const jti = randomUUID()
      const wrong = await assertion(second.requestId, { jti, origin: 'https://evil.example' })
      expectRefused(await assert(second.requestId, wrong), 403, 'access_denied')
      expectRefused(await assert(second.requestId, await assertion(second.requestId, { jti })), 401, 'invalid_agent')
    })

    test('it is not a way to a token of its own', async () => {
      const { requestId } = await open()
      const answer = await server.post('/token', {
        grant_type: 'client_credentials',
        client_id: agent.agent_id,
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion: await assertion(requestId),
      })
      expect(answer.status).toBe(401)
      expect(answer.body.error).toBe('invalid_client')
    })

    test('an agent without a key has no such way', async () => {
      const keyless = await server.agent()
      const { requestId } = await open()
      const claims = { iss: keyless.agent_id, sub: keyless.agent_id }
      const answer = await server.authenticate(requestId, keyless, {
        agent_secret: undefined,
        agent_assertion: await assertion(requestId, claims),
      })
      expectRefused(answer, 401, 'invalid_agent')
    })

    test('a key that was replaced opens nothing any more', async () => {
      const renewed = await server.agent({ jwk: JWK })
      await server.admin('PUT', `/agents/${renewed.agent_id}`, { jwk: null })
      const { requestId } = await open()
      const answer = await server.authenticate(requestId, renewed, {
        agent_secret: undefined,
        agent_assertion: await assertion(requestId, { iss: renewed.agent_id, sub: renewed.agent_id }),
      })
      expectRefused(answer, 401, 'invalid_agent')
    })
  })

  test('its secret in a header, as clients do, is for the token endpoint', async () => {
    const { requestId } = await open()
    const answer = await server.postJson(
      '/api/agent/authenticate',
      { request_id: requestId, agent_id: agent.agent_id, model: 'm' },
      basic(agent.agent_id, agent.agent_secret),
    )
    expectRefused(answer, 400, 'invalid_request')
  })

  test('pages of others cannot read the answer', async () => {
    const { requestId } = await open()
    const headers = { origin: 'https://evil.example' }
    const answer = await server.authenticate(requestId, agent, {}, headers)
    expect(answer.headers.get('access-control-allow-origin')).toBe(null)
    const preflight = await server.request('/api/agent/authenticate', {
      method: 'OPTIONS',
      headers: {
        ...headers,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-type',
      },
    })
    expect(preflight.status).toBe(405)
    expect(preflight.headers.get('access-control-allow-origin')).toBe(null)
  })
})

function agentForm({ agent_id, agent_secret }: AgentCredentials) {
  return { agent_id, agent_secret }
}
