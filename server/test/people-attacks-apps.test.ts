import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  authorizePath,
  type Browser,
  CALLBACK,
  type Credentials,
  claimsOf,
  DATABASES,
  ISSUER,
  locationOf,
  newPkce,
  type Params,
  type Person,
  startServer,
  type TestServer,
} from './harness.ts'
import { callerOf, hidden, mailedLink, newApp, newTenant, type Tenant, waits, well } from './tenancy.ts'

const TEST_CALLBACK = `${ISSUER}/console/test-sign-in`

describe.each(DATABASES)('at an app on %s', (kind) => {
  let server: TestServer
  let alpha: Tenant
  let beta: Tenant
  beforeAll(async () => {
    server = await startServer(kind)
    alpha = await newTenant(server, 'Alpha')
    beta = await newTenant(server, 'Beta')
  })
  afterAll(() => server.stop())

  let people = 0
  const somebody = () => server.person({ name: 'Some Body', email: `body-${++people}@${kind}.example` })

  describe('the approval', () => {
    const asked = async (window: Browser, state: string) => {
      const page = await window.get(authorizePath(beta.app.client_id, newPkce(), { prompt: 'consent', state }))
      expect(page.status).toBe(200)
      return { request_id: hidden(page.text, 'request_id'), token: hidden(page.text, 'token') }
    }
    const answer = (window: Browser, form: Params, headers: Record<string, string> = {}) =>
      window.post('/authorize/person', { decision: 'approve', ...form }, headers)
    const isDecided = async (window: Browser, requestId: string) =>
      (await window.get(`/api/check-status?request_id=${requestId}`)).body.status !== 'pending'

    test('is of the session and the request that its page was for', async () => {
      const [one, two] = [await somebody(), await somebody()]
      const [first, second] = [await asked(one, 'first'), await asked(one, 'second')]
      // The second person signs in at the same browser.
      const shared = server.browser()
      for (const [name, value] of [...one.jar, ...two.jar]) shared.jar.set(name, value)
      const wrong: [Browser, Params][] = [
        [one, { ...first, token: second.token }],
        [one, { request_id: first.request_id }],
        [one, { ...first, token: '' }],
        [one, { ...first, token: first.token.slice(0, -1) }],
        [one, { ...first, token: [first.token, first.token] }],
        [shared, first],
      ]
      for (const [window, form] of wrong) {
        const { status, headers } = await answer(window, form)
        expect([form, [200, 400].includes(status), headers.get('location')]).toEqual([form, true, null])
        expect(await isDecided(one, first.request_id)).toBe(false)
      }
      const elsewhere = await answer(two, first)
      expect(elsewhere.status).toBe(403)
      expect((await beta.admin.get(`/api/clients/${beta.app.client_id}/users`)).text).not.toContain(two.id)

      // Another session of the same person sees the page anew.
      const again = server.browser()
      for (const [name, value] of one.jar) again.jar.set(name, value)
      await well(again.send('POST', '/api/auth/sign-in/email', { email: one.email, password: one.password }), 200)
      expect((await answer(again, first)).status).toBe(200)
      expect(await isDecided(one, first.request_id)).toBe(false)
      expect((await answer(one, first)).status).toBe(303)
      expect(await isDecided(one, first.request_id)).toBe(true)
      expect(await isDecided(one, second.request_id)).toBe(false)
    })

    test('is not given by who has signed out since, or by a page elsewhere', async () => {
      const person = await somebody()
      const form = await asked(person, 'out')
      expect((await answer(person, form, { 'sec-fetch-site': 'cross-site' })).status).toBe(403)
      await well(person.send('POST', '/api/auth/sign-out', {}), 200)
      expect(locationOf(await answer(person, form)).pathname).toBe('/console/sign-in')
      expect(await isDecided(person, form.request_id)).toBe(false)
    })

    test('is not given by a key or an agent', async () => {
      const person: Person = await somebody()
      const form = await asked(person, 'key')
      const bindings = [...person.jar].filter(([name]) => !name.includes('session')).map((pair) => pair.join('='))
      for (const authorization of [`Bearer ${alpha.keys.admin.api_key}`, `Bearer ${alpha.appKey}`]) {
        const headers = { cookie: bindings.join('; '), authorization }
        const answered = await server.post('/authorize/person', { decision: 'approve', ...form }, headers)
        expect(locationOf(answered).pathname).toBe('/console/sign-in')
      }
      const agent = await server.authenticate(form.request_id, alpha.agent, {}, { cookie: person.cookies() })
      expect(agent.status).toBe(403)
      expect(await isDecided(person, form.request_id)).toBe(false)
    })

    test('of more than was approved before is asked for again', async () => {
      const person = await somebody()
      const app = await well(beta.admin.send('POST', '/api/clients', { client_name: 'Grows', ...newApp }), 201)
      const page = (scope: string) => person.get(authorizePath(app.client_id, newPkce(), { scope }))
      const first = await page('openid')
      await answer(person, { request_id: hidden(first.text, 'request_id'), token: hidden(first.text, 'token') })
      expect((await page('openid')).status).toBe(303)
      expect((await page('openid agent-fuel')).status).toBe(200)
      expect((await page('openid email')).status).toBe(200)
    })
  })

  describe('a test sign-in', () => {
    async function begun(person: Person, of: Credentials, pkce = newPkce()) {
      const body = { code_challenge: pkce.challenge, state: 'state-1' }
      const { authorize_url } = await well(person.send('POST', `/api/clients/${of.client_id}/test-sign-in`, body), 201)
      const window = server.browser()
      const page = await window.get(authorize_url)
      const requestId = /req_[a-z0-9]+/.exec(page.text)?.[0] ?? ''
      expect(new URL(authorize_url).searchParams.get('redirect_uri')).toBe(TEST_CALLBACK)
      return { window, requestId, pkce }
    }

    async function codeOf(person: Person, of: Credentials) {
      const test = await begun(person, of)
      await server.authenticate(test.requestId, alpha.agent, {}, { cookie: test.window.cookies() })
      const back = locationOf(await test.window.get(`/authorize/resume?request_id=${test.requestId}`))
      expect(back.href.split('?')[0]).toBe(TEST_CALLBACK)
      return { code: back.searchParams.get('code') ?? '', code_verifier: test.pkce.verifier }
    }

    const exchange = (person: Pick<Person, 'send'>, of: Credentials, body: object) =>
      person.send('POST', `/api/clients/${of.client_id}/test-sign-in/exchange`, body)

    test('shows what the website would have learned, and nothing of it lives on', async () => {
      const body = await codeOf(alpha.member, alpha.website)
      const shown = await exchange(alpha.member, alpha.website, body)
      expect(shown.status).toBe(200)
      expect(shown.body.claims).toMatchObject({ sub: alpha.agent.agent_id, client_id: alpha.website.client_id })
      expect(shown.text).not.toMatch(/eyJ|rt_/)
      expect((await alpha.admin.get('/api/tokens')).text).not.toContain(shown.body.claims.sid)
      expect((await exchange(alpha.member, alpha.website, body)).body.error).toBe('invalid_grant')
    })

    test('takes no code of the website itself, which stays good for the website', async () => {
      const { code, verifier } = await server.code(alpha.website, alpha.agent)
      const body = { code, code_verifier: verifier }
      for (const person of [alpha.admin, alpha.member]) {
        const refused = await exchange(person, alpha.website, body)
        expect([refused.status, refused.body.error]).toEqual([400, 'invalid_grant'])
      }
      const tokens = await well(server.exchange(alpha.website, { code, verifier }), 200)
      expect(claimsOf(tokens.access_token).sub).toBe(alpha.agent.agent_id)
      expect((await exchange(alpha.admin, alpha.website, body)).status).toBe(400)
      expect((await server.introspect(alpha.website, tokens.access_token)).body.active).toBe(true)
    })

    test('takes no code of another application, of one’s own organization or another', async () => {
      const body = await codeOf(alpha.member, alpha.website)
      const sibling = await well(
        alpha.admin.send('POST', '/api/clients', { client_name: 'Sibling', redirect_uris: [CALLBACK] }),
        201,
      )
      expect((await exchange(alpha.admin, sibling, body)).body.error).toBe('invalid_grant')
      for (const person of [beta.admin, beta.member]) {
        expect((await exchange(person, alpha.website, body)).status).toBe(404)
        expect((await exchange(person, beta.website, body)).body.error).toBe('invalid_grant')
      }
      expect((await exchange(alpha.viewer, alpha.website, body)).status).toBe(403)
      const wrong = { ...body, code_verifier: newPkce().verifier }
      expect((await exchange(alpha.admin, alpha.website, wrong)).body.error).toBe('invalid_grant')
      expect((await exchange(alpha.admin, alpha.website, body)).status).toBe(200)
    })

    test('that somebody else began at one’s application gives them nothing', async () => {
      const pkce = newPkce()
      const window = server.browser()
      const page = await window.get(authorizePath(alpha.website.client_id, pkce, { redirect_uri: TEST_CALLBACK }))
      const requestId = /req_[a-z0-9]+/.exec(page.text)?.[0] ?? ''
      await server.authenticate(requestId, beta.agent, {}, { cookie: window.cookies() })
      const code =
        locationOf(await window.get(`/authorize/resume?request_id=${requestId}`)).searchParams.get('code') ?? ''
      const body = { code, code_verifier: pkce.verifier }
      expect((await exchange(beta.admin, alpha.website, body)).status).toBe(404)
      expect((await exchange(beta.admin, beta.website, body)).status).toBe(400)
      expect((await server.exchange(beta.website, { code, verifier: pkce.verifier })).status).toBe(400)
    })

    test('comes back to our own page only, though no website has registered that', async () => {
      const near = [
        `${TEST_CALLBACK}/`,
        `${TEST_CALLBACK}?x=1`,
        `${TEST_CALLBACK}/../evil`,
        `${ISSUER}/console`,
        TEST_CALLBACK.toUpperCase(),
      ]
      for (const redirect_uri of [...near, 'http://localhost:3000/console/test-sign-in']) {
        const page = await server.request(authorizePath(alpha.website.client_id, newPkce(), { redirect_uri }))
        expect([redirect_uri, page.status, page.headers.get('location')]).toEqual([redirect_uri, 400, null])
      }
    })

    test('of an app with keys gives no key away', async () => {
      const pkce = newPkce()
      const body = { code_challenge: pkce.challenge, state: 's' }
      const { authorize_url } = await well(
        beta.admin.send('POST', `/api/clients/${beta.app.client_id}/test-sign-in`, body),
        201,
      )
      const page = await beta.admin.get(authorize_url)
      const form = {
        request_id: hidden(page.text, 'request_id'),
        token: hidden(page.text, 'token'),
        decision: 'approve',
      }
      const answered = page.status === 200 ? await beta.admin.post('/authorize/person', form) : page
      const back = locationOf(await beta.admin.get(locationOf(answered).href.replace('&via=form', '')))
      const shown = await exchange(beta.admin, beta.app, {
        code: back.searchParams.get('code') ?? '',
        code_verifier: pkce.verifier,
      })
      expect([shown.status, shown.text.includes('sk-aa-')]).toEqual([200, false])
      const keys = (await beta.admin.get('/api/api-keys')).body.data
      expect(
        keys.filter(({ client_id }: { client_id: string | null }) => client_id === beta.app.client_id).length,
      ).toBeLessThanOrEqual(1)
    })
  })

  test('the decision of a person is not to be had by who only knows the request', async () => {
    const { requestId, window } = await waits(server, alpha.careful, beta.website)
    const path = `/api/approvals/${requestId}/approve`
    for (const key of [alpha.keys.admin.api_key, alpha.plainKey.api_key, beta.keys.admin.api_key])
      expect((await callerOf(server, 'key', key).send('POST', path, {})).status).toBe(403)
    for (const person of [beta.admin, beta.member, beta.viewer, alpha.viewer])
      expect((await person.send('POST', path, {})).status).toBe(403)
    expect((await (await somebody()).send('POST', path, {})).status).toBe(404)
    expect((await server.postJson(path, {})).status).toBe(401)
    expect((await window.get(`/api/check-status?request_id=${requestId}`)).body.status).toBe('approval_required')
    await well(alpha.member.send('POST', path, {}), 200)
  })
})

