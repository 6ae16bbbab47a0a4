import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
  ADMIN_KEY,
  type AgentCredentials,
  type Answer,
  basic,
  type Credentials,
  ISSUER,
  type Person,
  secretPost,
  startServer,
  type TestServer,
} from './harness.ts'
import { newSigningKey, type OutsideIssuer, startOutsideIssuer } from './outside-issuer.ts'

/** What is there for everyone. Each of these has been thought about; a new one must be too. */
const PUBLIC = new Set([
  'GET /',
  'GET /docs',
  'GET /openapi.json',
  'GET /health',
  'GET /live',
  'GET /api/health',
  'GET /ready',
  'GET /metrics',
  'GET /api/stats',
  'GET /.well-known/oauth-authorization-server',
  'GET /.well-known/openid-configuration',
  'GET /.well-known/auth-agent',
  'GET /.well-known/jwks.json',
  'GET /.well-known/oauth-protected-resource',
  'GET /.well-known/oauth-protected-resource/mcp',
  'GET /authorize',
  'GET /oauth/authorize',
  'GET /authorize/resume',
  'GET /authorize/person',
  'GET /auth/start',
  'GET /auth/callback',
  'GET /auth/callback/:provider',
  'GET /api/mcp/oauth/:server/callback',
  'GET /api/mcp/oauth/:server/client-metadata',
  'POST /authorize/person',
  'GET /console',
  'GET /console/*',
  'GET /console/assets/:name',
  // How people sign in: each is guarded by what it asks for.
  'POST /api/auth/sign-up/email',
  'POST /api/auth/sign-in/email',
  'POST /api/auth/sign-in/social',
  'POST /api/auth/sign-out',
  'GET /api/auth/get-session',
  'POST /api/auth/send-verification-email',
  'GET /api/auth/verify-email',
  'POST /api/auth/request-password-reset',
  'GET /api/auth/reset-password/:token',
  'POST /api/auth/reset-password',
  'GET /api/auth/passkey/generate-authenticate-options',
  'POST /api/auth/passkey/verify-authentication',
  'GET /api/account/providers',
  'GET /api/invitations/by-token',
  'GET /api/check-status',
  'GET /api/check-status/stream',
])

/** Who has no credential is told so, whatever else is wrong with the call. */
const FORM: Record<string, Record<string, string>> = {
  'POST /token': { grant_type: 'client_credentials' },
  'POST /oauth/token': { grant_type: 'client_credentials' },
  'POST /introspect': { token: 'x' },
  'POST /revoke': { token: 'x' },
  'POST /api/agent/authenticate': { request_id: 'x', agent_id: 'x', agent_secret: 'x', model: 'x' },
}

/** The same for calls that are checked before anybody asks who is there. */
const JSON_BODY: Record<string, object> = {
  'POST /api/auth/change-password': { currentPassword: 'a password', newPassword: 'another password' },
  'POST /api/auth/update-user': { name: 'x' },
  'POST /api/auth/passkey/delete-passkey': { id: 'x' },
  'POST /api/auth/passkey/update-passkey': { id: 'x', name: 'x' },
  'POST /api/auth/passkey/verify-registration': {
    name: 'x',
    response: {
      id: 'x',
      rawId: 'x',
      type: 'public-key',
      clientExtensionResults: {},
      response: { clientDataJSON: 'x', attestationObject: 'x' },
    },
  },
}

let server: TestServer
/** One of TRUSTED_ISSUERS. */
let outside: OutsideIssuer
let person: Person
let client: Credentials
let agent: AgentCredentials
let routes: { name: string; method: string; path: string }[]
/** Every kind of credential there is, by name. */
let tokens: Record<string, string>

beforeAll(async () => {
  outside = await startOutsideIssuer(await newSigningKey('k1'))
  const trusted = [{ issuer: outside.origin, jwks_uri: outside.origin, audience: 'models' }]
  server = await startServer('sqlite', { TRUSTED_ISSUERS: JSON.stringify(trusted) })
  person = await server.person({ name: 'Ada', email: 'ada@person.example' })
  client = await server.client({ grant_types: ['authorization_code', 'refresh_token', 'client_credentials'] })
  agent = await server.agent({ allowed_scopes: ['openid', 'email', 'profile', 'offline_access'] })
  routes = server.app.routes
    .filter(({ method }) => method !== 'ALL')
    .map(({ method, path }) => ({ name: `${method} ${path}`, method, path: path.replace(/:\w+|\*/g, 'x') }))
})
afterAll(async () => {
  await server.stop()
  await outside.stop()
})

