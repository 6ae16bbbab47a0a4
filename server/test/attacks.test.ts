import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type AgentCredentials,
  authorizePath,
  type Credentials,
  claimsOf,
  ISSUER,
  locationOf,
  newPkce,
  startServer,
  type TestServer,
} from './harness.ts'

/** The attacks of the requirements, by their numbers there, as far as the server answers them. */
describe.each(['http://localhost:4000', 'https://auth.example'])('at %s', (issuer) => {
  let server: TestServer
  let client: Credentials
  /** An agent as the console makes it: it signs in only in its own browser. */
  let agent: AgentCredentials
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')

  beforeAll(async () => {
    server = await startServer('sqlite', { ISSUER: issuer })
    client = await server.client()
    agent = await server.agent({ same_browser: 'required', jwk: publicKey.export({ format: 'jwk' }) })
  })
  afterAll(() => server.stop())

  const assertionFor = (requestId: string, changes: object = {}) => {
    const iat = Math.floor(server.deps.now() / 1000)
    return new SignJWT({
      iss: agent.agent_id,
      sub: agent.agent_id,
      aud: issuer,
      request_id: requestId,
      client_id: client.client_id,
      origin: 'https://shop.example',
      jti: randomUUID(),
      iat,
      exp: iat + 60,
      ...changes,
    })
      .setProtectedHeader({ alg: 'EdDSA', typ: 'agent-assertion+jwt' })
      .sign(privateKey)
  }

  test('T1: an agent made to sign in a stranger’s request is refused, by secret and by key', async () => {
    const [attacker, victim] = [server.browser(), server.browser()]
    const { requestId } = await attacker.open(client.client_id)
    await victim.open(client.client_id)
    const cookie = victim.cookies()
    const bySecret = await server.authenticate(requestId, agent, {}, { cookie })
    const byKey = await server.authenticate(
      requestId,
      agent,
      { agent_secret: undefined, agent_assertion: await assertionFor(requestId) },
      { cookie },
    )
    for (const { status, body } of [bySecret, byKey]) expect([status, body.error]).toEqual([403, 'access_denied'])
    const { body } = await attacker.get(`/api/check-status?request_id=${requestId}`)
    expect(body).toEqual({ status: 'pending' })
  })

  test('T1: a page cannot bring the cookie of its own request along', async () => {
    const [attacker, victim] = [server.browser(), server.browser()]
    const { requestId } = await attacker.open(client.client_id)
    const mine = await victim.open(client.client_id)
    const [name = ''] = [...attacker.jar.keys()]
    const [stolen = ''] = [...victim.jar.values()]
    const forged = [
      `${name}=${stolen}`,
      `${name}=${requestId}.${stolen.split('.')[1]}`,
      `${name}=${requestId}.`,
      `${name}=${requestId}`,
      `${name}=${requestId}.${'A'.repeat(43)}`,
      `${name}=${mine.requestId}.${'A'.repeat(43)}`,
    ]
    for (const cookie of forged) expect((await server.authenticate(requestId, agent, {}, { cookie })).status).toBe(403)
  })

  test('T2: who polls with the request id gets no code, and cannot burn it', async () => {
    const window = server.browser()
    const { requestId, pkce } = await window.open(client.client_id)
    await server.authenticate(requestId, agent, {}, { cookie: window.cookies() })
    const stranger = server.browser()
    await stranger.open(client.client_id)
    for (let time = 0; time < 20; time++) {
      const poll = await stranger.get(`/api/check-status?request_id=${requestId}`)
      expect(poll.body).toEqual({ status: 'authenticated' })
      const resume = await stranger.get(`/authorize/resume?request_id=${requestId}`)
      expect([resume.status, resume.headers.get('location')]).toEqual([403, null])
      expect(resume.text).not.toContain('shop.example')
    }
    const code =
      locationOf(await window.get(`/authorize/resume?request_id=${requestId}`)).searchParams.get('code') ?? ''
    expect((await server.exchange(client, { code, verifier: newPkce().verifier })).status).toBe(400)
    expect((await server.exchange(client, { code, verifier: pkce.verifier })).status).toBe(200)
  })

  test('T3: what a look-alike page harvests from an agent with a key opens nothing here', async () => {
    const { requestId } = await server.browser().open(client.client_id)
    const harvested = await assertionFor(requestId, { origin: 'https://evil.example' })
    const replayed = await server.authenticate(requestId, agent, {
      agent_secret: undefined,
      agent_assertion: harvested,
    })
    expect(replayed.status).toBe(403)
    for (const grant_type of ['client_credentials', 'refresh_token']) {
      const answer = await server.post('/token', {
        grant_type,
        client_id: agent.agent_id,
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion: await assertionFor(requestId),
      })
      expect(answer.body).not.toHaveProperty('access_token')
    }
  })

  test('T4: our fresh page, shown by a proxy, is not signed in to', async () => {
    const proxy = server.browser()
    const { requestId } = await proxy.open(client.client_id)
    const seenThroughProxy = {
      agent_secret: undefined,
      agent_assertion: await assertionFor(requestId, { origin: 'https://proxy.example' }),
    }
    expect((await server.authenticate(requestId, agent, seenThroughProxy, { cookie: proxy.cookies() })).status).toBe(
      403,
    )
    const withoutCookie = { agent_secret: undefined, agent_assertion: await assertionFor(requestId) }
    expect((await server.authenticate(requestId, agent, withoutCookie)).status).toBe(403)
    expect((await server.request(`/api/check-status?request_id=${requestId}`)).body).toEqual({ status: 'pending' })
  })

  test('T5: a website that the owner does not know is not signed in to', async () => {
    const careful = await server.agent({ allowed_clients: [client.client_id], allowed_scopes: ['openid'] })
    const evil = await server.client({ client_name: 'Free credits', redirect_uris: ['https://evil.example/cb'] })
    const there = await server
      .browser()
      .open(evil.client_id, { redirect_uri: 'https://evil.example/cb', scope: 'openid' })
    expect((await server.authenticate(there.requestId, careful)).status).toBe(403)
    const greedy = await server.browser().open(client.client_id, { scope: 'openid email' })
    expect((await server.authenticate(greedy.requestId, careful)).status).toBe(403)
  })

  test('T7: the code of one browser is of no use to finish another’s sign-in', async () => {
    const attacker = await server.agent()
    const [theirs, victim] = [await server.code(client, attacker), server.browser()]
    const { pkce } = await victim.open(client.client_id)
    const finished = await server.exchange(client, { code: theirs.code, verifier: pkce.verifier })
    expect(finished.body.error).toBe('invalid_grant')
    expect(theirs.status.state).toBe('state-1')
    const theirPage = { accept: 'text/html', 'sec-fetch-site': 'cross-site' }
    const { requestId } = await victim.open(client.client_id)
    const form = { request_id: requestId, ...attackerForm(attacker), model: 'm' }
    expect((await victim.post('/api/agent/authenticate', form, theirPage)).status).toBe(403)
  })

  test('T8: a binding is fresh for each request, and cannot be planted', async () => {
    const window = server.browser()
    await window.open(client.client_id, { state: 'a' })
    await window.open(client.client_id, { state: 'b' })
    const secrets = [...window.jar.values()].map((value) => value.split('.')[1])
    expect(new Set(secrets).size).toBe(2)

    const path = authorizePath(client.client_id, newPkce())
    const planted = [...window.jar.keys()].map((name) => `${name}=req_planted.${'p'.repeat(43)}`).join('; ')
    const page = await server.request(path, { headers: { cookie: planted } })
    expect(page.text).not.toContain('req_planted')
    expect(page.headers.getSetCookie().join()).not.toContain('p'.repeat(43))
    for (const cookie of page.headers.getSetCookie()) {
      expect(cookie).not.toMatch(/domain=/i)
      expect(cookie.startsWith('__Host-')).toBe(issuer.startsWith('https:'))
      expect(cookie.includes('; Secure')).toBe(issuer.startsWith('https:'))
    }
    if (issuer.startsWith('https:')) {
      const { requestId } = await window.open(client.client_id)
      const unprefixed = window.cookies().replaceAll('__Host-', '')
      const answer = await server.authenticate(requestId, agent, {}, { cookie: unprefixed })
      expect(answer.status).toBe(403)
    }
  })

  test('T9: the first of two agents stays', async () => {
    const window = server.browser()
    const { requestId, pkce } = await window.open(client.client_id)
    const [one, two] = [await server.agent(), await server.agent()]
    const answers = await Promise.all([server.authenticate(requestId, one), server.authenticate(requestId, two)])
    const first = answers[0].status === 200 ? one : two
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409])
    expect((await server.authenticate(requestId, first === one ? two : one)).status).toBe(409)
    const { body } = await window.get(`/api/check-status?request_id=${requestId}`)
    const tokens = await server.exchange(client, { code: body.code, verifier: pkce.verifier })
    expect(claimsOf(tokens.body.access_token).sub).toBe(first.agent_id)
  })

  test('T10: with verification required no unverified address leaves', async () => {
    const strict = await startServer('sqlite', { REQUIRE_EMAIL_VERIFICATION: 'true' })
    const tokens = await strict.tokens(await strict.client(), await strict.agent())
    const userinfo = await strict.request('/userinfo', { headers: { authorization: `Bearer ${tokens.access_token}` } })
    for (const told of [claimsOf(tokens.access_token), claimsOf(tokens.id_token), userinfo.body])
      expect(JSON.stringify(told)).not.toContain('ada@example.com')
    await strict.stop()
  })

  test('T12: a stolen token is dead as soon as its owner says so', async () => {
    const stolen = await server.tokens(client, await server.agent())
    const { sub } = claimsOf(stolen.access_token)
    await server.admin('POST', `/agents/${sub}/revoke-all`)
    expect((await server.introspect(client, stolen.access_token)).body).toEqual({ active: false })
    expect((await server.refresh(client, stolen.refresh_token)).status).toBe(400)
  })

  test('T15: nobody locks an agent out, and ids are not guessed', async () => {
    const window = server.browser()
    const { requestId } = await window.open(client.client_id)
    for (let time = 0; time < 15; time++) await server.authenticate(requestId, { ...agent, agent_secret: 'wrong' })
    expect((await server.authenticate(requestId, { ...agent, agent_secret: 'wrong' })).status).toBe(429)
    expect((await server.authenticate(requestId, agent, {}, { cookie: window.cookies() })).status).toBe(200)
    const ids = new Set<string>()
    for (let n = 0; n < 50; n++) ids.add((await server.browser().open(client.client_id)).requestId.slice(-12))
    expect(ids.size).toBe(50)
    server.wait(60)
  })

  test('T16: nothing of a request is written into our pages, or redirected to', async () => {
    const script = '<script>alert(1)</script>'
    const paths = [
      `/authorize?client_id=${encodeURIComponent(script)}`,
      `/authorize?client_id=${client.client_id}&redirect_uri=${encodeURIComponent(`https://evil.example/${script}`)}`,
      `/authorize?client_id=${client.client_id}&error_description=${encodeURIComponent(script)}`,
      `/authorize/resume?request_id=${encodeURIComponent(script)}&next=https://evil.example/`,
      `/${encodeURIComponent(script)}?message=${encodeURIComponent(script)}`,
    ]
    for (const path of paths) {
      const { headers, text } = await server.request(path, { headers: { accept: 'text/html' } })
      expect(text).not.toContain('<script>alert')
      expect(text).not.toContain('evil.example')
      expect(headers.get('location')).toBe(null)
    }
    const evil = await server.client({ client_name: `"><img src=x>${script}` })
    const { page } = await server.browser().open(evil.client_id, { scope: 'openid' })
    expect(page.text).not.toContain('<img src=x')
    expect(page.text).not.toContain('<script>alert')
  })

  test('T17: every answer that a website gets names us', async () => {
    const signedIn = await server.code(client, await server.agent())
    expect(signedIn.status.iss).toBe(issuer)
    const back = await signedIn.window.get(`/authorize/resume?request_id=${signedIn.requestId}`)
    expect(locationOf(back).searchParams.getAll('iss')).toEqual([issuer])
    const refused = await server.request(
      authorizePath(client.client_id, newPkce(), { prompt: 'none', iss: 'https://evil.example' }),
    )
    expect(locationOf(refused).searchParams.getAll('iss')).toEqual([issuer])
  })
})

