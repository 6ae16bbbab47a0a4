import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DATABASES, type Person, startServer, type TestServer } from './harness.ts'
import {
  bearer,
  callerOf,
  codeForApp,
  hearStream,
  join,
  marksOf,
  newKey,
  newTenant,
  prove,
  type Tenant,
  waits,
  well,
} from './tenancy.ts'

describe.each(DATABASES)('who comes and goes on %s:', (kind) => {
  let server: TestServer
  let alpha: Tenant
  let beta: Tenant
  beforeAll(async () => {
    server = await startServer(kind)
    alpha = await newTenant(server, 'Alpha')
    beta = await newTenant(server, 'Beta')
  })
  afterAll(() => server.stop())

  let people = 0
  const somebody = () => server.person({ name: 'Some Body', email: `body-${++people}@${kind}.example` })

  async function memberOf(tenant: Tenant, role = 'member'): Promise<Person> {
    const person = await somebody()
    await join(tenant.admin, person, role)
    return person
  }

  /** Something moves that the organization's streams hear of. */
  const stir = (tenant: Tenant) => well(tenant.admin.send('POST', '/api/agents', { agent_name: 'stirs' }), 201)
  const organizationOf = async (person: Person) => (await well(person.get('/api/me'), 200)).organization.id

  describe('a member who was removed', () => {
    test('is out at once, by session and by key, and works on elsewhere', async () => {
      const member = await memberOf(alpha, 'admin')
      const { api_key } = await newKey(member, 'soon over')
      const key = callerOf(server, 'key', api_key)
      expect((await key.send('GET', '/api/agents')).status).toBe(200)
      await well(alpha.admin.send('DELETE', `/api/members/${member.id}`), 204)
      expect((await key.send('GET', '/api/agents')).status).toBe(401)
      expect(await organizationOf(member)).not.toBe(alpha.orgId)
      for (const path of [`/api/agents/${alpha.agent.agent_id}`, `/api/clients/${alpha.website.client_id}`])
        expect([path, (await member.get(path)).status]).toEqual([path, 404])
      const back = await member.send('PUT', '/api/me/organization', { organization_id: alpha.orgId })
      expect(back.status).toBe(404)
      expect((await member.get('/api/members')).text).not.toContain('alpha.example')
    })

    test('who is in no other is told so, and can go on by an invitation or an organization of their own', async () => {
      const person = await memberOf(alpha)
      const me = await well(person.get('/api/me'), 200)
      const own = me.organizations.find(({ id }: { id: string }) => id !== alpha.orgId).id
      await well(person.send('PUT', '/api/me/organization', { organization_id: own }), 200)
      const other = await somebody()
      await join(person, other, 'admin')
      await well(other.send('DELETE', `/api/members/${person.id}`), 204)
      expect(await organizationOf(person)).toBe(alpha.orgId)
      await well(alpha.admin.send('DELETE', `/api/members/${person.id}`), 204)
      for (const [method, path] of [
        ['GET', '/api/me'],
        ['GET', '/api/agents'],
        ['GET', '/api/sign-ins/stream'],
        ['POST', '/api/agents'],
        ['POST', '/api/api-keys'],
        ['DELETE', '/api/sessions'],
      ] as const) {
        const { status, body } = await person.send(method, path, method === 'POST' ? { name: 'x' } : undefined)
        expect([path, status, body.error]).toEqual([path, 403, 'not_a_member'])
      }
      const elsewhere = await person.send('PUT', '/api/me/organization', { organization_id: beta.orgId })
      expect(elsewhere.status).toBe(404)
      // Nor is it the organization's to know what they do from here on.
      const { email, password } = person
      await well(server.browser().send('POST', '/api/auth/sign-in/email', { email, password }), 200)
      await server.postJson('/api/auth/sign-in/email', { email, password: 'the wrong password' })
      const { data: log } = (await alpha.admin.get(`/api/audit-log?actor=${person.id}`)).body
      const removed = (await alpha.admin.get('/api/audit-log?action=organization.member_removed')).body.data[0]
      expect(log.filter(({ seq }: { seq: number }) => seq > removed.seq)).toEqual([])
      const failed = await alpha.admin.get('/api/audit-log?action=person.sign_in_failed')
      expect(failed.text).not.toContain(person.id)
      const founded = await well(person.send('POST', '/api/organizations', { name: 'Anew' }), 201)
      expect(await organizationOf(person)).toBe(founded.id)
    })

    test('hears no more of the stream that they have open', async () => {
      const member = await memberOf(alpha)
      const stream = await hearStream(server, { cookie: member.cookies() })
      expect(await stream.next()).toMatchObject({ event: 'ready' })
      await well(alpha.admin.send('DELETE', `/api/members/${member.id}`), 204)
      await server.tokens(alpha.website, alpha.agent)
      expect(await stream.next()).toBeUndefined()
    })

    test('leaves no agent behind that still obeys them', async () => {
      const member = await memberOf(alpha)
      await prove(server, member)
      const agent = await well(member.send('POST', '/api/agents', { agent_name: 'left behind' }), 201)
      const tokens = await server.tokens(alpha.website, agent)
      const own = { grant_type: 'client_credentials', client_id: agent.agent_id, client_secret: agent.agent_secret }
      const { access_token } = (await server.post('/token', own)).body
      expect((await server.request('/v1/x', { headers: bearer(access_token) })).status).toBe(404)
      const waiting = await server.browser().open(alpha.website.client_id)

      await well(alpha.admin.send('DELETE', `/api/members/${member.id}`), 204)
      expect((await server.request('/v1/x', { headers: bearer(access_token) })).status).toBe(401)
      expect((await server.introspect(alpha.website, tokens.access_token)).body).toEqual({ active: false })
      expect((await server.post('/token', own)).status).toBe(401)
      expect((await server.authenticate(waiting.requestId, agent)).status).not.toBe(200)
      expect((await member.get('/api/agents')).body.data).toEqual([])
      for (const [method, path] of [
        ['GET', ''],
        ['PUT', ''],
        ['POST', '/rotate'],
        ['POST', '/enable'],
        ['DELETE', ''],
      ] as const) {
        const answer = await member.send(
          method,
          `/api/agents/${agent.agent_id}${path}`,
          method === 'GET' ? undefined : {},
        )
        expect([method, path, answer.status]).toEqual([method, path, 404])
      }
      // The organization keeps it, and decides what becomes of it: its old secret opens nothing again.
      const kept = (await well(alpha.admin.get(`/api/agents/${agent.agent_id}`), 200)) as Record<string, unknown>
      expect(kept).toMatchObject({ disabled: true, secrets: [], user_id: alpha.admin.id })
      await well(alpha.admin.send('POST', `/api/agents/${agent.agent_id}/enable`), 200)
      expect((await server.post('/token', own)).status).toBe(401)
    })

    test('who goes by themselves leaves as little', async () => {
      const member = await memberOf(alpha)
      const agent = await well(member.send('POST', '/api/agents', {}), 201)
      const { api_key } = await newKey(member, 'soon over')
      await well(member.send('DELETE', `/api/members/${member.id}`), 204)
      const { disabled, user_id } = await well(alpha.admin.get(`/api/agents/${agent.agent_id}`), 200)
      expect([disabled, user_id]).toEqual([true, alpha.admin.id])
      expect((await callerOf(server, 'key', api_key).send('GET', '/api/agents')).status).toBe(401)
    })
  })

  describe('the stream of sign-ins', () => {
    test('tells of one’s own organization and of no other', async () => {
      const marks = await marksOf(server, beta, [alpha.admin.id, alpha.member.id, alpha.viewer.id])
      const stream = await hearStream(server, { cookie: alpha.viewer.cookies() })
      expect(await stream.next()).toMatchObject({ event: 'ready' })
      await server.tokens(beta.website, beta.agent)
      await server.tokens(alpha.website, alpha.agent)
      const heard = []
      do heard.push(await stream.next())
      while (heard.at(-1)?.data?.status !== 'completed')
      for (const event of heard) expect(marks(JSON.stringify(event))).toEqual([])
      await stream.close()
    })

    test.each(['signed out', 'ended from another browser', 'of a key that was revoked'])(
      'ends when it is %s',
      async (how) => {
        const member = await memberOf(alpha)
        const { api_key, key_id } = await newKey(member, 'listens')
        const { session } = await well(member.get('/api/me'), 200)
        const credential = how.includes('key') ? bearer(api_key) : { cookie: member.cookies() }
        const stream = await hearStream(server, credential as Record<string, string>)
        expect(await stream.next()).toMatchObject({ event: 'ready' })
        if (how.includes('key')) await well(member.send('DELETE', `/api/api-keys/${key_id}`), 204)
        else if (how === 'signed out') await well(member.send('POST', '/api/auth/sign-out', {}), 200)
        else await well(member.send('DELETE', `/api/sessions/${session.id}`), 204)
        await stir(alpha)
        await server.tokens(alpha.website, alpha.agent)
        expect(await stream.next()).toBeUndefined()
      },
    )

    test('does not stay open for a HEAD, nor open for who may not hear it', async () => {
      const head = await server.app.request('/api/sign-ins/stream', {
        method: 'HEAD',
        headers: { cookie: alpha.viewer.cookies() },
      })
      expect([head.status, await head.text()]).toEqual([200, ''])
      const own = { grant_type: 'client_credentials', client_id: alpha.agent.agent_id }
      const { body } = await server.post('/token', { ...own, client_secret: alpha.agent.agent_secret })
      for (const [headers, expected] of [
        [bearer(body.access_token), 403],
        [bearer(alpha.plainKey.api_key), 403],
        [bearer(alpha.tokens.access_token), 401],
        [{ cookie: 'auth-agent.session_token=x.y' }, 401],
        [{}, 401],
      ] as const)
        expect(
          (await server.request('/api/sign-ins/stream', { headers: headers as Record<string, string> })).status,
        ).toBe(expected)
    })
  })

  describe('an agent that others made for a person', () => {
    test('is theirs once they have proved the address, and not before, though they are signed in', async () => {
      const agent = await server.agent({
        agent_name: 'gift',
        user_email: `gift@${kind}.example`,
        user_name: 'G',
        approval: 'always',
      })
      const person = await server.person({ name: 'Gwen', email: `gift@${kind}.example` })
      const path = `/api/agents/${agent.agent_id}`
      const grant = await server.agent({ user_email: person.email, user_name: 'G' })
      await server.tokens(alpha.website, grant)
      const { requestId } = await waits(server, agent, alpha.website)
      const calls = [
        ['GET', path],
        ['PUT', path],
        ['POST', `${path}/rotate`],
        ['POST', `${path}/disable`],
        ['POST', `${path}/enable`],
        ['POST', `${path}/revoke-all`],
        ['GET', `/api/sign-ins/${requestId}`],
        ['POST', `/api/approvals/${requestId}/approve`],
      ] as const
      const call = (method: string, at: string) => person.send(method, at, method === 'GET' ? undefined : {})
      for (const [method, at] of calls) expect([at, (await call(method, at)).status]).toEqual([at, 404])
      for (const at of ['/api/agents', '/api/tokens', '/api/sign-ins', '/api/approvals'])
        expect([at, (await person.get(at)).body.data]).toEqual([at, []])

      await prove(server, person)
      expect((await person.get('/api/approvals')).text).toContain(requestId)
      expect((await person.get('/api/tokens')).text).toContain(grant.agent_id)
      // First the decision: what comes after would end the request.
      const order = [...calls.slice(6), ...calls.slice(0, 6)]
      for (const [method, at] of order) expect([at, (await call(method, at)).status]).toEqual([at, 200])
      const { secrets, user_email_verified } = (await person.get(path)).body
      expect([user_email_verified, secrets.length]).toEqual([true, 1])
    })

    test('nor by a role that was given to an address which nobody proved', async () => {
      const email = `named@${kind}.example`
      await well(server.admin('POST', '/users', { email, name: 'Named', role: 'admin' }), 201)
      const person = await server.person({ name: 'Named', email })
      const me = await well(person.get('/api/me'), 200)
      expect(me.organizations.map(({ id }: { id: string }) => id)).not.toContain(alpha.orgId)
      const enter = () => person.send('PUT', '/api/me/organization', { organization_id: alpha.orgId })
      expect((await enter()).status).toBe(404)
      await prove(server, person)
      expect((await enter()).body.role).toBe('admin')
      await well(alpha.admin.send('DELETE', `/api/members/${person.id}`), 204)
    })

    test('the link of somebody else’s address proves nothing of one’s own', async () => {
      const [one, two] = [await somebody(), await somebody()]
      await prove(server, one)
      expect((await well(one.get('/api/me'), 200)).user.email_verified).toBe(true)
      expect((await well(two.get('/api/me'), 200)).user.email_verified).toBe(false)
    })
  })

  test('where an agent of one signs in at the other, each sees its own side', async () => {
    const traveller = await well(
      alpha.member.send('POST', '/api/agents', { agent_name: 'traveller', approval: 'always', same_browser: 'off' }),
      201,
    )
    const { requestId, window, pkce } = await waits(server, traveller, beta.website)
    const path = `/api/sign-ins/${requestId}`
    // The website's people see that somebody is asked, and have no word in it.
    expect((await beta.admin.get('/api/approvals')).text).not.toContain(requestId)
    for (const decision of ['approve', 'deny'])
      for (const person of [beta.admin, beta.member])
        expect((await person.send('POST', `/api/approvals/${requestId}/${decision}`, {})).status).toBe(403)
    expect((await alpha.admin.get('/api/approvals')).text).toContain(requestId)
    await well(alpha.member.send('POST', `/api/approvals/${requestId}/approve`, {}), 200)
    const { code } = (await window.get(`/api/check-status?request_id=${requestId}`)).body
    await well(server.exchange(beta.website, { code, verifier: pkce.verifier }), 200)

    const [ours, theirs] = [await alpha.admin.get(path), await beta.admin.get(path)]
    expect([ours.body.status, theirs.body.status]).toEqual(['completed', 'completed'])
    expect(ours.text).toContain('member of Alpha')
    // Which agent it was is the website's to know; who stands behind it is not.
    expect([theirs.body.agent_id, theirs.text.includes('Alpha'), theirs.text.includes('alpha')]).toEqual([
      traveller.agent_id,
      false,
      false,
    ])
    for (const at of ['/api/sign-ins', '/api/tokens', '/api/audit-log', '/api/overview', '/api/agents', '/api/clients'])
      for (const sign of ['member of Alpha', 'alpha.example', alpha.orgId, alpha.member.id])
        expect([at, sign, (await beta.admin.get(at)).text.includes(sign)]).toEqual([at, sign, false])
    for (const method of ['GET', 'DELETE'])
      expect((await beta.admin.send(method, `/api/agents/${traveller.agent_id}`)).status).toBe(404)

    // Both can end it, and it is ended for both.
    const [{ grant_id }] = (await beta.admin.get(`/api/tokens?agent_id=${traveller.agent_id}`)).body.data
    expect((await alpha.admin.get('/api/tokens')).text).toContain(grant_id)
    expect((await alpha.viewer.send('DELETE', `/api/tokens/${grant_id}`)).status).toBe(403)
    await well(beta.member.send('DELETE', `/api/tokens/${grant_id}`), 204)
    expect((await alpha.admin.get('/api/tokens')).text).not.toContain(grant_id)
  })

  test('whose person approved an app is told to the app’s makers, and nothing else of theirs', async () => {
    const { code } = await codeForApp(alpha.member, beta.app)
    expect(code).toMatch(/^code_/)
    const { data } = (await beta.admin.get(`/api/clients/${beta.app.client_id}/users`)).body
    const shown = data.find(({ user_id }: { user_id: string }) => user_id === alpha.member.id)
    expect(Object.keys(shown).sort()).toEqual(
      ['approved_at', 'email', 'name', 'scope', 'usage', 'user_id', 'withdrawn_at'].sort(),
    )
    for (const at of ['/api/members', '/api/agents', '/api/api-keys', '/api/approvals'])
      expect([at, (await beta.admin.get(at)).text.includes(alpha.member.id)]).toEqual([at, false])
    expect((await beta.admin.send('DELETE', `/api/members/${alpha.member.id}`)).status).toBe(404)
  })
})