beforeEach(async () => {
  server.wait(60)
  const signIn = await server.tokens(client, agent)
  const bound = await server.tokens(client, agent, { resource: 'https://api.example/' })
  const own = { grant_type: 'client_credentials', client_id: agent.agent_id, client_secret: agent.agent_secret }
  const machine = await server.post('/token', { grant_type: 'client_credentials', ...secretPost(client) })
  const key = await server.admin('POST', '/api-keys', { user_id: person.id, name: 'test', scopes: ['manage'] })
  const [, session = ''] = [...person.jar.values()][0]?.match(/^([^.]+)\./) ?? []
  tokens = {
    'API key': key.body.api_key,
    'session token': session,
    'session cookie': [...person.jar.values()][0] ?? '',
    'access token of a sign-in': signIn.access_token,
    'access token of a sign-in for another resource': bound.access_token,
    id_token: signIn.id_token,
    'refresh token': signIn.refresh_token,
    'website’s own token': machine.body.access_token,
    'agent’s own token': (await server.post('/token', own)).body.access_token,
    'agent’s own token for somebody else': (await server.post('/token', { ...own, resource: 'https://api.example/' }))
      .body.access_token,
    'agent’s own token for /mcp': (await server.post('/token', { ...own, resource: `${ISSUER}/mcp` })).body
      .access_token,
    'trusted issuer’s token': await outside.token(server.deps.now(), { aud: 'models', role: 'admin' }),
    'trusted issuer’s token for somebody else': await outside.token(server.deps.now(), { aud: 'shop' }),
    'token of an issuer that calls itself another': await outside.token(server.deps.now(), {
      aud: 'models',
      iss: ISSUER,
    }),
    'admin key': ADMIN_KEY,
    'agent secret': agent.agent_secret,
    'client secret': client.client_secret,
    code: (await server.code(client, agent)).code,
    garbage: 'garbage',
    'unsigned token': `${Buffer.from('{"alg":"none","typ":"at+jwt"}').toString('base64url')}.e30.`,
  }
})

/** What somebody has for our own API, who is not the operator. */
const OPENS_V1 = ['agent’s own token', 'API key', 'trusted issuer’s token']

const call = (method: string, path: string, headers: Record<string, string>, body?: Record<string, string>) =>
  body ? server.post(path, body, headers) : server.request(path, { method, headers })
const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

function expectUnauthorized(answer: Answer, what: string): void {
  expect([what, answer.status]).toEqual([what, 401])
  expect(answer.body.error).toBeDefined()
}

test('every route but a few asks who is there', async () => {
  expect(routes.length).toBeGreaterThan(40)
  for (const { name, method, path } of routes) {
    if (PUBLIC.has(name)) expect([name, (await call(method, path, {})).status]).not.toEqual([name, 401])
    else if (JSON_BODY[name]) expectUnauthorized(await server.postJson(path, JSON_BODY[name]), name)
    else expectUnauthorized(await call(method, path, {}, FORM[name]), name)
  }
  for (const name of PUBLIC) expect(routes.map((route) => route.name)).toContain(name)
})

test('everything below /v1 and /api asks, whether it is there or not', async () => {
  for (const path of [
    '/api/nothing',
    '/api/agents/x/y',
    '/v1',
    '/v1/',
    '/v1/anything',
    '/v1/a/b/c',
    '/v1//x',
    '/api/admin',
    '/api/admin/',
    '/api/admin/nothing',
  ])
    for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'HEAD'])
      expect([path, method, (await server.request(path, { method })).status]).toEqual([path, method, 401])
  for (const path of [
    '/v1/models',
    '/V1/models',
    '//v1/models',
    '/x/../v1/models',
    '/v1/%6dodels',
    '/api//admin/agents',
    '/api/./admin/agents',
  ])
    expect([401, 404]).toContain((await server.request(path)).status)
})

describe('below /api/admin', () => {
  test('the admin key opens, a valid credential of somebody else is 403, the rest 401', async () => {
    for (const { name, method, path } of routes.filter(({ path }) => path.startsWith('/api/admin/')))
      for (const [kind, token] of Object.entries(tokens))
        for (const headers of [bearer(token), { 'x-api-key': token }]) {
          const { status } = await call(method, path, headers as Record<string, string>)
          const what = [name, kind]
          if (kind === 'admin key') expect([...what, [401, 403].includes(status)]).toEqual([...what, false])
          else expect([...what, status]).toEqual([...what, OPENS_V1.includes(kind) ? 403 : 401])
        }
    const headers = basic(client.client_id, client.client_secret)
    expect((await server.request('/api/admin/agents', { headers })).status).toBe(401)
  })
})

