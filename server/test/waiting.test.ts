import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type AgentCredentials,
  authorizePath,
  CALLBACK,
  type Credentials,
  ISSUER,
  locationOf,
  newPkce,
  type Opened,
  startServer,
  type TestServer,
} from './harness.ts'

describe('the waiting page', () => {
  let server: TestServer
  let client: Credentials
  let agent: AgentCredentials
  beforeAll(async () => {
    server = await startServer()
    client = await server.client()
    agent = await server.agent()
  })
  afterAll(() => server.stop())

  const statusOf = (requestId: string, headers: Record<string, string> = {}) =>
    server.request(`/api/check-status?request_id=${requestId}`, { headers })
  const pollTokenOf = (page: string) => /"poll_token":"([^"]+)"/.exec(page)?.[1] ?? ''

  test.each([
    ['it', () => authorizePath(client.client_id, newPkce())],
    ['an error', () => '/authorize?client_id=nobody'],
    ['the page of another browser', () => '/authorize/resume?request_id=req_x'],
    ['the reference', () => '/docs'],
    ['the front page', () => '/'],
  ])('%s is framed by nobody, kept by nobody, and loads nothing', async (_name, path) => {
    const { headers, text } = await server.request(path())
    const policy = headers.get('content-security-policy') ?? ''
    for (const directive of ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"])
      expect(policy).toContain(directive)
    expect(policy).not.toMatch(/unsafe|https?:/)
    const nonce = /script-src 'nonce-([^']+)'/.exec(policy)?.[1] ?? ''
    expect(nonce.length).toBeGreaterThanOrEqual(22)
    for (const [tag] of text.matchAll(/<(script|style)\b[^>]*>/g)) expect(tag).toContain(`nonce="${nonce}"`)
    expect(text).not.toMatch(/<[^>]+\s(on\w+|style)=/i)
    expect(text).not.toMatch(/(src|href)="https?:\/\/(?!localhost)/)
    expect(headers.get('x-frame-options')).toBe('DENY')
    expect(headers.get('referrer-policy')).toBe('no-referrer')
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('cross-origin-opener-policy')).toBe('same-origin')
    expect(headers.get('permissions-policy')).toContain('camera=()')
    expect(headers.get('cache-control')).toBe('no-store')
  })

  test('has another nonce each time', async () => {
    const policy = async () => (await server.request('/')).headers.get('content-security-policy')
    expect(await policy()).not.toBe(await policy())
  })

  test('tells agents what the contract says', async () => {
    const { page, requestId } = await server.browser().open(client.client_id, { scope: 'openid email' })
    const json = /<script[^>]*id="auth-agent-request"[^>]*>(.*?)<\/script>/s.exec(page.text)?.[1] ?? ''
    expect(JSON.parse(json)).toEqual({
      request_id: requestId,
      client_id: client.client_id,
      client_name: 'Shop',
      redirect_uri: CALLBACK,
      scope: 'openid email',
      expires_at: new Date(server.deps.now() + 600_000).toISOString(),
      authenticate_url: `${ISSUER}/api/agent/authenticate`,
      issuer: ISSUER,
    })
    expect(page.text).toContain(`<title>Auth Agent: waiting for agent (${requestId})</title>`)
    expect(page.text).toContain('role="status"')
    expect(page.text).toContain('shop.example')
  })

  test('holds no secret of the request', async () => {
    const window = server.browser()
    const { page, pkce } = await window.open(client.client_id, { state: 'secret-state', nonce: 'secret-nonce' })
    const [cookie = ''] = [...window.jar.values()]
    for (const secret of ['secret-state', 'secret-nonce', pkce.challenge, cookie.split('.')[1] ?? '?'])
      expect(page.text).not.toContain(secret)
  })

  test.each([
    '</script><script>alert(1)</script>',
    '"><img src=x onerror=alert(1)>',
    "'; alert(1)//",
    '<!--',
    '{{7*7}}',
    'A & B',
  ])('shows a website called %s as text', async (client_name) => {
    const evil = await server.client({ client_name })
    const { page } = await server.browser().open(evil.client_id)
    expect(page.text).not.toMatch(/<script>alert|<img src=x/)
    const json = /<script[^>]*id="auth-agent-request"[^>]*>(.*?)<\/script>/s.exec(page.text)?.[1] ?? ''
    expect(JSON.parse(json).client_name).toBe(client_name)
  })

  test('has an id nobody guesses, and a cookie no script reads', async () => {
    const window = server.browser()
    const { page, requestId } = await window.open(client.client_id)
    expect(requestId).toMatch(/^req_[0-9a-z]{26,}$/)
    const [cookie = ''] = page.headers.getSetCookie()
    expect(cookie).toMatch(/^aa-request-[\w-]+=[^;]+; Path=\/; HttpOnly; SameSite=Lax; Max-Age=600$/)
    const secret = /\.([\w-]{43})/.exec(cookie)?.[1] ?? ''
    expect(Buffer.from(secret, 'base64url')).toHaveLength(32)
    const row = await server.deps.db.read
      .selectFrom('authorization_request')
      .selectAll()
      .where('request_id', '=', requestId)
      .executeTakeFirstOrThrow()
    expect(JSON.stringify(row)).not.toContain(secret)
  })

  describe('its status', () => {
    test('is all that a stranger learns, whatever comes of the request', async () => {
      const window = server.browser()
      const { requestId, pkce } = await window.open(client.client_id)
      const stranger = server.browser()
      await stranger.open(client.client_id)
      const expectStatus = async (status: string) => {
        for (const headers of [{}, { cookie: stranger.cookies() }, { 'x-auth-agent-poll': 'wrong' }])
          expect((await statusOf(requestId, headers as Record<string, string>)).body).toEqual({ status })
        const back = await stranger.get(`/authorize/resume?request_id=${requestId}`)
        expect([back.status, back.headers.get('location')]).toEqual([403, null])
      }
      await expectStatus('pending')
      await server.authenticate(requestId, agent)
      await expectStatus('authenticated')
      const { body } = await window.get(`/api/check-status?request_id=${requestId}`)
      await server.exchange(client, { code: body.code, verifier: pkce.verifier })
      await expectStatus('completed')
    })

    test('is the way back for the browser that began, and reading it uses nothing up', async () => {
      const window = server.browser()
      const { requestId, page } = await window.open(client.client_id)
      expect((await window.get(`/api/check-status?request_id=${requestId}`)).body).toEqual({ status: 'pending' })
      await server.authenticate(requestId, agent)
      const first = await window.get(`/api/check-status?request_id=${requestId}`)
      expect(first.body).toEqual({
        status: 'authenticated',
        redirect_to: `${ISSUER}/authorize/resume?request_id=${requestId}`,
        redirect_uri: CALLBACK,
        code: expect.stringMatching(/^code_[\w-]{43}$/),
        state: 'state-1',
        iss: ISSUER,
      })
      expect(first.headers.get('cache-control')).toBe('no-store')
      expect((await window.get(`/api/check-status?request_id=${requestId}`)).text).toBe(first.text)
      for (let time = 0; time < 2; time++) {
        const back = await window.get(`/authorize/resume?request_id=${requestId}`)
        expect(locationOf(back).searchParams.get('code')).toBe(first.body.code)
      }
      const polled = await statusOf(requestId, { 'x-auth-agent-poll': pollTokenOf(page.text) })
      expect(polled.body).toEqual({ status: 'authenticated', redirect_to: first.body.redirect_to })
    })

    test('asked a hundred times at once gives one code', async () => {
      const window = server.browser()
      const { requestId } = await window.open(client.client_id)
      await server.authenticate(requestId, agent)
      const answers = await Promise.all(
        Array.from({ length: 100 }, () => window.get(`/api/check-status?request_id=${requestId}`)),
      )
      expect(new Set(answers.map(({ body }) => body.code)).size).toBe(1)
    })

    test('by the poll token of another request is a stranger’s', async () => {
      const mine = await server.browser().open(client.client_id)
      const theirs = await server.browser().open(client.client_id)
      await server.authenticate(theirs.requestId, agent)
      const answer = await statusOf(theirs.requestId, { 'x-auth-agent-poll': pollTokenOf(mine.page.text) })
      expect(answer.body).toEqual({ status: 'authenticated' })
    })

    test('of a request that is not there is 404, and of none 400', async () => {
      const missing = await statusOf('req_nothing')
      expect([missing.status, missing.body.error]).toEqual([404, 'unknown_request'])
      expect((await server.request('/api/check-status')).status).toBe(400)
      expect((await statusOf('a&request_id=b')).status).toBe(400)
      expect((await statusOf('%00')).status).toBe(400)
    })

    test('is for our own pages only', async () => {
      const { requestId } = await server.browser().open(client.client_id)
      for (const path of ['/api/check-status', '/api/check-status/stream']) {
        const headers = { origin: 'https://evil.example', 'access-control-request-method': 'GET' }
        const preflight = await server.request(`${path}?request_id=${requestId}`, { method: 'OPTIONS', headers })
        expect([preflight.status, preflight.headers.get('access-control-allow-origin')]).toEqual([405, null])
      }
      const answer = await statusOf(requestId, { origin: 'https://evil.example' })
      expect(answer.headers.get('access-control-allow-origin')).toBe(null)
    })
  })

  describe('its stream', () => {
    const stream = (requestId: string, headers: Record<string, string> = {}) =>
      server.request(`/api/check-status/stream?request_id=${requestId}`, { headers })
    const events = (text: string) =>
      [...text.matchAll(/event: status\ndata: (.*)\n/g)].map(([, data]) => JSON.parse(data ?? ''))

    test('tells the bound browser where to go, and never the code', async () => {
      const window = server.browser()
      const { requestId } = await window.open(client.client_id)
      const [bound, stranger] = [stream(requestId, { cookie: window.cookies() }), stream(requestId)]
      await server.authenticate(requestId, agent)
      const { headers, text } = await bound
      expect(headers.get('content-type')).toContain('text/event-stream')
      expect(headers.get('x-request-id')).toMatch(/\w{8}/)
      const redirect_to = `${ISSUER}/authorize/resume?request_id=${requestId}`
      expect(events(text).at(-1)).toEqual({ status: 'authenticated', redirect_to })
      expect(events((await stranger).text).at(-1)).toEqual({ status: 'authenticated' })
      expect(text).not.toContain('code')
    })

    test('ends with a request that has ended', async () => {
      const { requestId } = await server.browser().open(client.client_id)
      server.wait(600)
      expect(events((await stream(requestId)).text)).toEqual([{ status: 'expired' }])
      expect((await stream('req_nothing')).status).toBe(404)
    })

    test('is given to one address so many times', async () => {
      const pages: Opened[] = []
      for (let n = 0; n < 26; n++) pages.push(await server.browser().open(client.client_id))
      const from = (remoteAddress: string, page = pages[25]) => {
        const path = `/api/check-status/stream?request_id=${page?.requestId}`
        return server.app.request(`${ISSUER}${path}`, {}, { incoming: { socket: { remoteAddress } } })
      }
      const open = []
      for (let n = 0; n < 500; n++) open.push(await from('192.0.2.1', pages[n % 25]))
      expect(open.every(({ status }) => status === 200)).toBe(true)
      const refused = await from('192.0.2.1')
      expect(refused.status).toBe(429)
      expect(refused.headers.get('retry-after')).toMatch(/^\d+$/)
      const other = await from('192.0.2.2')
      expect(other.status).toBe(200)
      await Promise.all([...open, other].map(({ body }) => body?.cancel()))
      for (const { requestId } of pages) await server.authenticate(requestId, agent)
      expect((await from('192.0.2.1')).status).toBe(200)
    })

    test('is given for one request twenty times, and to its own browser all the same', async () => {
      const window = server.browser()
      const { requestId } = await window.open(client.client_id)
      const open = (cookie = '') =>
        server.app.request(`${ISSUER}/api/check-status/stream?request_id=${requestId}`, { headers: { cookie } })
      const streams = []
      for (let n = 0; n < 20; n++) streams.push(await open())
      expect((await open()).status).toBe(429)
      const own = await open(window.cookies())
      expect(own.status).toBe(200)
      await Promise.all([...streams, own].map(({ body }) => body?.cancel()))
      await server.authenticate(requestId, agent)
    })
  })

  describe('its plain form', () => {
    const form = (requestId: string, secret: string) => ({
      request_id: requestId,
      agent_id: agent.agent_id,
      agent_secret: secret,
      model: 'gpt-5',
    })
    const PAGE = { accept: 'text/html,*/*;q=0.8', 'sec-fetch-site': 'same-origin' }

    test('goes on to the website', async () => {
      const window = server.browser()
      const { requestId } = await window.open(client.client_id)
      const sent = await window.post('/api/agent/authenticate', form(requestId, agent.agent_secret), PAGE)
      expect(locationOf(sent).pathname).toBe('/authorize/resume')
      expect(locationOf(sent).origin).toBe(ISSUER)
      const back = await window.get(`/authorize/resume?request_id=${requestId}`)
      expect(locationOf(back).searchParams.get('code')).toMatch(/^code_/)
    })

    test('comes back with what was wrong, without the secret', async () => {
      const window = server.browser()
      const { requestId } = await window.open(client.client_id)
      const sent = await window.post('/api/agent/authenticate', form(requestId, 'aas_wrong-secret'), PAGE)
      expect(sent.status).toBe(401)
      expect(sent.text).toContain(requestId)
      expect(sent.text).toContain(agent.agent_id)
      expect(sent.text).not.toContain('aas_wrong-secret')
    })

    test('is not taken from the page of another site', async () => {
      const window = server.browser()
      const { requestId } = await window.open(client.client_id)
      const headers = { ...PAGE, 'sec-fetch-site': 'cross-site' }
      const sent = await window.post('/api/agent/authenticate', form(requestId, agent.agent_secret), headers)
      expect(sent.status).toBe(403)
      expect((await statusOf(requestId)).body.status).toBe('pending')
    })

    test('shows nothing of a request to a browser that has not begun it', async () => {
      const { requestId } = await server.browser().open(client.client_id)
      const stranger = server.browser()
      const sent = await stranger.post('/api/agent/authenticate', form(requestId, 'wrong'), PAGE)
      expect(sent.status).toBe(401)
      expect(sent.text).not.toContain('shop.example')
    })
  })

  test('is not loaded into frames or scripts to get at the code', async () => {
    const window = server.browser()
    const { requestId } = await window.open(client.client_id)
    await server.authenticate(requestId, agent)
    for (const destination of ['iframe', 'image', 'script', 'empty', 'object'])
      expect(
        (await window.get(`/authorize/resume?request_id=${requestId}`, { 'sec-fetch-dest': destination })).status,
      ).toBe(403)
    const back = await window.get(`/authorize/resume?request_id=${requestId}`, { 'sec-fetch-dest': 'document' })
    expect(back.status).toBe(303)
  })
})
