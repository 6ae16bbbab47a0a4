import { SignJWT, UnsecuredJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Answer, CALLBACK, DATABASES, ISSUER, type Person, startServer, type TestServer } from './harness.ts'
import {
  bearer,
  callerOf,
  codeForApp,
  invite,
  join,
  letIn,
  mailedLink,
  newApp,
  newKey,
  newTenant,
  prove,
  signInAgain,
  type Tenant,
  waits,
  well,
} from './tenancy.ts'

const statuses = (answers: readonly Answer[]) => answers.map(({ status }) => status).sort()
const times = <T>(count: number, make: (index: number) => Promise<T>) =>
  Promise.all(Array.from({ length: count }, (_, index) => make(index)))

describe.each(DATABASES)('accounts on %s:', (kind) => {
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
  const newEmail = () => `body-${++people}@${kind}.example`
  const somebody = (email = newEmail()) => server.person({ name: 'Some Body', email })
  const accept = (person: Person, token: string) => person.send('POST', '/api/invitations/accept', { token })
  const read = (token: string) => server.request(`/api/invitations/by-token?token=${token}`)
  const verify = (key: string) => server.request('/api/oauth/verify', { headers: bearer(key) })

  describe('an invitation', () => {
    test('is for one person, and for once', async () => {
      const [guest, finder] = [await somebody(), await somebody()]
      const { token } = await invite(alpha.admin, guest.email, 'member')
      for (let at = 0; at < 3; at++) expect((await read(token)).status).toBe(200)
      expect((await accept(finder, token)).status).toBe(403)
      expect((await finder.get('/api/me')).body.organizations).toHaveLength(1)
      const answers = await times(4, () => accept(guest, token))
      expect(statuses(answers)).toEqual([200, 410, 410, 410])
      expect((await accept(guest, token)).status).toBe(410)
      expect((await read(token)).status).toBe(410)
      const members = (await alpha.admin.get('/api/members?limit=200')).body.data
      expect(members.filter(({ email }: { email: string }) => email === guest.email)).toHaveLength(1)
      expect((await alpha.admin.send('POST', '/api/invitations', { email: guest.email, role: 'admin' })).status).toBe(
        409,
      )
    })

    test('is over when it was withdrawn, or replaced, or is a week old', async () => {
      const guest = await somebody()
      const first = await invite(alpha.admin, guest.email, 'admin')
      const second = await invite(alpha.admin, guest.email.toUpperCase(), 'viewer')
      expect((await accept(guest, first.token)).status).toBe(410)
      await well(alpha.admin.send('DELETE', `/api/invitations/${second.invitation_id}`), 204)
      expect((await accept(guest, second.token)).status).toBe(410)
      const third = await invite(alpha.admin, guest.email, 'viewer')
      server.wait(7 * 86_400)
      const late = server.browser()
      await well(late.send('POST', '/api/auth/sign-in/email', { email: guest.email, password: guest.password }), 200)
      for (const token of [third.token, first.token, 'ait_nothing', 'x'])
        expect([
          (await late.send('POST', '/api/invitations/accept', { token })).status,
          (await read(token)).status,
        ]).toEqual([410, 410])
      await signInAgain(alpha.admin, alpha.member, beta.admin)
    })

    test('that was not used does not bring back who was removed meanwhile', async () => {
      const email = newEmail()
      const { token } = await invite(alpha.admin, email, 'admin')
      await well(server.admin('POST', '/users', { email, name: 'Named', role: 'member' }), 201)
      const person = await somebody(email)
      await prove(server, person)
      await well(alpha.admin.send('DELETE', `/api/members/${person.id}`), 204)
      expect((await accept(person, token)).status).toBe(410)
    })

    test('floods nobody’s inbox, and not everybody’s either', async () => {
      const email = newEmail()
      const send = (to: string) => beta.admin.send('POST', '/api/invitations', { email: to, role: 'viewer' })
      const answers = await times(30, () => send(email))
      expect(statuses(answers).filter((status) => status === 201)).toHaveLength(5)
      expect(statuses(answers).filter((status) => status !== 201 && status !== 429)).toEqual([])
      expect(answers.find(({ status }) => status === 429)?.headers.get('retry-after')).toMatch(/^\d+$/)
      const open = (await beta.admin.get('/api/invitations?limit=200')).body.data
      expect(open.filter((one: { email: string }) => one.email === email)).toHaveLength(1)
      const many = await times(120, () => send(newEmail()))
      expect(statuses(many).filter((status) => status === 201).length).toBeLessThanOrEqual(50)
      expect(statuses(many).filter((status) => status >= 500)).toEqual([])
      server.wait(601)
      expect((await send(newEmail())).status).toBe(201)
    })
  })

  describe('who signs up with the address of another', () => {
    test('is out, with all they made, when the other proves it by a reset', async () => {
      const email = newEmail()
      const gift = await server.agent({ user_email: email, user_name: 'Owner' })
      const impostor = await somebody(email)
      const key = await newKey(impostor, 'stays behind')
      const agent = await well(impostor.send('POST', '/api/agents', { agent_name: 'stays behind' }), 201)
      const appKey = (await letIn(server, impostor, beta.app)).access_token as string
      const token = async (credentials: { agent_id: string; agent_secret: string }) => {
        const own = { client_id: credentials.agent_id, client_secret: credentials.agent_secret }
        return server.post('/token', { grant_type: 'client_credentials', ...own })
      }
      expect((await token(agent)).status).toBe(200)

      await well(server.postJson('/api/auth/request-password-reset', { email }), 200)
      const link = new URL(await mailedLink(server, email, '/api/auth/reset-password'))
      const onward = new URL((await server.request(link.href)).headers.get('location') ?? '', ISSUER)
      const reset = { token: onward.searchParams.get('token'), newPassword: 'the owner’s own' }
      await well(server.postJson('/api/auth/reset-password', reset), 200)

      expect((await impostor.get('/api/me')).status).toBe(401)
      for (const one of [key.api_key, appKey]) expect((await verify(one)).status).toBe(401)
      expect((await callerOf(server, 'key', key.api_key).send('GET', `/api/agents/${gift.agent_id}`)).status).toBe(401)
      expect((await token(agent)).status).toBe(401)
      expect((await token(gift)).status).toBe(200)
      const owner = server.browser()
      await well(owner.send('POST', '/api/auth/sign-in/email', { email, password: reset.newPassword }), 200)
      expect((await owner.get(`/api/agents/${gift.agent_id}`)).status).toBe(200)
    })

    test('at the same moment gets one account, and one of them is in', async () => {
      const email = newEmail()
      const signUp = (index: number) =>
        server.request(
          '/api/auth/sign-up/email',
          {
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body: JSON.stringify({
              name: 'X',
              email: index % 2 ? email : email.toUpperCase(),
              password: `a password ${index}`,
            }),
          },
          `203.0.113.${index}`,
        )
      const answers = await times(5, signUp)
      expect(statuses(answers)).toEqual([200, 409, 409, 409, 409])
      const works = await times(5, (index) =>
        server.postJson('/api/auth/sign-in/email', { email, password: `a password ${index}` }),
      )
      expect(statuses(works)).toEqual([200, 401, 401, 401, 401])
      const rows = (await server.admin('GET', '/users?limit=200')).body.data
      expect(rows.filter((one: { email: string }) => one.email === email)).toHaveLength(1)
    })
  })

  describe('the link that proves an address', () => {
    test('is good for that, and signs nobody in a second time', async () => {
      const person = await somebody()
      const link = await mailedLink(server, person.email, '/api/auth/verify-email')
      const answers = [
        await server.request(link),
        await server.request(link),
        await server.request(link, { method: 'HEAD' }),
      ]
      expect(answers.map(({ status }) => status)).toEqual([303, 303, 405])
      expect(answers.map(({ headers }) => headers.getSetCookie().length > 0)).toEqual([true, false, false])
      expect((await person.get('/api/me')).body.user.email_verified).toBe(true)
    })

    test('cannot be made by others, for whatever address', async () => {
      const person = await somebody()
      const good =
        new URL(await mailedLink(server, person.email, '/api/auth/verify-email')).searchParams.get('token') ?? ''
      const [head, , signature] = good.split('.')
      const claims = { email: person.email, updateTo: 'root@some.example' }
      const payload = Buffer.from(JSON.stringify(claims)).toString('base64url')
      const signed = (secret: string) =>
        new SignJWT(claims)
          .setProtectedHeader({ alg: 'HS256' })
          .setIssuedAt()
          .setExpirationTime('1h')
          .sign(new TextEncoder().encode(secret))
      const forged = [
        new UnsecuredJWT(claims).encode(),
        await signed('x'),
        await signed('better-auth-secret-12345678901234567890'),
        `${head}.${payload}.${signature}`,
        `${good}x`,
        good.slice(0, -2),
        'x',
      ]
      for (const token of forged) {
        const answer = await server.request(`/api/auth/verify-email?token=${token}&callbackURL=/console/verified`)
        expect([token, answer.status, answer.headers.getSetCookie()]).toEqual([token, 303, []])
        expect(answer.headers.get('location')).toMatch(/^\/console\/verified\?error=/)
      }
      expect((await person.get('/api/me')).body.user).toMatchObject({ email: person.email, email_verified: false })
    })
  })

  describe('credits that an app gives', () => {
    const promotion = { ...newApp, client_name: 'Generous', promotional_credits: 500 }

    test('come once, though the app is deleted and made again under its name', async () => {
      const person = await somebody()
      const app = await server.client({ ...promotion, client_id: `generous-${kind}` })
      expect((await letIn(server, person, app)).user_info).toMatchObject({ credits: 500, granted_promo: true })
      await well(person.send('DELETE', `/api/apps/${app.client_id}`), 204)
      expect((await letIn(server, person, app)).user_info).toMatchObject({ credits: 500, granted_promo: false })
      await well(server.admin('DELETE', `/clients/${app.client_id}`), 204)
      const again = await server.client({ ...promotion, client_id: `generous-${kind}` })
      expect((await letIn(server, person, again)).user_info).toMatchObject({ credits: 500, granted_promo: false })
    })

    test('do not come by a second account of the same address, however it is spelled', async () => {
      const person = await somebody()
      for (const email of [person.email, person.email.toUpperCase(), ` ${person.email} `]) {
        const body = { name: 'Again', email, password: 'another password' }
        expect((await server.postJson('/api/auth/sign-up/email', body)).status).toBe(409)
      }
    })

    test('come once for many codes at once, and are not given by who only tests', async () => {
      const person = await somebody()
      const app = await server.client(promotion)
      const codes = [await codeForApp(person, app)]
      for (let at = 1; at < 6; at++) codes.push(await codeForApp(person, app))
      const answers = await Promise.all(codes.map((code) => server.exchange(app, code)))
      expect(answers.filter(({ body }) => body.user_info.granted_promo)).toHaveLength(1)
      expect((await verify(answers[0]?.body.access_token)).body.credits).toBe(500)
    })
  })

  describe('what is deleted', () => {
    test('if it is an app with users, takes their keys and tokens with it, and what is under way', async () => {
      const person = await somebody()
      const made = (body: object) => well(alpha.admin.send('POST', '/api/clients', body), 201)
      const withKeys = await made({ client_name: 'Keys', ...newApp })
      const withTokens = await made({ client_name: 'Tokens', redirect_uris: [CALLBACK], subjects: ['user'] })
      const key = (await letIn(server, person, withKeys)).access_token
      const tokens = await letIn(server, person, withTokens)
      const underWay = await codeForApp(person, withKeys, { state: 'under way' })
      const asked = await person.open(withTokens.client_id, { prompt: 'consent', state: 'asked' })
      expect((await person.get('/api/apps')).body.data).toHaveLength(2)
      for (const { client_id } of [withKeys, withTokens])
        await well(alpha.member.send('DELETE', `/api/clients/${client_id}`), 204)

      expect((await verify(key)).status).toBe(401)
      const userinfo = await server.request('/userinfo', { headers: bearer(tokens.access_token) })
      expect(userinfo.status).toBe(401)
      expect((await server.refresh(withTokens, tokens.refresh_token)).status).toBe(401)
      expect((await server.exchange(withKeys, underWay)).status).toBe(401)
      expect((await person.get('/api/apps')).body.data).toEqual([])
      expect((await person.send('DELETE', `/api/apps/${withKeys.client_id}`)).status).toBe(404)
      expect((await person.get('/api/api-keys')).text).not.toContain(withKeys.client_id)
      for (const path of [
        `/authorize/person?request_id=${asked.requestId}`,
        `/authorize/resume?request_id=${asked.requestId}`,
      ])
        expect([path, (await person.get(path)).status < 500]).toEqual([path, true])
      for (const path of ['/api/sign-ins', '/api/tokens', '/api/overview', '/api/audit-log'])
        expect([path, (await alpha.admin.get(path)).status]).toEqual([path, 200])
      expect((await alpha.admin.get('/api/tokens')).text).not.toContain(withTokens.client_id)
    })

    test('if it is an agent that waits for a word, is waited for no more', async () => {
      const agent = await well(alpha.admin.send('POST', '/api/agents', { agent_name: 'gone', approval: 'always' }), 201)
      const { requestId, window } = await waits(server, agent, alpha.website)
      await well(alpha.admin.send('DELETE', `/api/agents/${agent.agent_id}`), 204)
      expect((await window.get(`/api/check-status?request_id=${requestId}`)).body.status).toBe('denied')
      expect((await alpha.admin.get('/api/approvals')).text).not.toContain(requestId)
      for (const decision of ['approve', 'deny'])
        expect((await alpha.admin.send('POST', `/api/approvals/${requestId}/${decision}`, {})).status).toBe(404)
      expect((await window.get(`/api/check-status?request_id=${requestId}`)).body.status).toBe('denied')
      expect((await alpha.admin.get(`/api/sign-ins/${requestId}`)).body).toMatchObject({
        status: 'denied',
        agent_name: null,
      })
      expect((await alpha.admin.get('/api/approvals?status=decided')).status).toBe(200)
    })

    test('if it is an app of one’s own, leaves its id to nobody else', async () => {
      const body = { client_id: `trusted-${kind}`, client_name: 'Trusted', redirect_uris: [CALLBACK] }
      const trusted = await well(alpha.admin.send('POST', '/api/clients', body), 201)
      const agent = await well(
        alpha.admin.send('POST', '/api/agents', { approval: 'first_time', allowed_clients: [body.client_id] }),
        201,
      )
      const { requestId, window, pkce } = await waits(server, agent, trusted)
      await signInAgain(alpha.admin)
      await well(alpha.admin.send('POST', `/api/approvals/${requestId}/approve`, {}), 200)
      const { code } = (await window.get(`/api/check-status?request_id=${requestId}`)).body
      await well(server.exchange(trusted, { code, verifier: pkce.verifier }), 200)
      await well(alpha.admin.send('DELETE', `/api/clients/${body.client_id}`), 204)
      expect((await beta.admin.send('POST', '/api/clients', body)).status).toBe(409)
      await well(alpha.member.send('POST', '/api/clients', body), 201)
    })
  })

  describe('an approval', () => {
    test('is given by nobody whose session is stale, and by no other proof than their own', async () => {
      const agent = await well(alpha.admin.send('POST', '/api/agents', { approval: 'always' }), 201)
      const member = await somebody()
      await join(alpha.admin, member, 'admin')
      const other = server.browser()
      await well(other.send('POST', '/api/auth/sign-in/email', { email: member.email, password: member.password }), 200)
      server.wait(301)
      const { requestId } = await waits(server, agent, alpha.website)
      const approve = (window = member as Pick<Person, 'send'>) =>
        window.send('POST', `/api/approvals/${requestId}/approve`, {})
      const error = async (window?: Pick<Person, 'send'>) => (await approve(window)).body.error
      expect(await error()).toBe('reauthentication_required')
      const again = (password: unknown) => member.send('POST', '/api/me/reauthenticate', { password })
      for (const password of [alpha.admin.password.toUpperCase(), '', ' ', null, ['correct horse battery']]) {
        expect((await again(password)).status).toBe(422)
        expect(await error()).toBe('reauthentication_required')
      }
      const passkey = { id: alpha.passkeyId, response: {} }
      expect([400, 401, 403, 422]).toContain((await member.send('POST', '/api/me/reauthenticate', { passkey })).status)
      // To change one's name, or the organization, is no proof.
      await well(member.send('POST', '/api/auth/update-user', { name: 'x' }), 200)
      await well(member.send('PUT', '/api/me/organization', { organization_id: alpha.orgId }), 200)
      expect(await error()).toBe('reauthentication_required')
      // Another browser of the same person was proved, not this one.
      await well(other.send('POST', '/api/me/reauthenticate', { password: member.password }), 200)
      expect(await error()).toBe('reauthentication_required')
      expect(
        (
          await callerOf(server, 'key', alpha.keys.admin.api_key).send(
            'POST',
            `/api/approvals/${requestId}/approve`,
            {},
          )
        ).status,
      ).toBe(403)
      expect((await approve(other)).status).toBe(200)
    })

    test('is not given by the agent itself, by whatever it has', async () => {
      const agent = await well(alpha.admin.send('POST', '/api/agents', { approval: 'always' }), 201)
      const { requestId, window } = await waits(server, agent, alpha.website)
      const own = { grant_type: 'client_credentials', client_id: agent.agent_id, client_secret: agent.agent_secret }
      const { access_token } = (await server.post('/token', own)).body
      for (const decision of ['approve', 'deny']) {
        const path = `/api/approvals/${requestId}/${decision}`
        expect((await callerOf(server, 'agent', access_token).send('POST', path, {})).status).toBe(403)
        expect((await window.send('POST', path, {})).status).toBe(401)
        expect((await callerOf(server, 'secret', agent.agent_secret).send('POST', path, {})).status).toBe(401)
      }
      expect((await window.get(`/api/check-status?request_id=${requestId}`)).body.status).toBe('approval_required')
    })
  })

  test('keys asked for at once are as many keys, each of its own', async () => {
    const person = await somebody()
    const keys = await times(40, (index) => newKey(person, `key ${index}`))
    expect(new Set(keys.map(({ api_key }) => api_key)).size).toBe(40)
    expect((await person.get('/api/api-keys')).body.data).toHaveLength(40)
    const ended = await times(40, (index) => person.send('DELETE', `/api/api-keys/${keys[index % 20]?.key_id}`))
    expect(statuses(ended)).toEqual([...Array(20).fill(204), ...Array(20).fill(404)])
  })

  test('a password is not guessed by asking often, nor by asking at once', async () => {
    const person = await somebody()
    const guess = (password: string) => server.postJson('/api/auth/sign-in/email', { email: person.email, password })
    const answers = await times(15, (index) => guess(`a wrong guess ${index}`))
    expect(statuses(answers)).toEqual([...Array(10).fill(401), ...Array(5).fill(429)])
    expect((await guess(person.password)).status).toBe(429)
    server.wait(601)
    expect((await guess(person.password)).status).toBe(200)
  })
})
