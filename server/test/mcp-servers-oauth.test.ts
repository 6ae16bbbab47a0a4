import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type ConnectionsServer, startConnections } from './connection-flows.ts'
import { ADMIN_KEY, type Answer, type Browser, DATABASES, ISSUER } from './harness.ts'
import { type McpAuthority, type McpUpstream, startMcpAuthority, startMcpUpstream } from './mcp-upstream.ts'
import { startOpenIdProvider } from './openid-provider.ts'
import { newTenant, type Tenant } from './tenancy.ts'

const METADATA = '/.well-known/oauth-protected-resource/mcp'
const CONSOLE = `${ISSUER}/console/mcp-servers`
const bearerOf = (headers: { authorization?: string | undefined }) =>
  headers.authorization?.replace(/^Bearer /, '') ?? ''

describe.each(DATABASES)('OAuth to MCP servers on %s', (kind) => {
  let server: ConnectionsServer
  let upstream: McpUpstream
  let authority: McpAuthority
  let alpha: Tenant
  let beta: Tenant
  let names = 0

  beforeAll(async () => {
    server = await startConnections(kind)
    upstream = await startMcpUpstream()
    authority = await startMcpAuthority()
    alpha = await newTenant(server, 'Alpha')
    beta = await newTenant(server, 'Beta')
  }, 60_000)
  afterAll(async () => {
    await upstream?.stop()
    await authority?.stop()
    await server?.stop()
  })
  beforeEach(() => {
    upstream.reset()
    authority.reset()
    upstream.behaviour.challenge = `Bearer error="invalid_token", resource_metadata="${upstream.origin}${METADATA}", scope="tools"`
    upstream.behaviour.metadata = {
      [METADATA]: {
        resource: upstream.url,
        authorization_servers: [authority.issuer],
        scopes_supported: ['tools', 'more'],
      },
    }
    upstream.behaviour.lets = ({ headers }) => authority.valid.get(bearerOf(headers)) === upstream.url
  })

  const add = async (body: object = {}, by: Browser = alpha.admin) => {
    const answer = await by.send('POST', '/api/v1/mcp/servers', {
      name: `server ${++names}`,
      transport: 'streamable-http',
      url: upstream.url,
      auth: 'oauth',
      ...body,
    })
    if (answer.status !== 201) throw new Error(`${answer.status} ${answer.text}`)
    return answer.body
  }
  const get = async (id: string, by: Browser = alpha.admin) => (await by.get(`/api/v1/mcp/servers/${id}`)).body
  const check = async (id: string) => (await alpha.admin.send('POST', `/api/v1/mcp/servers/${id}/test`)).body
  const start = (id: string, by: Browser = alpha.admin) => by.get(`/api/mcp/oauth/${id}/start`)
  const come = (id: string, query: URLSearchParams | Record<string, string>, by: Browser = alpha.admin) =>
    by.get(`/api/mcp/oauth/${id}/callback?${new URLSearchParams(query)}`)
  const outcomeOf = (answer: Answer) => {
    const url = new URL(answer.headers.get('location') ?? 'none:')
    return [
      answer.status,
      `${url.origin}${url.pathname}`,
      url.searchParams.get('status'),
      url.searchParams.get('error'),
    ]
  }
  const authorize = async (id: string) => {
    const begun = await start(id)
    if (begun.status !== 200) throw new Error(`start: ${begun.status} ${begun.text}`)
    return come(id, authority.consent(begun.body.authorization_url))
  }
  const authorized = async (body: object = {}) => {
    const made = await add(body)
    expect(outcomeOf(await authorize(made.id))).toEqual([303, CONSOLE, 'success', null])
    return made
  }
  const actions = async (target: string) => {
    const { body } = await alpha.admin.get('/api/audit-log?limit=200')
    const events = body.data.filter((event: { target: string }) => event.target === target)
    return events.map(({ action }: { action: string }) => action).reverse()
  }

  test('an administrator authorizes one, and it is used with a token that is refreshed, until it is taken away', async () => {
    const made = await add()
    expect(made).toMatchObject({
      status: 'authorization_required',
      redirect_uri: `${ISSUER}/api/mcp/oauth/${made.id}/callback`,
    })
    expect(await check(made.id)).toMatchObject({
      ok: false,
      error: { code: 'authorization_required', message: expect.stringContaining('authorize it first') },
    })

    const begun = await start(made.id)
    const url = new URL(begun.body.authorization_url)
    expect(Object.fromEntries(url.searchParams)).toMatchObject({
      response_type: 'code',
      redirect_uri: made.redirect_uri,
      resource: upstream.url,
      scope: 'tools',
      code_challenge_method: 'S256',
      state: expect.stringMatching(/^[\w-]{43}$/),
    })
    const back = await come(made.id, authority.consent(url.href))
    expect(outcomeOf(back)).toEqual([303, CONSOLE, 'success', null])
    expect(authority.calls('/token')[0]?.form).toMatchObject({ resource: upstream.url })

    const ready = await get(made.id)
    expect(ready).toMatchObject({ status: 'ready', authorization: { status: 'active', scopes: ['tools'] } })
    expect(await check(made.id)).toMatchObject({ ok: true, tools: [{ name: 'search' }] })

    // Within five minutes of its end, it is refreshed, for the same resource.
    server.wait(3500)
    expect(await check(made.id)).toMatchObject({ ok: true })
    expect(authority.calls('/token').at(-1)?.form).toMatchObject({
      grant_type: 'refresh_token',
      resource: upstream.url,
    })
    // A token that it does not take any more is replaced once.
    authority.valid.clear()
    expect(await check(made.id)).toMatchObject({ ok: true })

    expect((await alpha.admin.send('DELETE', `/api/v1/mcp/servers/${made.id}`)).status).toBe(204)
    expect(authority.calls('/revoke')).toHaveLength(1)
    expect(authority.live.size).toBe(0)
    expect((await alpha.admin.get(`/api/connections/${ready.connection_id}`)).status).toBe(404)
    expect((await actions(made.id)).filter((action: string) => !action.endsWith('tested'))).toEqual([
      'mcp_server.created',
      'mcp_server.authorization_started',
      'mcp_server.authorized',
      'mcp_server.deleted',
    ])
  })

  test('it registers once, and enters as what it was registered', async () => {
    const made = await authorized()
    expect(authority.calls('/register')).toHaveLength(1)
    expect(JSON.parse(authority.calls('/register')[0]?.body ?? '')).toMatchObject({
      redirect_uris: [made.redirect_uri],
      grant_types: ['authorization_code', 'refresh_token'],
      token_endpoint_auth_method: 'client_secret_basic',
    })
    const { connection_id } = await get(made.id)
    expect(outcomeOf(await authorize(made.id))[2]).toBe('success')
    expect(authority.calls('/register')).toHaveLength(1)
    expect((await get(made.id)).connection_id).toBe(connection_id)
    // What was ended is begun anew, for it may be forgotten there too.
    const ended = await alpha.admin.send('DELETE', `/api/v1/mcp/servers/${made.id}/authorization`)
    expect([ended.status, ended.body]).toEqual([200, { revoked_upstream: true }])
    expect((await get(made.id)).status).toBe('authorization_required')
    expect((await alpha.admin.send('DELETE', `/api/v1/mcp/servers/${made.id}/authorization`)).status).toBe(409)
    expect(outcomeOf(await authorize(made.id))[2]).toBe('success')
    expect(authority.calls('/register')).toHaveLength(2)
  })

  test('a client that was entered by hand is used as it is, with its scopes', async () => {
    const oauth = { client_id: 'by-hand', client_secret: 'canary-secret-by-hand-0123', scopes: ['more'] }
    const made = await add({ oauth })
    authority.enter('by-hand', oauth.client_secret, made.redirect_uri)
    const begun = await start(made.id)
    expect(new URL(begun.body.authorization_url).searchParams.get('scope')).toBe('more')
    expect(outcomeOf(await come(made.id, authority.consent(begun.body.authorization_url)))[2]).toBe('success')
    expect(authority.calls('/register')).toHaveLength(0)
    // Another client, or another address, is another consent.
    const other = await alpha.admin.send('PUT', `/api/v1/mcp/servers/${made.id}`, {
      ...made,
      oauth: { client_id: 'another' },
    })
    expect([other.status, other.body.status, authority.calls('/revoke').length]).toEqual([
      200,
      'authorization_required',
      1,
    ])
  })

  test('without a challenge, the well-known places are asked; without any word, what was entered counts', async () => {
    upstream.behaviour.challenge = 'Bearer'
    expect(outcomeOf(await authorize((await add()).id))[2]).toBe('success')
    upstream.behaviour.metadata = {
      '/.well-known/oauth-protected-resource': { resource: upstream.origin, authorization_servers: [authority.issuer] },
    }
    upstream.behaviour.lets = ({ headers }) => authority.valid.get(bearerOf(headers)) === upstream.origin
    const whole = await authorized()
    expect(await check(whole.id)).toMatchObject({ ok: true })
    upstream.behaviour.metadata = {}
    const silent = await start((await add()).id)
    expect([silent.status, silent.body.error]).toEqual([502, 'provider_misconfigured'])
    await authorized({ oauth: { authorization_server: authority.issuer } })
  })

  test('a state is good once, in the browser that began, at its own address', async () => {
    const [made, other] = [await add(), await add()]
    const { body } = await start(made.id)
    const answer = authority.consent(body.authorization_url)
    const state = answer.get('state') ?? ''
    for (const [who, response] of [
      ['a state that is none', await come(made.id, { ...Object.fromEntries(answer), state: 'x'.repeat(43) })],
      ['another browser', await come(made.id, answer, server.browser())],
      ['another person', await come(made.id, answer, alpha.member)],
      ['another organization', await come(made.id, answer, beta.admin)],
      ['another server', await come(other.id, answer)],
      ['the callback of connections', await alpha.admin.get(`/auth/callback?${answer}`)],
      ['that of a provider', await alpha.admin.get(`/auth/callback/${made.id}?${answer}`)],
      ['no state', await come(made.id, { code: 'x' })],
    ] as const)
      expect([who, response.status]).toEqual([who, 400])
    expect(authority.calls('/token')).toHaveLength(0)
    expect(outcomeOf(await come(made.id, answer))[2]).toBe('success')
    expect((await come(made.id, answer)).status).toBe(400)
    expect((await come(made.id, { code: 'x', state })).status).toBe(400)
    expect(authority.calls('/token')).toHaveLength(1)
    expect((await get(made.id)).status).toBe('ready')
  })

  test('an answer of another issuer, or of none, is refused before its code is sent anywhere', async () => {
    const made = await add()
    for (const iss of ['https://evil.example', undefined]) {
      const { body } = await start(made.id)
      const answer = authority.consent(body.authorization_url)
      if (iss === undefined) answer.delete('iss')
      else answer.set('iss', iss)
      expect(outcomeOf(await come(made.id, answer))).toEqual([303, CONSOLE, 'error', 'invalid_issuer'])
    }
    expect(authority.calls('/token')).toHaveLength(0)
    const { body } = await start(made.id)
    const state = new URL(body.authorization_url).searchParams.get('state') ?? ''
    const denied = await come(made.id, { error: 'access_denied', state, iss: authority.issuer })
    expect(outcomeOf(denied)[3]).toBe('access_denied')
    expect((await actions(made.id)).at(-1)).toBe('mcp_server.authorization_failed')
    expect((await get(made.id)).status).toBe('authorization_required')
  })

  test.each<[string, (up: McpUpstream, at: McpAuthority) => void]>([
    ['does not list S256', (_, at) => (at.behaviour.metadata = { code_challenge_methods_supported: ['plain'] })],
    ['says nothing of PKCE', (_, at) => (at.behaviour.metadata = { code_challenge_methods_supported: undefined })],
    ['is another issuer than it was called', (_, at) => (at.behaviour.metadata = { issuer: 'https://evil.example' })],
    [
      'has its token endpoint at a private address',
      (_, at) => (at.behaviour.metadata = { token_endpoint: 'https://10.0.0.1/token' }),
    ],
    [
      'has its registration in the metadata of a cloud',
      (_, at) => (at.behaviour.metadata = { registration_endpoint: 'https://169.254.169.254/x' }),
    ],
    [
      'sends people to a script',
      (_, at) => (at.behaviour.metadata = { authorization_endpoint: 'javascript:alert(1)' }),
    ],
    ['registers nobody', (_, at) => (at.behaviour.metadata = { registration_endpoint: undefined })],
    ['is at a private address', (up) => setMetadata(up, { authorization_servers: ['https://192.168.0.1'] })],
    ['is no address', (up) => setMetadata(up, { authorization_servers: ['file:///etc/passwd'] })],
    ['is not named', (up) => setMetadata(up, { authorization_servers: [] })],
    ['is that of another server', (up) => setMetadata(up, { resource: 'https://other.example/mcp' })],
    ['is that of another path', (up) => setMetadata(up, { resource: `${up.origin}/mc` })],
    ['is that of a part of it', (up) => setMetadata(up, { resource: `${up.url}/deeper` })],
    [
      'is pointed at by a private address',
      (up) => (up.behaviour.challenge = 'Bearer resource_metadata="https://10.0.0.1/x"'),
    ],
  ])('an authorization server that %s is not used', async (_, bend) => {
    const made = await add()
    bend(upstream, authority)
    const answer = await start(made.id)
    expect([answer.status, answer.body.error]).toEqual([502, 'provider_misconfigured'])
    expect(answer.body.error_description).toMatch(/^[A-Z].{20}/)
    expect((await get(made.id)).authorization).toEqual({ status: 'none' })
  })

  test('another authorization server gets nothing that is of the one before', async () => {
    const made = await authorized()
    const before = await get(made.id)
    const evil = await startMcpAuthority()
    setMetadata(upstream, { authorization_servers: [evil.issuer] })
    const { body } = await start(made.id)
    expect(body.connection_id).not.toBe(before.connection_id)
    // What was consented to before ends at once, where it was given.
    expect(authority.calls('/revoke')).toHaveLength(1)
    expect((await get(made.id)).status).toBe('authorization_required')
    expect(outcomeOf(await come(made.id, evil.consent(body.authorization_url)))[2]).toBe('success')
    for (const { form, authorization } of evil.seen) {
      expect(JSON.stringify(form)).not.toContain(before.connection_id)
      if (authorization)
        expect([...evil.clients.values()].map(({ secret }) => secret)).toContain(
          Buffer.from(authorization.slice(6), 'base64').toString().split(':')[1],
        )
    }
    await evil.stop()
  })

  test('a program begins too; the browser that opens its link is held to it', async () => {
    const made = await server.call('POST', '/api/v1/mcp/servers', {
      token: ADMIN_KEY,
      body: { name: 'by the operator', transport: 'streamable-http', url: upstream.url, auth: 'oauth' },
    })
    const { id } = made.body
    const begun = await server.call('GET', `/api/mcp/oauth/${id}/start`, { token: ADMIN_KEY })
    const link = new URL(begun.body.authorization_url)
    expect(`${link.origin}${link.pathname}`).toBe(`${ISSUER}/auth/start`)
    const window = server.browser()
    const page = await window.get(link.pathname + link.search)
    expect(page.text).toContain('the MCP server by the operator')
    const on = await window.get(`${link.pathname}${link.search}&continue=1`)
    const answer = authority.consent(on.headers.get('location') ?? '')
    expect((await come(id, answer, server.browser())).status).toBe(400)
    expect(outcomeOf(await come(id, answer, window))[2]).toBe('success')
    // A person who goes there is sent on; another site cannot send them.
    const mine = await add()
    const navigation = { 'sec-fetch-mode': 'navigate', accept: 'text/html' }
    const sent = await alpha.admin.get(`/api/mcp/oauth/${mine.id}/start`, { ...navigation, 'sec-fetch-site': 'none' })
    expect([sent.status, new URL(sent.headers.get('location') ?? '').origin]).toEqual([303, authority.issuer])
    const crossed = { ...navigation, 'sec-fetch-site': 'cross-site' }
    expect((await alpha.admin.get(`/api/mcp/oauth/${mine.id}/start`, crossed)).status).toBe(403)
    expect((await start((await add({ enabled: false })).id)).status).toBe(409)
    expect((await start((await add({ auth: 'none' })).id)).status).toBe(409)
  })

  test('agents reach it by the proxy, and nobody sees its token', async () => {
    const { token, agent_id } = await server.makeAgent()
    const made = await authorized()
    const { connection_id: id } = await get(made.id)
    const reader = (await server.call('GET', '/api/v1/mcp/servers?limit=200', { token })).body.data
    expect(reader.find((one: { id: string }) => one.id === made.id)).toMatchObject({
      status: 'ready',
      connection_id: id,
    })

    const initialize = (path: string) =>
      server.call('POST', `/v1/proxy/${id}${path}`, {
        token,
        headers: { accept: 'application/json, text/event-stream' },
        body: {
          jsonrpc: '2.0',
          id: 1,
          method: 'initialize',
          params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'x', version: '1' } },
        },
      })
    const said = await initialize('')
    expect([said.status, said.text.includes('upstream')]).toEqual([200, true])
    expect(said.headers.get('mcp-session-id')).toMatch(/./)

    for (const [who, call] of [
      ['agent', (path: string, method = 'GET') => server.call(method, path, { token })],
      [
        'administrator',
        (path: string, method = 'GET') => server.call(method, path, { token: alpha.keys.admin.api_key }),
      ],
      ['operator', (path: string, method = 'GET') => server.call(method, path, { token: ADMIN_KEY })],
    ] as const) {
      expect([who, (await call(`/v1/token/${id}`)).status]).toEqual([who, 403])
      expect([who, (await call(`/v1/refresh/${id}`, 'POST')).status]).toEqual([who, 403])
    }
    await alpha.member.send('POST', '/api/connection-grants', { connection_id: id, agent_id, raw_token: true })
    expect((await server.call('GET', `/v1/token/${id}`, { token })).status).toBe(403)
    const broker = await server.call('POST', `/connections/${id}/refresh`, { headers: { 'x-api-key': ADMIN_KEY } })
    expect(broker.status).toBe(403)
    // Those who may not set it up do not end it either, by another door.
    expect((await alpha.member.send('DELETE', `/api/connections/${id}`)).status).toBe(403)
    expect((await server.call('DELETE', `/v1/connections/${id}`, { token })).status).toBe(403)
    const listed = await alpha.member.get(`/api/connections/${id}`)
    expect(listed.body).toMatchObject({ provider_label: `MCP server ${made.name}` })
    const asked = { user_id: 'x', provider_name: listed.body.provider_name, scopes: [] }
    const refused = await server.call('POST', '/v1/request-connection', { token, body: asked })
    expect([refused.status, refused.body.fields.provider_name]).toEqual([422, expect.stringContaining('MCP server')])

    await alpha.admin.send('PUT', `/api/v1/mcp/servers/${made.id}`, { ...made, enabled: false })
    expect((await initialize('')).status).toBe(400)
    expect((await get(made.id)).status).toBe('disabled')
  })

  test('a client ID metadata document says who we are, of any server alike', async () => {
    const made = await add()
    for (const id of [made.id, `mcp_${'0'.repeat(26)}`]) {
      const { status, body } = await server.request(`/api/mcp/oauth/${id}/client-metadata`)
      expect([status, body.client_id, body.redirect_uris]).toEqual([
        200,
        `${ISSUER}/api/mcp/oauth/${id}/client-metadata`,
        [`${ISSUER}/api/mcp/oauth/${id}/callback`],
      ])
    }
    expect((await server.request('/api/mcp/oauth/other/client-metadata')).status).toBe(404)
  })

  test('two who begin at once do not leave two connections', async () => {
    const made = await add()
    const answers = await Promise.all(Array.from({ length: 4 }, () => start(made.id)))
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409, 409])
    const rows = await server.deps.db.read
      .selectFrom('connection')
      .select('connection_id')
      .where('user_ref', '=', made.id)
      .execute()
    expect(rows).toHaveLength(1)
  })

  test('no token, secret or code stands in an answer, the log, the audit log, or the database', async () => {
    const made = await authorized()
    const seen = [
      ...server.logged,
      JSON.stringify(await get(made.id)),
      (await alpha.admin.get('/api/v1/mcp/servers?limit=200')).text,
      (await alpha.admin.get('/api/connections?limit=200')).text,
      (await alpha.admin.get('/api/audit-log/export?format=json')).text,
    ]
    const { read } = server.deps.db
    for (const table of ['mcp_server', 'mcp_client', 'connection', 'connection_flow', 'audit_event'] as const)
      seen.push(JSON.stringify(await read.selectFrom(table).selectAll().execute()))
    expect(seen.join('\n')).not.toMatch(/canary-(access|refresh|registered|code|secret)/)
  })
})

