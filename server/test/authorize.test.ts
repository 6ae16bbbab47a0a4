import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type Answer,
  authorizePath,
  CALLBACK,
  type Credentials,
  claimsOf,
  encode,
  ISSUER,
  locationOf,
  newPkce,
  type Params,
  startServer,
  type TestServer,
} from './harness.ts'

let server: TestServer
let client: Credentials
const pkce = newPkce()

beforeAll(async () => {
  server = await startServer()
  client = await server.client()
})
afterAll(() => server.stop())

const ask = (params: Params = {}, headers: Record<string, string> = {}) =>
  server.request(authorizePath(client.client_id, pkce, params), { headers })

/** OAuth 2.1 §4.1.2.1: a fault that the website may hear of, told in a redirect. */
function expectSentBack(answer: Answer, error: string): void {
  const location = locationOf(answer)
  expect(location.origin + location.pathname).toBe(CALLBACK)
  expect(Object.fromEntries(location.searchParams)).toMatchObject({ error, iss: ISSUER })
  expect(location.searchParams.get('error_description')).toMatch(/^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/)
  expect(location.searchParams.has('code')).toBe(false)
  expect(answer.headers.getSetCookie()).toEqual([])
}

/** RFC 9700 §4.1.3: a fault about who asks, or where the answer would go. */
function expectPageWithoutRedirect(answer: Answer): void {
  expect(answer.status).toBe(400)
  expect(answer.headers.get('content-type')).toContain('text/html')
  expect(answer.headers.get('location')).toBe(null)
  expect(answer.headers.get('x-frame-options')).toBe('DENY')
  expect(answer.text).not.toContain('evil.example')
}

describe('a fault of the request goes back to the website', () => {
  const faults: [string, Params, string][] = [
    ['no response_type', { response_type: [] }, 'invalid_request'],
    ['an empty response_type', { response_type: '' }, 'invalid_request'],
    ['the implicit flow', { response_type: 'token' }, 'unsupported_response_type'],
    ['a hybrid flow', { response_type: 'code id_token' }, 'unsupported_response_type'],
    ['response_mode fragment', { response_mode: 'fragment' }, 'invalid_request'],
    ['no code_challenge', { code_challenge: [] }, 'invalid_request'],
    ['no code_challenge_method, which means plain', { code_challenge_method: [] }, 'invalid_request'],
    ['code_challenge_method plain', { code_challenge_method: 'plain' }, 'invalid_request'],
    ['a code_challenge of 42 characters', { code_challenge: 'a'.repeat(42) }, 'invalid_request'],
    ['a code_challenge of 129 characters', { code_challenge: 'a'.repeat(129) }, 'invalid_request'],
    ['a code_challenge with a plus', { code_challenge: `${'a'.repeat(42)}+` }, 'invalid_request'],
    ['a code_challenge with a line break', { code_challenge: `${'a'.repeat(43)}\n` }, 'invalid_request'],
    ['a scope nobody knows', { scope: 'openid payments' }, 'invalid_scope'],
    ['a scope with a quote', { scope: 'openid "' }, 'invalid_scope'],
    ['a scope that is not ASCII', { scope: 'openid é' }, 'invalid_scope'],
    ['prompt none', { prompt: 'none' }, 'login_required'],
    ['prompt none beside another', { prompt: 'none login' }, 'invalid_request'],
    ['a max_age that is no number', { max_age: 'soon' }, 'invalid_request'],
    ['acr_values of others', { acr_values: 'urn:mace:incommon:iap:silver' }, 'unmet_authentication_requirements'],
    ['a request object', { request: 'eyJhbGciOiJub25lIn0.e30.' }, 'request_not_supported'],
    ['a request_uri', { request_uri: 'https://evil.example/request.jwt' }, 'request_uri_not_supported'],
    ['a relative resource', { resource: '/api' }, 'invalid_target'],
    ['a resource with a fragment', { resource: 'https://api.example/#top' }, 'invalid_target'],
    ['our own issuer as resource', { resource: ISSUER }, 'invalid_target'],
    ['a path of our issuer as resource', { resource: `${ISSUER}/v1/` }, 'invalid_target'],
    ['our own issuer as the second resource', { resource: ['https://api.example/', ISSUER] }, 'invalid_target'],
    ['a repeated scope', { scope: ['openid', 'email'] }, 'invalid_request'],
    ['a repeated code_challenge', { code_challenge: [pkce.challenge, pkce.challenge] }, 'invalid_request'],
    ['a repeated parameter that nobody knows', { foo: ['1', '2'] }, 'invalid_request'],
  ]
  test.each(faults)('%s', async (_name, params, error) => {
    const answer = await ask(params)
    expectSentBack(answer, error)
    expect(locationOf(answer).searchParams.getAll('state')).toEqual(['state-1'])
  })

  test('a client that is not registered for codes', async () => {
    const machine = await server.client({ grant_types: ['client_credentials'] })
    const answer = await server.request(authorizePath(machine.client_id, pkce))
    expectSentBack(answer, 'unauthorized_client')
  })

  test('a repeated state, of which none is sent back', async () => {
    const answer = await ask({ state: ['one', 'two'] })
    expectSentBack(answer, 'invalid_request')
    expect(locationOf(answer).searchParams.has('state')).toBe(false)
  })

  test('and without a state none is invented', async () => {
    expect(locationOf(await ask({ state: [], scope: 'nope' })).searchParams.has('state')).toBe(false)
  })
})

