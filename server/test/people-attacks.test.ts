import { createHmac } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { type Browser, ISSUER, type Person, startServer, type TestServer } from './harness.ts'
import { bearer, mailedLink, newKey, newTenant, signInAgain, type Tenant, well } from './tenancy.ts'
import { PERSON_ROUTES } from './tenant-routes.ts'

const COOKIE = 'auth-agent.session_token'

let server: TestServer
let alpha: Tenant
beforeAll(async () => {
  server = await startServer()
  alpha = await newTenant(server, 'Alpha')
})
afterAll(() => server.stop())

let people = 0
const somebody = (password?: string) =>
  server.person({ name: 'Some Body', email: `body-${++people}@some.example`, ...(password && { password }) })
const cookieOf = (window: Browser) => window.jar.get(COOKIE) ?? ''
const whoIs = async (cookie: string) => {
  const { status, body } = await server.request('/api/me', { headers: { cookie } })
  return status === 200 ? (body.user.id as string) : status
}

describe('a page of another site, in a browser that is signed in,', () => {
  const from: [string, Record<string, string>][] = [
    ['an origin that says nothing', { origin: 'null' }],
    ['another port', { origin: 'http://localhost:3000' }],
    ['another scheme', { origin: 'https://localhost:4000' }],
    ['another site', { origin: 'https://evil.example' }],
    ['a name that begins like ours', { origin: 'http://localhost:4000.evil.example' }],
    ['an origin with a user', { origin: 'http://localhost:4000@evil.example' }],
    ['two origins', { origin: 'http://localhost:4000 https://evil.example' }],
    ['an empty origin', { origin: '' }],
    ['a browser that says same-site', { 'sec-fetch-site': 'same-site' }],
    ['a browser that says cross-site', { 'sec-fetch-site': 'cross-site' }],
    ['a browser that says something new', { 'sec-fetch-site': 'elsewhere' }],
    ['a referrer of another port', { referer: 'http://localhost:3000/page' }],
    ['a referrer that names us', { referer: 'https://evil.example/?http://localhost:4000/' }],
    ['a referrer that is none', { referer: 'http://' }],
  ]
  const posts = ['/sign-up/email', '/sign-in/email', '/sign-out', '/change-password', '/update-user', '/reset-password']
  const calls = [
    ...Object.entries(PERSON_ROUTES)
      .filter(([name]) => !name.startsWith('GET '))
      .map(([name, { calls: of }]) => ({ method: name.split(' ')[0] ?? '', of })),
    ...posts.map((path) => ({ method: 'POST', of: () => [{ path: `/api/auth${path}`, body: {} }] })),
    { method: 'POST', of: () => [{ path: '/api/admin/agents', body: {} }] },
  ]

  test.each(from)('changes nothing from %s', async (_where, headers) => {
    for (const { method, of } of calls)
      for (const { path, body } of of(alpha)) {
        const sent = { cookie: alpha.admin.cookies(), 'content-type': 'application/json', ...headers }
        const json = body && { body: JSON.stringify(body) }
        const answer = await server.request(path, { method, headers: sent as Record<string, string>, ...json })
        expect([method, path, answer.status, answer.body?.error]).toEqual([method, path, 403, 'forbidden'])
      }
    expect(await whoIs(alpha.admin.cookies())).toBe(alpha.admin.id)
  })

  test.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', ''])(
    'cannot send what is no JSON by its name (%s), wherever it seems to come from',
    async (type) => {
      for (const path of [
        '/api/agents',
        '/api/clients',
        '/api/api-keys',
        '/api/organizations',
        '/api/auth/sign-in/email',
      ])
        for (const headers of [{ origin: ISSUER }, {}] as Record<string, string>[]) {
          const sent = { cookie: alpha.admin.cookies(), 'content-type': type, ...headers }
          const body = '{"name":"x","client_name":"x","email":"a@b.example","password":"password"}'
          const { status } = await server.request(path, { method: 'POST', headers: sent, body })
          expect([path, status]).toEqual([path, 415])
        }
    },
  )

  test('reads nothing, for no answer lets it', async () => {
    for (const path of ['/api/me', '/api/agents', '/api/api-keys', '/api/audit-log/export', '/api/auth/sign-out'])
      for (const method of ['GET', 'OPTIONS']) {
        const headers = {
          cookie: alpha.admin.cookies(),
          origin: 'http://localhost:3000',
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'content-type',
        }
        const answer = await server.request(path, { method, headers })
        const allowed = [...answer.headers.keys()].filter((name) => name.startsWith('access-control-'))
        expect([method, path, allowed]).toEqual([method, path, []])
      }
  })

  test('a method in a header is no method', async () => {
    const headers = { cookie: alpha.admin.cookies(), 'x-http-method-override': 'DELETE', 'x-method-override': 'DELETE' }
    expect((await server.request(`/api/agents/${alpha.agent.agent_id}?_method=DELETE`, { headers })).status).toBe(200)
    expect((await alpha.admin.get(`/api/agents/${alpha.agent.agent_id}`)).status).toBe(200)
  })

  test('a key needs no origin, for no page can send it', async () => {
    const headers = {
      ...bearer(alpha.keys.admin.api_key),
      origin: 'https://evil.example',
      'content-type': 'application/json',
    }
    const init = { method: 'POST', headers: headers as Record<string, string>, body: '{"agent_name":"by key"}' }
    expect((await server.request('/api/agents', init)).status).toBe(201)
  })
})

