import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DATABASES, type DatabaseKind, ISSUER, startServer, type TestServer } from './harness.ts'
import { auth, cookiesOf, follow, linkTo, me, resetLink, signIn, signUp, verificationLink } from './people.ts'

describe.each(DATABASES)('on %s', (database: DatabaseKind) => {
  describe('a lost password', () => {
    let server: TestServer
    beforeAll(async () => {
      server = await startServer(database)
      await signUp(server, 'ada@example.com')
    })
    afterAll(() => server.stop())
    const ask = (email: string, extra: object = {}) => auth(server, '/request-password-reset', { email, ...extra })
    const tokenOf = async (email: string) => {
      const { location } = await follow(server, await resetLink(server, email))
      return location.searchParams.get('token') ?? ''
    }
    const reset = (token: string, newPassword: string) => auth(server, '/reset-password', { token, newPassword })

    test('is asked for alike for an address that nobody has, and no mail goes there', async () => {
      const [known, unknown] = [await ask('ada@example.com'), await ask('nobody@example.com')]
      expect([known.status, unknown.status]).toEqual([200, 200])
      expect(unknown.body).toEqual(known.body)
      expect((await server.admin('GET', '/dev-inbox?to=nobody@example.com')).body.data).toEqual([])
    })

    test('is set by a link, once, however often it is used at once; every session ends, the address is proved', async () => {
      const cookie = cookiesOf(await signUp(server, 'reset@example.com'))
      await ask('reset@example.com', { redirectTo: '/console/reset-password' })
      const { location } = await follow(server, await resetLink(server, 'reset@example.com'))
      expect(location.href).toMatch(`${ISSUER}/console/reset-password?token=`)
      const token = location.searchParams.get('token') ?? ''
      const passwords = ['the first one', 'the second one', 'the third one']
      const answers = await Promise.all(passwords.map((password) => reset(token, password)))
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 400, 400])
      expect((await me(server, cookie)).status).toBe(401)
      const won = passwords[answers.findIndex(({ status }) => status === 200)] ?? ''
      const signedIn = await signIn(server, 'reset@example.com', won)
      expect((await me(server, cookiesOf(signedIn))).body.user.email_verified).toBe(true)
      expect(await follow(server, await resetLink(server, 'reset@example.com'))).toMatchObject({
        location: expect.objectContaining({ search: '?error=INVALID_TOKEN' }),
      })
    })

    test('throws out whoever signed up with the address before its owner', async () => {
      const email = 'owner@example.com'
      const squatter = await server.person({ name: 'Pat', email, password: 'of the squatter' })
      await server.admin('POST', '/users', { email, name: 'Owner', role: 'admin' })
      await ask(email)
      expect((await reset(await tokenOf(email), 'of the owner')).status).toBe(200)
      expect((await squatter.get('/api/me')).status).toBe(401)
      expect((await signIn(server, email, 'of the squatter')).status).toBe(401)
      const owner = cookiesOf(await signIn(server, email, 'of the owner'))
      expect((await me(server, owner)).body.organizations).toContainEqual(
        expect.objectContaining({ id: server.deps.orgId, role: 'admin' }),
      )
    })

    test('has only its newest link, for an hour', async () => {
      const email = 'newest@example.com'
      await signUp(server, email)
      await ask(email)
      const old = await tokenOf(email)
      server.wait(1)
      await ask(email)
      const newest = await tokenOf(email)
      expect(newest).not.toBe(old)
      expect((await reset(old, 'some password')).body).toMatchObject({
        error: 'invalid_request',
        code: 'INVALID_TOKEN',
      })
      server.wait(3601)
      expect((await reset(newest, 'some password')).status).toBe(400)
    })

    test('is mailed five times in ten minutes at most, to whomever', async () => {
      for (const email of ['flooded@example.com', 'unknown-flooded@example.com']) {
        if (email.startsWith('flooded')) await signUp(server, email)
        const statuses = []
        for (let at = 0; at < 6; at++) statuses.push((await ask(email)).status)
        // A sign-up is a mail too.
        expect(statuses.slice(0, 4)).toEqual([200, 200, 200, 200])
        expect(statuses[5]).toBe(429)
      }
    })

    test('sends nobody off this server', async () => {
      for (const redirectTo of ['https://evil.example', '//evil.example', '/\\evil.example', 'javascript:alert(1)'])
        expect([redirectTo, (await ask('ada@example.com', { redirectTo })).status]).toEqual([redirectTo, 422])
      const link = new URL(await resetLink(server, 'ada@example.com'))
      link.searchParams.set('callbackURL', 'https://evil.example')
      expect((await follow(server, link.href)).status).toBe(422)
    })
  })

  describe('where an address must be proved first', () => {
    let server: TestServer
    beforeAll(async () => {
      server = await startServer(database, { REQUIRE_EMAIL_VERIFICATION: 'true' })
    })
    afterAll(() => server.stop())

    test('nobody is signed in before, and the first to prove one is the first person', async () => {
      const early = await signUp(server, 'early@example.com')
      expect([early.status, early.body.token, cookiesOf(early)]).toEqual([200, null, ''])
      const refused = await signIn(server, 'early@example.com')
      expect([refused.status, refused.body.code]).toEqual([403, 'EMAIL_NOT_VERIFIED'])
      const callbackURL = '/console/verify-email?state=done&continue=%2Fconsole%2Fagents'
      await signUp(server, 'quick@example.com', { callbackURL })

      const followed = await follow(server, await verificationLink(server, 'quick@example.com'))
      expect([followed.status, followed.location.href]).toEqual([303, `${ISSUER}${callbackURL}`])
      expect((await me(server, cookiesOf(followed))).body).toMatchObject({ operator: true, role: 'admin' })
      const late = await follow(server, await verificationLink(server, 'early@example.com'))
      expect((await me(server, cookiesOf(late))).body).toMatchObject({ operator: false, role: 'admin' })
    })

    test('a link signs in once, and a broken one says so where it leads', async () => {
      await signUp(server, 'once@example.com', { callbackURL: '/console/verify-email' })
      const link = await verificationLink(server, 'once@example.com')
      const broken = await follow(server, link.replace('token=', 'token=x'))
      expect(broken.location.href).toBe(`${ISSUER}/console/verify-email?error=INVALID_TOKEN`)
      expect((await server.request(link, { method: 'HEAD' })).status).toBe(405)
      expect(cookiesOf(await follow(server, link))).toContain('session_token')
      expect(cookiesOf(await follow(server, link))).toBe('')
    })

    test('an address that is taken is answered as one that is not, and its owner told', async () => {
      await signUp(server, 'mine@example.com')
      const [taken, free] = [await signUp(server, 'mine@example.com'), await signUp(server, 'free@example.com')]
      expect(taken.status).toBe(free.status)
      expect(Object.keys(taken.body.user).sort()).toEqual(Object.keys(free.body.user).sort())
      expect(taken.body.token).toBe(null)
      expect(taken.body.user.id).toMatch(/^user_[0-9a-z]{26}$/)
      await expect(linkTo(server, 'mine@example.com', /already/)).resolves.toBe(`${ISSUER}/console/sign-in`)
    })

    test('a new link is sent alike to every address', async () => {
      await signUp(server, 'resend@example.com')
      const send = (email: string) => auth(server, '/send-verification-email', { email, callbackURL: '/console' })
      const answers = await Promise.all([send('resend@example.com'), send('nobody@example.com')])
      expect(answers.map(({ status, body }) => [status, body])).toEqual([
        [200, { status: true }],
        [200, { status: true }],
      ])
    })
  })
})

test('a link that somebody else sent leaves a browser to whom it belongs', async () => {
  const server = await startServer()
  const ada = await server.person({ name: 'Ada', email: 'ada@example.com' })
  await server.person({ name: 'Eve', email: 'eve@example.com' })
  const link = await verificationLink(server, 'eve@example.com')
  expect((await ada.get(link)).status).toBe(303)
  expect((await ada.get('/api/me')).body.user.email).toBe('ada@example.com')
  await server.stop()
})