describe('a fault about the client or its address stays with us', () => {
  const faults: [string, Params][] = [
    ['an unknown client', { client_id: 'client_0123456789bcdefghjkmnpqrst' }],
    ['no client', { client_id: [] }],
    ['an empty client_id', { client_id: '' }],
    ['a client_id that is a prototype member', { client_id: '__proto__' }],
    ['no redirect_uri', { redirect_uri: [] }],
    ['another host', { redirect_uri: 'https://evil.example/callback' }],
    ['another scheme', { redirect_uri: CALLBACK.replace('https:', 'http:') }],
    ['another port', { redirect_uri: CALLBACK.replace('.example', '.example:8443') }],
    ['the default port spelled out', { redirect_uri: CALLBACK.replace('.example', '.example:443') }],
    ['a path below', { redirect_uri: `${CALLBACK}/more` }],
    ['a slash more', { redirect_uri: `${CALLBACK}/` }],
    ['a path around', { redirect_uri: 'https://shop.example/x/../callback' }],
    ['a query more', { redirect_uri: `${CALLBACK}?next=https://evil.example` }],
    ['a fragment', { redirect_uri: `${CALLBACK}#x` }],
    ['a user name', { redirect_uri: 'https://shop.example@evil.example/callback' }],
    ['a longer host', { redirect_uri: 'https://shop.example.evil.example/callback' }],
    ['capitals in the host', { redirect_uri: 'https://SHOP.example/callback' }],
    ['capitals in the path', { redirect_uri: 'https://shop.example/Callback' }],
    ['an encoded letter', { redirect_uri: 'https://shop.example/%63allback' }],
    ['a back slash', { redirect_uri: 'https://shop.example\\@evil.example/callback' }],
    ['a space before', { redirect_uri: ` ${CALLBACK}` }],
    ['a tab inside', { redirect_uri: 'https://shop.exa\tmple/callback' }],
    ['a javascript address', { redirect_uri: 'javascript:alert(1)' }],
  ]
  test.each(faults)('%s', async (_name, params) => {
    expectPageWithoutRedirect(await ask(params))
  })

  test('a repeated client_id or redirect_uri', async () => {
    expectPageWithoutRedirect(await ask({ client_id: [client.client_id, client.client_id] }))
    expectPageWithoutRedirect(await ask({ redirect_uri: [CALLBACK, 'https://evil.example/'] }))
    expectPageWithoutRedirect(await ask({ redirect_uri: [CALLBACK, CALLBACK] }))
  })

  test('a redirect_uri of another client', async () => {
    const other = await server.client({ redirect_uris: ['https://other.example/callback'] })
    expectPageWithoutRedirect(await server.request(authorizePath(other.client_id, pkce)))
  })

  test.each(['state=%', 'state=%ff', 'state=%00', 'state=%ed%a0%80', '%c3=1', 'state=%e2%28%a1'])(
    'a query that cannot be read: %s',
    async (query) => {
      const path = authorizePath(client.client_id, pkce, { state: [] })
      expectPageWithoutRedirect(await server.request(`${path}&${query}`))
    },
  )

  test('and its message is not taken from the request', async () => {
    const page = await server.request('/authorize?client_id=x&error=Your+account&message=call+evil')
    expect(page.text).not.toMatch(/Your account|call evil/)
  })
})

