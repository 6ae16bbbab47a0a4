import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { basic, DATABASES, freshDatabase, ISSUER, startServer, type TestServer } from './harness.ts'
import { type ModelGateway, startModelGateway } from './model-gateway.ts'
import { startModelUpstream } from './model-upstream.ts'
import { newSigningKey, type OutsideIssuer, startOutsideIssuer } from './outside-issuer.ts'
import { type SpawnedServer, spawnServer } from './spawned-server.ts'
import { bearer, letIn, newApp, prove, well } from './tenancy.ts'

const CHAT = { model: 'gpt-5', max_tokens: 9, messages: [{ role: 'user', content: 'Hi' }] }

describe.each(DATABASES)('a person whom the operator disables, on %s', (kind) => {
  let gateway: ModelGateway
  let issuer: OutsideIssuer
  beforeAll(async () => {
    issuer = await startOutsideIssuer(await newSigningKey('k1'))
    const trusted = [{ issuer: issuer.origin, jwks_uri: `${issuer.origin}/jwks` }]
    gateway = await startModelGateway(kind, { TRUSTED_ISSUERS: JSON.stringify(trusted) })
    await gateway.member(0)
  })
  afterEach(() => gateway.upstream.reset())
  afterAll(async () => {
    await gateway?.stop()
    await issuer?.stop()
  })

  const chat = async (headers: Record<string, string>) =>
    (await gateway.postJson('/v1/chat/completions', CHAT, headers)).status
  const turn = (id: string, how: 'disable' | 'enable') => well(gateway.admin('POST', `/users/${id}/${how}`), 200)

  test('does nothing more at once, nor does what acts for them; and all of it again when they are enabled', async () => {
    const ada = await gateway.member()
    const website = await gateway.client()
    const app = await gateway.client({ ...newApp })
    const agent = await well(ada.window.send('POST', '/api/agents', { agent_name: 'a', same_browser: 'off' }), 201)
    const own = { grant_type: 'client_credentials' }
    const token = (await gateway.post('/token', own, basic(agent.agent_id, agent.agent_secret))).body.access_token
    const signIn = await gateway.tokens(website, agent)
    const { access_token: appKey } = await letIn(gateway, ada.window, app)
    const opened = gateway.browser()
    const { requestId } = await opened.open(website.client_id)

    const headers = { key: bearer(ada.apiKey), app: bearer(appKey), agent: bearer(token) }
    const all = async () =>
      Object.fromEntries(await Promise.all(Object.entries(headers).map(async ([by, h]) => [by, await chat(h)])))
    expect(await all()).toEqual({ key: 200, app: 200, agent: 200 })

    expect(await turn(ada.id, 'disable')).toMatchObject({ id: ada.id, disabled: true })
    const calls = gateway.upstream.seen.length
    expect(await all()).toEqual({ key: 401, app: 401, agent: 401 })
    expect(gateway.upstream.seen.length).toBe(calls)
    for (const path of ['/v1/models', '/v1/connections', '/api/oauth/verify'])
      for (const [by, one] of Object.entries(headers))
        if (path !== '/api/oauth/verify' || by !== 'agent')
          expect([path, by, (await gateway.request(path, { headers: one })).status]).toEqual([path, by, 401])
    // Their browser, a new sign-in, and their agent's.
    expect((await ada.window.get('/api/me')).status).toBe(401)
    const again = { email: ada.window.email, password: ada.window.password }
    const signedIn = await gateway.browser().send('POST', '/api/auth/sign-in/email', again)
    expect([signedIn.status, signedIn.headers.getSetCookie()]).toEqual([403, []])
    expect((await gateway.post('/token', own, basic(agent.agent_id, agent.agent_secret))).status).toBe(401)
    expect((await gateway.authenticate(requestId, agent)).status).toBe(403)
    expect((await gateway.refresh(website, signIn.refresh_token)).status).toBe(400)
    expect((await gateway.introspect(website, signIn.access_token)).body).toEqual({ active: false })
    expect((await gateway.request('/userinfo', { headers: bearer(signIn.access_token) })).status).toBe(401)

    expect(await turn(ada.id, 'enable')).toMatchObject({ disabled: false })
    expect(await all()).toEqual({ key: 200, app: 200, agent: 200 })
    expect((await ada.window.get('/api/me')).status).toBe(401)
    await well(ada.window.send('POST', '/api/auth/sign-in/email', again), 200)
    expect((await ada.window.get('/api/me')).status).toBe(200)
    // What was signed in to before stays ended.
    expect((await gateway.refresh(website, signIn.refresh_token)).status).toBe(400)
  })

  test('is known by the token of another issuer too, which is valid for long', async () => {
    const token = await issuer.token(gateway.deps.now(), { sub: 'user_07', org_id: 'org_01' })
    await gateway.request('/v1/models', { headers: bearer(token) })
    const { user_id } = await gateway.deps.db.read
      .selectFrom('outside_identity')
      .select('user_id')
      .where('subject', '=', 'user_07')
      .executeTakeFirstOrThrow()
    await gateway.admin('POST', `/users/${user_id}/credits`, { amount_cents: 100, reason: 'test' })
    expect(await chat(bearer(token))).toBe(200)
    await turn(user_id, 'disable')
    // From another organization of that issuer they are the same person.
    const elsewhere = await issuer.token(gateway.deps.now(), { sub: 'user_07', org_id: 'org_02' })
    for (const one of [token, elsewhere, elsewhere]) expect(await chat(bearer(one))).toBe(401)
    expect((await gateway.request('/api/usage', { headers: bearer(token) })).status).toBe(401)
    await turn(user_id, 'enable')
    expect(await chat(bearer(token))).toBe(200)
  })

  test('who has yet to sign up stays out when they do', async () => {
    const email = 'late@example.com'
    const { id } = (await gateway.admin('POST', '/users', { email, name: 'Late' })).body
    await turn(id, 'disable')
    await expect(gateway.person({ name: 'Late', email })).rejects.toThrow(/403/)
    const row = await gateway.deps.db.read.selectFrom('person').selectAll().where('user_id', '=', id).executeTakeFirst()
    expect(row?.disabled_at).not.toBeNull()
  })

  test('is shown as such, once, and written down', async () => {
    const ada = await gateway.member(0)
    for (const how of ['disable', 'disable', 'enable', 'enable'] as const) await turn(ada.id, how)
    const events = await gateway.deps.db.read
      .selectFrom('audit_event')
      .select('action')
      .where('target', '=', ada.id)
      .where('action', 'like', 'person.%abled')
      .orderBy('at')
      .execute()
    expect(events.map(({ action }) => action).sort()).toEqual(['person.disabled', 'person.enabled'])
    await turn(ada.id, 'disable')
    const { body } = await gateway.admin('GET', `/users/${ada.id}`)
    expect(body.disabled).toBe(true)
    const { data } = (await gateway.admin('GET', '/users?limit=200')).body
    expect(data.filter(({ disabled }: { disabled: boolean }) => disabled).length).toBeGreaterThan(0)
  })

  test('is not who asks, nor nobody; and only the operator does it', async () => {
    const ada = await gateway.member(0)
    for (const how of ['disable', 'enable']) {
      expect((await gateway.admin('POST', `/users/user_nobody/${how}`)).status).toBe(404)
      expect((await ada.window.send('POST', `/api/admin/users/${ada.id}/${how}`)).status).toBe(403)
    }
    const admin = await gateway.member(0)
    await gateway.deps.db.write(async ({ trx }) => {
      await trx
        .insertInto('membership')
        .values({ org_id: gateway.deps.orgId, user_id: admin.id, role: 'admin', needs_proof: 0, created_at: 0 })
        .execute()
    })
    await well(admin.window.send('PUT', '/api/me/organization', { organization_id: gateway.deps.orgId }), 200)
    expect((await admin.window.send('POST', `/api/admin/users/${admin.id}/disable`)).status).toBe(409)
    expect((await admin.window.send('POST', `/api/admin/users/${ada.id}/disable`)).status).toBe(200)
  })
})

