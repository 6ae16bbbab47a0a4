import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { revokeUnconfirmed } from '../src/connections/session-binding.ts'
import { type ConnectionsServer, connectionsOf, type Flows, startConnections } from './connection-flows.ts'
import { type Answer, type Browser, DATABASES, ISSUER } from './harness.ts'
import { type IdentityProvider, startIdentityProvider } from './identity-provider.ts'

const CLIENT_ID = 'our-client'
const SAME_ORIGIN = { 'sec-fetch-site': 'same-origin' }

const pathOf = (url: string) => url.replace(ISSUER, '')
const linkIn = ({ text }: Answer) => /class="button" href="([^"]+)"/.exec(text)?.[1]?.replaceAll('&amp;', '&') ?? ''

describe.each(DATABASES)('a connection that is held to one browser, on %s', (kind) => {
  let server: ConnectionsServer
  let idp: IdentityProvider
  let flows: Flows
  let token: string

  beforeAll(async () => {
    idp = await startIdentityProvider(CLIENT_ID)
    server = await startConnections(kind, { ALLOWED_RETURN_DOMAINS: 'app.example.com' })
    await server.admin('POST', '/providers', {
      name: 'idp',
      label: 'Example <b>ID</b>',
      issuer: idp.issuer,
      client_id: CLIENT_ID,
      client_secret: 'secret-canary',
    })
    token = (await server.makeAgent()).token
    flows = connectionsOf(server, idp, token)
  })
  afterEach(() => idp.reset())
  afterAll(async () => {
    await server?.stop()
    await idp?.stop()
  })

  const request = async () => (await flows.request({ session_binding: 'cookie' })).body
  const statusOf = async (id: string) => (await flows.check(id)).body.status
  /** Opens the link, reads the page, and goes on to the provider. */
  async function goOn(browser: Browser, authUrl: string): Promise<Answer> {
    const page = await browser.get(pathOf(authUrl))
    expect(page.status).toBe(200)
    return browser.get(`/auth/start${linkIn(page)}`, SAME_ORIGIN)
  }
  const comeBack = (browser: Browser, providerUrl: string) =>
    browser.get(`/auth/callback/idp?${idp.consent(providerUrl)}`)

  test('passes by a page of ours that says who asks for what, and becomes active in that browser', async () => {
    const { authUrl, connection_id } = await request()
    expect(authUrl).toMatch(`${ISSUER}/auth/start?state=`)
    const browser = server.browser()
    const page = await browser.get(pathOf(authUrl))
    expect(page.text).toContain('an agent of My organization')
    expect(page.text).toContain('openid, email')
    expect(page.text).not.toContain('<b>ID</b>')
    expect(page.headers.get('set-cookie')).toBeNull()
    const sent = await browser.get(`/auth/start${linkIn(page)}`, SAME_ORIGIN)
    expect(sent.status).toBe(303)
    expect(sent.headers.get('set-cookie')).toMatch(/^aa-connect-.*; HttpOnly; SameSite=Lax; Max-Age=600$/)
    const providerUrl = sent.headers.get('location') ?? ''
    expect(providerUrl).toMatch(idp.issuer)
    expect(new URL(providerUrl).searchParams.get('code_challenge')).toMatch(/^[\w-]{43}$/)
    expect((await comeBack(browser, providerUrl)).status).toBe(200)
    expect(await statusOf(connection_id)).toBe('active')
  })

  test('is not finished by another browser, with a forged cookie or none, and still by the right one', async () => {
    const { authUrl, connection_id, state } = await request()
    const [ada, eve] = [server.browser(), server.browser()]
    const providerUrl = (await goOn(ada, authUrl)).headers.get('location') ?? ''
    const [name = ''] = [...ada.jar.keys()]
    for (const forged of ['', 'x', state, connection_id, CLIENT_ID]) {
      eve.jar.set(name, forged)
      expect((await comeBack(eve, providerUrl)).status).toBe(400)
    }
    expect(idp.calls('/token')).toBe(0)
    expect(await statusOf(connection_id)).toBe('pending')
    expect((await comeBack(ada, providerUrl)).status).toBe(200)
    expect(await statusOf(connection_id)).toBe('active')
  })

  test('belongs to the first browser that went on: a second one is not sent to the provider', async () => {
    const { authUrl } = await request()
    const [ada, eve] = [server.browser(), server.browser()]
    expect((await goOn(ada, authUrl)).status).toBe(303)
    expect((await goOn(eve, authUrl)).status).toBe(400)
    expect((await goOn(ada, authUrl)).status).toBe(303)
    const raced = await request()
    const answers = await Promise.all([server.browser(), server.browser()].map((one) => goOn(one, raced.authUrl)))
    expect(answers.map(({ status }) => status).sort()).toEqual([303, 400])
  })

  test('goes no further than the page where another site sends the browser, or a machine looks at the link', async () => {
    const { authUrl } = await request()
    const on = `${pathOf(authUrl)}&continue=1`
    for (const site of ['cross-site', 'same-site', 'none'])
      expect((await server.browser().get(on, { 'sec-fetch-site': site })).status).toBe(200)
    expect((await server.request(on, { method: 'HEAD' })).status).toBe(204)
    expect((await goOn(server.browser(), authUrl)).status).toBe(303)
  })

  test('cannot pass by the page without having been there', async () => {
    const { authUrl, state } = await request()
    expect((await comeBack(server.browser(), authUrl)).status).toBe(400)
    server.wait(601)
    expect((await server.browser().get(`/auth/start?state=${state}`)).status).toBe(400)
    for (const unknown of ['', 'x', 'x'.repeat(500)])
      expect((await server.browser().get(`/auth/start?state=${unknown}`)).status).toBe(400)
    const open = (await flows.request({})).body
    expect((await server.browser().get(`/auth/start?state=${open.state}`)).status).toBe(400)
  })

  test('is what a person at the console gets, without a page between', async () => {
    const person = await server.person({ name: 'Ada', email: 'ada@console.example' })
    const asked = await person.send('POST', '/api/connections', { provider_name: 'idp' })
    expect(asked.status).toBe(201)
    expect(asked.body.authUrl).toMatch(idp.issuer)
    const id = asked.body.connection_id
    const answer = () => `/auth/callback/idp?${idp.consent(asked.body.authUrl)}`
    expect((await server.browser().get(answer())).status).toBe(400)
    expect((await person.get(answer())).status).toBe(303)
    expect((await person.get(`/api/connections/${id}`)).body.status).toBe('active')
  })

  test('holds its way to the provider sealed, for it has the state in it', async () => {
    const { state } = await request()
    const rows = await server.deps.db.read.selectFrom('connection_flow').selectAll().execute()
    expect(JSON.stringify(rows)).not.toContain(state)
    expect(JSON.stringify(rows)).not.toContain(`${idp.issuer}/authorize`)
  })

  test('that nobody confirmed in time is revoked at the provider, once', async () => {
    const session_challenge = 'c'.repeat(43)
    await flows.connect({ session_challenge })
    await revokeUnconfirmed(server.deps)
    expect(idp.calls('/revoke')).toBe(0)
    server.wait(601)
    await Promise.all([revokeUnconfirmed(server.deps), revokeUnconfirmed(server.deps)])
    await revokeUnconfirmed(server.deps)
    expect(idp.calls('/revoke')).toBe(1)
    expect(idp.seen.find(({ path }) => path === '/revoke')?.form.token).toMatch(/^refresh-canary/)
  })
})