describe('what a request may say', () => {
  test('an empty value is as good as none', async () => {
    const page = await ask({
      scope: ' ',
      nonce: '',
      resource: '',
      prompt: '',
      max_age: '',
      request: '',
      acr_values: '',
    })
    expect(page.status).toBe(200)
    expect(page.text).toContain('"scope":"openid profile email offline_access"')
  })

  test('what nobody knows is ignored', async () => {
    expect((await ask({ utm_source: 'mail', login_hint: 'ada@example.com', ui_locales: 'de' })).status).toBe(200)
  })

  test.each(['%', '%25', 'a+b', 'a&b=c', '#', 'a b', '"\'<>', 'ünïcödé 🙂', '\u202eabc', 'x'.repeat(600), '?code=1'])(
    'a state comes back as it was: %s',
    async (state) => {
      expect(locationOf(await ask({ state, prompt: 'none' })).searchParams.get('state')).toBe(state)
      const agent = await server.agent()
      expect((await server.code(client, agent, { state })).status.state).toBe(state)
    },
  )

  test('an nonce goes into the ID token', async () => {
    const nonce = 'n % + & # ü'
    const { id_token } = await server.tokens(client, await server.agent(), { nonce })
    expect(claimsOf(id_token)).toMatchObject({ nonce, aud: client.client_id })
    expect(claimsOf(id_token).auth_time).toBeGreaterThan(1_700_000_000)
  })

  test('acr_values is a floor that a secret does not reach', async () => {
    const { requestId } = await server.browser().open(client.client_id, { acr_values: 'aa2 aa3' })
    const refused = await server.authenticate(requestId, await server.agent())
    expect(refused.status).toBe(403)
    expect(refused.body).toMatchObject({ success: false, error: 'access_denied' })
  })

  test('nothing is told to other origins', async () => {
    const headers = { origin: 'https://evil.example' }
    expect((await ask({}, headers)).headers.get('access-control-allow-origin')).toBe(null)
    const preflight = await server.request('/authorize', {
      method: 'OPTIONS',
      headers: { ...headers, 'access-control-request-method': 'GET' },
    })
    expect(preflight.status).toBe(405)
    expect(preflight.headers.get('access-control-allow-origin')).toBe(null)
  })

  test.each(['/authorize', '/oauth/authorize', '/authorize/resume'])('%s takes GET only', async (path) => {
    const answer = await server.post(path, { client_id: client.client_id })
    expect(answer.status).toBe(405)
    expect(answer.headers.get('allow') ?? '').toContain('GET')
  })

  test('/oauth/authorize is the same', async () => {
    const path = authorizePath(client.client_id, pkce).replace('/authorize', '/oauth/authorize')
    expect((await server.request(path)).status).toBe(200)
    expectPageWithoutRedirect(await server.request('/oauth/authorize?client_id=nobody'))
  })
})