function attackerForm({ agent_id, agent_secret }: AgentCredentials) {
  return { agent_id, agent_secret }
}

test('T15: an address that is forwarded is believed from our proxies only', async () => {
  const guess = async (server: TestServer, peer: string, forwarded: string) => {
    const body = JSON.stringify({ request_id: 'x', agent_id: 'agent_x', agent_secret: 'x', model: 'm' })
    const headers = { 'content-type': 'application/json', 'x-forwarded-for': forwarded }
    return (await server.request(`${ISSUER}/api/agent/authenticate`, { method: 'POST', headers, body }, peer)).status
  }
  const open = await startServer()
  for (let n = 0; n < 10; n++) expect(await guess(open, '192.0.2.1', `198.51.100.${n}`)).toBe(401)
  expect(await guess(open, '192.0.2.1', '198.51.100.99')).toBe(429)
  await open.stop()

  const proxied = await startServer('sqlite', { TRUSTED_PROXIES: '10.0.0.0/8' })
  for (let n = 0; n < 10; n++) expect(await guess(proxied, '10.0.0.1', `198.51.100.${n}, 203.0.113.1`)).toBe(401)
  expect(await guess(proxied, '10.0.0.2', '198.51.100.99, 203.0.113.1, 10.0.0.9')).toBe(429)
  expect(await guess(proxied, '10.0.0.1', '203.0.113.2')).toBe(401)
  expect(await guess(proxied, '192.0.2.1', '203.0.113.1')).toBe(401)
  await proxied.stop()
})