describe('CONNECTION_SESSION_BINDING', () => {
  let idp: IdentityProvider
  beforeAll(async () => {
    idp = await startIdentityProvider(CLIENT_ID)
  })
  afterAll(() => idp?.stop())

  async function withBinding(binding: string) {
    const server = await startConnections('sqlite', { CONNECTION_SESSION_BINDING: binding })
    await server.admin('POST', '/providers', { name: 'idp', issuer: idp.issuer, client_id: CLIENT_ID })
    return { server, flows: connectionsOf(server, idp, (await server.makeAgent()).token) }
  }

  test('cookie holds everybody to a browser, whatever they ask for', async () => {
    const { server, flows } = await withBinding('cookie')
    for (const asked of [{}, { session_binding: 'off' }])
      expect((await flows.request(asked)).body.authUrl).toContain('/auth/start?')
    await server.stop()
  })

  test('verifier demands a challenge of everybody but a person at the console', async () => {
    const { server, flows } = await withBinding('verifier')
    for (const asked of [{}, { session_binding: 'cookie' }]) {
      const { status, body } = await flows.request(asked)
      expect([status, body.fields]).toEqual([422, { session_challenge: expect.stringContaining('is required') }])
    }
    expect((await flows.request({ session_challenge: 'c'.repeat(43) })).status).toBe(201)
    const person = await server.person({ name: 'Ada', email: 'ada@console.example' })
    expect((await person.send('POST', '/api/connections', { provider_name: 'idp' })).status).toBe(201)
    await server.stop()
  })
})
