import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { redact } from '../src/http/redact.ts'
import { maintain } from '../src/maintenance.ts'
import { databaseFiles } from './database-files.ts'
import { spellings } from './everything.ts'
import { authorizePath, DATABASES, ISSUER, newPkce, startServer, type TestServer } from './harness.ts'
import {
  bearer,
  callerOf,
  hidden,
  invite,
  letIn,
  mailedLink,
  newApp,
  newKey,
  newTenant,
  prove,
  waits,
  well,
} from './tenancy.ts'

const COOKIE = 'auth-agent.session_token'

/** Lets people do all that has a secret in it, rightly and wrongly, and tells what nobody may find afterwards. */
async function everythingOfPeople(server: TestServer): Promise<Map<string, string>> {
  const secrets = new Map<string, string>()
  const keep = (name: string, value: unknown) => {
    if (typeof value === 'string' && value.length >= 16) secrets.set(name, value)
  }
  const keepSession = (name: string, cookie: string | undefined) => {
    const value = decodeURIComponent(cookie ?? '')
    keep(`${name} cookie`, value)
    keep(`${name} session token`, value.split('.')[0])
    keep(`${name} session signature`, value.split('.')[1])
  }

  const password = 'the very first password of hers'
  const person = await server.person({ name: 'Ida', email: 'ida@some.example', password })
  keep('password', password)
  keepSession('signed up', person.jar.get(COOKIE))
  const link = new URL(await mailedLink(server, person.email, '/api/auth/verify-email'))
  keep('verification token', link.searchParams.get('token'))
  await server.request(`/api/auth/verify-email?token=${link.searchParams.get('token')}x&callbackURL=/console`)
  await prove(server, person)

  for (const wrong of ['a wrong password of hers', password.toUpperCase()]) {
    keep(`wrong ${wrong}`, wrong)
    await person.send('POST', '/api/me/reauthenticate', { password: wrong })
    await server.postJson('/api/auth/sign-in/email', { email: person.email, password: wrong })
    await server.postJson('/api/auth/sign-in/email', { email: 'nobody@some.example', password: wrong })
    await server.request(`/api/auth/sign-in/email?email=${person.email}&password=${encodeURIComponent(wrong)}`)
    await server.postJson('/api/auth/sign-in/email', { email: [person.email], password: { wrong } })
  }
  await well(person.send('POST', '/api/me/reauthenticate', { password }), 200)
  const changed = 'the second password of hers'
  keep('changed password', changed)
  await well(person.send('POST', '/api/auth/change-password', { currentPassword: password, newPassword: changed }), 200)
  keepSession('changed', person.jar.get(COOKIE))

  const made = await newKey(person, 'of Ida')
  keep('key', made.api_key)
  await callerOf(server, 'key', made.api_key).send('GET', '/api/agents')
  await server.request(`/api/agents?api_key=${made.api_key}`)
  await server.request(`/nothing/${made.api_key}`)
  await person.send('DELETE', `/api/api-keys/${made.api_key}`)
  await person.send('GET', `/api/agents/${made.api_key}`)
  await server.request('/api/agents', { headers: bearer(`${made.api_key}x`) })
  await server.request('/api/agents', { headers: { cookie: `${COOKIE}=${made.api_key}` } })

  const invited = await invite(person, 'guest@some.example', 'member')
  keep('invitation', invited.token)
  await server.request(`/api/invitations/by-token?token=${invited.token}`)
  await person.send('POST', '/api/invitations/accept', { token: invited.token })
  await person.send('DELETE', `/api/invitations/${invited.token}`)
  const guest = await server.person({ name: 'Guest', email: 'guest@some.example', password: 'a password for guests' })
  keep('guest password', 'a password for guests')
  await well(guest.send('POST', '/api/invitations/accept', { token: invited.token }), 200)

  const app = await well(person.send('POST', '/api/clients', { client_name: 'App', ...newApp }), 201)
  keep('client secret', app.client_secret)
  const page = await guest.get(authorizePath(app.client_id, newPkce(), { state: 'shown' }))
  keep('approval form', hidden(page.text, 'token'))
  await guest.post('/authorize/person', {
    request_id: hidden(page.text, 'request_id'),
    token: 'x',
    decision: 'approve',
  })
  keep('app key', (await letIn(server, guest, app)).access_token)
  const careful = await well(person.send('POST', '/api/agents', { approval: 'always', same_browser: 'off' }), 201)
  keep('agent secret', careful.agent_secret)
  const { requestId } = await waits(server, careful, await server.client())
  await well(person.send('POST', `/api/approvals/${requestId}/approve`, {}), 200)

  const options = await person.get('/api/auth/passkey/generate-register-options')
  keep('passkey challenge', options.body.challenge)
  const response = { id: 'x', rawId: 'x', type: 'public-key', clientExtensionResults: {} }
  const registration = { ...response, response: { clientDataJSON: 'x', attestationObject: 'x' } }
  await person.send('POST', '/api/auth/passkey/verify-registration', { response: registration })

  await server.postJson('/api/auth/request-password-reset', { email: guest.email })
  const reset = new URL(await mailedLink(server, guest.email, '/api/auth/reset-password'))
  const token = reset.pathname.split('/').at(-1) ?? ''
  keep('reset token', token)
  await server.request(reset.href)
  await server.request(`/api/auth/reset-password/${token}/${token}?token=${token}`)
  await server.postJson('/api/auth/reset-password', { token: `${token}x`, newPassword: 'a third password of theirs' })
  await well(server.postJson('/api/auth/reset-password', { token, newPassword: 'a third password of theirs' }), 200)
  keep('reset password', 'a third password of theirs')
  await well(person.send('POST', '/api/auth/sign-out', {}), 200)

  const { data } = await well(server.admin('GET', '/dev-inbox'), 200)
  for (const { id, text } of data as { id: string; text: string }[])
    for (const line of text.split('\n').filter((each) => each.length > 40)) secrets.set(`mail ${id} ${line}`, line)
  await maintain(server.deps)
  return secrets
}

