import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { answerOf, authorizePath, ISSUER, newPkce, startServer, type TestServer } from './harness.ts'
import { hidden, invite, mailedLink, newTenant, type Tenant, waits, well } from './tenancy.ts'
import { PERSON_ROUTES } from './tenant-routes.ts'

let server: TestServer
let alpha: Tenant
beforeAll(async () => {
  server = await startServer()
  alpha = await newTenant(server, 'Alpha')
})
afterAll(() => server.stop())

interface Mail {
  subject: string
  text: string
  links: string[]
}
const mailsTo = async (to: string): Promise<Mail[]> =>
  (await well(server.admin('GET', `/dev-inbox?to=${to}`), 200)).data

describe('a mail', () => {
  test('leads to us, whatever host the call was made to', async () => {
    const body = JSON.stringify({ email: alpha.admin.email, redirectTo: '/console/reset-password' })
    const hosts = { host: 'evil.example', 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https' }
    const headers = { 'content-type': 'application/json', forwarded: 'host=evil.example', ...hosts }
    const init = { method: 'POST', headers, body }
    const answer = await answerOf(await server.app.request('http://evil.example/api/auth/request-password-reset', init))
    expect(answer.status).toBe(200)
    const [latest] = await mailsTo(alpha.admin.email)
    expect(latest?.links.map((link) => new URL(link).origin)).toEqual([ISSUER])
    expect(latest?.text).not.toContain('evil')
    const invited = await answerOf(
      await server.app.request('http://evil.example/api/invitations', {
        method: 'POST',
        headers: { cookie: alpha.admin.cookies(), 'content-type': 'application/json', ...hosts },
        body: JSON.stringify({ email: 'host@some.example', role: 'viewer' }),
      }),
    )
    expect(new URL(invited.body.link).origin).toBe(ISSUER)
  })

  test('has no link but ours, and one line for a subject, whatever its makers are called', async () => {
    const names = [
      'Verify at https://evil.example/now',
      'a <a href="https://evil.example">b</a>',
      'HTTPS://EVIL.EXAMPLE',
      'x http://http://evil.example',
    ]
    for (const [at, name] of names.entries()) {
      await well(alpha.admin.send('PUT', '/api/organization', { name }), 200)
      await well(alpha.admin.send('POST', '/api/auth/update-user', { name }), 200)
      const guest = `guest-${at}@some.example`
      await invite(alpha.admin, guest, 'viewer')
      const settings = { agent_name: name, approval: 'always', user_email: alpha.member.email }
      const agent = await well(alpha.admin.send('POST', '/api/agents', settings), 201)
      const website = await server.client({ client_name: name })
      await waits(server, agent, website)
      for (const to of [guest, alpha.member.email]) {
        const [mail] = await mailsTo(to)
        expect([name, mail?.links.map((link) => new URL(link).origin)]).toEqual([name, [ISSUER]])
        expect([name, /[\r\n]/.test(mail?.subject ?? '\n')]).toEqual([name, false])
      }
    }
    for (const agent_name of ['two\nlines: of\r\nBcc: x@y.example', 'back\u202ewards', 'zero\u200bwidth'])
      expect([201, 422]).toContain((await alpha.admin.send('POST', '/api/agents', { agent_name })).status)
    for (const name of ['two\nlines', 'back\u202ewards', 'nul\u0000', '\u2028'])
      expect([400, 422]).toContain((await alpha.admin.send('PUT', '/api/organization', { name })).status)
  })
})

describe('a page', () => {
  test('that asks for a yes is shown in nobody’s frame', async () => {
    const paths = [
      '/console',
      '/console/approvals',
      authorizePath(alpha.app.client_id, newPkce(), { prompt: 'consent' }),
    ]
    for (const path of paths) {
      const { headers, status } = await alpha.member.get(path)
      // The console may not have been built.
      if (path.startsWith('/console') && status !== 200) continue
      expect([path, headers.get('x-frame-options')]).toEqual([path, 'DENY'])
      expect([path, headers.get('content-security-policy')]).toEqual([
        path,
        expect.stringContaining("frame-ancestors 'none'"),
      ])
    }
  })

  test('runs nothing that an app or a person is called', async () => {
    const evil = '"><script>alert(1)</script>\'><img src=x onerror=alert(1)>'
    const app = await server.client({ client_name: evil, subjects: ['user'] })
    const person = await server.person({ name: evil, email: 'named@some.example' })
    const page = await person.get(authorizePath(app.client_id, newPkce()))
    expect(page.status).toBe(200)
    expect(page.text).not.toMatch(/<script>alert|<img src=x/)
    const nonces = page.text.match(/nonce="[^"]+"/g) ?? []
    expect(page.headers.get('content-security-policy')).toContain(nonces[0]?.slice(7, -1))
  })

  test('takes a form of whatever shape', async () => {
    const shown = await alpha.member.get(
      authorizePath(alpha.app.client_id, newPkce(), { prompt: 'consent', state: 'odd' }),
    )
    const right = {
      request_id: hidden(shown.text, 'request_id'),
      token: hidden(shown.text, 'token'),
      decision: 'approve',
    }
    const odd = ['', '\u0000', 'a\u0000b', '\ud800', 'x'.repeat(5000), '../..', '%00', '__proto__', '"><script>']
    for (const field of Object.keys(right))
      for (const value of odd) {
        const { status } = await alpha.member.post('/authorize/person', { ...right, [field]: value })
        expect([field, value, status < 500]).toEqual([field, value, true])
      }
    for (const value of odd)
      for (const path of ['/authorize/person', '/authorize/resume']) {
        const { status } = await alpha.member.get(
          `${path}?request_id=${encodeURIComponent(value.replace('\ud800', ''))}`,
        )
        expect([path, value, status >= 400 && status < 500]).toEqual([path, value, true])
      }
    for (const body of ['', '&&&', '=', '%', 'request_id=%ff', 'a='.repeat(20_000), '{"request_id":1}']) {
      const headers = { cookie: alpha.member.cookies(), 'content-type': 'application/x-www-form-urlencoded' }
      const { status } = await server.request('/authorize/person', { method: 'POST', headers, body })
      expect([body.slice(0, 20), status >= 400 && status < 500]).toEqual([body.slice(0, 20), true])
    }
    const { status } = await alpha.member.get(`/api/check-status?request_id=${right.request_id}`)
    expect(status).toBe(200)
  })
})

test('what a person reads is kept by no cache', async () => {
  for (const [name, { calls }] of Object.entries(PERSON_ROUTES).filter(([name]) => name.startsWith('GET ')))
    for (const { path } of calls(alpha)) {
      const { headers } = await alpha.admin.get(path)
      expect([name, headers.get('cache-control')]).toEqual([name, 'no-store'])
      expect([name, headers.get('x-content-type-options')]).toEqual([name, 'nosniff'])
    }
})

test('the link to a new password is good for one person', async () => {
  const other = await server.person({ name: 'Other', email: 'other@some.example' })
  await well(server.postJson('/api/auth/request-password-reset', { email: other.email }), 200)
  const link = new URL(await mailedLink(server, other.email, '/api/auth/reset-password'))
  const token = link.pathname.split('/').at(-1)
  const claims = { email: alpha.admin.email, userId: alpha.admin.id, user_id: alpha.admin.id }
  // Sent from a browser where somebody else is signed in: it is of whom the link is.
  await well(
    alpha.admin.send('POST', '/api/auth/reset-password', { token, newPassword: 'a third password', ...claims }),
    200,
  )
  expect((await alpha.admin.get('/api/me')).body.user.id).toBe(alpha.admin.id)
  const signIn = (email: string) => server.postJson('/api/auth/sign-in/email', { email, password: 'a third password' })
  expect([(await signIn(other.email)).status, (await signIn(alpha.admin.email)).status]).toEqual([200, 401])
})
