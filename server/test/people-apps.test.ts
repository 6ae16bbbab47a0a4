import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  authorizePath,
  type Browser,
  CALLBACK,
  type Credentials,
  claimsOf,
  DATABASES,
  locationOf,
  newPkce,
  type Params,
  secretPost,
  startServer,
  type TestServer,
} from './harness.ts'

describe.each(DATABASES)('an app that signs in people, on %s', (kind) => {
  let server: TestServer
  let app: Credentials
  let ada: Browser
  beforeAll(async () => {
    server = await startServer(kind)
    app = await server.client({
      client_name: 'App <Template>',
      subjects: ['user'],
      access_token_format: 'api_key',
      promotional_credits: 500,
    })
    ada = await server.person({ name: 'Ada', email: 'ada@example.com' })
  })
  afterAll(() => server.stop())

  /** Opens the app's sign-in. */
  async function open(window: Browser, credentials = app, params: Params = {}, path = '/oauth/authorize') {
    const pkce = newPkce()
    const page = await window.get(authorizePath(credentials.client_id, pkce, params).replace('/authorize', path))
    return { page, pkce }
  }

  const hidden = (html: string, name: string) => new RegExp(`name="${name}" value="([^"]+)"`).exec(html)?.[1] ?? ''

  const decide = (window: Browser, html: string, decision: string, headers: Record<string, string> = {}) =>
    window.post(
      '/authorize/person',
      { request_id: hidden(html, 'request_id'), token: hidden(html, 'token'), decision },
      headers,
    )

  /** A whole sign-in, with the approval where it is asked for. */
  async function signIn(window: Browser, credentials = app, params: Params = {}) {
    const { page, pkce } = await open(window, credentials, params)
    const answered = page.status === 200 ? await decide(window, page.text, 'approve') : page
    const website = locationOf(await window.get(locationOf(answered).href))
    return { website, verifier: pkce.verifier, asked: page.status === 200 }
  }

  async function keyOf(window: Browser, credentials = app) {
    const { website, verifier } = await signIn(window, credentials)
    const answer = await server.exchange(credentials, { code: website.searchParams.get('code') ?? '', verifier })
    expect([answer.status, answer.text]).toEqual([200, expect.any(String)])
    return answer.body
  }

  const verify = (key: string) => server.request('/api/oauth/verify', { headers: { authorization: `Bearer ${key}` } })

  test('sends who is not signed in to the console, and back to the request of this browser', async () => {
    const window = server.browser()
    const { page } = await open(window, app, { login_hint: 'ada@example.com' })
    const to = locationOf(page)
    expect(to.pathname).toBe('/console/sign-in')
    expect(to.searchParams.get('email')).toBe('ada@example.com')
    const back = to.searchParams.get('continue') ?? ''
    expect(back).toMatch(/^\/authorize\/person\?request_id=req_/)
    expect(locationOf(await window.get(back)).pathname).toBe('/console/sign-in')
    expect((await server.browser().get(back)).status).toBe(403)
  })

  test('asks once, in plain words: who, where, what, and what it may spend', async () => {
    const bob = await server.person({ name: 'Bob', email: 'bob@example.com' })
    const { page } = await open(bob)
    expect(page.status).toBe(200)
    for (const words of ['App &lt;Template&gt;', 'shop.example', 'bob@example.com', 'call language models', '$5.00'])
      expect(page.text).toContain(words)
    expect(page.text).not.toContain('<Template>')
    expect(page.headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
    const first = await signIn(bob)
    expect(first.asked).toBe(true)
    expect((await signIn(bob)).asked).toBe(false)
    expect((await open(bob, app, { prompt: 'consent' })).page.status).toBe(200)
  })

  test('gets a key of the person, whom it is of, and credits once', async () => {
    const first = await keyOf(ada)
    expect(first).toEqual({
      access_token: expect.stringMatching(/^sk-aa-v1-/),
      token_type: 'bearer',
      scope: 'openid profile email offline_access agent-fuel usage-tracking',
      user_info: { id: expect.stringMatching(/^user_/), email: 'ada@example.com', credits: 500, granted_promo: true },
    })
    const second = await keyOf(ada)
    expect(second.user_info).toEqual({ ...first.user_info, granted_promo: false })
    expect((await verify(second.access_token)).body).toEqual({
      id: first.user_info.id,
      email: 'ada@example.com',
      credits: 500,
      payment_method: 'credits',
    })
    expect((await verify(`${second.access_token}x`)).status).toBe(401)
    expect((await verify('sk-aa-v1-nothing')).status).toBe(401)
  })

  test('grants its credits once, whatever races', async () => {
    const eve = await server.person({ name: 'Eve', email: 'eve@example.com' })
    const windows = [await signIn(eve)]
    for (let at = 1; at < 8; at++) windows.push(await signIn(eve))
    const answers = await Promise.all(
      windows.map(({ website, verifier }) =>
        server.exchange(app, { code: website.searchParams.get('code') ?? '', verifier }),
      ),
    )
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200))
    expect(answers.filter(({ body }) => body.user_info.granted_promo)).toHaveLength(1)
    expect((await verify(answers[0]?.body.access_token)).body.credits).toBe(500)
  })

  test('holds ten keys of a person at most: the oldest ends', async () => {
    const zoe = await server.person({ name: 'Zoe', email: 'zoe@example.com' })
    const keys: string[] = []
    for (let at = 0; at < 11; at++) {
      keys.push((await keyOf(zoe)).access_token)
      server.wait(1)
    }
    const [first = '', second = ''] = keys
    expect((await verify(first)).status).toBe(401)
    expect((await verify(second)).status).toBe(200)
  })

  test('is told no by who does not approve', async () => {
    const max = await server.person({ name: 'Max', email: 'max@example.com' })
    const { page } = await open(max)
    const answered = await decide(max, page.text, 'deny')
    const website = locationOf(await max.get(locationOf(answered).href.replace('&via=form', '')))
    expect(website.origin + website.pathname).toBe(CALLBACK)
    expect(website.searchParams.get('error')).toBe('access_denied')
    expect(website.searchParams.get('state')).toBe('state-1')
    expect((await open(max)).page.status).toBe(200)
  })

  test('a second answer changes nothing', async () => {
    const ivy = await server.person({ name: 'Ivy', email: 'ivy@example.com' })
    const { page } = await open(ivy)
    const answers = await Promise.all([decide(ivy, page.text, 'approve'), decide(ivy, page.text, 'approve')])
    expect(answers.map(({ status }) => status)).toEqual([303, 303])
    expect(locationOf(await decide(ivy, page.text, 'deny')).pathname).toBe('/authorize/resume')
    expect(locationOf(await ivy.get(locationOf(answers[0]).href)).searchParams.get('code')).toMatch(/^code_/)
  })

  test('an answer counts only from the page of this session, and of this browser', async () => {
    const kim = await server.person({ name: 'Kim', email: 'kim@example.com' })
    const { page } = await open(kim)
    const forged = page.text.replace(/name="token" value="[^"]+"/, 'name="token" value="forged"')
    const again = await decide(kim, forged, 'approve')
    expect([again.status, again.text.includes('somebody else')]).toEqual([200, true])
    expect((await decide(server.browser(), page.text, 'approve')).status).toBe(403)
    expect((await decide(kim, page.text, 'approve', { 'sec-fetch-site': 'cross-site' })).status).toBe(403)
    expect((await decide(kim, page.text, 'perhaps')).status).toBe(400)
    expect((await decide(kim, page.text, 'approve')).status).toBe(303)
  })

  test('who comes too late is told so', async () => {
    const { page } = await open(ada, app, { prompt: 'consent', state: 'late' })
    server.wait(601)
    const late = await decide(ada, page.text, 'approve', { accept: 'text/html' })
    expect([late.status, late.text.includes('expired')]).toEqual([410, true])
  })

  test('withdrawn, it is out at once, and asks again', async () => {
    const tom = await server.person({ name: 'Tom', email: 'tom@example.com' })
    const { access_token: key, user_info } = await keyOf(tom)
    const { body } = await tom.get('/api/apps')
    expect(body.data).toEqual([
      expect.objectContaining({ client_id: app.client_id, host: 'shop.example', live_keys: 1 }),
    ])
    expect((await tom.send('DELETE', `/api/apps/${app.client_id}`)).status).toBe(204)
    expect((await verify(key)).status).toBe(401)
    expect((await tom.get('/api/apps')).body.data).toEqual([])
    expect((await tom.send('DELETE', `/api/apps/${app.client_id}`)).status).toBe(404)
    const next = await signIn(tom)
    expect(next.asked).toBe(true)
    const code = { code: next.website.searchParams.get('code') ?? '', verifier: next.verifier }
    expect((await server.exchange(app, code)).body.user_info).toEqual({ ...user_info, granted_promo: false })
  })

  test('a code that comes twice ends the key it bought', async () => {
    const { website, verifier } = await signIn(ada)
    const code = { code: website.searchParams.get('code') ?? '', verifier }
    const { body } = await server.exchange(app, code)
    expect((await server.exchange(app, code)).body.error).toBe('invalid_grant')
    expect((await verify(body.access_token)).status).toBe(401)
  })

  test('honours prompt and max_age', async () => {
    const lea = await server.person({ name: 'Lea', email: 'lea@example.com' })
    const asked = await open(lea, app, { prompt: 'none' })
    expect(locationOf(asked.page).searchParams.get('error')).toBe('consent_required')
    const nobody = await open(server.browser(), app, { prompt: 'none' })
    expect(locationOf(nobody.page).searchParams.get('error')).toBe('login_required')
    await signIn(lea)
    const silent = await open(lea, app, { prompt: 'none' })
    expect(locationOf(silent.page).pathname).toBe('/authorize/resume')
    server.wait(60)
    const again = locationOf((await open(lea, app, { prompt: 'login' })).page)
    expect([again.pathname, again.searchParams.get('again')]).toEqual(['/console/sign-in', '1'])
    expect(locationOf((await open(lea, app, { max_age: '30' })).page).pathname).toBe('/console/sign-in')
    expect(locationOf((await open(lea, app, { max_age: '3600' })).page).pathname).toBe('/authorize/resume')
  })

  test('with tokens in place of a key, they are of the person', async () => {
    const jwt = await server.client({ subjects: ['user'] })
    const { website, verifier } = await signIn(ada, jwt, { nonce: 'n-1' })
    const { body } = await server.exchange(jwt, { code: website.searchParams.get('code') ?? '', verifier })
    const claims = claimsOf(body.access_token)
    expect(claims).toMatchObject({ sub: expect.stringMatching(/^user_/), client_id: jwt.client_id, aud: jwt.client_id })
    expect(claims).not.toHaveProperty('model')
    expect(claims).not.toHaveProperty('act_for')
    expect(claimsOf(body.id_token)).toMatchObject({ sub: claims.sub, nonce: 'n-1', name: 'Ada' })
    const headers = { authorization: `Bearer ${body.access_token}` }
    expect((await server.request('/userinfo', { headers })).body).toMatchObject({ sub: claims.sub, name: 'Ada' })
    expect((await server.request('/v1/models', { headers })).status).toBe(401)
    expect((await server.introspect(jwt, body.access_token)).body).toMatchObject({ active: true, sub: claims.sub })
    const { refresh_token } = (await server.refresh(jwt, body.refresh_token)).body
    expect((await server.introspect(jwt, refresh_token)).body).toMatchObject({ active: true, sub: claims.sub })
    await ada.send('DELETE', `/api/apps/${jwt.client_id}`)
    expect((await server.introspect(jwt, body.access_token)).body).toEqual({ active: false })
    expect((await server.refresh(jwt, refresh_token)).status).toBe(400)
  })

  test('lets no agent in, unless it signs in both', async () => {
    const agent = await server.agent()
    const { page } = await open(ada, app, { prompt: 'consent', state: 'agents' })
    const refused = await server.authenticate(hidden(page.text, 'request_id'), agent)
    expect([refused.status, refused.body.error]).toEqual([403, 'access_denied'])

    const both = await server.client({ subjects: ['user', 'agent'] })
    const { page: waiting } = await open(ada, both)
    const over = /href="(\/authorize\/person[^"]+)"/.exec(waiting.text)?.[1] ?? ''
    expect(waiting.text).toContain('Waiting for the agent')
    const approval = await ada.get(over)
    expect([approval.status, approval.text.includes('Approve')]).toEqual([200, true])
    expect(locationOf(await decide(ada, approval.text, 'approve')).pathname).toBe('/authorize/resume')

    const agentsOnly = await server.client()
    const { requestId } = await ada.open(agentsOnly.client_id)
    expect((await ada.get(`/authorize/person?request_id=${requestId}`)).status).toBe(403)
  })

  test('takes the scopes by their older names', async () => {
    const { page } = await open(ada, app, { scope: 'openid api_access credit_usage' })
    expect([200, 303]).toContain(page.status)
    const refused = await open(ada, await server.client({ subjects: ['user'] }), { scope: 'openid api_access' })
    expect(locationOf(refused.page).searchParams.get('error')).toBe('invalid_scope')
  })

  test('its makers see its people and their usage, and nothing else of theirs', async () => {
    const maker = await server.person({ name: 'Mia', email: 'mia@example.com' })
    const made = (
      await maker.send('POST', '/api/clients', {
        client_name: 'Mia’s app',
        redirect_uris: [CALLBACK],
        subjects: ['user'],
        access_token_format: 'api_key',
        scope: 'openid email usage-tracking',
      })
    ).body
    await keyOf(ada, made)
    const { data } = (await maker.get(`/api/clients/${made.client_id}/users`)).body
    expect(data).toEqual([
      {
        user_id: expect.stringMatching(/^user_/),
        name: 'Ada',
        email: 'ada@example.com',
        scope: 'openid email usage-tracking',
        approved_at: expect.any(String),
        withdrawn_at: null,
        usage: { requests: 0, cost_cents: 0 },
      },
    ])
    const stranger = await server.person({ name: 'Nik', email: 'nik@example.com' })
    expect((await stranger.get(`/api/clients/${made.client_id}/users`)).status).toBe(404)
  })

  test('gives credits only where the operator says so', async () => {
    const maker = await server.person({ name: 'Jo', email: 'jo@example.com' })
    const refused = await maker.send('POST', '/api/clients', {
      client_name: 'Generous',
      redirect_uris: [CALLBACK],
      subjects: ['user'],
      promotional_credits: 500,
    })
    expect([refused.status, refused.body.fields]).toEqual([403, { promotional_credits: expect.any(String) }])
    const wrong = await server.admin('POST', '/clients', {
      client_name: 'Agents only',
      redirect_uris: [CALLBACK],
      access_token_format: 'api_key',
    })
    expect([wrong.status, Object.keys(wrong.body.fields)]).toEqual([422, ['access_token_format']])
  })

  test('PKCE and client authentication are asked of it too', async () => {
    const page = await ada.get(
      `/oauth/authorize?response_type=code&client_id=${app.client_id}&redirect_uri=${encodeURIComponent(CALLBACK)}`,
    )
    expect(locationOf(page).searchParams.get('error')).toBe('invalid_request')
    const { website, verifier } = await signIn(ada)
    const code = website.searchParams.get('code') ?? ''
    const unauthenticated = await server.post('/oauth/token', {
      grant_type: 'authorization_code',
      code,
      code_verifier: verifier,
      client_id: app.client_id,
    })
    expect(unauthenticated.status).toBe(401)
    const answer = await server.post('/oauth/token', {
      grant_type: 'authorization_code',
      code,
      code_verifier: verifier,
      ...secretPost(app),
    })
    expect(answer.body.token_type).toBe('bearer')
  })
})