/** Where a secret of those stands in any of the texts, by its name. */
function leaksIn(secrets: Map<string, string>, texts: readonly string[]): string[] {
  return [...secrets].flatMap(([name, secret]) =>
    spellings(secret).some((spelling) => texts.some((text) => text.includes(spelling))) ? [name] : [],
  )
}

async function rowsIn(server: TestServer): Promise<string[]> {
  const { read } = server.deps.db
  const rows: string[] = []
  for (const { name } of await read.introspection.getTables()) {
    const all = await read
      .selectFrom(name as 'agent')
      .selectAll()
      .execute()
    rows.push(...all.map((row) => JSON.stringify(row)))
  }
  return rows
}

function filesOf({ databaseUrl }: TestServer): string[] {
  return databaseFiles(databaseUrl).map(({ bytes }) => bytes.toString('latin1'))
}

describe.each(DATABASES)('of what people keep secret on %s', (kind) => {
  test('nothing lies in the database, in the log or in the numbers', async () => {
    const server = await startServer(kind, { LOG_LEVEL: 'trace' })
    const secrets = await everythingOfPeople(server)
    expect(secrets.size).toBeGreaterThan(30)
    const rows = await rowsIn(server)
    expect(rows.length).toBeGreaterThan(60)
    expect(leaksIn(secrets, [rows.join('\n'), ...filesOf(server)])).toEqual([])
    expect(server.logged.length).toBeGreaterThan(50)
    expect(leaksIn(secrets, server.logged)).toEqual([])
    const { text } = await server.request('/metrics')
    expect(leaksIn(secrets, [text])).toEqual([])
    const audit = await server.admin('GET', '/audit-log/export?format=json')
    expect(leaksIn(secrets, [audit.text])).toEqual([])
    await server.stop()
  })
})

test('the redactor knows what people’s secrets look like, wherever they stand', () => {
  const secrets = [
    `sk-aa-v1-${'A'.repeat(49)}`,
    `ait_${'A'.repeat(43)}`,
    'eyJhbGciOiJIUzI1NiJ9.eyJlbWFpbCI6ImFAYi5jIn0.abcdefghij',
  ]
  for (const secret of secrets)
    for (const shape of [
      secret,
      `before ${secret} after`,
      `${ISSUER}/x?token=${secret}`,
      new Error(secret),
      { [secret]: [secret] },
    ])
      expect(JSON.stringify(redact(shape))).not.toContain(secret)
  const link = randomUUID()
  for (const text of [
    `${ISSUER}/api/auth/reset-password/${link}?callbackURL=/`,
    `/console/reset-password?token=${link}&x=1`,
  ])
    expect(redact(text)).not.toContain(link)
  expect(JSON.stringify(redact({ newPassword: link, currentPassword: link, api_key: link }))).not.toContain(link)
})