describe('a session', () => {
  test('is a new one at each sign-in, whatever the browser brought', async () => {
    const { email, password } = await somebody()
    const planted = cookieOf(await somebody())
    for (const brought of [`${COOKIE}=${planted}`, `${COOKIE}=chosen.chosen`, `${COOKIE}=`]) {
      const headers = { cookie: brought, 'content-type': 'application/json' }
      const body = JSON.stringify({ email, password })
      const answer = await server.request('/api/auth/sign-in/email', { method: 'POST', headers, body })
      const [given = ''] = answer.headers.getSetCookie()
      expect(given).toMatch(new RegExp(`^${COOKIE.replace('.', '\\.')}=[^;]{40,}; `))
      expect(given).toMatch(/HttpOnly/)
      expect(given).toMatch(/SameSite=Lax/i)
      expect(given.slice(COOKIE.length + 1, given.indexOf(';'))).not.toBe(planted)
      expect(answer.text).not.toContain(decodeURIComponent(given).slice(COOKIE.length + 1, COOKIE.length + 20))
    }
    expect(typeof (await whoIs(`${COOKIE}=${planted}`))).toBe('string')
  })

  test('that was signed out, or whose password was changed, is over for whoever kept its cookie', async () => {
    const person = await somebody()
    const kept = person.cookies()
    const second = server.browser()
    await well(second.send('POST', '/api/auth/sign-in/email', { email: person.email, password: person.password }), 200)
    const body = { currentPassword: person.password, newPassword: 'an altogether new one' }
    await well(person.send('POST', '/api/auth/change-password', body), 200)
    expect([await whoIs(kept), await whoIs(second.cookies())]).toEqual([401, 401])
    const changed = person.cookies()
    expect(await whoIs(changed)).toBe(person.id)
    await well(person.send('POST', '/api/auth/sign-out', {}), 200)
    expect(await whoIs(changed)).toBe(401)
  })

  test('whose password was reset by mail is over, everywhere, and the address is proved', async () => {
    const person = await somebody()
    await well(server.postJson('/api/auth/request-password-reset', { email: person.email }), 200)
    const link = new URL(await mailedLink(server, person.email, '/api/auth/reset-password'))
    const onward = new URL((await server.request(link.href)).headers.get('location') ?? '', ISSUER)
    const token = onward.searchParams.get('token') ?? ''
    const reset = () => server.postJson('/api/auth/reset-password', { token, newPassword: 'an altogether new one' })
    const answers = await Promise.all([reset(), reset()])
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 400])
    expect(await whoIs(person.cookies())).toBe(401)
    expect((await reset()).status).toBe(400)
    const signIn = (password: string) => server.postJson('/api/auth/sign-in/email', { email: person.email, password })
    expect([(await signIn(person.password)).status, (await signIn('an altogether new one')).status]).toEqual([401, 200])
  })

  test('is not had by a cookie that somebody made or changed', async () => {
    const person = await somebody()
    const good = decodeURIComponent(cookieOf(person))
    const [token = '', signature = ''] = good.split(/\.(?=[^.]*$)/)
    const hmac = (secret: string, text = token) => createHmac('sha256', secret).update(text).digest('base64')
    const other = decodeURIComponent(cookieOf(await somebody()))
    const { token_hash } = (await server.deps.db.read.selectFrom('session').selectAll().execute())[0] ?? {
      token_hash: '',
    }
    const forged = [
      token,
      `${token}.`,
      `.${signature}`,
      `${token}.${signature.slice(0, -1)}`,
      `${token}.${signature}=`,
      `${token}.${signature.toLowerCase()}`,
      `${token.slice(0, -1)}.${signature}`,
      `${token.toLowerCase()}.${signature}`,
      `${token}.${other.split('.').at(-1)}`,
      `${token}.${hmac('')}`,
      `${token}.${hmac('better-auth-secret-12345678901234567890')}`,
      `${token}.${hmac(token)}`,
      `${token_hash}.${hmac('', token_hash)}`,
      token_hash,
      `${good} `.repeat(2),
      `${good}\t${good}`,
      `"${good}`,
      '%',
      '%00',
      '%E0%A4%A',
      '__proto__',
      'x'.repeat(8000),
      '.'.repeat(1000),
      `null.${hmac('', 'null')}`,
    ]
    for (const value of forged)
      for (const spelled of [value, encodeURIComponent(value)]) {
        // Spaces around a value are no part of it.
        if (spelled.trim() === good) continue
        expect([spelled, await whoIs(`${COOKIE}=${spelled}`)]).toEqual([spelled, 401])
        const touched = await server.postJson(
          '/api/auth/update-user',
          { name: 'x' },
          { cookie: `${COOKIE}=${spelled}` },
        )
        expect([spelled, touched.status]).toEqual([spelled, 401])
      }
    for (const name of [
      'session_token',
      'better-auth.session_token',
      `__Secure-${COOKIE}`,
      `__Host-${COOKIE}`,
      COOKIE.toUpperCase(),
    ])
      expect([name, await whoIs(`${name}=${cookieOf(person)}`)]).toEqual([name, 401])
    expect(await whoIs(person.cookies())).toBe(person.id)
  })

  test('of two, however they are written, is the same one for every route', async () => {
    const [one, two] = [await somebody(), await somebody()]
    const values = [cookieOf(one), cookieOf(two)].flatMap((value) => [
      value,
      decodeURIComponent(value),
      `"${value}"`,
      `${value.slice(0, -6)}AAAAAA`,
      '',
    ])
    const nameOf = async (id: string) => (await server.admin('GET', `/users/${id}`)).body.name as string
    for (const first of values)
      for (const second of values)
        for (const between of ['; ', ';', ' ; ', '; x; ', '; =; ']) {
          const cookie = `${COOKIE}=${first}${between}${COOKIE}=${second}`
          const seen = await whoIs(cookie)
          const name = `touched ${people++}`
          const touched = await server.postJson('/api/auth/update-user', { name }, { cookie })
          const acted = touched.status !== 200 ? 401 : (await nameOf(one.id)) === name ? one.id : two.id
          expect([cookie, acted]).toEqual([cookie, seen])
        }
  })

  test('ends by the clock, and lives on by use', async () => {
    const [idle, busy] = [await somebody(), await somebody()]
    for (let day = 0; day < 8; day++) {
      server.wait(86_400)
      expect((await busy.get('/api/me')).status).toBe(200)
    }
    expect([await whoIs(idle.cookies()), await whoIs(busy.cookies())]).toEqual([401, busy.id])
    await signInAgain(alpha.admin)
  })

  test('of somebody else is not ended, nor seen', async () => {
    const [one, two] = [await somebody(), await somebody()]
    const { session } = await well(one.get('/api/me'), 200)
    expect((await two.send('DELETE', `/api/sessions/${session.id}`)).status).toBe(404)
    await well(two.send('DELETE', '/api/sessions?all=true'), 204)
    expect([await whoIs(one.cookies()), await whoIs(two.cookies())]).toEqual([one.id, 401])
  })
})

