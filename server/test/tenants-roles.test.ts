import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DATABASES, secretPost, startServer, type TestServer } from './harness.ts'
import {
  bearer,
  type Caller,
  callerOf,
  join,
  letIn,
  type Marks,
  marksOf,
  newKey,
  newTenant,
  prove,
  rowsOf,
  sessionOf,
  type Tenant,
  waits,
  well,
} from './tenancy.ts'
import { OPEN_TO_AGENTS, OPEN_TO_SPENDERS, PERSON_ROUTES, STREAMS } from './tenant-routes.ts'

const unsafe = Object.entries(PERSON_ROUTES).filter(([name]) => !name.startsWith('GET '))

/** Of a person, not of the organization: who has no passkey, and no key at a provider, is told so. */
const HAVE_NONE: Record<string, number> = {
  'GET /api/me/reauthenticate/options': 409,
  'GET /api/provider-keys/:id': 404,
}

describe.each(DATABASES)('in an organization on %s', (kind) => {
  let server: TestServer
  let alpha: Tenant
  let beta: Tenant
  let marks: Marks
  beforeAll(async () => {
    server = await startServer(kind)
    alpha = await newTenant(server, 'Alpha')
    beta = await newTenant(server, 'Beta')
    marks = await marksOf(server, alpha, [])
  })
  afterAll(() => server.stop())

  const both = (role: 'admin' | 'member' | 'viewer', of = alpha): Caller[] => [
    sessionOf(role, of[role]),
    callerOf(server, `key of ${role}`, of.keys[role].api_key),
  ]

  async function expectForbidden(callers: Caller[], routes: typeof unsafe): Promise<void> {
    const before = await rowsOf(server, marks)
    for (const [name, { calls }] of routes)
      for (const { who, send } of callers)
        for (const { path, body } of calls(alpha)) {
          const { status, body: answer } = await send(name.split(' ')[0] ?? '', path, body)
          expect([name, who, status, answer.error]).toEqual([name, who, 403, 'forbidden'])
        }
    expect(await rowsOf(server, marks)).toEqual(before)
  }

  test('who only looks on changes nothing but what is their own', async () => {
    const routes = unsafe.filter(([, { needs }]) => needs !== 'anyone')
    expect(routes.length).toBeGreaterThan(20)
    await expectForbidden(both('viewer'), routes)
  })

  test('and sees everything but what is for administrators', async () => {
    const lists = Object.entries(PERSON_ROUTES).filter(([name]) => name.startsWith('GET '))
    for (const [name, { calls, needs }] of lists)
      for (const { path } of calls(alpha)) {
        const { status } = await alpha.viewer.get(path)
        const expected = needs === 'admin' ? 403 : (HAVE_NONE[name] ?? 200)
        expect([path, status]).toEqual([path, expected])
      }
  })

  test('a member does not do what is for administrators', async () => {
    const routes = unsafe.filter(([, { needs }]) => needs === 'admin')
    expect(routes.length).toBeGreaterThan(4)
    await expectForbidden(both('member'), routes)
    for (const { send } of both('member')) expect((await send('GET', '/api/invitations')).status).toBe(403)
  })

  test('a member does not touch the agent of another', async () => {
    const routes = unsafe.filter(([name, { needs }]) => needs === 'owner' && name.includes('/agents/'))
    expect(routes.length).toBeGreaterThan(4)
    await expectForbidden(both('member'), routes)
    const careful = await well(alpha.admin.send('POST', '/api/agents', { approval: 'always' }), 201)
    const { requestId } = await waits(server, careful, alpha.website)
    for (const decision of ['approve', 'deny'])
      expect((await alpha.member.send('POST', `/api/approvals/${requestId}/${decision}`, {})).status).toBe(403)
    const forAdmin = { agent_name: 'for the boss', user_email: alpha.admin.email }
    expect((await alpha.member.send('POST', '/api/agents', forAdmin)).status).toBe(403)
  })

  test('no key makes keys, approves, signs anybody out, or goes to another organization', async () => {
    const { send } = callerOf(server, 'key', alpha.keys.admin.api_key)
    for (const [method, path, body] of [
      ['POST', '/api/api-keys', { name: 'x' }],
      ['POST', `/api/approvals/${alpha.waitingId}/approve`, {}],
      ['POST', `/api/approvals/${alpha.waitingId}/deny`, {}],
      ['PUT', '/api/me/organization', { organization_id: alpha.orgId }],
      ['POST', '/api/me/reauthenticate', { password: alpha.admin.password }],
      ['GET', '/api/sessions', undefined],
      ['DELETE', '/api/sessions', undefined],
      ['DELETE', `/api/sessions/${alpha.sessionId}`, undefined],
      ['POST', '/api/organizations', { name: 'x' }],
      ['POST', '/api/invitations/accept', { token: alpha.invitation.token }],
    ] as const) {
      const { status } = await send(method, path, body)
      expect([method, path, status]).toEqual([method, path, 403])
    }
    expect((await alpha.admin.get('/api/me')).status).toBe(200)
  })

  test('a key is for its organization alone, though its person is in others', async () => {
    const zed = await server.person({ name: 'Zed', email: `zed@${kind}.example` })
    const own = await newKey(zed, 'at home')
    await join(alpha.admin, zed, 'member')
    const inAlpha = await newKey(zed, 'in Alpha')
    const key = callerOf(server, 'key', inAlpha.api_key)
    expect((await key.send('GET', '/api/api-keys')).text).not.toContain(own.key_id)
    expect((await key.send('DELETE', `/api/api-keys/${own.key_id}`)).status).toBe(404)
    expect((await callerOf(server, 'own', own.api_key).send('GET', '/api/organization')).status).toBe(200)
    expect((await key.send('DELETE', `/api/api-keys/${inAlpha.key_id}`)).status).toBe(204)
    expect((await key.send('GET', '/api/organization')).status).toBe(401)
  })

  test('a key reaches no agent of its person elsewhere, though they have proved the address', async () => {
    const wanda = await server.person({ name: 'Wanda', email: `wanda@${kind}.example` })
    await prove(server, wanda)
    const gift = await server.agent({ user_email: wanda.email, user_name: 'W', agent_name: 'gift' })
    const own = await well(wanda.send('POST', '/api/agents', { agent_name: 'at home' }), 201)
    const website = await server.client()
    await server.tokens(website, gift)
    await join(beta.admin, wanda, 'member')
    const here = await well(wanda.send('POST', '/api/agents', { agent_name: 'here' }), 201)
    const key = callerOf(server, 'key', (await newKey(wanda, 'in Beta')).api_key)
    for (const { agent_id } of [gift, own]) {
      expect((await wanda.get(`/api/agents/${agent_id}`)).status).toBe(200)
      for (const path of ['/api/agents?limit=200', '/api/tokens', '/api/sign-ins', '/api/approvals'])
        expect([path, (await key.send('GET', path)).text.includes(agent_id)]).toEqual([path, false])
      for (const [method, path] of [
        ['GET', ''],
        ['PUT', ''],
        ['POST', '/rotate'],
        ['POST', '/disable'],
        ['POST', '/revoke-all'],
        ['DELETE', ''],
      ] as const) {
        const { status } = await key.send(method, `/api/agents/${agent_id}${path}`, method === 'GET' ? undefined : {})
        expect([method, path, status]).toEqual([method, path, 404])
      }
    }
    const grants = (await wanda.get(`/api/tokens?agent_id=${gift.agent_id}`)).body.data
    expect(grants).toHaveLength(1)
    expect((await key.send('DELETE', `/api/tokens/${grants[0].grant_id}`)).status).toBe(404)
    expect((await key.send('POST', `/api/agents/${here.agent_id}/rotate`, {})).status).toBe(200)
  })

  test('what is no person’s does not open what is for people', async () => {
    const own = {
      grant_type: 'client_credentials',
      client_id: alpha.agent.agent_id,
      client_secret: alpha.agent.agent_secret,
    }
    const machine = await server.client({ grant_types: ['client_credentials'], scope: 'manage' })
    const credentials: [string, string, number][] = [
      ['key without manage', alpha.plainKey.api_key, 403],
      ['key that an app holds', alpha.appKey, 403],
      ['agent’s own token', (await server.post('/token', own)).body.access_token, 403],
      ['website’s own token', (await server.post('/token', { ...own, ...secretPost(machine) })).body.access_token, 401],
      ['access token of a sign-in', alpha.tokens.access_token, 401],
      ['id_token', alpha.tokens.id_token, 401],
      ['refresh token', alpha.tokens.refresh_token, 401],
      ['agent secret', alpha.agent.agent_secret, 401],
      ['client secret', alpha.website.client_secret, 401],
      ['invitation', alpha.invitation.token, 401],
      ['cookie of a session', [...alpha.admin.jar.values()][0] ?? '', 401],
      ['nothing', '', 401],
    ]
    const routes = [...Object.entries(PERSON_ROUTES).map(([name, { calls }]) => ({ name, calls: calls(alpha) }))]
    for (const name of STREAMS) routes.push({ name, calls: [{ path: name.split(' ')[1] ?? '' }] })
    // That a call of a model was refused is told to the audit log, and to nothing else.
    const kept = async () => (await rowsOf(server, marks)).filter((row) => !row.includes('"action":"model.refused"'))
    const before = await kept()
    for (const [who, token, expected] of credentials)
      for (const { name, calls } of routes)
        for (const headers of [bearer(token), { 'x-api-key': token }]) {
          const [{ path, body } = { path: '' }] = calls
          const method = name.split(' ')[0] ?? ''
          const json = body && { body: JSON.stringify(body) }
          const sent = { ...headers, 'content-type': 'application/json' } as Record<string, string>
          const { status } = await server.request(path, { method, headers: sent, ...json })
          const open = who.startsWith('agent’s') ? OPEN_TO_AGENTS : OPEN_TO_SPENDERS
          const isOpen = expected === 403 && open.has(name)
          expect([who, name, status]).toEqual([who, name, isOpen ? 200 : expected])
        }
    expect(await kept()).toEqual(before)
  })

  test('a scope that an app calls manage manages nothing here', async () => {
    const { client_id, client_secret } = await well(
      beta.admin.send('POST', '/api/clients', {
        client_name: 'Grabber',
        redirect_uris: ['https://shop.example/callback'],
        subjects: ['user'],
        access_token_format: 'api_key',
        scope: 'openid manage connections',
      }),
      201,
    )
    const { access_token, scope } = await letIn(server, alpha.admin, { client_id, client_secret })
    expect(scope).toContain('manage')
    const key = callerOf(server, 'app', access_token)
    for (const path of ['/api/agents', '/api/organization', '/api/api-keys', '/api/me'])
      expect([path, (await key.send('GET', path)).status]).toEqual([path, 403])
    expect((await key.send('POST', '/api/agents', {})).status).toBe(403)
  })

  test('a session opens nothing below /v1, and below /api/admin only for the operator’s administrators', async () => {
    for (const person of [alpha.admin, alpha.member, beta.admin])
      for (const path of ['/v1/models', '/v1/anything']) {
        const answer = await person.get(path)
        expect([path, answer.status]).toEqual([path, 401])
      }
    for (const path of ['/agents', '/clients', '/tokens', '/users', '/audit-log', '/dev-inbox']) {
      expect([path, (await alpha.admin.get(`/api/admin${path}`)).status]).toEqual([path, 200])
      const others = [alpha.member, alpha.viewer, beta.admin, beta.member]
      for (const other of others) expect([path, (await other.get(`/api/admin${path}`)).status]).toEqual([path, 403])
      for (const { keys } of [alpha, beta]) {
        const { status } = await server.request(`/api/admin${path}`, { headers: bearer(keys.admin.api_key) })
        expect([path, status]).toEqual([path, 403])
      }
    }
    const elsewhere = await well(alpha.admin.send('POST', '/api/organizations', { name: 'Side' }), 201)
    await well(alpha.admin.send('PUT', '/api/me/organization', { organization_id: elsewhere.id }), 200)
    expect((await alpha.admin.get('/api/admin/agents')).status).toBe(403)
    await well(alpha.admin.send('PUT', '/api/me/organization', { organization_id: alpha.orgId }), 200)
    expect((await alpha.admin.get('/api/admin/agents')).status).toBe(200)
  })

  // The last two change what stands.
  test('a new role counts from the next call on, for keys too', async () => {
    const [session, key] = both('member', beta)
    const make = async () =>
      Promise.all([session, key].map(async (caller) => (await caller?.send('POST', '/api/agents', {}))?.status))
    const become = (role: string) => well(beta.admin.send('PUT', `/api/members/${beta.member.id}`, { role }), 200)
    const rename = async () => (await beta.member.send('PUT', '/api/organization', { name: 'Beta Works' })).status
    expect([await make(), await rename()]).toEqual([[201, 201], 403])
    await become('viewer')
    expect([await make(), await rename()]).toEqual([[403, 403], 403])
    expect((await beta.member.get('/api/me')).body.role).toBe('viewer')
    await become('admin')
    expect([await make(), await rename()]).toEqual([[201, 201], 200])
    await become('member')
    expect([await make(), await rename()]).toEqual([[201, 201], 403])
  })

  test('everything that a member may do is done', async () => {
    const routes = unsafe.filter(([, { needs }]) => needs !== 'admin')
    for (const [name, { calls, needs }] of routes)
      for (const { path, body } of calls(beta)) {
        if (needs === 'owner' && name.includes('/agents/')) continue
        const { status } = await beta.member.send(name.split(' ')[0] ?? '', path, body)
        // The invitation is to somebody else, and the agent is for the administrator.
        const refused = name === 'POST /api/invitations/accept'
        expect([name, status !== 401 && (status !== 403 || refused)]).toEqual([name, true])
      }
  })
})
