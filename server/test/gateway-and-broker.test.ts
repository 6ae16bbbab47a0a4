import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { writePrincipal } from '../src/connections/principal-header.ts'
import { freePort } from './free-port.ts'
import { ADMIN_KEY, DATABASES, freshDatabase, ISSUER, startServer } from './harness.ts'
import { type IdentityProvider, startIdentityProvider } from './identity-provider.ts'
import { CLIENTS, connect as connectMcp } from './mcp-clients.ts'
import { startMcpAuthority, startMcpUpstream } from './mcp-upstream.ts'
import { newSigningKey, type OutsideIssuer, startOutsideIssuer } from './outside-issuer.ts'
import { runProgram, type SpawnedServer, serverEnv, spawnServer } from './spawned-server.ts'

const OLD_KEY = 'broker-key-that-leaves-0123456789'
const NEW_KEY = 'broker-key-that-stays-0123456789'
const PRINCIPAL = 'x-auth-agent-principal'
const OPERATOR = writePrincipal({ kind: 'operator', id: 'operator', orgId: 'org_1' })

describe.each(DATABASES)('a gateway and a broker as two processes on %s', (kind) => {
  let database: Awaited<ReturnType<typeof freshDatabase>>
  let idp: IdentityProvider
  let outside: OutsideIssuer
  let broker: SpawnedServer
  let gateway: SpawnedServer
  let authorization: string
  let agentId: string

  beforeAll(async () => {
    database = await freshDatabase(kind)
    idp = await startIdentityProvider('client-1')
    const port = await freePort()
    const common = { EGRESS_ALLOW: '127.0.0.1', BROKER_API_KEYS: `${NEW_KEY},${OLD_KEY}` }
    broker = await spawnServer(database.url, { ...common, PORT: String(port) }, ['--only', 'broker'])
    outside = await startOutsideIssuer(await newSigningKey('k1'))
    const trusted = JSON.stringify([{ issuer: outside.origin, jwks_uri: outside.origin }])
    const where = { ...common, BROKER_URL: `http://127.0.0.1:${port}`, TRUSTED_ISSUERS: trusted }
    gateway = await spawnServer(database.url, where, ['--only', 'gateway'])
    const provider = {
      name: 'idp',
      issuer: idp.issuer,
      client_id: 'client-1',
      client_secret: 'canary-client-secret',
      api_base_url: idp.issuer,
    }
    expect((await gateway.admin('POST', '/providers', provider)).status).toBe(201)
    const agent = await gateway.agent()
    agentId = agent.agent_id
    const form = { grant_type: 'client_credentials', client_id: agentId, client_secret: agent.agent_secret }
    authorization = `Bearer ${(await gateway.post('/token', form)).body.access_token}`
  })
  afterAll(async () => {
    await gateway?.stop()
    await broker?.stop()
    await idp?.stop()
    await outside?.stop()
    await database?.drop()
  })
  beforeEach(() => idp.reset())

  const call = (method: string, path: string, init: RequestInit = {}) =>
    gateway.request(path, { ...init, method, headers: { authorization, ...init.headers } })
  const postJson = (path: string, body: object) =>
    call('POST', path, { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } })
  const request = (body: object = {}) =>
    postJson('/v1/request-connection', {
      user_id: 'ada',
      provider_name: 'idp',
      scopes: ['openid'],
      return_url: 'http://localhost:3000/done?a=1',
      ...body,
    })
  const connect = async () => {
    const { body } = await request()
    const back = await gateway.request(`/auth/callback/idp?${idp.consent(body.authUrl)}`)
    expect(back.status).toBe(303)
    return body.connection_id as string
  }

  test('whom another issuer vouches for has no connections', async () => {
    const token = `Bearer ${await outside.token(Date.now(), { role: 'admin' })}`
    for (const path of ['/v1/connections', '/v1/token/x', '/v1/proxy/x/y'])
      expect([path, (await call('GET', path, { headers: { authorization: token } })).status]).toEqual([path, 403])
  })

  test('an agent connects an account, reads its token, calls the API and ends it, by the gateway alone', async () => {
    const requested = await request()
    expect(requested.status).toBe(201)
    const { authUrl, connection_id: id } = requested.body
    expect(new URL(authUrl).searchParams.get('redirect_uri')).toBe(`${ISSUER}/auth/callback/idp`)
    expect((await call('GET', `/v1/check-connection/${id}`)).body.status).toBe('pending')
    expect((await call('GET', `/v1/token/${id}`)).body.error).toBe('connection_pending')

    const back = await gateway.request(`/auth/callback/idp?${idp.consent(authUrl)}`)
    expect(back.headers.get('location')).toBe(`http://localhost:3000/done?a=1&status=success&connection_id=${id}`)
    const token = await call('GET', `/v1/token/${id}`)
    expect(token.status).toBe(200)
    const api = await call('GET', `/v1/proxy/${id}/userinfo?x=1`, { headers: { cookie: 'a=b' } })
    expect(api.body).toMatchObject({ sub: 'ada' })
    const seen = idp.seen.find(({ path }) => path === '/userinfo')
    expect(seen?.headers).toMatchObject({ authorization: `Bearer ${token.body.access_token}` })
    expect(JSON.stringify(idp.seen)).not.toMatch(/x-auth-agent|broker-key|"cookie"/)

    expect((await call('POST', `/v1/refresh/${id}`)).body.access_token).not.toBe(token.body.access_token)
    expect((await call('GET', '/v1/connections')).body.data).toHaveLength(1)
    expect((await call('DELETE', `/v1/connections/${id}`)).body).toEqual({ revoked_upstream: true })
    expect((await call('GET', `/v1/token/${id}`)).status).toBe(404)
  })

  test('a browser may come back to the broker itself', async () => {
    const { body } = await request()
    const back = await broker.request(`/auth/callback/idp?${idp.consent(body.authUrl)}`)
    expect(back.status).toBe(303)
    expect((await call('GET', `/v1/check-connection/${body.connection_id}`)).body.status).toBe('active')
  })

  test('what the broker says comes through: its status, its sentence, and the name of the request', async () => {
    const unknown = await call('GET', '/v1/token/conn_unknown', { headers: { 'x-request-id': 'request-of-the-test' } })
    expect(unknown.status).toBe(404)
    expect(unknown.body).toMatchObject({ error: 'not_found' })
    expect(unknown.headers.get('x-request-id')).toBe('request-of-the-test')
    const refused = await request({ return_url: 'https://evil.example/' })
    expect(refused.body.error).toBe('invalid_return_url')
    const page = await gateway.request('/auth/callback/idp?state=x&code=y', { headers: { accept: 'text/html' } })
    expect(page.status).toBe(400)
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'")
  })

  test.each(CLIENTS)('connections are tools at the gateway, for a client of %s', async (kind) => {
    const client = await connectMcp(new URL('/mcp', gateway.url), kind, { bearer: authorization })
    const userinfo = { path: '/userinfo', user_id: `eve of ${kind}` }
    const onProgress = (message: string | undefined) => {
      const [link = ''] = /http\S+/.exec(message ?? '') ?? []
      void gateway.request(`/auth/callback/idp?${idp.consent(link)}`)
    }
    const { said } = await client.call('idp_request', userinfo, { onProgress })
    expect(said).toMatchObject({ status: 200, body: { sub: 'ada' } })
    const { said: listed } = await client.call('list_connections', { user_id: userinfo.user_id })
    expect(listed.data).toMatchObject([{ connection_id: said.connection_id, status: 'active' }])
    await call('DELETE', `/v1/connections/${said.connection_id}`)
    await client.close()
    expect((await gateway.request('/mcp', { method: 'POST' })).headers.get('www-authenticate')).toContain(
      'resource_metadata',
    )
    expect((await broker.request('/mcp', { method: 'POST', headers: { authorization } })).status).toBe(401)
  })

  test('bodies stream through both, in both directions', async () => {
    const id = await connect()
    const big = new Blob(Array.from({ length: 20 }, () => new Uint8Array(1_000_000).fill(97)))
    const { status } = await call('POST', `/v1/proxy/${id}/userinfo`, { body: big })
    expect(status).toBe(200)
    expect(idp.seen.find(({ path }) => path === '/userinfo')?.body.length).toBe(20_000_000)
  })

  test('people and operators reach the rest of the room by the gateway', async () => {
    const id = await connect()
    const providers = await gateway.admin('GET', '/providers')
    expect(providers.body.data[0]).toMatchObject({ name: 'idp', configured: true })
    expect(providers.text).not.toContain('canary-client-secret')
    const admin = { authorization: `Bearer ${ADMIN_KEY}` }
    const listed = await gateway.request('/api/connections', { headers: admin })
    expect(listed.body.data.map((one: { connection_id: string }) => one.connection_id)).toContain(id)
    const grant = { connection_id: id, agent_id: agentId, methods: ['GET'] }
    const granted = await gateway.postJson('/api/connection-grants', grant, admin)
    expect(granted.status).toBe(201)
    expect((await broker.admin('GET', '/providers')).status).toBe(200)
  })

  test('an MCP server is added, authorized in a browser and tested, by the gateway alone', async () => {
    const [upstream, authority] = [await startMcpUpstream(), await startMcpAuthority()]
    upstream.behaviour.metadata = {
      '/.well-known/oauth-protected-resource': { resource: upstream.origin, authorization_servers: [authority.issuer] },
    }
    upstream.behaviour.lets = ({ headers }) => authority.valid.has(headers.authorization?.slice(7) ?? '')
    const admin = { authorization: `Bearer ${ADMIN_KEY}` }
    const said = { name: 'tools', transport: 'streamable-http', url: upstream.url, auth: 'oauth' }
    const { body: made } = await gateway.postJson('/api/v1/mcp/servers', said, admin)
    expect(made.redirect_uri).toBe(`${ISSUER}/api/mcp/oauth/${made.id}/callback`)

    const begun = await gateway.request(`/api/mcp/oauth/${made.id}/start`, { headers: admin })
    const { pathname, search } = new URL(begun.body.authorization_url)
    const on = await gateway.request(`${pathname}${search}&continue=1`)
    const cookie = on.headers.getSetCookie().join().split(';')[0] ?? ''
    const answer = authority.consent(on.headers.get('location') ?? '')
    const callback = `/api/mcp/oauth/${made.id}/callback?${answer}`
    expect((await gateway.request(callback)).status).toBe(400)
    const back = await gateway.request(callback, { headers: { cookie } })
    expect(back.headers.get('location')).toContain('/console/mcp-servers?status=success')

    const tested = await gateway.postJson(`/api/v1/mcp/servers/${made.id}/test`, {}, admin)
    expect(tested.body).toMatchObject({ ok: true })
    const listed = await call('GET', '/api/v1/mcp/servers')
    expect(listed.body.data).toMatchObject([{ id: made.id, status: 'ready' }])
    expect((await call('DELETE', `/api/v1/mcp/servers/${made.id}`)).status).toBe(403)
    // The broker itself lets in no agent either, whoever sends one.
    const agent = writePrincipal({ kind: 'agent', id: agentId, orgId: 'org_1', scope: '' })
    const forged = { 'x-api-key': NEW_KEY, [PRINCIPAL]: agent }
    expect((await broker.request(`/api/v1/mcp/servers/${made.id}`, { method: 'DELETE', headers: forged })).status).toBe(
      403,
    )
    expect((await broker.request('/api/v1/mcp/servers')).status).toBe(401)
    await upstream.stop()
    await authority.stop()
  })

  test('nobody but a gateway, the operator and a browser gets anything of the broker', async () => {
    const id = await connect()
    for (const path of [`/v1/token/${id}`, '/v1/connections', '/api/connections', '/connections/x/refresh']) {
      const method = path.startsWith('/connections') ? 'POST' : 'GET'
      const answers = await Promise.all([
        broker.request(path, { method }),
        broker.request(path, { method, headers: { authorization } }),
        broker.request(path, { method, headers: { 'x-api-key': 'wrong-key-of-the-broker' } }),
        broker.request(path, { method, headers: { [PRINCIPAL]: OPERATOR } }),
        broker.request(path, { method, headers: { [PRINCIPAL]: OPERATOR, authorization: `Bearer ${ADMIN_KEY}` } }),
      ])
      expect(answers.map(({ status }) => status)).toEqual([401, 401, 401, 401, 401])
    }
    const key = { 'x-api-key': NEW_KEY }
    expect((await broker.request(`/v1/token/${id}`, { headers: key })).status).toBe(400)
    const person = writePrincipal({ kind: 'agent', id: agentId, orgId: 'org_1', scope: '' })
    const noOperator = { ...key, [PRINCIPAL]: person }
    expect((await broker.request('/api/admin/providers', { headers: noOperator })).status).toBe(403)
    expect((await broker.request('/authorize')).status).toBe(404)
    expect((await broker.request('/api/agents')).status).toBe(404)
  })

  test('either of two keys opens the broker, so that one can be replaced while the other is in use', async () => {
    const id = await connect()
    const refresh = (key: string) =>
      broker.request(`/connections/${id}/refresh`, { method: 'POST', headers: { 'x-api-key': key } })
    expect((await refresh(NEW_KEY)).status).toBe(200)
    expect((await refresh(OLD_KEY)).status).toBe(200)
    expect((await refresh(ADMIN_KEY)).status).toBe(401)
  })

  test('the broker’s own door is not at the gateway, and nobody names another caller to it', async () => {
    const id = await connect()
    const headers = { 'x-api-key': NEW_KEY }
    expect((await gateway.request(`/connections/${id}/refresh`, { method: 'POST', headers })).status).toBe(404)
    const other = await gateway.agent()
    const form = { grant_type: 'client_credentials', client_id: other.agent_id, client_secret: other.agent_secret }
    const bearer = `Bearer ${(await gateway.post('/token', form)).body.access_token}`
    const forged = { authorization: bearer, [PRINCIPAL]: OPERATOR }
    // The agents of an organization use its connections by the proxy; only who made one sees its token.
    expect((await gateway.request(`/v1/token/${id}`, { headers: forged })).status).toBe(403)
    expect((await gateway.request('/v1/connections', { headers: { [PRINCIPAL]: OPERATOR } })).status).toBe(401)
  })

  test('without the broker, connections are unavailable for a moment, and the rest goes on', async () => {
    const alone = await spawnServer(
      database.url,
      { BROKER_API_KEYS: NEW_KEY, BROKER_URL: `http://127.0.0.1:${await freePort()}` },
      ['--only', 'gateway'],
    )
    const answer = await alone.request('/v1/connections', { headers: { authorization } })
    expect(answer.status).toBe(503)
    expect(answer.headers.get('retry-after')).toBe('1')
    expect(answer.body.error).toBe('temporarily_unavailable')
    expect((await alone.admin('GET', '/agents')).status).toBe(200)
    await alone.stop()
  })

  test('each says in its log which part it is', async () => {
    expect(broker.stdout()).toContain('"only":"broker"')
    expect(gateway.stdout()).toContain('"only":"gateway"')
  })
})