describe.each(DATABASES)('when the master key changes on %s', (kind) => {
  const key = (id: string, fill: number) => `${id}:${Buffer.alloc(32, fill).toString('base64')}`

  test('whoever is signed in stays so, and what was given out goes on working', async () => {
    const before = await startServer(kind, { MASTER_KEYS: key('m1', 1) })
    const alpha = await newTenant(before, 'Alpha')
    const guest = await before.person({ name: 'Guest', email: 'guest@some.example' })
    const invited = await invite(alpha.admin, guest.email, 'member')
    await well(before.postJson('/api/auth/request-password-reset', { email: alpha.viewer.email }), 200)
    const pkce = newPkce()
    const path = authorizePath(alpha.app.client_id, pkce)
    const asked = await guest.get(path)
    expect(asked.status).toBe(200)

    const url = before.databaseUrl
    const after = await startServer(kind, { DATABASE_URL: url, MASTER_KEYS: `${key('m2', 2)},${key('m1', 1)}` })
    const as = (person: { cookies(): string }) => {
      const window = after.browser()
      for (const pair of person.cookies().split('; ')) window.jar.set(...(pair.split(/=(.*)/s) as [string, string]))
      return window
    }
    const admin = as(alpha.admin)
    const me = await well(admin.get('/api/me'), 200)
    expect(me.session.id).toBe(alpha.sessionId)
    expect((await as(alpha.viewer).get('/api/agents')).status).toBe(200)
    for (const made of Object.values(alpha.keys))
      expect((await callerOf(after, 'key', made.api_key).send('GET', '/api/agents')).status).toBe(200)
    expect((await after.request('/api/oauth/verify', { headers: bearer(alpha.appKey) })).status).toBe(200)
    await well(after.refresh(alpha.website, alpha.tokens.refresh_token), 200)
    await after.tokens(alpha.website, alpha.agent)

    // What the app was allowed is remembered: nobody is asked again.
    expect((await admin.get(authorizePath(alpha.app.client_id, newPkce()))).status).toBe(303)
    // A page that stood open is shown again, or goes through; it is no error.
    const form = {
      request_id: hidden(asked.text, 'request_id'),
      token: hidden(asked.text, 'token'),
      decision: 'approve',
    }
    expect([200, 303]).toContain((await as(guest).post('/authorize/person', form)).status)
    await well(admin.send('POST', `/api/approvals/${alpha.waitingId}/approve`, {}), 200)

    // Mail that was waiting can be read, and its links work.
    const { data } = await well(after.admin('GET', `/dev-inbox?to=${guest.email}`), 200)
    expect(data.map(({ text }: { text: string }) => text.length > 0)).toEqual([true, true])
    await prove(after, Object.assign(as(guest), { id: guest.id, email: guest.email, password: guest.password }))
    const link = new URL(await mailedLink(after, alpha.viewer.email, '/api/auth/reset-password'))
    const onward = new URL((await after.request(link.href)).headers.get('location') ?? '', ISSUER)
    const reset = { token: onward.searchParams.get('token'), newPassword: 'under the new key' }
    await well(after.postJson('/api/auth/reset-password', reset), 200)
    const joined = await well(as(guest).send('POST', '/api/invitations/accept', { token: invited.token }), 200)
    expect(joined.organization.id).toBe(alpha.orgId)
    const again = after.browser()
    await well(again.send('POST', '/api/auth/sign-in/email', { email: guest.email, password: guest.password }), 200)

    // The two processes share the database while one of them has yet to hear of the new key.
    expect((await guest.get('/api/me')).status).toBe(200)
    expect((await well(after.admin('GET', '/audit-log/verify'), 200)).valid).toBe(true)
    // Used a day later, a session is known under the new key alone.
    after.wait(86_401)
    const renewed = await admin.get('/api/me')
    expect([renewed.status, renewed.headers.getSetCookie().length]).toEqual([200, 1])

    const { read } = after.deps.db
    const session = await read.selectFrom('session').selectAll().where('session_id', '=', alpha.sessionId).execute()
    expect(session.map(({ token_hash }) => token_hash.split(':')[0])).toEqual(['m2'])
    await after.stop()
    await before.stop()
  })
})