describe('the way back', () => {
  test.each([
    ['https://shop.example/cb?tenant=7&x=%20a', 'https://shop.example/cb?tenant=7&x=%20a&'],
    ['https://shop.example/cb?', 'https://shop.example/cb?&'],
    ['https://shop.example', 'https://shop.example?'],
  ])('keeps what %s holds', async (redirectUri, begin) => {
    const shop = await server.client({ redirect_uris: [redirectUri] })
    const window = server.browser()
    const { requestId } = await window.open(shop.client_id, { redirect_uri: redirectUri })
    await server.authenticate(requestId, await server.agent())
    const back = await window.get(`/authorize/resume?request_id=${requestId}`)
    expect(back.status).toBe(303)
    expect(back.headers.get('location')).toContain(`${begin}code=`)
    expect(locationOf(back).searchParams.get('iss')).toBe(ISSUER)
    expect(back.headers.get('cache-control')).toBe('no-store')

    const refused = await server.request(
      authorizePath(shop.client_id, pkce, { redirect_uri: redirectUri, scope: 'nope' }),
    )
    expect(refused.headers.get('location')).toContain(`${begin}error=invalid_scope`)
  })

  test('is free in its port on the loopback literals alone', async () => {
    const redirect_uris = ['http://127.0.0.1/cb', 'http://[::1]:9/cb', 'http://localhost:3000/cb']
    const native = await server.client({ redirect_uris })
    const status = async (redirect_uri: string) =>
      (await server.request(authorizePath(native.client_id, pkce, { redirect_uri }))).status
    for (const good of ['http://127.0.0.1/cb', 'http://127.0.0.1:49152/cb', 'http://[::1]:1/cb', 'http://[::1]/cb'])
      expect([good, await status(good)]).toEqual([good, 200])
    const bad = [
      'http://127.0.0.1:49152/other',
      'http://127.0.0.1:49152/cb?x=1',
      'http://127.0.0.1:65536/cb',
      'http://127.0.0.1:/cb',
      'http://127.0.0.1:1@evil.example/cb',
      'http://127.0.0.1.evil.example/cb',
      'http://127.1:80/cb',
      'http://127.0.0.2/cb',
      'http://0x7f000001/cb',
      'https://127.0.0.1/cb',
      'http://localhost:3001/cb',
      'http://localhost/cb',
      'http://[0:0:0:0:0:0:0:1]:9/cb',
    ]
    for (const uri of bad) expect([uri, await status(uri)]).toEqual([uri, 400])
  })

  test.each([
    'http://shop.example/cb',
    'https://shop.example/cb#x',
    'https://shop.example/cb#',
    'https://ada@shop.example/cb',
    'https://@shop.example/cb',
    'https://*.shop.example/cb',
    'https://shop.example/c b',
    'https://shop.example\\cb',
    'https://shöp.example/cb',
    'shop.example/cb',
    '/cb',
    'https:shop.example/cb',
    'javascript:alert(1)',
    'data:text/html,x',
    'com.example.app:/cb',
    'http://127.0.0.2/cb',
    'https://',
    '',
    `https://shop.example/${'x'.repeat(2048)}`,
  ])('cannot be registered as %s', async (uri) => {
    const answer = await server.admin('POST', '/clients', { client_name: 'Shop', redirect_uris: [uri] })
    expect(answer.status).toBe(422)
    expect(Object.keys(answer.body.fields)).toEqual(['redirect_uris.0'])
  })

  test('is not taken to addresses that the client has given up since', async () => {
    const shop = await server.client()
    const window = server.browser()
    const { requestId } = await window.open(shop.client_id)
    await server.authenticate(requestId, await server.agent())
    const changed = await server.admin('PUT', `/clients/${shop.client_id}`, {
      redirect_uris: ['https://new.example/callback'],
    })
    expect(changed.status).toBe(200)
    const back = await window.get(`/authorize/resume?request_id=${requestId}`)
    expect(back.headers.get('location')).toBe(null)
    expect((await window.get(`/api/check-status?request_id=${requestId}`)).body).toEqual({ status: 'denied' })
    const events = await server.admin('GET', `/audit-log?action=client.updated&client_id=${shop.client_id}`)
    expect(events.body.data).toHaveLength(1)
  })
})

