import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DATABASES, type Person, startServer, type TestServer } from './harness.ts'
import {
  type Caller,
  callerOf,
  callersOf,
  join,
  type Marks,
  marksOf,
  newKey,
  newTenant,
  READS,
  rowsOf,
  sessionOf,
  type Tenant,
  well,
} from './tenancy.ts'
import { NO_PERSON, PASSKEY_ROUTES, PERSON_ROUTES, STREAMS } from './tenant-routes.ts'

/** Numbers, and what nobody has done yet. */
const NAMELESS: string[] = ['/api/overview', '/api/approvals?limit=200&status=decided']

test('every route below /api has been thought about by tenant', async () => {
  const server = await startServer()
  const routes = server.app.routes
    .filter(({ method, path }) => method !== 'ALL' && path.startsWith('/api/') && !path.startsWith('/api/admin/'))
    .map(({ method, path }) => `${method} ${path}`)
  const known = [...Object.keys(PERSON_ROUTES), ...Object.keys(PASSKEY_ROUTES), ...NO_PERSON, ...STREAMS]
  expect([...new Set(routes)].sort()).toEqual(known.sort())
  await server.stop()
})

describe.each(DATABASES)('two organizations on %s', (kind) => {
  let server: TestServer
  let tenants: Record<'Alpha' | 'Beta', Tenant>
  let marks: Record<'Alpha' | 'Beta', Marks>
  /** In both, and at work in one of them. */
  let both: Person
  let bothKeys: Record<'Alpha' | 'Beta', string>

  beforeAll(async () => {
    server = await startServer(kind)
    // The first of all is the operator's; it is a tenant to the other like any.
    tenants = { Alpha: await newTenant(server, 'Alpha'), Beta: await newTenant(server, 'Beta') }
    both = await server.person({ name: 'Zed', email: 'zed@nowhere.example' })
    const own = await well(both.get('/api/me'), 200)
    await join(tenants.Alpha.admin, both, 'admin')
    const alphaKey = await newKey(both, 'of both')
    await join(tenants.Beta.admin, both, 'admin')
    const betaKey = await newKey(both, 'of both')
    bothKeys = { Alpha: alphaKey.api_key, Beta: betaKey.api_key }
    const known = (of: Tenant) => [both.id, own.session.id, of.admin.id, of.member.id, of.viewer.id]
    marks = {
      Alpha: await marksOf(server, tenants.Alpha, known(tenants.Beta)),
      Beta: await marksOf(server, tenants.Beta, known(tenants.Alpha)),
    }
  })
  afterAll(() => server.stop())

  /** Who is in one tenant only, and who is in both but comes for the one. */
  async function everybodyOf(tenant: Tenant): Promise<Caller[]> {
    await well(both.send('PUT', '/api/me/organization', { organization_id: tenant.orgId }), 200)
    return [
      ...callersOf(server, tenant),
      sessionOf(`who is in both, in ${tenant.name}`, both),
      callerOf(server, `key in ${tenant.name} of who is in both`, bothKeys[tenant.name]),
    ]
  }

  describe.each([
    ['Alpha', 'Beta'],
    ['Beta', 'Alpha'],
  ] as const)('the people of %s and what is of %s:', (from, of) => {
    let callers: Caller[]
    let victim: Tenant
    beforeAll(async () => {
      victim = tenants[of]
      callers = await everybodyOf(tenants[from])
    })

    const routes = Object.entries(PERSON_ROUTES).filter(([, { kind }]) => kind !== 'list')
    test.each(routes)('%s', async (name, { kind, calls }) => {
      const [method = ''] = name.split(' ')
      const before = await rowsOf(server, marks[of])
      expect(before.length).toBeGreaterThan(30)
      for (const { who, send } of callers)
        for (const { path, body } of calls(victim)) {
          if (isOwnDoor(name, who)) continue
          const { status, text } = await send(method, path, body)
          const what = `${who}: ${status} ${text}`
          if (kind === 'thing') expect([what, [403, 404].includes(status)]).toEqual([what, true])
          else expect([what, status < 500]).toEqual([what, true])
          // What the caller has said itself may be in the answer; and whose a link is, who has the link is told.
          const told = name === 'POST /api/invitations/accept' ? victim.invitation.email : ''
          const said = `${path} ${JSON.stringify(body)} ${told}`
          expect([who, marks[of](text).filter((mark) => !said.includes(mark))]).toEqual([who, []])
        }
      expect(await rowsOf(server, marks[of])).toEqual(before)
    })

    /** Who is in both may go over, or work at both; that is not another's door. */
    function isOwnDoor(name: string, who: string): boolean {
      return name === 'PUT /api/me/organization' && who.startsWith('who is in both')
    }

    test.each(Object.entries(PASSKEY_ROUTES))('%s', async (_name, callOf) => {
      const before = await rowsOf(server, marks[of])
      const { path, body } = callOf(victim)
      for (const { who, send } of callers) {
        const { status, text } = await send('POST', path, body)
        expect([who, [401, 403, 404].includes(status), marks[of](text)]).toEqual([who, true, []])
      }
      expect(await rowsOf(server, marks[of])).toEqual(before)
    })

    const lists = Object.entries(PERSON_ROUTES).filter(([, { kind }]) => kind === 'list')
    test.each(lists)('%s shows nothing of theirs', async (name, { calls }) => {
      for (const { who, send } of callers)
        for (const { path } of calls(victim)) {
          const { status, text } = await send('GET', path)
          expect([who, path, status < 500]).toEqual([who, path, true])
          // Which organizations one is in is one's own to know.
          const shown = name === 'GET /api/me' && who.includes('in both') ? '' : text
          const said = (mark: string) => path.includes(mark)
          expect([who, path, marks[of](shown).filter((mark) => !said(mark))]).toEqual([who, path, []])
        }
    })

    test('their own they see', async () => {
      for (const path of READS) {
        const { status, text } = await tenants[from].admin.get(path)
        const named = marks[from](text).length > 0
        expect([path, status, named]).toEqual([path, 200, !NAMELESS.includes(path)])
      }
    })
  })

  test('the matrix left everything as it was for those who own it', async () => {
    for (const { admin, careful, grantId, waitingId, website, agent, tokens } of Object.values(tenants)) {
      expect((await admin.get(`/api/agents/${agent.agent_id}`)).body.agent_name).toMatch(/buyer$/)
      expect((await admin.get('/api/tokens')).text).toContain(grantId)
      expect((await server.introspect(website, tokens.access_token)).body.active).toBe(true)
      expect((await admin.get('/api/approvals')).body.data).toEqual([
        expect.objectContaining({ request_id: waitingId, agent_id: careful.agent_id }),
      ])
    }
  })
})
