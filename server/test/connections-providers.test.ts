import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { providers } from '../src/connections/providers/index.ts'
import { expiryOf, readTokenResponse } from '../src/connections/token-response.ts'
import { type ConnectionsServer, connectionsOf, startConnections } from './connection-flows.ts'
import { DATABASES, type Person } from './harness.ts'
import { type IdentityProvider, startIdentityProvider } from './identity-provider.ts'

const CLIENT_ID = 'our-client'
const SECRET = 'secret-canary-0123456789'

describe.each(DATABASES)('a provider, on %s', (kind) => {
  let server: ConnectionsServer
  let idp: IdentityProvider
  let token: string
  let person: Person
  beforeAll(async () => {
    idp = await startIdentityProvider(CLIENT_ID)
    server = await startConnections(kind, { ENFORCE_RETURN_URL: 'false' })
    token = (await server.makeAgent()).token
    await server.person({ name: 'First', email: 'first@example.com' })
    person = await server.person({ name: 'Ada', email: 'ada2@example.com' })
  })
  afterEach(() => idp.reset())
  afterAll(async () => {
    await server.stop()
    await idp.stop()
  })

  const custom = (name: string, changes: object = {}) => ({
    name,
    authorization_url: `${idp.issuer}/authorize?tenant=7`,
    token_url: `${idp.issuer}/token`,
    client_id: CLIENT_ID,
    client_secret: SECRET,
    ...changes,
  })
  const add = (name: string, changes: object = {}) => server.admin('POST', '/providers', custom(name, changes))

  test('of the catalogue needs a client id and secret only', async () => {
    const answer = await server.admin('POST', '/providers', { name: 'GitHub', client_id: 'id', client_secret: SECRET })
    expect(answer.status).toBe(201)
    expect(answer.body).toMatchObject({
      name: 'github',
      in_catalogue: true,
      configured: true,
      client_id: 'id',
      has_client_secret: true,
      redirect_uri: 'http://localhost:4000/auth/callback/github',
      authorization_url: 'https://github.com/login/oauth/authorize',
    })
    const asked = { user_id: 'u', provider_name: 'GITHUB', scopes: ['repo'] }
    const { body } = await server.call('POST', '/v1/request-connection', { token, body: asked })
    expect(body.provider_id).toBe('github')
    expect(body.authUrl).toMatch(/^https:\/\/github\.com\/login\/oauth\/authorize\?/)
  })

  test('has a secret that nobody reads back, in any answer, log or the database', async () => {
    await add('secretive')
    const answers = [
      await server.admin('GET', '/providers'),
      await server.admin('PUT', '/providers/secretive', { label: 'S', client_secret: `${SECRET}-2` }),
      await server.admin('GET', '/audit-log'),
    ]
    for (const { status, text } of answers) {
      expect(status).toBe(200)
      expect(text).not.toContain('secret-canary')
    }
    expect(server.logged.join('')).not.toContain('secret-canary')
    const rows = await server.deps.db.read.selectFrom('provider').selectAll().execute()
    expect(JSON.stringify(rows)).not.toContain('secret-canary')
  })

  test('is listed with the rest of the catalogue', async () => {
    const { data, next_cursor } = (await server.admin('GET', '/providers')).body
    const names = data.map(({ name }: { name: string }) => name)
    expect(next_cursor).toBeNull()
    expect(new Set(names).size).toBe(names.length)
    for (const { name } of providers) expect(names).toContain(name)
  })

  test('is changed field by field, and gone when it is deleted', async () => {
    await add('changing', { scopes: ['a'] })
    expect((await add('changing')).status).toBe(409)
    const changed = await server.admin('PUT', '/providers/CHANGING', { scopes: ['b'] })
    expect(changed.body).toMatchObject({ scopes: ['b'], client_id: CLIENT_ID, has_client_secret: true })
    const cleared = await server.admin('PUT', '/providers/changing', { client_secret: null })
    expect(cleared.body).toMatchObject({ has_client_secret: false })
    const told = { revocation_url: 'https://changing.example/revoke', label: 'Changing' }
    expect((await server.admin('PUT', '/providers/changing', told)).body).toMatchObject(told)
    const taken = await server.admin('PUT', '/providers/changing', { revocation_url: null, label: null, scopes: null })
    expect(taken.body).toMatchObject({ revocation_url: null, label: 'changing', scopes: [] })
    const needed = { issuer: null, authorization_url: null, token_url: null }
    expect((await server.admin('PUT', '/providers/changing', needed)).status).toBe(422)
    expect((await server.admin('DELETE', '/providers/changing')).status).toBe(204)
    expect((await server.admin('DELETE', '/providers/changing')).status).toBe(404)
    expect((await server.admin('PUT', '/providers/changing', {})).status).toBe(404)
    const asked = { user_id: 'u', provider_name: 'changing' }
    expect((await server.call('POST', '/v1/request-connection', { token, body: asked })).status).toBe(422)
  })

  test('is the operator’s alone to set up', async () => {
    for (const [method, path] of [
      ['GET', ''],
      ['POST', ''],
      ['PUT', '/github'],
      ['DELETE', '/github'],
    ] as const) {
      expect((await server.call(method, `/api/admin/providers${path}`)).status).toBe(401)
      expect((await server.call(method, `/api/admin/providers${path}`, { token })).status).toBe(403)
      expect((await person.send(method, `/api/admin/providers${path}`)).status).toBe(403)
    }
  })

  test.each<[string, object, string]>([
    ['no client', { client_id: undefined }, 'client_id'],
    ['no authorization endpoint', { authorization_url: undefined }, 'authorization_url'],
    ['http', { token_url: 'http://provider.example/token' }, 'token_url'],
    ['another scheme', { authorization_url: 'javascript:alert(1)' }, 'authorization_url'],
    ['a user name', { token_url: 'https://user@provider.example/token' }, 'token_url'],
    ['a name that is a path', { name: '../etc' }, 'name'],
    ['a host that is a pattern', { api_hosts: ['*.example.com'] }, 'api_hosts.0'],
    ...['state', 'redirect_uri', 'client_id', 'response_type', 'code_challenge', 'nonce', 'Code_Challenge_Method'].map(
      (name): [string, object, string] => [
        `the parameter ${name}`,
        { authorization_params: { [name]: 'x' } },
        'authorization_params',
      ],
    ),
    ['the parameter grant_type', { token_params: { grant_type: 'x' } }, 'token_params'],
  ])('is refused with %s', async (_, changes, field) => {
    const answer = await add('refused', changes)
    expect([answer.status, Object.keys(answer.body.fields)]).toEqual([422, [field]])
  })

  test('says its own parameters, and never in the place of the protocol’s', async () => {
    await add('spoken', { authorization_params: { prompt: 'consent' }, scope_separator: ',', pkce: false })
    const flows = connectionsOf(server, idp, token, 'spoken')
    const { body } = await flows.request({ scopes: ['a', 'b'] })
    expect(Object.fromEntries(new URL(body.authUrl).searchParams)).toEqual({
      tenant: '7',
      prompt: 'consent',
      scope: 'a,b',
      response_type: 'code',
      client_id: CLIENT_ID,
      redirect_uri: 'http://localhost:4000/auth/callback/spoken',
      state: body.state,
    })
    await flows.callback(idp.consent(body.authUrl))
    expect(idp.seen.at(-1)?.form).toEqual({
      grant_type: 'authorization_code',
      code: expect.any(String),
      redirect_uri: 'http://localhost:4000/auth/callback/spoken',
    })
  })

  test('gets the client in its own way', async () => {
    const expected = `Basic ${Buffer.from(`${CLIENT_ID}:${SECRET}`).toString('base64')}`
    await add('by-basic', { token_endpoint_auth_method: 'client_secret_basic' })
    await add('by-post', { token_endpoint_auth_method: 'client_secret_post' })
    await add('by-json', { token_endpoint_auth_method: 'client_secret_post', token_request: 'json' })
    const call = async (name: string) => {
      expect((await connectionsOf(server, idp, token, name).connect({})).answer.status).toBe(200)
      const seen = idp.seen.findLast(({ path }) => path === '/token')
      if (!seen) throw new Error('no call')
      return seen
    }
    expect((await call('by-basic')).headers.authorization).toBe(expected)
    expect((await call('by-post')).form).toMatchObject({ client_id: CLIENT_ID, client_secret: SECRET })
    expect(JSON.parse((await call('by-json')).body)).toMatchObject({ client_id: CLIENT_ID, client_secret: SECRET })
  })

  test('of a private network is not called', async () => {
    const guarded = await startConnections(kind, { EGRESS_ALLOW: '' })
    await guarded.admin('POST', '/providers', { name: 'idp', issuer: idp.issuer, client_id: CLIENT_ID })
    const caller = (await guarded.makeAgent()).token
    const asked = { user_id: 'u', provider_name: 'idp' }
    const answer = await guarded.call('POST', '/v1/request-connection', { token: caller, body: asked })
    expect([answer.status, answer.body.error]).toEqual([502, 'provider_misconfigured'])
    expect(idp.seen).toEqual([])
    await guarded.stop()
  })

  describe('that publishes about itself', () => {
    const count = () => [idp.calls('/.well-known/openid-configuration'), idp.calls('/jwks')]

    test('is asked once an hour, with its ETag, and remembered while it is down, for a week', async () => {
      await server.admin('POST', '/providers', { name: 'oidc', issuer: idp.issuer, client_id: CLIENT_ID })
      // The operator, whose key does not end while the clock is turned.
      const flows = connectionsOf(server, idp, 'admin-key-of-the-tests-0123456789', 'oidc')
      await flows.connect({})
      const first = count()
      await flows.connect({})
      expect(count()).toEqual(first)
      server.wait(3601)
      await flows.connect({})
      const conditional = idp.seen.filter(({ path }) => path === '/jwks').at(-1)
      expect(conditional?.headers['if-none-match']).toMatch(/^"/)

      server.wait(3601)
      const { body } = await flows.request({})
      idp.behaviour.down = true
      expect((await flows.request({})).status).toBe(201)
      idp.behaviour.down = false
      expect((await flows.callback(idp.consent(body.authUrl))).status).toBe(200)
      idp.behaviour.down = true
      server.wait(8 * 86_400)
      expect((await flows.request({})).body.error).toBe('provider_unavailable')
    })

    test('has a new key taken up without a restart, and is asked for unknown ones once a minute', async () => {
      const flows = connectionsOf(server, idp, 'admin-key-of-the-tests-0123456789', 'oidc')
      idp.behaviour.claims = { exp: 4_000_000_000 }
      await flows.connect({})
      server.wait(61)
      await idp.rotateKey('k2')
      const { answer } = await flows.connect({})
      expect(answer.status).toBe(200)
      const before = idp.calls('/jwks')
      const { sign } = idp.behaviour
      await idp.rotateKey('k3')
      for (const _ of [1, 2, 3]) expect((await flows.connect({})).answer.status).toBe(400)
      expect(idp.calls('/jwks')).toBe(before)
      idp.behaviour.sign = sign
      server.wait(61)
    })
  })
})

const NOW = Date.parse('2026-06-01T12:00:00Z')

describe('a token endpoint', () => {
  const read = (body: unknown, shape = {}, status = 200) =>
    readTokenResponse({ status, text: typeof body === 'string' ? body : JSON.stringify(body) }, shape, {}, NOW)

  test('may leave the type away, write scopes in other ways, or say everything deeper', () => {
    const plain = { access_token: 'a', expires_in: '3600', scope: ['x', 'y'] }
    expect(read(plain)).toMatchObject({
      kind: 'tokens',
      tokens: { access_token: 'a', token_type: 'Bearer', scope: 'x y', expires_at: NOW + 3_600_000 },
    })
    expect(read('access_token=a&scope=x%2Cy&token_type=bearer', { scope_form: 'comma' })).toMatchObject({
      tokens: { access_token: 'a', scope: 'x y', token_type: 'Bearer' },
    })
    const deep = { ok: true, authed_user: { access_token: 'u', scope: 'x' } }
    const shape = { access_token: 'authed_user.access_token', scope: 'authed_user.scope', ok: 'ok' }
    expect(read(deep, shape)).toMatchObject({ tokens: { access_token: 'u', scope: 'x' } })
  })

  test('may tell of a failure with 200, and must not be believed about a token then', () => {
    expect(read({ error: 'bad_verification_code' })).toMatchObject({ kind: 'refused', error: 'bad_verification_code' })
    expect(read({ ok: false, error: 'x', access_token: 'a' }, { ok: 'ok' })).toMatchObject({
      kind: 'refused',
      error: 'x',
    })
    expect(read({ access_token: 'a' }, {}, 500)).toMatchObject({ kind: 'refused', error: 'invalid_response' })
    expect(read('<html>', {})).toMatchObject({ kind: 'refused', error: 'invalid_response' })
  })

  test('may answer anything without breaking us', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), fc.integer({ min: 200, max: 599 }), (text, status) => {
        expect(['tokens', 'refused']).toContain(readTokenResponse({ status, text }, undefined, {}, NOW).kind)
      }),
      { numRuns: 500 },
    )
  })

  test.each([
    [3600, 3600],
    ['3600', 3600],
    [5_184_000, 5_184_000],
    [3_600_000, 3600],
    [NOW / 1000 + 3600, 3600],
    [NOW + 3_600_000, 3600],
    [0, 1800],
    [-1, 1800],
    ['soon', 1800],
    [null, 1800],
    [1e300, 1800],
  ])('that says %s means a token for %s s', (expires_in, seconds) => {
    const said = { expires_in, expires_at: undefined, accessToken: 'opaque', refreshable: true }
    expect(expiryOf(said, { expires_in_default_s: 1800 }, NOW)).toBe(NOW + seconds * 1000)
  })

  test('that says nothing leaves it to the token, to habit, or to an hour', () => {
    const exp = NOW / 1000 + 600
    const jwt = `e30.${Buffer.from(JSON.stringify({ exp })).toString('base64url')}.c2ln`
    const said = { expires_in: undefined, expires_at: undefined }
    expect(expiryOf({ ...said, accessToken: jwt }, {}, NOW)).toBe(exp * 1000)
    expect(expiryOf({ ...said, accessToken: 'opaque' }, {}, NOW)).toBeUndefined()
  })
})
