import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DATABASES, type DatabaseKind, ISSUER, startServer, type TestServer } from './harness.ts'
import { follow, linkTo, resetLink, verificationLink } from './people.ts'

type Person = Awaited<ReturnType<TestServer['person']>>

let names = 0
const newEmail = () => `person${names++}@example.com`

describe.each(DATABASES)('on %s', (database: DatabaseKind) => {
  let server: TestServer
  beforeAll(async () => {
    server = await startServer(database)
    // The first of all has the operator’s organization; the rest of this file is about the others.
    await server.person({ name: 'First', email: 'first@example.com' })
  })
  afterAll(() => server.stop())

  const person = (name = 'Ada Lovelace') => server.person({ name, email: newEmail() })
  const organizationOf = async (who: Person) => (await who.get('/api/organization')).body
  const invite = (admin: Person, email: string, role = 'member') =>
    admin.send('POST', '/api/invitations', { email, role })
  const accept = (who: Person, link: string) =>
    who.send('POST', '/api/invitations/accept', { token: new URL(link).searchParams.get('token') })

  /** Somebody who joined the organization of `admin`, and works there. */
  async function joined(admin: Person, role = 'member') {
    const who = await person('Mem Ber')
    const { body } = await invite(admin, who.email, role)
    const accepted = await accept(who, body.link)
    if (accepted.status !== 200) throw new Error(accepted.text)
    return who
  }

  describe('an organization', () => {
    test('has a name that its administrators change', async () => {
      const admin = await person()
      const viewer = await joined(admin, 'viewer')
      const renamed = await admin.send('PUT', '/api/organization', { name: '  Analytical Engines ' })
      expect([renamed.status, renamed.body.name]).toEqual([200, 'Analytical Engines'])
      expect((await viewer.get('/api/organization')).body.name).toBe('Analytical Engines')
      expect((await viewer.send('PUT', '/api/organization', { name: 'Mine' })).body.error).toBe('forbidden')
      for (const name of ['', ' ', 'x'.repeat(101), 'two\nlines', 'turned \u202e round', 7, null])
        expect([name, (await admin.send('PUT', '/api/organization', { name })).status]).toEqual([name, 422])
    })

    test('is made by whoever likes to, who goes there when they like', async () => {
      const ada = await person()
      const home = await organizationOf(ada)
      const made = await ada.send('POST', '/api/organizations', { name: 'Second' })
      expect([made.status, made.body]).toEqual([201, { ...made.body, name: 'Second' }])
      expect(await organizationOf(ada)).toEqual(home)
      const there = await ada.send('PUT', '/api/me/organization', { organization_id: made.body.id })
      expect(there.body).toMatchObject({ organization: { id: made.body.id, name: 'Second' }, role: 'admin' })
      expect(there.body.organizations).toHaveLength(2)
      expect(await organizationOf(ada)).toEqual(made.body)
    })

    test('is entered by its members only, and each browser chooses for itself', async () => {
      const [ada, eve] = [await person(), await person('Eve')]
      const foreign = await organizationOf(ada)
      const refused = await eve.send('PUT', '/api/me/organization', { organization_id: foreign.id })
      expect([refused.status, refused.body.error]).toEqual([404, 'not_found'])
      const { body: second } = await ada.send('POST', '/api/organizations', { name: 'Second' })
      const laptop = server.browser()
      await laptop.send('POST', '/api/auth/sign-in/email', { email: ada.email, password: ada.password })
      await ada.send('PUT', '/api/me/organization', { organization_id: second.id })
      expect([(await organizationOf(ada)).id, (await laptop.get('/api/organization')).body.id]).toEqual([
        second.id,
        foreign.id,
      ])
    })
  })

  describe('an invitation', () => {
    test('is mailed, and its link shown once; who accepts it works there', async () => {
      const admin = await person()
      await admin.send('PUT', '/api/organization', { name: 'Engines <b>& Co' })
      const guest = await person('Gu Est')
      const invited = await invite(admin, guest.email.toUpperCase(), 'viewer')
      expect(invited.status).toBe(201)
      expect(invited.body).toMatchObject({ email: guest.email, role: 'viewer', link: expect.stringContaining(ISSUER) })
      expect(await linkTo(server, guest.email, /invited/)).toBe(invited.body.link)
      const { body: list } = await admin.get('/api/invitations')
      expect(list.data).toEqual([{ ...invited.body, link: undefined }])

      const token = new URL(invited.body.link).searchParams.get('token')
      const read = await server.request(`/api/invitations/by-token?token=${token}`)
      expect(read.body).toEqual({
        organization_name: 'Engines <b>& Co',
        email: guest.email,
        role: 'viewer',
        expires_at: invited.body.expires_at,
      })
      const accepted = await accept(guest, invited.body.link)
      expect(accepted.body).toMatchObject({ organization: { name: 'Engines <b>& Co' }, role: 'viewer' })
      expect(accepted.body.organizations).toHaveLength(2)
      expect((await admin.get('/api/invitations')).body.data).toEqual([])
      expect((await server.request(`/api/invitations/by-token?token=${token}`)).body.error).toBe('invitation_gone')
    })

    test('is accepted once, however often at once', async () => {
      const admin = await person()
      const guest = await person()
      const { body } = await invite(admin, guest.email)
      const answers = await Promise.all([1, 2, 3].map(() => accept(guest, body.link)))
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 410, 410])
      const members = (await admin.get('/api/members')).body.data
      expect(members.filter(({ user_id }: { user_id: string }) => user_id === guest.id)).toHaveLength(1)
    })

    test('is for the address it names, and for nobody else who holds the link', async () => {
      const admin = await person()
      const { body } = await invite(admin, newEmail())
      const finder = await person('Fin Der')
      const refused = await accept(finder, body.link)
      expect([refused.status, refused.body.error]).toEqual([403, 'forbidden'])
    })

    test('does not prove the address: others may have passed its link on', async () => {
      const admin = await person()
      const guest = await person()
      await accept(guest, (await invite(admin, guest.email)).body.link)
      expect((await guest.get('/api/me')).body.user.email_verified).toBe(false)
    })

    test('ends after a week, when it is withdrawn, and when there is a newer one', async () => {
      const admin = await person()
      const guest = await person()
      const [first, second] = [await invite(admin, guest.email), await invite(admin, guest.email)]
      expect((await accept(guest, first.body.link)).status).toBe(410)
      const withdrawn = await admin.send('DELETE', `/api/invitations/${second.body.invitation_id}`)
      expect(withdrawn.status).toBe(204)
      expect((await accept(guest, second.body.link)).status).toBe(410)
      expect((await admin.send('DELETE', `/api/invitations/${second.body.invitation_id}`)).status).toBe(404)
      const third = await invite(admin, guest.email)
      server.wait(6 * 86_400)
      // Everybody has been here meanwhile, or they would be signed out.
      await Promise.all([admin.get('/api/me'), guest.get('/api/me')])
      server.wait(86_401)
      expect((await accept(guest, third.body.link)).status).toBe(410)
    })

    test('is for administrators to make, see and withdraw, and not for who is a member', async () => {
      const admin = await person()
      const [member, viewer] = [await joined(admin), await joined(admin, 'viewer')]
      const { body } = await invite(admin, newEmail())
      for (const who of [member, viewer]) {
        expect((await invite(who, newEmail())).status).toBe(403)
        expect((await who.get('/api/invitations')).status).toBe(403)
        expect((await who.send('DELETE', `/api/invitations/${body.invitation_id}`)).status).toBe(403)
      }
      expect((await invite(admin, member.email)).body.error).toBe('conflict')
      const eve = await person('Eve')
      expect((await eve.send('DELETE', `/api/invitations/${body.invitation_id}`)).status).toBe(404)
      for (const bad of [{ email: 'x', role: 'member' }, { email: newEmail(), role: 'owner' }, { email: newEmail() }])
        expect((await admin.send('POST', '/api/invitations', bad)).status).toBe(422)
    })

    test('is mailed to one address five times in ten minutes at most', async () => {
      const admin = await person()
      const email = newEmail()
      const statuses = []
      for (let at = 0; at < 6; at++) statuses.push((await invite(admin, email)).status)
      expect(statuses).toEqual([201, 201, 201, 201, 201, 429])
    })
  })

  describe('a member', () => {
    test('is given another role at once', async () => {
      const admin = await person()
      const member = await joined(admin)
      const changed = await admin.send('PUT', `/api/members/${member.id}`, { role: 'admin' })
      expect(changed.body).toMatchObject({ user_id: member.id, role: 'admin', pending: false })
      expect((await member.get('/api/me')).body.role).toBe('admin')
      expect((await member.send('PUT', `/api/members/${admin.id}`, { role: 'viewer' })).status).toBe(200)
      expect((await admin.send('PUT', `/api/members/${member.id}`, { role: 'viewer' })).status).toBe(403)
    })

    test('who is removed is out at once, with their keys, and goes on where else they are', async () => {
      const admin = await person()
      const member = await joined(admin)
      const organization = await organizationOf(admin)
      const key = (await member.send('POST', '/api/api-keys', { name: 'k', scopes: ['manage'] })).body.api_key
      const byKey = () => server.request('/api/members', { headers: { authorization: `Bearer ${key}` } })
      expect((await byKey()).status).toBe(200)
      expect((await member.send('DELETE', `/api/members/${admin.id}`)).status).toBe(403)
      expect((await admin.send('DELETE', `/api/members/${member.id}`)).status).toBe(204)
      expect((await byKey()).status).toBe(401)
      const { body } = await member.get('/api/me')
      expect(body.organization.id).not.toBe(organization.id)
      expect(body.organizations).toHaveLength(1)
      expect((await admin.send('DELETE', `/api/members/${member.id}`)).status).toBe(404)
      expect((await admin.get('/api/members')).body.data).toHaveLength(1)
    })

    test('who leaves their only organization is told so, and makes another or is asked into one', async () => {
      const admin = await person()
      const shared = await organizationOf(admin)
      const lost = await joined(admin)
      const { organizations } = (await lost.get('/api/me')).body
      const own = organizations.find(({ id }: { id: string }) => id !== shared.id)
      await lost.send('PUT', '/api/me/organization', { organization_id: own.id })
      // Somebody has to administer it after them.
      expect((await lost.send('DELETE', `/api/members/${lost.id}`)).body.error).toBe('last_admin')
      await joined(lost, 'admin')
      expect((await lost.send('DELETE', `/api/members/${lost.id}`)).status).toBe(204)
      expect((await lost.send('DELETE', `/api/members/${lost.id}`)).status).toBe(204)
      const nowhere = await lost.get('/api/me')
      expect([nowhere.status, nowhere.body.error]).toEqual([403, 'not_a_member'])
      expect((await lost.get('/api/members')).body.error).toBe('not_a_member')
      const made = await lost.send('POST', '/api/organizations', { name: 'Anew' })
      expect((await lost.get('/api/me')).body.organization.id).toBe(made.body.id)
    })

    test('who is the last administrator stays one, also when two go at once', async () => {
      const admin = await person()
      const second = await joined(admin, 'admin')
      const leave = (who: Person) => who.send('DELETE', `/api/members/${who.id}`)
      const demote = (who: Person) => who.send('PUT', `/api/members/${who.id}`, { role: 'member' })
      const acts = [leave(admin), demote(second)]
      const statuses = (await Promise.all(acts)).map(({ status }) => status)
      expect(statuses.filter((status) => status === 409)).toHaveLength(1)
      const left = statuses[0] === 409 ? admin : second
      const { body } = await left.get('/api/members')
      expect(body.data.filter(({ role }: { role: string }) => role === 'admin')).toHaveLength(1)
      for (const refused of [await leave(left), await demote(left)])
        expect([refused.status, refused.body.error]).toEqual([409, 'last_admin'])
    })

    test('is invisible to other organizations', async () => {
      const [admin, eve] = [await person(), await person('Eve')]
      expect((await eve.send('PUT', `/api/members/${admin.id}`, { role: 'viewer' })).status).toBe(404)
      expect((await eve.send('DELETE', `/api/members/${admin.id}`)).status).toBe(404)
      const { body } = await eve.get('/api/members')
      expect(body.data.map(({ user_id }: { user_id: string }) => user_id)).toEqual([eve.id])
    })

    test('is listed page by page', async () => {
      const admin = await person()
      for (let at = 0; at < 4; at++) await joined(admin)
      const seen: string[] = []
      let cursor = ''
      for (let pages = 0; pages < 3; pages++) {
        const { body } = await admin.get(`/api/members?limit=2${cursor && `&cursor=${cursor}`}`)
        seen.push(...body.data.map(({ user_id }: { user_id: string }) => user_id))
        cursor = body.next_cursor
      }
      expect([new Set(seen).size, cursor]).toEqual([5, null])
    })
  })

  describe('the operator', () => {
    test('names a person, who is in once they have proved the address by any of its ways', async () => {
      for (const prove of ['verify', 'reset'] as const) {
        const email = newEmail()
        const named = await server.admin('POST', '/users', { email: email.toUpperCase(), name: 'Nan', role: 'viewer' })
        expect([named.status, named.body]).toEqual([
          201,
          { ...named.body, email, name: 'Nan', role: 'viewer', email_verified: false, registered: false },
        ])
        expect((await server.admin('POST', '/users', { email, name: 'Nan' })).status).toBe(409)
        const nan = await server.person({ name: 'Nan Amed', email, password: 'her password' })
        expect(nan.id).toBe(named.body.id)
        const organizations = async () => (await nan.get('/api/me')).body.organizations
        expect(await organizations()).toHaveLength(1)
        const refused = await nan.send('PUT', '/api/me/organization', { organization_id: server.deps.orgId })
        expect(refused.status).toBe(404)
        if (prove === 'verify') await follow(server, await verificationLink(server, email))
        else {
          await nan.send('POST', '/api/auth/request-password-reset', { email })
          const { location } = await follow(server, await resetLink(server, email))
          const token = location.searchParams.get('token')
          await nan.send('POST', '/api/auth/reset-password', { token, newPassword: 'a new password' })
          await nan.send('POST', '/api/auth/sign-in/email', { email, password: 'a new password' })
        }
        expect(await organizations()).toContainEqual(expect.objectContaining({ id: server.deps.orgId, role: 'viewer' }))
        const one = await server.admin('GET', `/users/${named.body.id}`)
        expect(one.body).toMatchObject({ name: 'Nan Amed', email_verified: true, registered: true, role: 'viewer' })
      }
    })

    test('sees everybody, page by page', async () => {
      const { body } = await server.admin('GET', '/users?limit=3')
      expect(body.data).toHaveLength(3)
      const next = await server.admin('GET', `/users?limit=3&cursor=${body.next_cursor}`)
      const ids = [...body.data, ...next.body.data].map(({ id }: { id: string }) => id)
      expect(new Set(ids).size).toBe(6)
      expect((await server.admin('GET', '/users/user_nobody')).status).toBe(404)
      for (const bad of [{ email: 'x', name: 'X' }, { email: newEmail() }, { email: newEmail(), name: '\n' }])
        expect((await server.admin('POST', '/users', bad)).status).toBe(422)
    })
  })

  test('what happens in an organization is in its audit log', async () => {
    const admin = await person()
    const member = await joined(admin)
    await admin.send('PUT', '/api/organization', { name: 'Audited' })
    await admin.send('PUT', `/api/members/${member.id}`, { role: 'viewer' })
    await admin.send('DELETE', `/api/members/${member.id}`)
    const { body } = await admin.get('/api/audit-log?limit=200')
    const actions = body.data.map(({ action }: { action: string }) => action)
    for (const action of [
      'organization.created',
      'invitation.created',
      'invitation.accepted',
      'organization.member_added',
      'organization.renamed',
      'organization.role_changed',
      'organization.member_removed',
    ])
      expect(actions).toContain(action)
  })
})