describe('where a person is sent on', () => {
  const elsewhere = [
    '//evil.example',
    '///evil.example',
    '/\\evil.example',
    '\\\\evil.example',
    '/\t/evil.example',
    '/\n/evil.example',
    '\t//evil.example',
    'javascript:alert(1)',
    'data:text/html,x',
    'https://evil.example/',
    'http://localhost:4000@evil.example/',
    'http://localhost:4000.evil.example/',
    'http://localhost:40000/',
    'http://localhost:3000/',
    'https://localhost:4000/',
    'http:evil.example',
    'http:/evil.example',
    '/%2f/evil.example',
    '/%5cevil.example',
    '%2f%2fevil.example',
    'evil.example',
    '@evil.example',
    '.evil.example',
    'http://[::1]:4000/',
    'http://127.1:4000@evil.example',
    '/console\r\nset-cookie: a=b',
    'blob:http://localhost:4000/x',
    '',
  ]

  test.each(elsewhere)('is never %j', async (to) => {
    const person = { name: 'X', email: `x${people++}@some.example`, password: 'a long password' }
    const posts: [string, object][] = [
      ['/sign-up/email', { ...person, callbackURL: to }],
      ['/sign-in/social', { provider: 'github', callbackURL: to }],
      ['/sign-in/social', { provider: 'github', callbackURL: '/console', errorCallbackURL: to }],
      ['/send-verification-email', { email: alpha.admin.email, callbackURL: to }],
      ['/request-password-reset', { email: alpha.admin.email, redirectTo: to }],
    ]
    for (const [path, body] of posts) {
      const { status } = await server.postJson(`/api/auth${path}`, body)
      expect([path, status]).toEqual([path, 422])
    }
    const query = `callbackURL=${encodeURIComponent(to)}`
    for (const path of [`/verify-email?token=x&${query}`, `/reset-password/x?${query}`]) {
      const answer = await server.request(`/api/auth${path}`)
      expect([path, answer.status, answer.headers.get('location')]).toEqual([path, 422, null])
    }
  })

  test('is what was asked for, when that is ours', async () => {
    for (const to of ['/console', '/console/x?y=z#w', `${ISSUER}/console`, '/authorize/person?request_id=req_x']) {
      const answer = await server.request(`/api/auth/reset-password/x?callbackURL=${encodeURIComponent(to)}`)
      expect(answer.status).toBe(303)
      expect(new URL(answer.headers.get('location') ?? '', ISSUER).origin).toBe(ISSUER)
    }
  })

  test('by the console is of its own origin, too', async () => {
    vi.stubGlobal('location', new URL(`${ISSUER}/console/sign-in`))
    const source = new URL('../../console/src/continue-to.ts', import.meta.url)
    const { continueTo } = (await import(source.href)) as { continueTo(to: string | undefined): string }
    for (const to of [...elsewhere, '/.//evil.example', '/..//evil.example', '/console/..//evil.example'])
      expect([to, new URL(continueTo(to)).origin]).toEqual([to, ISSUER])
    expect(continueTo('/authorize/person?request_id=req_x')).toBe(`${ISSUER}/authorize/person?request_id=req_x`)
    vi.unstubAllGlobals()
  })
})

