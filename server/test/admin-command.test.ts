import { execFile } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { DATABASES, type DatabaseKind, startServer, type TestServer } from './harness.ts'
import { auth, cookiesOf, me, signIn } from './people.ts'

const MASTER_KEYS = `m1:${Buffer.alloc(32, 7).toString('base64')}`

/** `npm run admin`, beside a server that runs. */
function admin(server: TestServer, ...args: string[]): Promise<{ status: number; said: string }> {
  const script = new URL('../src/admin.ts', import.meta.url).pathname
  const env = { DATABASE_URL: server.databaseUrl, MASTER_KEYS, PORT: '0' }
  return new Promise((resolve) => {
    execFile(process.execPath, [script, ...args], { env }, (error, stdout, stderr) =>
      resolve({ status: error ? Number(error.code) : 0, said: stdout + stderr }),
    )
  })
}

const tokenIn = (said: string) => /reset-password\?token=(\S+)/.exec(said)?.[1] ?? ''

describe.each(DATABASES)('npm run admin, on %s', (database: DatabaseKind) => {
  test('makes an administrator who sets a password by a link, within a day and once', async () => {
    const server = await startServer(database, { REQUIRE_EMAIL_VERIFICATION: 'true', MASTER_KEYS })
    const made = await admin(server, 'create', 'Root@example.com', '--name', 'Ro Ot')
    expect(made).toMatchObject({ status: 0, said: expect.stringContaining('was made an administrator') })
    const reset = (newPassword: string) => auth(server, '/reset-password', { token: tokenIn(made.said), newPassword })
    expect((await reset('a password of root')).status).toBe(200)
    expect((await reset('another password')).status).toBe(400)
    const cookie = cookiesOf(await signIn(server, 'root@example.com', 'a password of root'))
    expect((await me(server, cookie)).body).toMatchObject({
      user: { name: 'Ro Ot', email: 'root@example.com', email_verified: true },
      operator: true,
    })
    await server.stop()
  })

  test('leaves nobody else to become one by coming first', async () => {
    const server = await startServer(database, { MASTER_KEYS })
    const { said } = await admin(server, 'create', 'root@example.com', '--password', 'a password of root')
    expect(said).not.toContain('token=')
    const next = await server.person({ name: 'Next', email: 'next@example.com' })
    expect((await next.get('/api/me')).body.operator).toBe(false)
    const cookie = cookiesOf(await signIn(server, 'root@example.com', 'a password of root'))
    expect((await me(server, cookie)).body.operator).toBe(true)
    await server.stop()
  })

  test('takes an account from whoever signed up with the address and never proved it', async () => {
    const server = await startServer(database, { MASTER_KEYS })
    await server.person({ name: 'First', email: 'first@example.com' })
    const squatter = await server.person({ name: 'Eve', email: 'root@example.com', password: 'of the squatter' })
    const { said } = await admin(server, 'create', 'root@example.com')
    expect(said).toContain('is now an administrator')
    expect((await squatter.get('/api/me')).status).toBe(401)
    expect((await signIn(server, 'root@example.com', 'of the squatter')).status).toBe(401)
    const newPassword = 'a password of root'
    await auth(server, '/reset-password', { token: tokenIn(said), newPassword })
    const cookie = cookiesOf(await signIn(server, 'root@example.com', newPassword))
    expect((await me(server, cookie)).body.operator).toBe(true)
    await server.stop()
  })
})

test('npm run admin says how it is used, and what is wrong with what it is given', async () => {
  const server = await startServer('sqlite', { MASTER_KEYS })
  expect(await admin(server)).toMatchObject({ status: 0, said: expect.stringContaining('admin -- create') })
  for (const [args, sentence] of [
    [['destroy', 'a@example.com'], 'admin -- create'],
    [['create'], 'admin -- create'],
    [['create', 'a@example.com', 'b@example.com'], 'admin -- create'],
    [['create', 'a@example.com', '--bogus'], 'admin -- create'],
    [['create', 'nobody'], 'email must be an e-mail address'],
    [['create', 'a@example.com', '--password', 'short'], 'password must have at least 8 characters'],
  ] as const)
    expect(await admin(server, ...args)).toMatchObject({ status: 1, said: expect.stringContaining(sentence) })
  await server.stop()
})