describe('what a part cannot start with', () => {
  const fault = async (args: string[], env: Record<string, string> = {}) => {
    const program = runProgram({ file: 'main.ts', args }, serverEnv('sqlite::memory:', env))
    const { code } = await program.exited
    return { code, stderr: program.stderr() }
  }

  test('a gateway names everything that it lacks, at once', async () => {
    const { code, stderr } = await fault(['--only', 'gateway'], { ADMIN_API_KEY: '', BROKER_ALLOWED_CIDRS: 'nonsense' })
    expect(code).toBe(1)
    expect(stderr).toMatch(/BROKER_URL is required/)
    expect(stderr).toMatch(/BROKER_API_KEYS is required/)
    expect(stderr).toMatch(/BROKER_ALLOWED_CIDRS must be addresses/)
  })

  test.each([[['--only', 'nonsense']], [['--only']], [['--nonsense']], [['nonsense']]])(
    'the arguments %j are refused with what would be right',
    async (args) => {
      const { code, stderr } = await fault(args)
      expect(code).toBe(1)
      expect(stderr).toContain('--only gateway or --only broker')
    },
  )
})

describe('BROKER_ALLOWED_CIDRS', () => {
  const env = { BROKER_API_KEYS: NEW_KEY, BROKER_ALLOWED_CIDRS: '10.1.0.0/16', TRUSTED_PROXIES: '10.2.0.1' }
  let server: Awaited<ReturnType<typeof startServer>>
  beforeAll(async () => {
    server = await startServer('sqlite', env)
  })
  afterAll(() => server?.stop())

  const from = (address: string, forwarded?: string) =>
    server.request(
      '/connections/conn_x/refresh',
      { method: 'POST', headers: { 'x-api-key': NEW_KEY, ...(forwarded && { 'x-forwarded-for': forwarded }) } },
      address,
    )

  test('lets in who calls from there', async () => {
    expect((await from('10.1.2.3')).status).toBe(404)
    expect((await from('::ffff:10.1.2.3')).status).toBe(404)
  })

  test('keeps out who does not, whatever key they have', async () => {
    const { status, body } = await from('10.3.0.1')
    expect(status).toBe(403)
    expect(body.error).toBe('forbidden')
  })

  test('believes X-Forwarded-For of a trusted proxy only', async () => {
    expect((await from('10.3.0.1', '10.1.2.3')).status).toBe(403)
    expect((await from('10.2.0.1', '10.1.2.3')).status).toBe(404)
    expect((await from('10.2.0.1', '10.1.2.3, 8.8.8.8')).status).toBe(403)
  })

  test('does not concern browsers, agents and people', async () => {
    expect((await server.request('/health', {}, '8.8.8.8')).status).toBe(200)
    expect((await server.request('/auth/callback/x?state=y', {}, '8.8.8.8')).status).toBe(400)
  })
})

test('in one process, a principal that a caller names is nobody', async () => {
  const server = await startServer('sqlite', { BROKER_API_KEYS: NEW_KEY })
  const forged = { 'x-api-key': NEW_KEY, [PRINCIPAL]: OPERATOR }
  for (const path of ['/v1/connections', '/api/connections', '/api/admin/providers'])
    expect((await server.request(path, { headers: forged })).status).toBe(401)
  await server.stop()
})