describe.each(DATABASES)('those who run the server, on %s', (kind) => {
  let server: TestServer
  beforeAll(async () => {
    server = await startServer(kind)
  })
  afterAll(() => server?.stop())

  const disable = (id: string) => server.admin('POST', `/users/${id}/disable`)
  const isDisabled = async (id: string) => (await server.admin('GET', `/users/${id}`)).body.disabled as boolean

  test('do not all disable each other at once: one of them stays', async () => {
    const ada = await server.person({ name: 'Ada', email: 'ada@example.com' })
    await server.admin('POST', '/users', { email: 'bob@example.com', name: 'Bob', role: 'admin' })
    const bob = await server.person({ name: 'Bob', email: 'bob@example.com' })
    // Bob is one by his address, once it is proved.
    await prove(server, bob)
    await bob.send('PUT', '/api/me/organization', { organization_id: server.deps.orgId })
    const [byAda, byBob] = await Promise.all([
      ada.send('POST', `/api/admin/users/${bob.id}/disable`),
      bob.send('POST', `/api/admin/users/${ada.id}/disable`),
    ])
    expect([byAda.status, byBob.status].sort()).toEqual([200, 409])
    expect([byAda.body.error, byBob.body.error]).toContain('last_admin')
    expect([await isDisabled(ada.id), await isDisabled(bob.id)].sort()).toEqual([false, true])

    // Who holds the admin key runs the server without them.
    for (const { id } of [ada, bob]) {
      expect((await disable(id)).status).toBe(200)
      expect(await isDisabled(id)).toBe(true)
    }
  })

  test('who is no administrator there, or was only named as one, is disabled like anybody', async () => {
    const { id } = (await server.admin('POST', '/users', { email: 'eve@example.com', name: 'Eve', role: 'admin' })).body
    expect((await disable(id)).status).toBe(200)
    const elsewhere = await server.person({ name: 'Kit', email: 'kit@example.com' })
    expect((await disable(elsewhere.id)).status).toBe(200)
  })
})

