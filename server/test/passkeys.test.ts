import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createPasskey } from './authenticator.ts'
import { type Browser, DATABASES, type DatabaseKind, startServer, type TestServer } from './harness.ts'

const REGISTER = '/api/auth/passkey/generate-register-options'
const AUTHENTICATE = '/api/auth/passkey/generate-authenticate-options'

let names = 0

describe.each(DATABASES)('a passkey on %s', (database: DatabaseKind) => {
  let server: TestServer
  beforeAll(async () => {
    server = await startServer(database)
  })
  afterAll(() => server.stop())

  const person = () => server.person({ name: 'Ada', email: `ada${names++}@example.com` })
  const challengeOf = async (browser: Browser, path: string) => (await browser.get(path)).body.challenge as string

  async function add(browser: Browser, passkey = createPasskey(), ceremony: object = {}) {
    const challenge = await challengeOf(browser, REGISTER)
    const response = passkey.create({ challenge, ...ceremony })
    const answer = await browser.send('POST', '/api/auth/passkey/verify-registration', { response, name: 'My key' })
    return { passkey, answer }
  }
  async function signIn(browser: Browser, passkey: ReturnType<typeof createPasskey>, ceremony: object = {}) {
    const challenge = await challengeOf(browser, AUTHENTICATE)
    const response = passkey.get({ challenge, ...ceremony })
    const answer = await browser.send('POST', '/api/auth/passkey/verify-authentication', { response })
    return { response, answer }
  }

  test('is added, named, used to sign in elsewhere, and removed', async () => {
    const ada = await person()
    const { passkey, answer } = await add(ada)
    expect([answer.status, answer.body.name]).toEqual([200, 'My key'])
    const renamed = { id: answer.body.id, name: 'Laptop' }
    expect((await ada.send('POST', '/api/auth/passkey/update-passkey', renamed)).status).toBe(200)
    const listed = (await ada.get('/api/auth/passkey/list-user-passkeys')).body
    expect(listed).toEqual([expect.objectContaining({ ...renamed, deviceType: 'singleDevice', backedUp: false })])

    const phone = server.browser()
    const signedIn = await signIn(phone, passkey)
    expect(signedIn.answer.status).toBe(200)
    expect(signedIn.answer.text).not.toContain([...phone.jar.values()][0]?.slice(0, 20) ?? '?')
    expect((await phone.get('/api/me')).body.user.id).toBe(ada.id)

    const removed = await ada.send('POST', '/api/auth/passkey/delete-passkey', { id: answer.body.id })
    expect(removed.status).toBe(200)
    expect((await signIn(server.browser(), passkey)).answer.body.code).toBe('PASSKEY_NOT_FOUND')
  })

  test('must check that it is the person, when it is added and whenever it is used', async () => {
    const ada = await person()
    const unchecked = await add(ada, createPasskey(), { verified: false })
    expect([unchecked.answer.status, unchecked.answer.body.code]).toEqual([400, 'USER_VERIFICATION_REQUIRED'])
    expect((await ada.get('/api/auth/passkey/list-user-passkeys')).body).toEqual([])
    const { passkey } = await add(ada)
    const browser = server.browser()
    const { answer } = await signIn(browser, passkey, { verified: false })
    expect([answer.status, answer.body.code]).toEqual([400, 'USER_VERIFICATION_REQUIRED'])
    expect((await browser.get('/api/me')).status).toBe(401)
  })

  test('is good for our own pages, and each of its answers once', async () => {
    const ada = await person()
    expect((await add(ada, createPasskey(), { origin: 'https://evil.example' })).answer.status).toBe(400)
    const { passkey } = await add(ada)
    const browser = server.browser()
    const phished = await signIn(browser, passkey, { origin: 'https://evil.example' })
    expect(phished.answer.status).toBe(401)
    const { response, answer } = await signIn(browser, passkey)
    expect(answer.status).toBe(200)
    await browser.send('POST', '/api/auth/sign-out', {})
    await browser.get(AUTHENTICATE)
    const replayed = await browser.send('POST', '/api/auth/passkey/verify-authentication', { response })
    expect(replayed.status).toBe(401)
  })

  test('belongs to one account', async () => {
    const [ada, eve] = [await person(), await person()]
    const { passkey, answer } = await add(ada)
    expect((await add(eve, passkey)).answer.status).toBe(409)
    for (const path of ['delete-passkey', 'update-passkey']) {
      const refused = await eve.send('POST', `/api/auth/passkey/${path}`, { id: answer.body.id, name: 'mine' })
      expect([path, refused.status]).toEqual([path, 401])
    }
    expect((await ada.get('/api/auth/passkey/list-user-passkeys')).body).toHaveLength(1)
  })

  test('shows that the person is there, in the session that they have', async () => {
    const ada = await person()
    const { passkey } = await add(ada)
    server.wait(301)
    expect((await ada.get(REGISTER)).body.error).toBe('reauthentication_required')
    const before = (await ada.get('/api/me')).body.session
    const challenge = await challengeOf(ada, '/api/me/reauthenticate/options')
    const answer = await ada.send('POST', '/api/me/reauthenticate', { passkey: passkey.get({ challenge }) })
    expect([answer.status, Date.parse(answer.body.fresh_until)]).toEqual([200, server.deps.now() + 300_000])
    const after = (await ada.get('/api/me')).body.session
    expect(after).toMatchObject({ id: before.id, fresh_until: answer.body.fresh_until })
    expect((await ada.get('/api/sessions')).body.data).toHaveLength(1)
    expect((await ada.get(REGISTER)).status).toBe(200)
  })

  test('of somebody else shows nothing about who is signed in', async () => {
    const [ada, eve] = [await person(), await person()]
    await add(ada)
    const { passkey } = await add(eve)
    server.wait(301)
    const challenge = await challengeOf(ada, '/api/me/reauthenticate/options')
    const answer = await ada.send('POST', '/api/me/reauthenticate', { passkey: passkey.get({ challenge }) })
    expect([answer.status, answer.body.error]).toEqual([403, 'forbidden'])
    expect((await ada.get(REGISTER)).body.error).toBe('reauthentication_required')
    expect((await ada.get('/api/me')).body.user.id).toBe(ada.id)
  })
})