describe('a key', () => {
  test('is taken from nowhere but the headers', async () => {
    const { api_key: key } = alpha.keys.admin
    for (const query of [`api_key=${key}`, `access_token=${key}`, `key=${key}`, `token=${key}`, `x-api-key=${key}`])
      expect((await server.request(`/api/agents?${query}`)).status).toBe(401)
    expect(
      (await server.request('/api/agents', { headers: { cookie: `x-api-key=${key}; ${COOKIE}=${key}` } })).status,
    ).toBe(401)
    const basic = `Basic ${Buffer.from(`${key}:`).toString('base64')}`
    expect((await server.request('/api/agents', { headers: { authorization: basic } })).status).toBe(401)
    const body = JSON.stringify({ api_key: key, agent_name: 'x' })
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body }
    expect((await server.request('/api/agents', init)).status).toBe(401)
  })

  test('is what it was made as, letter by letter', async () => {
    const { api_key: key, key_id } = alpha.keys.admin
    const flip = (at: number) => key.slice(0, at) + (key[at] === 'A' ? 'B' : 'A') + key.slice(at + 1)
    const wrong = [
      key.slice(0, -1),
      `${key}A`,
      `${key}\u00a0`,
      key.toUpperCase(),
      key.replace('sk-aa-v1-', 'sk-aa-v2-'),
      key.replace('sk-aa-v1-', ''),
      ...[9, 10, 30, 51, 52, 57].map(flip),
      key_id,
      `${key},${key}`,
      `sk-aa-v1-${'A'.repeat(49)}`,
      'sk-aa-v1-',
      `sk-aa-v1-${'A'.repeat(10_000)}`,
    ]
    for (const one of wrong) {
      const { status } = await server.request('/api/agents', { headers: { 'x-api-key': encodeURI(one) } })
      expect([one, status]).toEqual([one, 401])
    }
    expect((await server.request('/api/agents', { headers: bearer(key) })).status).toBe(200)
    expect((await server.request('/api/agents', { headers: { authorization: `bearer ${key}` } })).status).toBe(200)
  })

  test('beside a session is who calls; a bad one is not made good by the session', async () => {
    const { status } = await server.request('/api/agents', {
      headers: { cookie: alpha.admin.cookies(), authorization: 'Bearer sk-aa-v1-nothing' },
    })
    expect(status).toBe(401)
    const viewer = { cookie: alpha.admin.cookies(), ...bearer(alpha.keys.viewer.api_key) }
    const init = { method: 'POST', headers: { ...viewer, 'content-type': 'application/json' }, body: '{}' }
    expect((await server.request('/api/agents', init as RequestInit)).status).toBe(403)
  })

  test('ends when it was to end, and when it is ended', async () => {
    const person: Person = await somebody()
    const made = await well(
      person.send('POST', '/api/api-keys', { name: 'x', scopes: ['manage'], expires_in: 60 }),
      201,
    )
    const status = async () => (await server.request('/api/agents', { headers: bearer(made.api_key) })).status
    const verified = async () => (await server.request('/api/oauth/verify', { headers: bearer(made.api_key) })).status
    expect([await status(), await verified()]).toEqual([200, 200])
    server.wait(59)
    expect([await status(), await verified()]).toEqual([200, 200])
    server.wait(1)
    expect([await status(), await verified()]).toEqual([401, 401])
    const other = await newKey(person, 'y')
    await well(person.send('DELETE', `/api/api-keys/${other.key_id}`), 204)
    expect((await server.request('/api/agents', { headers: bearer(other.api_key) })).status).toBe(401)
    expect((await person.send('DELETE', `/api/api-keys/${other.key_id}`)).status).toBe(404)
  })

  test('is shown once', async () => {
    const person = await somebody()
    const { api_key, key_id } = await newKey(person, 'once')
    for (const path of ['/api/api-keys', '/api/audit-log', '/api/audit-log/export', '/api/me']) {
      const { text } = await person.get(path)
      expect([path, text.includes(api_key), text.includes(api_key.slice(13, -4))]).toEqual([path, false, false])
    }
    expect((await person.get('/api/api-keys')).body.data[0]).toMatchObject({ key_id, last_four: api_key.slice(-4) })
  })
})
