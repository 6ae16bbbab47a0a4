import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ADMIN_KEY, type AgentCredentials, type Credentials, DATABASES, freshDatabase } from './harness.ts'
import { MASTER_KEYS, OTHER_KEY, runProgram, type SpawnedServer, serverEnv, spawnServer } from './spawned-server.ts'

/** What a server says that cannot start. */
async function failedStart(env: Record<string, string>): Promise<string> {
  const program = runProgram({ file: 'main.ts' }, env)
  expect(await program.exited, program.stderr()).toEqual({ code: 1, signal: null })
  return program.stderr()
}

describe('a server does not start', () => {
  test('with a faulty environment, and names every fault at once and no secret', async () => {
    const env = {
      PORT: '99999',
      ISSUER: 'http://auth.example.com',
      DATABASE_URL: 'mysql://root:hunter2@db',
      MASTER_KEYS: 'm1:dG9vLXNob3J0',
      ADMIN_API_KEY: 'short-key',
      LOG_LEVEL: 'loud',
      TRUSTED_PROXIES: 'everybody',
      CORS_ORIGINS: 'https://app.example.com/path',
      BODY_LIMIT_MB: 'ten',
      REQUIRE_EMAIL_VERIFICATION: 'maybe',
      TRUSTED_ISSUERS: '[{',
      WORKOS_CLIENT_ID: 'https://api.workos.com/client_01',
      AUTHKIT_JWKS_URL: 'http://api.workos.com/sso/jwks/client_01',
    }
    const said = await failedStart(env)
    for (const name of Object.keys(env)) expect(said).toContain(`- ${name} `)
    expect(said).toContain('13 faults')
    expect(said).not.toMatch(/hunter2|dG9vLXNob3J0|short-key/)
    expect(said).not.toMatch(/^\s+at /m)
  })

  test('in production without master keys', async () => {
    expect(await failedStart({ NODE_ENV: 'production' })).toMatch(/MASTER_KEYS is required/)
  })

  test('on a port that is in use', async () => {
    const socket = createServer().listen(0, '127.0.0.1')
    await once(socket, 'listening')
    const { port } = socket.address() as AddressInfo
    expect(await failedStart(serverEnv('sqlite::memory:', { PORT: String(port) }))).toMatch(/port is in use/)
    socket.close()
  })

  test('on a database that cannot be reached, and says which without its password', async () => {
    const said = await failedStart(serverEnv('postgres://auth:hunter2@localhost:1/auth'))
    expect(said).toMatch(/database|ECONNREFUSED/i)
    expect(said).not.toContain('hunter2')
    expect(await failedStart(serverEnv('sqlite:/dev/null/auth.db'))).toMatch(/Cannot start: \S/)
  })
})

describe.each(DATABASES)('a server that starts again on its %s database', (kind) => {
  let database: Awaited<ReturnType<typeof freshDatabase>>
  let server: SpawnedServer
  let client: Credentials
  let agent: AgentCredentials
  let tokens: Awaited<ReturnType<SpawnedServer['tokens']>>
  let code: Awaited<ReturnType<SpawnedServer['code']>>
  let waiting: Awaited<ReturnType<SpawnedServer['open']>>
  let jwks: string

  beforeAll(async () => {
    database = await freshDatabase(kind)
    server = await spawnServer(database.url)
    client = await server.client()
    agent = await server.agent()
    tokens = await server.tokens(client, agent)
    code = await server.code(client, agent)
    waiting = await server.open(client)
    jwks = (await server.request('/.well-known/jwks.json')).text
    await server.stop()
  })
  afterAll(() => database?.drop())

  test('refuses other master keys, and says so', async () => {
    for (const keys of [`m1:${OTHER_KEY}`, `m2:${OTHER_KEY}`])
      expect(await failedStart(serverEnv(database.url, { MASTER_KEYS: keys }))).toMatch(/MASTER_KEYS/)
  })

  test.for([
    ['the same master keys', MASTER_KEYS],
    ['a new master key in front', `m2:${OTHER_KEY},${MASTER_KEYS}`],
  ] as const)('goes on with %s', async ([, keys]) => {
    server = await spawnServer(database.url, { MASTER_KEYS: keys })
    expect((await server.request('/.well-known/jwks.json')).text).toBe(jwks)
    expect((await server.introspect(client, tokens.access_token)).body).toMatchObject({ active: true })
    const refreshed = await server.refresh(client, tokens.refresh_token)
    expect(refreshed.status).toBe(200)
    tokens = refreshed.body

    expect((await server.exchange(client, code)).status).toBe(200)
    code = await server.code(client, agent)
    expect((await server.authenticate(waiting.requestId, agent)).status).toBe(200)
    expect((await server.status(waiting)).body.code).toMatch(/^code_/)
    waiting = await server.open(client)
    expect((await server.admin('GET', '/audit-log/verify')).body).toMatchObject({ valid: true })
    expect(server.stdout()).not.toContain(ADMIN_KEY)
    await server.stop()
  })

  test('keeps the admin key that it printed, under a new master key too', async () => {
    const own = await freshDatabase(kind)
    const first = await spawnServer(own.url, { ADMIN_API_KEY: '' })
    const key = /aak_\S+/.exec(first.stdout())?.[0]
    await first.stop()
    const again = await spawnServer(own.url, { ADMIN_API_KEY: '', MASTER_KEYS: `m2:${OTHER_KEY},${MASTER_KEYS}` })
    const answer = await again.request('/api/admin/agents', { headers: { authorization: `Bearer ${key}` } })
    expect(answer.status).toBe(200)
    expect(again.stdout()).not.toContain('aak_')
    await again.stop()
    await own.drop()
  })
})