describe.each(DATABASES)('of two processes on %s', (kind) => {
  let database: Awaited<ReturnType<typeof freshDatabase>>
  let upstream: Awaited<ReturnType<typeof startModelUpstream>>
  let issuer: OutsideIssuer
  let servers: [SpawnedServer, SpawnedServer]
  beforeAll(async () => {
    database = await freshDatabase(kind)
    upstream = await startModelUpstream()
    issuer = await startOutsideIssuer(await newSigningKey('k1'))
    const trusted = [{ issuer: issuer.origin, jwks_uri: `${issuer.origin}/jwks` }]
    const env = { EGRESS_ALLOW: '127.0.0.1', TRUSTED_ISSUERS: JSON.stringify(trusted) }
    servers = await Promise.all([spawnServer(database.url, env), spawnServer(database.url, env)])
    const models = [{ id: 'gpt-5', price: { input_per_mtok: 1, output_per_mtok: 1 } }]
    const provider = { id: 'acme', kind: 'openai', base_url: `${upstream.origin}/v1`, models }
    await well(servers[0].admin('POST', '/model-providers', provider), 201)
  }, 60_000)
  afterAll(async () => {
    await Promise.all((servers ?? []).map((server) => server.stop()))
    await upstream?.stop()
    await issuer?.stop()
    await database?.drop()
  })

  test('the one refuses at once whom the other was told to disable, and the key that it was told to end', async () => {
    const [one, two] = servers
    const account = { name: 'Bob', email: 'bob@x.example', password: 'correct horse battery' }
    const signedUp = await one.postJson('/api/auth/sign-up/email', account)
    const cookie = signedUp.headers
      .getSetCookie()
      .map((line) => line.split(';')[0])
      .join('; ')
    const { id } = signedUp.body.user
    await one.admin('POST', `/users/${id}/credits`, { amount_cents: 100, reason: 'test' })
    const headers = { cookie, origin: ISSUER }
    const made = async (path: string, body: object) => well(one.postJson(path, body, headers), 201)
    const key = await made('/api/api-keys', { name: 'k', scopes: ['agent-fuel'] })
    const ended = await made('/api/api-keys', { name: 'k', scopes: ['agent-fuel'] })
    const agent = await made('/api/agents', { agent_name: 'a' })
    const own = { grant_type: 'client_credentials' }
    const token = (await one.post('/token', own, basic(agent.agent_id, agent.agent_secret))).body.access_token
    const outside = await issuer.token(Date.now(), { sub: 'user_09', org_id: 'org_01' })
    await two.request('/v1/models', { headers: bearer(outside) })
    const { data } = (await one.admin('GET', '/users?limit=200')).body
    const vouched = data.find(({ email }: { email: string }) => email.endsWith('|user_09'))
    await one.admin('POST', `/users/${vouched.id}/credits`, { amount_cents: 100, reason: 'test' })

    const chat = async (server: SpawnedServer, credential: string) =>
      (await server.postJson('/v1/chat/completions', CHAT, bearer(credential))).status
    for (const server of servers)
      for (const credential of [key.api_key, ended.api_key, token, outside])
        expect(await chat(server, credential)).toBe(200)

    expect((await one.request(`/api/api-keys/${ended.key_id}`, { method: 'DELETE', headers })).status).toBe(204)
    expect(await chat(two, ended.api_key)).toBe(401)
    await well(one.admin('POST', `/users/${id}/disable`), 200)
    await well(one.admin('POST', `/users/${vouched.id}/disable`), 200)
    for (const server of [two, one])
      for (const credential of [key.api_key, token, outside]) expect(await chat(server, credential)).toBe(401)
    expect((await two.request('/api/me', { headers: { cookie } })).status).toBe(401)
    await well(two.admin('POST', `/users/${id}/enable`), 200)
    expect(await chat(one, token)).toBe(200)
  }, 60_000)
})