describe('a reload', () => {
  test('finds the same request, another question makes another', async () => {
    const window = server.browser()
    const path = authorizePath(client.client_id, pkce)
    const idOf = async (at: string) => /req_[a-z0-9]+/.exec((await window.get(at)).text)?.[0]
    const first = await idOf(path)
    expect(await idOf(path)).toBe(first)
    expect(await idOf(authorizePath(client.client_id, pkce, { state: 'state-2' }))).not.toBe(first)
    expect(await idOf(authorizePath(client.client_id, newPkce()))).not.toBe(first)
    expect(await idOf(path)).toBe(first)
    server.wait(600)
    expect(await idOf(path)).not.toBe(first)
  })

  test('in another browser is another request', async () => {
    const first = await server.browser().get(authorizePath(client.client_id, pkce))
    const second = await server.browser().get(authorizePath(client.client_id, pkce))
    expect(/req_[a-z0-9]+/.exec(first.text)?.[0]).not.toBe(/req_[a-z0-9]+/.exec(second.text)?.[0])
  })

  test('after the agent has signed in leads on', async () => {
    const window = server.browser()
    const path = authorizePath(client.client_id, pkce, { state: 'reloaded' })
    const requestId = /req_[a-z0-9]+/.exec((await window.get(path)).text)?.[0] ?? ''
    await server.authenticate(requestId, await server.agent())
    expect(locationOf(await window.get(path)).href).toBe(`${ISSUER}/authorize/resume?request_id=${requestId}`)
  })

  test('keeps twenty sign-ins at once apart', async () => {
    const window = server.browser()
    const opened = []
    for (let tab = 0; tab < 20; tab++) opened.push(await window.open(client.client_id, { state: `tab-${tab}` }))
    const agent = await server.agent()
    for (const [tab, { requestId }] of opened.entries()) {
      await server.authenticate(requestId, agent, {}, { cookie: window.cookies() })
      const back = await window.get(`/authorize/resume?request_id=${requestId}`)
      expect(locationOf(back).searchParams.get('state')).toBe(`tab-${tab}`)
    }
  })

  test('and a browser never carries more cookies than a server takes', async () => {
    const window = server.browser()
    for (let tab = 0; tab < 60; tab++) await window.open(client.client_id, { state: `tab-${tab}` })
    expect(window.cookies().length).toBeLessThan(8000)
    const last = await window.open(client.client_id, { state: 'last' })
    expect((await window.get(`/authorize/resume?request_id=${last.requestId}`)).status).toBe(200)
  })
})

test('who leaves too many pages open has to wait, and is told how long', async () => {
  const small = await startServer('sqlite', { PENDING_REQUESTS_PER_ADDRESS: '3' })
  const shop = await small.client()
  const open = (address: string) => small.request(authorizePath(shop.client_id, newPkce()), {}, address)
  for (let page = 0; page < 3; page++) expect((await open('192.0.2.1')).status).toBe(200)
  const refused = await open('192.0.2.1')
  expect(refused.status).toBe(429)
  expect(refused.headers.get('retry-after')).toMatch(/^\d+$/)
  expect((await open('192.0.2.2')).status).toBe(200)
  small.wait(600)
  expect((await open('192.0.2.1')).status).toBe(200)
  await small.stop()
})

test('the page is for the browser that navigates, and its query may come encoded either way', async () => {
  const params = { ...Object.fromEntries(new URLSearchParams(encode({ scope: 'openid email' }))) }
  expect((await ask(params)).text).toContain('"scope":"openid email"')
  const path = authorizePath(client.client_id, pkce, { scope: [] })
  expect((await server.request(`${path}&scope=openid%20email`)).text).toContain('"scope":"openid email"')
})
