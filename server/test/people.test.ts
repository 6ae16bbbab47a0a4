import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createApp } from '../src/app.ts'
import { readConfig } from '../src/config.ts'
import { openWorld } from '../src/world.ts'
import { ADMIN_KEY, DATABASES, type DatabaseKind, ISSUER, startServer, type TestServer } from './harness.ts'
import { auth, cookiesOf, follow, me, PASSWORD, signIn, signUp, verificationLink } from './people.ts'

describe.each(DATABASES)('on %s', (database: DatabaseKind) => {
  describe('who signs up', () => {
    let server: TestServer
    beforeAll(async () => {
      server = await startServer(database)
    })
    afterAll(() => server.stop())

    test('first of all administers the operator’s organization, everybody after them one of their own', async () => {
      const first = await server.person({ email: 'ada@example.com', name: 'Ada Lovelace' })
      const second = await server.person({ email: 'grace@example.com', name: 'Grace Hopper' })
      const [ofFirst, ofSecond] = [(await first.get('/api/me')).body, (await second.get('/api/me')).body]
      expect(ofFirst).toMatchObject({
        user: { name: 'Ada Lovelace', email: 'ada@example.com', email_verified: false },
        organization: { id: server.deps.orgId },
        role: 'admin',
        operator: true,
      })
      expect(ofSecond).toMatchObject({ organization: { name: 'Grace’s organization' }, role: 'admin', operator: false })
      expect(ofSecond.organizations).toEqual([{ ...ofSecond.organization, role: 'admin' }])
      expect((await first.get('/api/admin/users')).status).toBe(200)
      expect((await second.get('/api/admin/users')).status).toBe(403)
    })

    test('better-auth’s own clients can ask who is signed in', async () => {
      expect((await server.request('/api/auth/get-session')).text).toBe('null')
      const ada = await server.person({ name: 'Session', email: 'session@example.com' })
      const { body, text } = await ada.get('/api/auth/get-session')
      expect(body).toMatchObject({ user: { id: ada.id, email: 'session@example.com' }, session: { token: 'cookie' } })
      for (const [, cookie] of ada.jar) expect(text).not.toContain(cookie.split('.')[0])
    })

    test('gets a cookie that no script reads, and no token beside it', async () => {
      const answer = await signUp(server, 'cookie@example.com')
      expect(answer.headers.getSetCookie()).toEqual([
        expect.stringMatching(/^auth-agent\.session_token=[^;]+; Max-Age=604800; Path=\/; HttpOnly; SameSite=Lax$/),
      ])
      const token = decodeURIComponent(cookiesOf(answer)).split('=')[1]?.split('.')[0] ?? ''
      expect(token.length).toBeGreaterThan(20)
      expect(answer.text).not.toContain(token)
      expect(answer.headers.get('x-request-id')).toBeTruthy()
      expect(answer.headers.get('cache-control')).toBe('no-store')
    })

    test('with an address that is taken is told so, in whatever case it is written', async () => {
      await signUp(server, 'taken@example.com')
      const again = await signUp(server, 'Taken@Example.COM')
      expect(again.status).toBe(409)
      expect(again.body).toMatchObject({ error: 'conflict', code: 'USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL' })
    })

    test('with the address as the password, or a short or a long one, is told which field is at fault', async () => {
      for (const password of ['weak@example.com', 'Weak@Example.com ', 'short', 'x'.repeat(129)]) {
        const answer = await signUp(server, 'weak@example.com', { password })
        expect([password, answer.status, Object.keys(answer.body.fields)]).toEqual([password, 422, ['password']])
      }
      expect((await signUp(server, 'weak@example.com')).status).toBe(200)
    })

    test('twice at once with one address becomes one person', async () => {
      const answers = await Promise.all([signUp(server, 'race@example.com'), signUp(server, 'race@example.com')])
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 409])
      const { body } = await server.admin('GET', '/users?limit=200')
      expect(body.data.filter(({ email }: { email: string }) => email === 'race@example.com')).toHaveLength(1)
    })

    test('takes over the row that others named them by, but nothing of theirs before the address is proved', async () => {
      const agent = await server.agent({ user_email: 'named@example.com', user_name: 'What others say' })
      await server.admin('POST', '/users', { email: 'named@example.com', name: 'X', role: 'admin' })
      const signedUp = await signUp(server, 'Named@example.com', { name: 'Nan Amed' })
      const cookie = cookiesOf(signedUp)
      const before = (await me(server, cookie)).body
      expect(before.user).toMatchObject({ id: agent.user_id, name: 'Nan Amed', email_verified: false })
      expect(before.operator).toBe(false)
      expect(before.organizations).toHaveLength(1)

      await follow(server, await verificationLink(server, 'named@example.com'), cookie)
      const after = (await me(server, cookie)).body
      expect(after.user.email_verified).toBe(true)
      expect(after.organizations.map(({ id }: { id: string }) => id)).toContain(server.deps.orgId)
    })

    test('is refused from another origin, and from a page of a neighbouring site', async () => {
      const body = { name: 'X', email: 'csrf@example.com', password: PASSWORD }
      for (const headers of [
        { origin: 'https://evil.example' },
        { origin: 'null' },
        { origin: 'http://localhost:3000' },
        { 'sec-fetch-site': 'cross-site' },
        { 'sec-fetch-site': 'same-site' },
        { referer: 'https://evil.example/' },
      ])
        expect([headers, (await auth(server, '/sign-up/email', body, headers)).status]).toEqual([headers, 403])
      const own = { origin: ISSUER, 'sec-fetch-site': 'same-origin' }
      expect((await auth(server, '/sign-up/email', body, own)).status).toBe(200)
    })
  })

  test('of two first people at once, one administers the operator’s organization', async () => {
    const server = await startServer(database)
    const answers = await Promise.all(['a', 'b', 'c', 'd'].map((name) => signUp(server, `${name}@example.com`)))
    const people = await Promise.all(answers.map((answer) => me(server, cookiesOf(answer))))
    expect(people.filter(({ body }) => body.operator)).toHaveLength(1)
    expect(new Set(people.map(({ body }) => body.organization.id)).size).toBe(4)
    await server.stop()
  })

  describe('who signs in', () => {
    let server: TestServer
    beforeAll(async () => {
      server = await startServer(database)
      await signUp(server, 'ada@example.com')
    })
    afterAll(() => server.stop())

    test('with a wrong password or an unknown address is told the same', async () => {
      await server.agent({ user_email: 'placeholder@example.com', user_name: 'P' })
      const [wrong, unknown, named] = await Promise.all([
        signIn(server, 'ada@example.com', 'wrong'),
        signIn(server, 'nobody@example.com'),
        signIn(server, 'placeholder@example.com'),
      ])
      expect(wrong.status).toBe(401)
      expect(unknown.body).toEqual(wrong.body)
      expect(named.body).toEqual(wrong.body)
      expect(wrong.body).toMatchObject({ error: 'unauthorized', code: 'INVALID_EMAIL_OR_PASSWORD' })
    })

    test('wrongly ten times is let in no more, even rightly, for a while; from elsewhere they are', async () => {
      await signUp(server, 'guessed@example.com')
      const attempt = (password: string) => {
        const body = JSON.stringify({ email: 'guessed@example.com', password })
        const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body }
        return server.request('/api/auth/sign-in/email', init, '192.0.2.66')
      }
      const guesses = await Promise.all(Array.from({ length: 14 }, (_, at) => attempt(`guess ${at}`)))
      expect(guesses.filter(({ status }) => status === 401)).toHaveLength(10)
      const refused = await attempt(PASSWORD)
      expect(refused.status).toBe(429)
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
      expect((await signIn(server, 'guessed@example.com')).status).toBe(200)
      server.wait(601)
      expect((await attempt(PASSWORD)).status).toBe(200)
    })

    test('rightly is not counted, however often', async () => {
      const body = JSON.stringify({ email: 'ada@example.com', password: PASSWORD })
      const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body }
      for (let at = 0; at < 15; at++)
        expect((await server.request('/api/auth/sign-in/email', init, '192.0.2.1')).status).toBe(200)
    })

    test('stays so for a week since the last visit, and the cookie is renewed once a day', async () => {
      const cookie = cookiesOf(await signIn(server, 'ada@example.com'))
      for (let day = 0; day < 10; day++) {
        server.wait(86_400)
        const answers = [await me(server, cookie), await me(server, cookie)]
        expect(answers.map(({ status }) => status)).toEqual([200, 200])
        expect(answers.map(({ headers }) => headers.getSetCookie().length)).toEqual([1, 0])
        expect(answers[0]?.headers.getSetCookie()[0]?.split(';')[0]).toBe(cookie)
      }
      server.wait(7 * 86_400)
      expect((await me(server, cookie)).status).toBe(401)
    })

    test('and out again has a cookie that opens nothing', async () => {
      const cookie = cookiesOf(await signIn(server, 'ada@example.com'))
      expect((await me(server, cookie)).status).toBe(200)
      const out = await auth(server, '/sign-out', {}, { cookie })
      expect([out.status, out.headers.getSetCookie()[0]]).toEqual([200, expect.stringContaining('Max-Age=0')])
      expect((await me(server, cookie)).status).toBe(401)
      expect((await auth(server, '/sign-out', {}, { cookie })).status).toBe(200)
    })

    test('by a cookie that was not signed by us is nobody', async () => {
      const cookie = cookiesOf(await signIn(server, 'ada@example.com'))
      const [name = '', value = ''] = cookie.split('=')
      const [token = '', signature = ''] = decodeURIComponent(value).split('.')
      for (const forged of [token, `${token}.`, `${token}.${signature.slice(1)}`, `x${token}.${signature}`, '%', ''])
        expect([forged, (await me(server, `${name}=${encodeURIComponent(forged)}`)).status]).toEqual([forged, 401])
    })

    test('sees their sessions and ends them, one by one and all others', async () => {
      const email = 'many@example.com'
      const [first, second, third] = [
        await signUp(server, email),
        await signIn(server, email),
        await signIn(server, email),
      ]
      const cookies = [first, second, third].map((answer) => cookiesOf(answer ?? first)) as [string, string, string]
      const list = async (cookie: string) => (await server.request('/api/sessions', { headers: { cookie } })).body.data
      const end = (path: string) =>
        server.request(`/api/sessions${path}`, { method: 'DELETE', headers: { cookie: cookies[0] } })
      const sessions = await list(cookies[0])
      expect(sessions).toHaveLength(3)
      expect(sessions.filter(({ current }: { current: boolean }) => current)).toHaveLength(1)
      const other = (await list(cookies[1])).find(({ current }: { current: boolean }) => current)
      expect((await end(`/${other.id}`)).status).toBe(204)
      expect((await end(`/${other.id}`)).status).toBe(404)
      expect((await end('')).status).toBe(204)
      const statuses = await Promise.all(cookies.map(async (cookie) => (await me(server, cookie)).status))
      expect(statuses).toEqual([200, 401, 401])
      expect((await end('?all=true')).status).toBe(204)
      expect((await me(server, cookies[0])).status).toBe(401)
    })

    test('cannot end the session of somebody else', async () => {
      const [ada, eve] = [await signIn(server, 'ada@example.com'), await signUp(server, 'eve@example.com')]
      const { session } = (await me(server, cookiesOf(ada))).body
      const init = { method: 'DELETE', headers: { cookie: cookiesOf(eve) } }
      expect((await server.request(`/api/sessions/${session.id}`, init)).status).toBe(404)
      expect((await me(server, cookiesOf(ada))).status).toBe(200)
    })

    test('proves again to be there by the password, which makes the session fresh', async () => {
      const person = await server.person({ name: 'Pat', email: 'fresh@example.com', password: PASSWORD })
      server.wait(301)
      const stale = (await person.get('/api/me')).body.session
      expect(Date.parse(stale.fresh_until)).toBeLessThan(server.deps.now())
      expect((await person.get('/api/auth/passkey/generate-register-options')).body.error).toBe(
        'reauthentication_required',
      )
      const wrong = await person.send('POST', '/api/me/reauthenticate', { password: 'wrong one' })
      expect([wrong.status, wrong.body.fields]).toEqual([422, { password: 'is not your password' }])
      const { body } = await person.send('POST', '/api/me/reauthenticate', { password: PASSWORD })
      expect(Date.parse(body.fresh_until)).toBe(server.deps.now() + 300_000)
      expect((await person.get('/api/me')).body.session).toMatchObject({ id: stale.id, ...body })
      const options = await person.get('/api/auth/passkey/generate-register-options')
      expect(options.body).toMatchObject({
        rp: { id: 'localhost', name: 'Auth Agent' },
        authenticatorSelection: { userVerification: 'required' },
      })
      for (const proof of [{}, { password: PASSWORD, passkey: { id: 'x', response: {} } }, { password: 1 }])
        expect((await person.send('POST', '/api/me/reauthenticate', proof)).status).toBe(422)
      expect((await person.get('/api/me/reauthenticate/options')).status).toBe(409)
    })

    test('cannot guess the password of an open browser', async () => {
      const person = await server.person({ name: 'Pat', email: 'open@example.com', password: PASSWORD })
      const guess = () => person.send('POST', '/api/me/reauthenticate', { password: 'a guess' })
      const statuses = (await Promise.all(Array.from({ length: 12 }, guess))).map(({ status }) => status)
      expect(statuses.filter((status) => status === 422)).toHaveLength(10)
      expect(statuses.filter((status) => status === 429)).toHaveLength(2)
    })

    test('changes name and password; other browsers are out', async () => {
      const person = await server.person({ name: 'Pat', email: 'change@example.com', password: PASSWORD })
      const elsewhere = cookiesOf(await signIn(server, 'change@example.com'))
      expect((await person.send('POST', '/api/auth/update-user', { name: 'New Name' })).status).toBe(200)
      expect((await person.get('/api/me')).body.user.name).toBe('New Name')
      const change = (currentPassword: string, newPassword: string) =>
        person.send('POST', '/api/auth/change-password', { currentPassword, newPassword, revokeOtherSessions: true })
      const wrong = await change('not that', 'a new password')
      expect([wrong.status, wrong.body.fields]).toEqual([422, { currentPassword: 'is not your password' }])
      expect((await change(PASSWORD, 'change@example.com')).status).toBe(422)
      expect((await change(PASSWORD, 'a new password')).status).toBe(200)
      expect((await person.get('/api/me')).status).toBe(200)
      expect((await me(server, elsewhere)).status).toBe(401)
      expect((await signIn(server, 'change@example.com')).status).toBe(401)
      expect((await signIn(server, 'change@example.com', 'a new password')).status).toBe(200)
    })

    test('offers a passkey that was never registered and is nobody', async () => {
      const options = await auth(server, '/passkey/generate-authenticate-options')
      expect(options.body).toMatchObject({ rpId: 'localhost', userVerification: 'required' })
      const cookie = cookiesOf(options)
      const response = { id: 'AAAA', rawId: 'AAAA', type: 'public-key', response: { clientDataJSON: 'e30' } }
      const answer = await auth(server, '/passkey/verify-authentication', { response }, { cookie })
      expect([answer.status, answer.body.code]).toEqual([401, 'PASSKEY_NOT_FOUND'])
      // The challenge was used up by that.
      const again = await auth(server, '/passkey/verify-authentication', { response }, { cookie })
      expect([again.status, again.body.code]).toEqual([400, 'CHALLENGE_NOT_FOUND'])
    })
  })

  test('a new primary master key signs nobody out', async () => {
    const [old, young] = [7, 9].map((byte) => `m${byte}:${Buffer.alloc(32, byte).toString('base64')}`)
    const server = await startServer(database, { MASTER_KEYS: `${old}` })
    const cookie = cookiesOf(await signUp(server, 'ada@example.com'))
    /** A process beside the server, over the same database. */
    const statusWith = async (MASTER_KEYS: string) => {
      const env = {
        ISSUER,
        DATABASE_URL: server.databaseUrl,
        ADMIN_API_KEY: ADMIN_KEY,
        LOG_LEVEL: 'silent',
        MASTER_KEYS,
      }
      const world = await openWorld(readConfig(env), { now: server.deps.now })
      const { status } = await createApp(world.deps).request('/api/me', { headers: { cookie } })
      await world.close()
      return status
    }
    expect(await statusWith(`${young},${old}`)).toBe(200)
    server.wait(86_400)
    expect(await statusWith(`${young},${old}`)).toBe(200)
    // Renewed under the young key meanwhile.
    expect(await server.deps.db.read.selectFrom('session').select('token_hash').execute()).toEqual([
      { token_hash: expect.stringMatching(/^m9:/) },
    ])
    await server.stop()
  })

  test('every act on an account is in the audit log, and nothing secret with it', async () => {
    const server = await startServer(database)
    const email = 'audited@example.com'
    const person = await server.person({ name: 'Pat', email, password: PASSWORD })
    await signIn(server, email, 'wrong')
    await person.send('POST', '/api/me/reauthenticate', { password: PASSWORD })
    await person.send('POST', '/api/auth/change-password', { currentPassword: PASSWORD, newPassword: 'a new password' })
    await follow(server, await verificationLink(server, email))
    await person.send('POST', '/api/auth/sign-out', {})
    const { body } = await server.admin('GET', '/audit-log?limit=200')
    const actions = new Set(body.data.map(({ action }: { action: string }) => action))
    for (const action of [
      'person.registered',
      'session.created',
      'person.sign_in_failed',
      'person.reauthenticated',
      'person.password_changed',
      'person.email_verified',
      'session.ended',
    ])
      expect(actions).toContain(action)
    expect((await server.admin('GET', '/audit-log/verify')).body.valid).toBe(true)
    for (const secret of [PASSWORD, 'a new password', ...person.jar.values()]) {
      expect(JSON.stringify(body)).not.toContain(secret)
      expect(server.logged.join('\n')).not.toContain(secret)
    }
    await server.stop()
  })
})