describe('where our issuer is on the web', () => {
  test('our client ID metadata document is who we are, and nobody registers', async () => {
    const [upstream, authority] = [await startMcpUpstream(), await startMcpAuthority()]
    const server = await startConnections('sqlite', { ISSUER: 'https://auth.example' })
    upstream.behaviour.metadata = {
      [METADATA]: { resource: upstream.url, authorization_servers: [authority.issuer] },
    }
    authority.behaviour.metadata = { client_id_metadata_document_supported: true }
    const body = { name: 'documents', transport: 'streamable-http', url: upstream.url, auth: 'oauth' }
    const { body: made } = await server.call('POST', '/api/v1/mcp/servers', { token: ADMIN_KEY, body })
    const begun = await server.call('GET', `/api/mcp/oauth/${made.id}/start`, { token: ADMIN_KEY })
    const { search } = new URL(begun.body.authorization_url)
    const on = await server.request(`/auth/start${search}&continue=1`)
    const asked = new URL(on.headers.get('location') ?? '').searchParams
    const { body: said } = await server.request(`/api/mcp/oauth/${made.id}/client-metadata`)
    expect([asked.get('client_id'), [asked.get('redirect_uri')]]).toEqual([said.client_id, said.redirect_uris])
    expect(on.headers.getSetCookie().join()).toMatch(/^__Host-aa-connect-.*; Secure/)
    expect(authority.calls('/register')).toHaveLength(0)
    await server.stop()
    await authority.stop()
    await upstream.stop()
  })
})

