import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { type Browser, DATABASES, type DatabaseKind, ISSUER, startServer, type TestServer } from './harness.ts'
import { follow, verificationLink } from './people.ts'

interface GitHubAccount {
  id: number
  email: string
  verified: boolean
}

const TOKEN = 'gho_token_of_github_0123456789'

/** GitHub, as far as better-auth calls it. */
function stubGitHub({ id, email, verified }: GitHubAccount) {
  const answers: Record<string, unknown> = {
    'https://github.com/login/oauth/access_token': { access_token: TOKEN, token_type: 'bearer', scope: 'user:email' },
    'https://api.github.com/user': {
      id,
      login: 'octo',
      name: 'Octo Cat',
      email: null,
      avatar_url: 'https://a.example/',
    },
    'https://api.github.com/user/emails': [{ email, primary: true, verified, visibility: null }],
  }
  vi.stubGlobal('fetch', async (input: string | URL | Request) => {
    const url = input instanceof Request ? input.url : String(input)
    const answer = answers[url.split('?', 1)[0] ?? '']
    return answer === undefined ? new Response(null, { status: 404 }) : Response.json(answer)
  })
}

describe.each(DATABASES)('an account at GitHub, on %s', (database: DatabaseKind) => {
  let server: TestServer
  beforeAll(async () => {
    server = await startServer(database, { GITHUB_CLIENT_ID: 'github-id', GITHUB_CLIENT_SECRET: 'github-secret' })
    await server.person({ name: 'First', email: 'first@example.com' })
  })
  afterAll(() => server.stop())
  afterEach(() => vi.unstubAllGlobals())

  let ids = 1
  const begin = async (browser: Browser, callbackURL = '/console/agents') => {
    const { body } = await browser.send('POST', '/api/auth/sign-in/social', { provider: 'github', callbackURL })
    return new URL(body.url)
  }
  /** From the button to where the browser ends. */
  async function signIn(browser: Browser, account: GitHubAccount) {
    stubGitHub(account)
    const state = (await begin(browser)).searchParams.get('state')
    const answer = await browser.get(`/api/auth/callback/github?code=code-of-github&state=${state}`)
    return { answer, location: new URL(answer.headers.get('location') ?? 'none:', ISSUER) }
  }

  test('is offered, and asked for with PKCE and a state', async () => {
    expect((await server.request('/api/account/providers')).body).toMatchObject({ github: true, google: false })
    const url = await begin(server.browser())
    expect(url.origin + url.pathname).toBe('https://github.com/login/oauth/authorize')
    expect(Object.fromEntries(url.searchParams)).toMatchObject({
      client_id: 'github-id',
      redirect_uri: `${ISSUER}/api/auth/callback/github`,
      state: expect.any(String),
    })
    const google = await server.browser().send('POST', '/api/auth/sign-in/social', { provider: 'google' })
    expect(google.status).toBe(404)
    expect((await server.request('/api/auth/callback/google?state=x')).status).toBe(404)
  })

  test('signs a new person up, with the address proved, and again in; its tokens are not kept', async () => {
    const account = { id: ids++, email: 'Octo@example.com', verified: true }
    const browser = server.browser()
    const { answer, location } = await signIn(browser, account)
    expect([answer.status, location.href]).toEqual([303, `${ISSUER}/console/agents`])
    const { body } = await browser.get('/api/me')
    expect(body).toMatchObject({
      user: { name: 'Octo Cat', email: 'octo@example.com', email_verified: true },
      organization: { name: 'Octo’s organization' },
      role: 'admin',
    })
    const other = server.browser()
    await signIn(other, account)
    expect((await other.get('/api/me')).body.user.id).toBe(body.user.id)
    const rows = await server.deps.db.read.selectFrom('account').selectAll().execute()
    expect(rows.filter(({ provider_id }) => provider_id === 'github')).toHaveLength(1)
    expect(JSON.stringify(rows) + server.logged.join('')).not.toContain(TOKEN)
  })

  test('proves what others named the person for', async () => {
    const email = 'named@example.com'
    await server.admin('POST', '/users', { email, name: 'Named', role: 'viewer' })
    const browser = server.browser()
    await signIn(browser, { id: ids++, email, verified: true })
    expect((await browser.get('/api/me')).body.organizations).toHaveLength(2)
  })

  test('with an unproved address proves nothing, and gets into no account that has it', async () => {
    const email = 'unproved@example.com'
    await server.admin('POST', '/users', { email, name: 'Un', role: 'admin' })
    const browser = server.browser()
    await signIn(browser, { id: ids++, email, verified: false })
    const { body } = await browser.get('/api/me')
    expect(body).toMatchObject({ user: { email_verified: false }, operator: false })
    expect(body.organizations).toHaveLength(1)

    const ada = await server.person({ name: 'Ada', email: 'ada@example.com' })
    await follow(server, await verificationLink(server, ada.email))
    const eve = server.browser()
    const { location } = await signIn(eve, { id: ids++, email: ada.email, verified: false })
    expect(location.pathname).toBe('/console/sign-in')
    expect(location.searchParams.get('error')).toBe('account_not_linked')
    expect((await eve.get('/api/me')).status).toBe(401)
  })

  test('joins an account whose address was proved, and none where it was not: that may be a squatter’s', async () => {
    const ada = await server.person({ name: 'Ada', email: 'joined@example.com' })
    const early = server.browser()
    const refused = await signIn(early, { id: ids, email: ada.email, verified: true })
    expect(refused.location.searchParams.get('error')).toBe('account_not_linked')
    await follow(server, await verificationLink(server, ada.email))
    const browser = server.browser()
    await signIn(browser, { id: ids++, email: ada.email, verified: true })
    expect((await browser.get('/api/me')).body.user.id).toBe(ada.id)
    const { body } = await server.admin('GET', '/audit-log?limit=200')
    expect(body.data.map(({ action }: { action: string }) => action)).toContain('person.account_linked')
  })

  test('comes back to the browser that went there, once', async () => {
    stubGitHub({ id: ids++, email: 'once@example.com', verified: true })
    const browser = server.browser()
    const state = (await begin(browser)).searchParams.get('state')
    const path = `/api/auth/callback/github?code=c&state=${state}`
    const stranger = await server.browser().get(path)
    expect(stranger.headers.get('location')).toContain('/console/sign-in?error=')
    for (const broken of ['', '?state=', '?state=x&code=y', '?error=access_denied'])
      expect((await browser.get(`/api/auth/callback/github${broken}`)).headers.get('location')).toContain('error=')
    expect((await browser.get(`${path}&state=x`)).status).toBe(400)
    for (const bad of ['https://evil.example', '//evil.example', '/\\evil', 'javascript:alert(1)'])
      for (const field of ['callbackURL', 'errorCallbackURL'])
        expect(
          (await browser.send('POST', '/api/auth/sign-in/social', { provider: 'github', [field]: bad })).status,
        ).toBe(422)
  })
})
