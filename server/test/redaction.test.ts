import { expect, test } from 'vitest'
import { redact } from '../src/http/redact.ts'
import { everything, spellings } from './everything.ts'
import { basic, DATABASES, startServer } from './harness.ts'

test.each(DATABASES)('whatever happens on %s, the log at its finest holds no secret', async (database) => {
  const server = await startServer(database, { LOG_LEVEL: 'trace' })
  const secrets = await everything(server)
  const log = server.logged.join('')
  expect(server.logged.length).toBeGreaterThan(60)
  expect(secrets.size).toBeGreaterThan(30)
  const leaks = [...secrets].flatMap(([name, secret]) =>
    spellings(secret).some((spelling) => log.includes(spelling)) ? [name] : [],
  )
  expect(leaks).toEqual([])
  for (const line of server.logged) expect(JSON.parse(line)).toMatchObject({ level: expect.any(String) })

  const { text } = await server.request('/metrics')
  expect([...secrets].filter(([, secret]) => text.includes(secret))).toEqual([])
  await server.stop()
})

test('the redactor knows every kind of secret, wherever it stands', async () => {
  const server = await startServer()
  // These look like nothing in particular: they must not come near the log.
  const plain = /cookie|verifier|poll|admin|password|session token|reset token|challenge/
  const secrets = [...(await everything(server))].filter(([name]) => !plain.test(name))
  for (const [name, secret] of secrets) {
    const shapes = [secret, `before ${secret} after`, { deep: { list: [secret] } }, new Error(secret), { [secret]: 1 }]
    for (const shape of shapes)
      expect([name, JSON.stringify(redact(shape))]).toEqual([name, expect.not.stringContaining(secret)])
  }
  const { authorization } = basic('client', 'the secret of it')
  const members = {
    authorization,
    cookie: 'aa-request-1=req_1.plain',
    'set-cookie': ['plain'],
    client_secret: 'plain',
    Agent_Secret: 'plain',
    code_verifier: 'plain',
    password: 'plain',
    newPassword: 'plain',
    'x-auth-agent-poll': 'plain',
  }
  const redacted = JSON.stringify(redact({ headers: members }))
  expect(redacted).not.toContain('plain')
  expect(redacted).not.toContain(authorization?.slice(6) ?? '?')
  await server.stop()
})