describe('who has an account', () => {
  test('is not to be learned from what is answered, nor from how long it takes', async () => {
    const server = await startServer('sqlite', { REQUIRE_EMAIL_VERIFICATION: 'true' })
    const send = async (path: string, body: object, address: string) => {
      const headers = { 'content-type': 'application/json' }
      const started = performance.now()
      const answer = await server.request(
        `/api/auth${path}`,
        { method: 'POST', headers, body: JSON.stringify(body) },
        address,
      )
      return { answer, ms: performance.now() - started }
    }
    const known = (at: number) => `known-${at}@some.example`
    const rounds = [0, 1, 2, 3, 4]
    const password = 'a long password'
    for (const at of rounds)
      await send('/sign-up/email', { name: 'Known', email: known(at), password }, `203.0.113.${at}`)

    const ways: [string, (email: string) => object][] = [
      ['/sign-in/email', (email) => ({ email, password: 'the wrong password' })],
      ['/sign-up/email', (email) => ({ name: 'Known', email, password })],
      ['/request-password-reset', (email) => ({ email })],
      ['/send-verification-email', (email) => ({ email })],
    ]
    for (const [path, bodyOf] of ways) {
      const times: [known: number[], unknown: number[]] = [[], []]
      for (const at of rounds) {
        const pair = [known(at), `other-${at}@some.example`]
        const answers = []
        for (const [index, email] of pair.entries()) {
          const { answer, ms } = await send(path, bodyOf(email), `192.0.2.${at * 2 + index}`)
          times[index]?.push(ms)
          const shape = JSON.stringify(answer.body, (key, value) =>
            /^(id|email|.*At)$/.test(key) ? typeof value : value,
          )
          const headers = [...answer.headers.keys()].filter((name) => name !== 'date')
          answers.push({ status: answer.status, shape, headers, cookies: answer.headers.getSetCookie().length })
        }
        expect([path, answers[0]]).toEqual([path, answers[1]])
      }
      const [median, other] = times.map((list) => list.sort((a, b) => a - b)[2] ?? 0) as [number, number]
      // Two cores and other tests beside: a password that is hashed for one only would show as a hundred to one.
      expect([path, Math.max(median, other) / Math.min(median, other) < 5]).toEqual([path, true])
    }
    await server.stop()
  })

  test('is not told to the first organization, before or after they proved the address', async () => {
    const server = await startServer('sqlite', { REQUIRE_EMAIL_VERIFICATION: 'true' })
    const password = 'a long password'
    const proved = async (email: string) => {
      const window = server.browser()
      const { user } = await well(server.postJson('/api/auth/sign-up/email', { name: 'X', email, password }), 200)
      await server.postJson('/api/auth/sign-in/email', { email, password: 'the wrong password' })
      await server.postJson('/api/auth/sign-in/email', { email, password })
      await window.get(await mailedLink(server, email, '/api/auth/verify-email'))
      return { id: user.id as string, window }
    }
    const first = await proved('first@some.example')
    expect((await first.window.get('/api/me')).body.operator).toBe(true)
    await well(server.postJson('/api/auth/sign-up/email', { name: 'X', email: 'never@some.example', password }), 200)
    const second = await proved('second@some.example')
    expect((await second.window.get('/api/me')).body.operator).toBe(false)

    const users = (await well(server.admin('GET', '/users'), 200)).data as { id: string }[]
    const others = users.map(({ id }) => id).filter((id) => id !== first.id)
    expect(others).toHaveLength(2)
    for (const path of ['/api/audit-log', '/api/audit-log/export', '/api/members', '/api/overview'])
      for (const id of others) expect([path, (await first.window.get(path)).text.includes(id)]).toEqual([path, false])
    // The operator reads it all; as one is below /api/admin.
    for (const id of others) expect((await first.window.get('/api/admin/audit-log')).text).toContain(id)
    expect((await second.window.get('/api/audit-log')).text).toContain(second.id)
    await server.stop()
  })

  test('and has not proved the address is not signed in, and told so only by the right password', async () => {
    const server = await startServer('sqlite', { REQUIRE_EMAIL_VERIFICATION: 'true' })
    const [email, password] = ['slow@some.example', 'a long password']
    await well(server.postJson('/api/auth/sign-up/email', { name: 'Slow', email, password }), 200)
    const signIn = (attempt: string) => server.postJson('/api/auth/sign-in/email', { email, password: attempt })
    expect((await signIn('the wrong password')).status).toBe(401)
    const told = await signIn(password)
    expect([told.status, told.headers.getSetCookie()]).toEqual([403, []])
    await server.stop()
  })
})
