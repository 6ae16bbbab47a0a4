import { generateKeyPairSync } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  ADMIN_KEY,
  CALLBACK,
  type Credentials,
  claimsOf,
  DATABASES,
  secretPost,
  startServer,
  type TestServer,
} from './harness.ts'

const WHO = { user_email: 'Grace@Example.com', user_name: 'Grace Hopper' }
const SITE = { client_name: 'Shop', redirect_uris: [CALLBACK] }

describe.each(DATABASES)('the management API on %s', (database) => {
  let server: TestServer
  let client: Credentials
  beforeAll(async () => {
    server = await startServer(database)
    client = await server.client()
  })
  afterAll(() => server.stop())

  const admin = (method: string, path: string, body?: unknown) => server.admin(method, path, body)
  const isActive = async (token: string) => (await server.introspect(client, token)).body.active

  test('takes its key in either header, and no other', async () => {
    const by = (headers: Record<string, string>) => server.request('/api/admin/agents', { headers })
    expect((await by({ authorization: `Bearer ${ADMIN_KEY}` })).status).toBe(200)
    expect((await by({ 'x-api-key': ADMIN_KEY })).status).toBe(200)
    const wrong = [{}, { 'x-api-key': '' }, { 'x-api-key': `${ADMIN_KEY}x` }, { authorization: ADMIN_KEY }]
    for (const headers of wrong) {
      const { status, headers: answered, body } = await by(headers as Record<string, string>)
      expect(status).toBe(401)
      expect(answered.get('www-authenticate')).toMatch(/^Bearer/)
      expect(body).toEqual({ error: expect.any(String), error_description: expect.any(String) })
    }
    expect((await server.request(`/api/admin/agents?api_key=${ADMIN_KEY}`)).status).toBe(401)
  })

  test('shows a secret once', async () => {
    const made = await admin('POST', '/agents', WHO)
    expect(made.status).toBe(201)
    expect(made.headers.get('cache-control')).toBe('no-store')
    expect(made.body).toMatchObject({
      agent_id: expect.stringMatching(/^agent_[0-9a-z]{26,}$/),
      agent_secret: expect.stringMatching(/^aas_[\w-]{43}$/),
      user_email: 'grace@example.com',
      user_email_verified: false,
      same_browser: 'off',
      min_level: 1,
      disabled: false,
    })
    const site = await admin('POST', '/clients', SITE)
    expect(site.body).toMatchObject({ client_id: expect.stringMatching(/^client_[0-9a-z]{26,}$/) })
    for (const [path, secret] of [
      [`/agents/${made.body.agent_id}`, made.body.agent_secret],
      ['/agents?limit=200', made.body.agent_secret],
      [`/clients/${site.body.client_id}`, site.body.client_secret],
      ['/clients?limit=200', site.body.client_secret],
      ['/audit-log', made.body.agent_secret],
    ]) {
      const { status, text } = await admin('GET', path)
      expect(status).toBe(200)
      expect(text).not.toContain(secret)
      expect(text).not.toMatch(/secret_hash|m1:[\w-]{43}/)
    }
  })

  test('gives two agents of one address one owner', async () => {
    const [first, second] = [await admin('POST', '/agents', WHO), await admin('POST', '/agents', WHO)]
    expect(second.body.user_id).toBe(first.body.user_id)
    expect(second.body.agent_id).not.toBe(first.body.agent_id)
  })

  describe('names the fields at fault', () => {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const agents: [object, string][] = [
      [{ user_email: undefined }, 'user_email'],
      [{ user_email: 'nobody' }, 'user_email'],
      [{ user_email: 'a@b' }, 'user_email'],
      [{ user_name: '' }, 'user_name'],
      [{ user_name: ' ' }, 'user_name'],
      [{ user_name: 7 }, 'user_name'],
      [{ agent_name: 'x'.repeat(101) }, 'agent_name'],
      [{ capabilities: 'shop' }, 'capabilities'],
      [{ allowed_scopes: ['openid email'] }, 'allowed_scopes.0'],
      [{ allowed_clients: [null] }, 'allowed_clients.0'],
      [{ min_level: 5 }, 'min_level'],
      [{ min_level: 1.5 }, 'min_level'],
      [{ min_level: '2' }, 'min_level'],
      [{ same_browser: true }, 'same_browser'],
      [{ second_factor: 'pigeon' }, 'second_factor'],
      [{ secret_expires_in: 0 }, 'secret_expires_in'],
      [{ secret_expires_in: 1e20 }, 'secret_expires_in'],
      [{ jwk: 'key' }, 'jwk'],
      [{ jwk: {} }, 'jwk'],
      [{ jwk: { kty: 'oct', k: 'AAAA' } }, 'jwk'],
      [{ jwk: privateKey.export({ format: 'jwk' }) }, 'jwk'],
      [{ jwk: generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' }) }, 'jwk'],
      [{ jwk: { ...publicKey.export({ format: 'jwk' }), x: 'AA' } }, 'jwk'],
      [{ jwk: generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey.export({ format: 'jwk' }) }, 'jwk'],
    ]
    test.each(agents)('of an agent: %j', async (changes, field) => {
      const { status, body } = await admin('POST', '/agents', { ...WHO, ...changes })
      expect(status).toBe(422)
      expect(body).toEqual({
        error: 'validation_failed',
        error_description: expect.any(String),
        fields: { [field]: expect.any(String) },
      })
    })

    const clients: [object, string][] = [
      [{ client_name: undefined }, 'client_name'],
      [{ client_name: '' }, 'client_name'],
      [{ client_name: 'a\nb' }, 'client_name'],
      [{ client_name: 'x'.repeat(101) }, 'client_name'],
      [{ redirect_uris: CALLBACK }, 'redirect_uris'],
      [{ redirect_uris: [] }, 'redirect_uris'],
      [{ redirect_uris: [CALLBACK, 'http://x.example/'] }, 'redirect_uris.1'],
      [{ grant_types: ['password'] }, 'grant_types.0'],
      [{ grant_types: ['implicit'] }, 'grant_types.0'],
      [{ grant_types: [] }, 'grant_types'],
      [{ scope: 'a "b"' }, 'scope'],
      [{ token_endpoint_auth_method: 'tls_client_auth' }, 'token_endpoint_auth_method'],
      [{ token_endpoint_auth_method: 'private_key_jwt' }, 'jwks'],
      [{ jwks: { keys: [] } }, 'jwks.keys'],
      [{ client_id: 'ab' }, 'client_id'],
      [{ client_id: 'Shop' }, 'client_id'],
      [{ client_id: 'agent_shop' }, 'client_id'],
      [{ client_id: '../x' }, 'client_id'],
      [{ resources: ['api'] }, 'resources.0'],
      [{ subjects: ['robot'] }, 'subjects.0'],
      [{ min_level: 0 }, 'min_level'],
      [{ promotional_credits: -1 }, 'promotional_credits'],
      [{ access_token_format: 'opaque' }, 'access_token_format'],
    ]
    test.each(clients)('of a client: %j', async (changes, field) => {
      const { status, body } = await admin('POST', '/clients', { ...SITE, ...changes })
      expect(status).toBe(422)
      expect(body.error).toBe('validation_failed')
      expect(Object.keys(body.fields)).toEqual([field])
    })

    test('of a change, which then changes nothing', async () => {
      const site = await admin('POST', '/clients', SITE)
      const path = `/clients/${site.body.client_id}`
      expect((await admin('PUT', path, { redirect_uris: [] })).body.fields).toHaveProperty('redirect_uris')
      expect((await admin('PUT', path, { client_name: 'New', token_endpoint_auth_method: 'none' })).status).toBe(422)
      expect((await admin('PUT', path, { grant_types: ['nope'] })).status).toBe(422)
      expect((await admin('GET', path)).body).toMatchObject({ client_name: 'Shop', redirect_uris: [CALLBACK] })
    })

    test('of a query', async () => {
      for (const query of ['limit=0', 'limit=201', 'limit=x', 'limit=-1', 'limit=1e9'])
        expect((await admin('GET', `/agents?${query}`)).body.fields).toHaveProperty('limit')
      for (const cursor of ['x', 'e30', Buffer.from('{"created_at":"x","id":1}').toString('base64url')])
        expect((await admin('GET', `/agents?cursor=${cursor}`)).body.error).toBe('invalid_request')
    })
  })

  test.each([
    ['text', { 'content-type': 'text/plain' }, '{}', 415],
    ['a form', { 'content-type': 'application/x-www-form-urlencoded' }, 'user_name=x', 415],
    ['broken JSON', { 'content-type': 'application/json' }, '{', 400],
    ['a list', { 'content-type': 'application/json' }, '[]', 400],
    ['null', { 'content-type': 'application/json' }, 'null', 400],
    ['a NUL', { 'content-type': 'application/json' }, '{"user_name":"a\\u0000"}', 400],
    ['nothing', { 'content-type': 'application/json' }, '', 422],
  ])('refuses %s', async (_name, headers, body, status) => {
    const init = {
      method: 'POST',
      headers: { authorization: `Bearer ${ADMIN_KEY}`, ...headers } as Record<string, string>,
    }
    expect((await server.request('/api/admin/agents', { ...init, body: Buffer.from(body) })).status).toBe(status)
  })

  test('lets a client be named, once', async () => {
    const made = await admin('POST', '/clients', { ...SITE, client_id: 'harbor-supply' })
    expect(made.body.client_id).toBe('harbor-supply')
    const again = await admin('POST', '/clients', { ...SITE, client_id: 'harbor-supply' })
    expect([again.status, again.body.error]).toEqual([409, 'conflict'])
    const many = await Promise.all(
      Array.from({ length: 10 }, () => admin('POST', '/clients', { ...SITE, client_id: 'race' })),
    )
    expect(many.map(({ status }) => status).sort()).toEqual([201, ...Array(9).fill(409)])
    const agent = await server.agent()
    const winner = many.find(({ status }) => status === 201)?.body
    expect((await server.tokens(winner, agent)).access_token).toMatch(/^ey/)
  })

  test('changes what is sent and leaves the rest', async () => {
    const { agent_id } = await server.agent({ agent_name: 'One', capabilities: ['shop'], allowed_scopes: ['openid'] })
    const path = `/agents/${agent_id}`
    const { body } = await admin('PUT', path, { agent_name: 'Two', allowed_scopes: null })
    expect(body).toMatchObject({ agent_name: 'Two', capabilities: ['shop'], allowed_scopes: null })
    expect((await admin('PUT', path, {})).body).toMatchObject({ agent_name: 'Two' })
    const { client_id } = await server.client({ scope: 'openid email' })
    expect((await admin('PUT', `/clients/${client_id}`, { client_name: 'Two' })).body).toMatchObject({
      client_name: 'Two',
      scope: 'openid email',
    })
  })

  test('knows nobody of that name', async () => {
    const calls: [string, string, object?][] = [
      ['GET', '/agents/nobody'],
      ['PUT', '/agents/nobody', {}],
      ['DELETE', '/agents/nobody'],
      ['POST', '/agents/nobody/rotate', {}],
      ['POST', '/agents/nobody/disable'],
      ['POST', '/agents/nobody/enable'],
      ['POST', '/agents/nobody/revoke-all'],
      ['GET', '/clients/nobody'],
      ['PUT', '/clients/nobody', {}],
      ['DELETE', '/clients/nobody'],
      ['POST', '/clients/nobody/rotate', {}],
      ['GET', '/agents/__proto__'],
    ]
    for (const [method, path, body] of calls) {
      const answer = await admin(method, path, body)
      expect([path, answer.status, answer.body.error]).toEqual([path, 404, 'not_found'])
    }
  })

  test('pages through a list without losing or repeating, whatever is made meanwhile', async () => {
    const made = new Set<string>()
    for (let n = 0; n < 13; n++) made.add((await server.agent()).agent_id)
    const seen: string[] = []
    let cursor: string | null = null
    do {
      const { body }: { body: { data: { agent_id: string }[]; next_cursor: string | null } } = await admin(
        'GET',
        `/agents?limit=5${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`,
      )
      expect(body.data.length).toBeLessThanOrEqual(5)
      seen.push(...body.data.map(({ agent_id }) => agent_id))
      cursor = body.next_cursor
      server.wait(1)
      if (seen.length < 12) made.add((await server.agent()).agent_id)
    } while (cursor)
    expect(new Set(seen).size).toBe(seen.length)
    for (const id of made) expect(seen).toContain(id)

    for (let n = 0; n < 3; n++) await server.client()
    const first = await admin('GET', '/clients?limit=2')
    const second = await admin('GET', `/clients?limit=2&cursor=${first.body.next_cursor}`)
    const ids = [...first.body.data, ...second.body.data].map(({ client_id }) => client_id)
    expect(new Set(ids).size).toBe(4)
  })

  test('lists the sign-ins that are alive', async () => {
    const mortal = await server.agent()
    const tokens = [await server.tokens(client, mortal), await server.tokens(client, mortal)]
    const alive = async () =>
      (await admin('GET', '/tokens?limit=200')).body.data.filter(
        ({ agent_id }: { agent_id: string }) => agent_id === mortal.agent_id,
      )
    expect(await alive()).toHaveLength(2)
    expect((await alive())[0]).toMatchObject({ client_id: client.client_id, acr: 'aa1', model: 'gpt-5' })
    await server.post('/revoke', { token: tokens[0]?.refresh_token ?? '', ...secretPost(client) })
    expect((await alive()).map(({ grant_id }: { grant_id: string }) => grant_id)).toEqual([
      claimsOf(tokens[1]?.access_token ?? '').sid,
    ])
  })

  test('gives an agent a new secret, and the old one its time', async () => {
    const agent = await server.agent()
    const works = async (agent_secret: string) => {
      const { requestId } = await server.browser().open(client.client_id)
      return (await server.authenticate(requestId, { ...agent, agent_secret })).status === 200
    }
    const { body } = await admin('POST', `/agents/${agent.agent_id}/rotate`, { overlap: 100 })
    expect(body.secrets).toHaveLength(2)
    expect([await works(agent.agent_secret), await works(body.agent_secret)]).toEqual([true, true])
    server.wait(99)
    expect(await works(agent.agent_secret)).toBe(true)
    server.wait(1)
    expect([await works(agent.agent_secret), await works(body.agent_secret)]).toEqual([false, true])
    const last = await admin('POST', `/agents/${agent.agent_id}/rotate`, {})
    expect([await works(body.agent_secret), await works(last.body.agent_secret)]).toEqual([false, true])
    expect(last.body.secrets).toHaveLength(1)
    server.wait(60)
  })

  test('a rotation needs no body', async () => {
    const agent = await server.agent()
    const headers = { authorization: `Bearer ${ADMIN_KEY}` }
    for (const path of [`/agents/${agent.agent_id}`, `/clients/${client.client_id}`]) {
      const { status, text } = await server.request(`/api/admin${path}/rotate`, { method: 'POST', headers })
      expect([path, status, text]).toEqual([path, 200, expect.any(String)])
      if (path.startsWith('/clients')) client = { ...client, client_secret: JSON.parse(text).client_secret }
    }
  })

  test('a secret of limited time ends by itself', async () => {
    const agent = await server.agent({ secret_expires_in: 60 })
    server.wait(60)
    const { requestId } = await server.browser().open(client.client_id)
    expect((await server.authenticate(requestId, agent)).status).toBe(401)
  })

  test('a client without a secret cannot have a new one', async () => {
    const spa = await server.client({ token_endpoint_auth_method: 'none' })
    expect((await admin('POST', `/clients/${spa.client_id}/rotate`, {})).status).toBe(409)
  })

  test('an agent that is disabled is out at once, and back as if it were new', async () => {
    const agent = await server.agent()
    const tokens = await server.tokens(client, agent)
    const own = { client_id: agent.agent_id, client_secret: agent.agent_secret }
    const itself = await server.post('/token', { grant_type: 'client_credentials', ...own })
    const open = await server.code(client, agent)
    server.wait(1)
    const { body } = await admin('POST', `/agents/${agent.agent_id}/disable`)
    expect(body.disabled).toBe(true)

    const guarded = () => server.request('/v1/x', { headers: { authorization: `Bearer ${itself.body.access_token}` } })
    expect(await isActive(tokens.access_token)).toBe(false)
    expect(await isActive(tokens.refresh_token)).toBe(false)
    expect((await guarded()).status).toBe(401)
    expect((await server.exchange(client, open)).body.error).toBe('invalid_grant')
    expect((await open.window.get(`/api/check-status?request_id=${open.requestId}`)).body).toEqual({ status: 'denied' })

    expect((await admin('POST', `/agents/${agent.agent_id}/enable`)).body.disabled).toBe(false)
    expect(await isActive(tokens.access_token)).toBe(false)
    expect((await guarded()).status).toBe(401)
    expect((await server.tokens(client, agent)).access_token).toMatch(/^ey/)
  })

  test('all sign-ins of an agent can be ended, and it can sign in again', async () => {
    const agent = await server.agent()
    const tokens = [await server.tokens(client, agent), await server.tokens(client, agent)]
    const open = await server.code(client, agent)
    const own = { grant_type: 'client_credentials', client_id: agent.agent_id, client_secret: agent.agent_secret }
    const guarded = async (token: string) =>
      (await server.request('/v1/x', { headers: { authorization: `Bearer ${token}` } })).status
    const { access_token: itself } = (await server.post('/token', own)).body
    server.wait(1)
    expect((await admin('POST', `/agents/${agent.agent_id}/revoke-all`)).body).toEqual({ revoked: 2 })
    expect(await guarded(itself)).toBe(401)
    expect(await guarded((await server.post('/token', own)).body.access_token)).toBe(404)
    for (const { access_token, refresh_token } of tokens)
      expect([await isActive(access_token), await isActive(refresh_token)]).toEqual([false, false])
    expect((await server.exchange(client, open)).body.error).toBe('invalid_grant')
    expect((await server.tokens(client, agent)).access_token).toMatch(/^ey/)
  })

  test('an agent that is deleted is gone with all it had, and is not written out of history', async () => {
    const agent = await server.agent()
    const tokens = await server.tokens(client, agent)
    const { window, requestId } = await server.code(client, agent)
    const gone = await admin('DELETE', `/agents/${agent.agent_id}`)
    expect([gone.status, gone.text]).toEqual([204, ''])
    expect((await admin('GET', `/agents/${agent.agent_id}`)).status).toBe(404)
    expect((await admin('DELETE', `/agents/${agent.agent_id}`)).status).toBe(404)
    expect(await isActive(tokens.access_token)).toBe(false)
    expect((await server.refresh(client, tokens.refresh_token)).body.error).toBe('invalid_grant')
    expect((await window.get(`/api/check-status?request_id=${requestId}`)).body).toEqual({ status: 'denied' })
    const next = await server.browser().open(client.client_id)
    expect((await server.authenticate(next.requestId, agent)).status).toBe(401)
    const events = await admin('GET', `/audit-log?actor=${agent.agent_id}`)
    expect(events.body.data.length).toBeGreaterThan(0)
  })

  test('a client that is deleted is gone with all its sign-ins, and its name stays free of them', async () => {
    const shop = await server.client({ client_id: 'short-lived' })
    const agent = await server.agent()
    const tokens = await server.tokens(shop, agent)
    const { requestId, window } = await server.code(shop, agent)
    const pending = await window.open(shop.client_id, { state: 'pending' })
    expect((await admin('DELETE', '/clients/short-lived')).status).toBe(204)
    expect((await server.authenticate(pending.requestId, agent)).status).toBeGreaterThanOrEqual(400)
    expect((await window.get(`/authorize/resume?request_id=${requestId}`)).headers.get('location')).toBe(null)

    const next = await server.client({ client_id: 'short-lived' })
    expect((await server.introspect(next, tokens.access_token)).body).toEqual({ active: false })
    expect((await server.refresh(next, tokens.refresh_token)).body.error).toBe('invalid_grant')
  })

  test('writes down who changed what', async () => {
    const agent = await server.agent()
    await admin('PUT', `/agents/${agent.agent_id}`, { min_level: 2 })
    await admin('POST', `/agents/${agent.agent_id}/rotate`, {})
    await admin('POST', `/agents/${agent.agent_id}/disable`)
    await admin('DELETE', `/agents/${agent.agent_id}`)
    const { body } = await admin('GET', '/audit-log?actor=operator&limit=5')
    expect(body.data.map(({ action, target }: Record<string, string>) => [action, target]).sort()).toEqual(
      ['created', 'deleted', 'disabled', 'secret_rotated', 'updated'].map((what) => [`agent.${what}`, agent.agent_id]),
    )
  })
})