describe('with a real authorization server', () => {
  test('an MCP server is authorized by node-oidc-provider, for itself alone', async () => {
    const upstream = await startMcpUpstream()
    const provider = await startOpenIdProvider({ resource: upstream.url })
    const server = await startConnections()
    const admin = await server.person({ name: 'Ada', email: 'ada@example.com' })
    upstream.behaviour.metadata = {
      [METADATA]: { resource: upstream.url, authorization_servers: [provider.issuer], scopes_supported: ['tools'] },
    }
    upstream.behaviour.lets = async ({ headers }) => (await provider.audienceOf(bearerOf(headers))) === upstream.url
    const { body: made } = await admin.send('POST', '/api/v1/mcp/servers', {
      name: 'real',
      transport: 'streamable-http',
      url: upstream.url,
      auth: 'oauth',
    })
    const begun = await admin.get(`/api/mcp/oauth/${made.id}/start`)
    expect([begun.status, begun.body.authorization_url]).toEqual([200, expect.stringContaining(provider.issuer)])
    const back = await provider.follow(begun.body.authorization_url)
    expect(back.searchParams.get('iss')).toBe(provider.issuer)
    const answer = await admin.get(back.pathname + back.search)
    expect(answer.headers.get('location')).toContain(`${CONSOLE}?status=success`)
    const check = async () => (await admin.send('POST', `/api/v1/mcp/servers/${made.id}/test`)).body
    expect(await check()).toMatchObject({ ok: true, server_info: { name: 'upstream' } })
    server.wait(3500)
    expect(await check()).toMatchObject({ ok: true })
    const ended = await admin.send('DELETE', `/api/v1/mcp/servers/${made.id}/authorization`)
    expect(ended.body).toEqual({ revoked_upstream: true })
    await server.stop()
    await provider.stop()
    await upstream.stop()
  })
})

function setMetadata(upstream: McpUpstream, said: object): void {
  upstream.behaviour.metadata = { [METADATA]: { ...upstream.behaviour.metadata[METADATA], ...said } }
}
