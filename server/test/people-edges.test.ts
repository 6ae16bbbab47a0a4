import { expect, test, vi } from 'vitest'
import { DatabaseUnavailableError } from '../src/storage/database.ts'
import { ISSUER, startServer } from './harness.ts'
import { address, auth, cookiesOf, me, PASSWORD } from './people.ts'

test('over https the cookie is bound to the host', async () => {
  const server = await startServer('sqlite', { ISSUER: 'https://auth.example.com' })
  const answer = await server.request('https://auth.example.com/api/auth/sign-up/email', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'Ada', email: 'ada@example.com', password: PASSWORD }),
  })
  expect(answer.headers.getSetCookie()).toEqual([
    expect.stringMatching(
      /^__Host-auth-agent\.session_token=[^;]+; Max-Age=\d+; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
    ),
  ])
  expect((await me(server, cookiesOf(answer))).status).toBe(200)
  await server.stop()
})

test('a provider without its secret stops the start, and says which', async () => {
  for (const name of ['GITHUB_CLIENT_ID', 'GOOGLE_CLIENT_SECRET'])
    await expect(startServer('sqlite', { [name]: 'x' })).rejects.toMatchObject({
      faults: [expect.stringContaining(name.slice(0, 14))],
    })
})

test('nothing that is sent makes the server fail', async () => {
  const server = await startServer()
  const { cookies } = await server.person({ name: 'Pat', email: 'fuzz@example.com' })
  const routes = server.app.routes.filter(({ method, path }) => path.startsWith('/api/auth') && method !== 'ALL')
  expect(routes.length).toBeGreaterThan(15)
  const odd = [null, 1, '', [], {}, 'x'.repeat(5000), '\u0000', { a: { b: [] } }, true]
  const fields = ['name', 'email', 'password', 'callbackURL', 'token', 'newPassword', 'response', 'id', 'provider']
  const bodies = [
    '',
    'x',
    '[]',
    'null',
    '"text"',
    '{"email":',
    '{"email":"a\\u0000@example.com"}',
    '['.repeat(5000),
    ...odd.map((value) => JSON.stringify(Object.fromEntries(fields.map((field) => [field, value])))),
    JSON.stringify({ response: { id: 'x', response: { transports: 7, clientDataJSON: {}, attestationObject: [] } } }),
    JSON.stringify({ email: ['a@example.com'], password: { length: 9 }, name: {} }),
  ]
  for (const { method, path } of routes)
    for (const body of method === 'GET' ? [undefined] : bodies)
      for (const query of ['', '?token=%00&callbackURL=%00', '?state=a&state=b&code=%ff', '?callbackURL[]=1']) {
        const answer = await server.request(
          `${path.replace(':token', '%F0%9F%92%A9')}${query}`,
          {
            method,
            headers: { cookie: cookies(), 'content-type': 'application/json', origin: ISSUER },
            ...(body !== undefined && { body }),
          },
          address(),
        )
        expect([method, path, body, query, answer.status < 500]).toEqual([method, path, body, query, true])
        if (answer.status >= 400) expect(answer.body.error).toEqual(expect.any(String))
      }
  await server.stop()
})

test('what better-auth offers and we do not is not there', async () => {
  const server = await startServer()
  for (const path of ['/list-sessions', '/ok', '/error', '/list-accounts', '/delete-user/callback'])
    expect([path, (await auth(server, path)).status]).toEqual([path, 404])
  for (const path of ['/revoke-session', '/revoke-sessions', '/delete-user', '/change-email', '/link-social'])
    expect([path, (await auth(server, path, {})).status]).toEqual([path, 404])
  const wrongMethod = await auth(server, '/sign-in/email')
  expect([wrongMethod.status, wrongMethod.headers.get('allow')]).toEqual([405, 'POST'])
  await server.stop()
})

test('a database that fails is said to, where better-auth would say that all went well', async () => {
  const server = await startServer()
  const person = await server.person({ name: 'Ada', email: 'ada@example.com' })
  const write = vi.spyOn(server.deps.db, 'write').mockRejectedValue(new DatabaseUnavailableError('gone'))
  const refused = await person.send('POST', '/api/auth/sign-out', {})
  expect([refused.status, refused.body.error, refused.headers.get('retry-after')]).toEqual([
    503,
    'temporarily_unavailable',
    '1',
  ])
  for (const [path, body] of [
    ['/sign-up/email', { name: 'X', email: 'x@example.com', password: PASSWORD }],
    ['/sign-in/email', { email: 'ada@example.com', password: PASSWORD }],
    ['/request-password-reset', { email: 'ada@example.com' }],
    ['/update-user', { name: 'X' }],
  ] as const)
    expect([path, (await person.send('POST', `/api/auth${path}`, body)).status]).toEqual([path, 503])
  write.mockRestore()
  expect((await person.get('/api/me')).body.user.name).toBe('Ada')
  await server.stop()
})

test('who has a whole IPv6 network is one caller', async () => {
  const server = await startServer()
  const guess = (address: string) => {
    const body = JSON.stringify({ email: 'ada@example.com', password: 'a guess' })
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body }
    return server.request('/api/auth/sign-in/email', init, address)
  }
  for (let at = 0; at < 10; at++) expect((await guess(`2001:db8::${at}`)).status).toBe(401)
  expect((await guess('2001:db8:0:0:ffff::1')).status).toBe(429)
  expect((await guess('2001:db8:0:1::1')).status).toBe(401)
  await server.stop()
})