describe('below /v1', () => {
  test('only the agent’s own token, API keys, trusted issuers’ tokens and the operator get past the guard', async () => {
    for (const method of ['GET', 'POST'])
      for (const [kind, token] of Object.entries(tokens)) {
        const { status, body } = await call(method, '/v1/anything', bearer(token))
        const passes = OPENS_V1.includes(kind) || kind === 'admin key'
        expect([kind, status]).toEqual([kind, passes ? 404 : 401])
        expect(body.error).toEqual({
          message: expect.any(String),
          type: expect.any(String),
          param: null,
          code: passes ? 'not_found' : 'invalid_api_key',
        })
      }
  })

  test('a website cannot get a token that would open it', async () => {
    const resources = [
      ISSUER,
      `${ISSUER}/`,
      `${ISSUER}/v1`,
      `${ISSUER}/mcp`,
      ISSUER.toUpperCase(),
      ISSUER.replace('localhost', 'LOCALHOST'),
    ]
    for (const resource of resources) {
      const page = await server.browser().open(client.client_id, { resource })
      expect(page.page.headers.get('location')).toContain('error=invalid_target')
      const machine = { grant_type: 'client_credentials', ...secretPost(client), resource }
      expect((await server.post('/token', machine)).body.error).toBe('invalid_target')
      expect((await server.exchange(client, await server.code(client, agent), { resource })).body.error).toBe(
        'invalid_target',
      )
      const { refresh_token } = await server.tokens(client, agent)
      expect((await server.refresh(client, refresh_token, { resource })).body.error).toBe('invalid_target')
      const listed = await server.admin('POST', '/clients', {
        client_name: 'X',
        redirect_uris: ['https://x.example/'],
        resources: [resource],
      })
      if (listed.status === 201) {
        const opened = await server
          .browser()
          .open(listed.body.client_id, { resource, redirect_uri: 'https://x.example/' })
        expect(opened.page.headers.get('location')).toContain('error=invalid_target')
      }
    }
  })

  test('the agent’s own token opens it until the agent is disabled or the token revoked', async () => {
    const mortal = await server.agent()
    const own = { client_id: mortal.agent_id, client_secret: mortal.agent_secret }
    const get = async () =>
      (await server.post('/token', { grant_type: 'client_credentials', ...own })).body.access_token
    const status = async (token: string) => (await server.request('/v1/x', { headers: bearer(token) })).status
    const [first, second] = [await get(), await get()]
    await server.post('/revoke', { token: first, ...own })
    expect([await status(first), await status(second)]).toEqual([401, 404])
    server.wait(3599)
    expect(await status(second)).toBe(404)
    server.wait(1)
    expect(await status(second)).toBe(401)
    const third = await get()
    await server.admin('POST', `/agents/${mortal.agent_id}/disable`)
    expect(await status(third)).toBe(401)
  })
})

describe('at /mcp', () => {
  test('what opens connections gets in, and an agent’s token for it alone', async () => {
    const ping = { jsonrpc: '2.0', id: 1, method: 'ping' }
    for (const [kind, token] of Object.entries(tokens)) {
      const accept = 'application/json, text/event-stream'
      const { status } = await server.postJson('/mcp', ping, { ...bearer(token), accept })
      const passes = [...OPENS_V1, 'admin key', 'agent’s own token for /mcp'].includes(kind)
      // Who is known, but has no connections.
      const known = kind === 'trusted issuer’s token' ? 403 : 200
      expect([kind, status]).toEqual([kind, passes ? known : 401])
    }
  })
})

describe('at the OAuth endpoints', () => {
  test('a bearer token is no client', async () => {
    for (const [kind, token] of Object.entries(tokens))
      for (const path of ['/token', '/introspect', '/revoke']) {
        const params = { grant_type: 'client_credentials', token: 'x' }
        expect([kind, (await server.post(path, params, bearer(token))).status]).toEqual([kind, 401])
        const posted = { ...params, client_id: client.client_id, client_secret: token }
        const refused = [401, 429].includes((await server.post(path, posted)).status)
        expect([kind, refused]).toEqual([kind, kind !== 'client secret'])
      }
    server.wait(60)
  })

  test('userinfo is for the tokens of sign-ins', async () => {
    for (const [kind, token] of Object.entries(tokens)) {
      const { status } = await server.request('/userinfo', { headers: bearer(token) })
      const expected: Record<string, number> = {
        'access token of a sign-in': 200,
        'website’s own token': 403,
        'agent’s own token': 403,
      }
      expect([kind, status]).toEqual([kind, expected[kind] ?? 401])
    }
  })

  test('no kind of secret stands in for another where an agent signs in', async () => {
    const { requestId } = await server.browser().open(client.client_id)
    for (const [kind, token] of Object.entries(tokens)) {
      if (kind === 'agent secret') continue
      const { status } = await server.authenticate(requestId, { ...agent, agent_secret: token })
      expect([kind, [401, 429].includes(status)]).toEqual([kind, true])
    }
    expect((await server.authenticate(requestId, agent)).status).toBe(200)
  })
})
