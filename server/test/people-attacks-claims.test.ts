import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CALLBACK, DATABASES, startServer, type TestServer } from './harness.ts'
import { newTenant, prove, type Tenant, well } from './tenancy.ts'

describe.each(DATABASES)('what a caller may not say for themselves on %s', (kind) => {
  let server: TestServer
  let alpha: Tenant
  beforeAll(async () => {
    server = await startServer(kind)
    alpha = await newTenant(server, 'Alpha')
  })
  afterAll(() => server.stop())

  const claims = {
    id: 'user_chosen',
    user_id: 'user_chosen',
    org_id: 'org_chosen',
    role: 'admin',
    operator: true,
    emailVerified: true,
    email_verified: true,
    email_verified_at: 1,
    registered_at: 1,
    createdAt: '2000-01-01T00:00:00Z',
    image: 'https://evil.example/x.png',
    payment_method: 'byok',
    credits: 1_000_000,
  }

  test('is not heard as they sign up, or change what they are', async () => {
    const email = `bold@${kind}.example`
    const headers = { 'content-type': 'application/json' }
    const body = JSON.stringify({ name: 'Bold', email, password: 'a long password', ...claims })
    await well(server.request('/api/auth/sign-up/email', { method: 'POST', headers, body }, '198.51.100.77'), 200)
    const person = server.browser()
    await well(person.send('POST', '/api/auth/sign-in/email', { email, password: 'a long password', ...claims }), 200)
    const before = (await well(person.get('/api/me'), 200)) as object
    expect(before).toMatchObject({ user: { email, email_verified: false }, operator: false, role: 'admin' })
    await well(
      person.send('POST', '/api/auth/update-user', { name: 'Bold', email: 'root@some.example', ...claims }),
      200,
    )
    expect((await person.get('/api/me')).body).toEqual(before)
    const [row] = (await server.admin('GET', '/users?limit=200')).body.data.filter(
      (one: { email: string }) => one.email === email,
    )
    expect(row).toMatchObject({ id: expect.not.stringMatching('chosen'), role: null, email_verified: false })
  })

  test('is not heard of an agent', async () => {
    const said = {
      ...claims,
      agent_id: 'agent_chosen',
      disabled: false,
      user_name: 'x',
      tokens_not_before: 0,
      secrets: [],
    }
    const made = await well(alpha.member.send('POST', '/api/agents', { agent_name: 'x', ...said }), 201)
    expect(made).toMatchObject({ user_id: alpha.member.id, agent_id: expect.not.stringMatching('chosen') })
    const changes = { ...said, user_id: alpha.admin.id, user_email: alpha.admin.email, org_id: 'org_x' }
    const changed = await well(alpha.member.send('PUT', `/api/agents/${made.agent_id}`, changes), 200)
    expect(changed).toMatchObject({ user_id: alpha.member.id, user_email: alpha.member.email })
  })

  test('is not heard of an application', async () => {
    const said = { ...claims, client_secret: 'chosen', org_id: 'org_x', secrets: ['x'] }
    const body = { client_name: 'x', redirect_uris: [CALLBACK], subjects: ['user'] }
    const { client_id, client_secret } = await well(
      alpha.member.send('POST', '/api/clients', { ...body, ...said }),
      201,
    )
    expect(client_secret).not.toBe('chosen')
    for (const promotional_credits of [1, 100_000])
      for (const [method, path] of [
        ['POST', '/api/clients'],
        ['PUT', `/api/clients/${client_id}`],
      ] as const) {
        const refused = await alpha.admin.send(method, path, { ...body, ...said, promotional_credits })
        expect([method, refused.status]).toEqual([method, 403])
      }
    expect((await alpha.admin.get(`/api/clients/${client_id}`)).body.promotional_credits).toBe(0)
    for (const id of [
      'agent_x',
      'user_x',
      'org-x',
      'sk-aa-v1-x',
      '__proto__',
      'Upper',
      'a',
      'operator',
      'anonymous',
      'operator ',
    ])
      expect([id, (await alpha.admin.send('POST', '/api/clients', { ...body, client_id: id })).status]).toEqual([
        id,
        422,
      ])
  })

  test('is not heard of a key', async () => {
    const said = {
      ...claims,
      client_id: alpha.app.client_id,
      api_key: `sk-aa-v1-${'A'.repeat(49)}`,
      scope: 'everything',
    }
    const made = await well(alpha.member.send('POST', '/api/api-keys', { name: 'x', ...said }), 201)
    expect(made).toMatchObject({ scopes: ['agent-fuel', 'connections'], client_id: null, expires_at: null })
    expect(made.api_key).not.toBe(said.api_key)
    for (const scopes of [['everything'], ['manage', 'admin'], 'manage', [], ['manage '], ['MANAGE']])
      expect([scopes, (await alpha.member.send('POST', '/api/api-keys', { name: 'x', scopes })).status]).toEqual([
        scopes,
        422,
      ])
  })

  test('is not heard of an invitation or a role', async () => {
    const guest = `guest@${kind}.example`
    const made = await well(
      alpha.admin.send('POST', '/api/invitations', {
        email: guest,
        ...claims,
        role: 'viewer',
        organization_id: 'org_x',
      }),
      201,
    )
    const token = new URL(made.link).searchParams.get('token')
    const person = await server.person({ name: 'Guest', email: guest })
    const me = await well(person.send('POST', '/api/invitations/accept', { token, ...claims, role: 'admin' }), 200)
    expect([me.role, me.organization.id]).toEqual(['viewer', alpha.orgId])
    for (const role of ['owner', 'operator', 'ADMIN', null, ['admin'], ''])
      expect([role, (await alpha.admin.send('PUT', `/api/members/${person.id}`, { role })).status]).toEqual([role, 422])
    expect((await person.send('PUT', `/api/members/${person.id}`, { role: 'admin' })).status).toBe(403)
  })

  test('makes nobody an operator', async () => {
    await prove(server, alpha.member)
    for (const person of [alpha.member, alpha.viewer]) {
      expect((await well(person.get('/api/me'), 200)).operator).toBe(false)
      expect((await person.get('/api/admin/agents')).status).toBe(403)
    }
  })
})
