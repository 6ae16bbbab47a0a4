import { rmSync } from 'node:fs'
import { Agent, get } from 'node:http'
import { connect, type Socket } from 'node:net'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import {
  type AgentCredentials,
  type Answer,
  type Credentials,
  DATABASES,
  freshDatabase,
  startServer,
} from './harness.ts'
import {
  eventually,
  MASTER_KEYS,
  query,
  runOnFullDisk,
  runProgram,
  type SpawnedServer,
  served,
  serverEnv,
  spawnServer,
  startStorm,
} from './spawned-server.ts'

const portOf = (server: SpawnedServer) => Number(new URL(server.url).port)
const fileOf = (database: { url: string }) => database.url.slice('sqlite:'.length)

function expectUnavailable({ status, headers, body }: Answer): void {
  expect(status).toBe(503)
  expect(Number(headers.get('retry-after'))).toBeGreaterThan(0)
  if (body) expect(body.error).toBe('temporarily_unavailable')
}

describe.each(DATABASES)('a server on %s', (kind) => {
  let database: Awaited<ReturnType<typeof freshDatabase>>
  let server: SpawnedServer
  let client: Credentials
  let agent: AgentCredentials

  beforeAll(async () => {
    database = await freshDatabase(kind)
    server = await spawnServer(database.url)
    client = await server.client()
    agent = await server.agent()
  })
  afterAll(async () => {
    await server?.kill()
    await database?.drop()
  })

  test('that is killed in a storm of sign-ins keeps every answer it gave', async () => {
    const storm = startStorm(server, client, agent)
    await eventually(async () => storm.completed() > 40, 20_000)
    await server.kill()
    await storm.over
    server = await spawnServer(database.url)
    expect(await storm.broken(server, database.url)).toEqual([])
    expect((await server.admin('GET', '/audit-log/verify')).body).toMatchObject({ valid: true, faults: [] })
  })

  test('survives callers who hang up in the middle', async () => {
    const sockets = Array.from({ length: 100 }, () => converse(portOf(server)).socket)
    const heads = [
      'POST /token HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 500\r\n\r\ngrant_',
      'POST /api/agent/authenticate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"req\r\n',
      'GET /.well-known/jwks.json HTTP/1.1\r\nHost: x\r\n\r\n',
      'GET /hea',
    ]
    sockets.forEach((socket, n) => void socket.write(heads[n % heads.length] ?? ''))
    await eventually(async () => (await server.request('/health')).status === 200, 1000)
    for (const socket of sockets) socket.destroy()
    expect((await server.tokens(client, agent)).access_token).toBeTruthy()
    const faults = server.stdout().match(/"level":"(error|fatal)".*/g) ?? []
    expect(faults.at(0)).toBeUndefined()
  })

  test('gives the streams of an address back when they are closed', async () => {
    // One request may have 20 streams, one address 500.
    const pages = await Promise.all(Array.from({ length: 26 }, () => server.open(client)))
    const connections = new Agent({ maxSockets: 600 })
    let opened = 0
    const open = (method = 'GET') =>
      new Promise<number | undefined>((resolve, reject) => {
        const { requestId } = pages[opened++ % pages.length] ?? { requestId: '' }
        const path = `/api/check-status/stream?request_id=${requestId}`
        const options = { agent: connections, port: portOf(server), path, method }
        get(options, (response) => resolve(response.resume().statusCode)).once('error', reject)
      })
    const statuses = await Promise.all(Array.from({ length: 501 }, () => open()))
    expect(statuses.filter((status) => status === 200)).toHaveLength(500)
    expect(statuses.filter((status) => status === 429)).toHaveLength(1)
    connections.destroy()
    await eventually(async () => (await open()) === 200, 5000)

    // An answer without a body holds nothing open.
    for (let round = 0; round < 10; round++) await Promise.all(Array.from({ length: 51 }, () => open('HEAD')))
    await eventually(async () => (await open()) === 200, 5000)
    connections.destroy()
  })

  test('that is told to stop answers what is under way, ends its streams and exits with 0', async ({ annotate }) => {
    const stream = await server.listen(await server.open(client))
    await stream.hears('pending')
    const { refresh_token } = await server.tokens(client, agent)
    const { client_id, client_secret } = client
    const form = { grant_type: 'refresh_token', refresh_token, client_id, client_secret }
    const body = new URLSearchParams(form).toString()
    const call = converse(portOf(server))
    const head = 'POST /token HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n'
    call.socket.write(`${head}Content-Length: ${body.length}\r\n\r\n${body.slice(0, 9)}`)
    await eventually(async () => (await server.request('/health')).status === 200, 1000)

    const start = performance.now()
    server.signal('SIGTERM')
    await eventually(async () => server.stdout().includes('draining'), 2000)
    await stream.ended
    const ready = await server.request('/ready').catch(() => undefined)
    expect([undefined, 503]).toContain(ready?.status)
    call.socket.write(body.slice(9))
    await eventually(async () => call.heard().includes('"access_token"'), 2000)
    expect(call.heard()).toMatch(/^HTTP\/1.1 200/)
    expect(await server.exited).toEqual({ code: 0, signal: null })
    const ms = performance.now() - start
    await annotate(`drained in ${ms.toFixed(0)} ms`)
    expect(ms).toBeLessThan(5000)
    const unsigned = `select last.chain from (select chain, max(seq) as seq from audit_event group by chain) last
      left join audit_head h on h.chain = last.chain and h.seq = last.seq where h.chain is null`
    expect(await query(database.url, unsigned)).toEqual([])
  })
})

function converse(port: number): { socket: Socket; heard(): string } {
  let heard = ''
  const socket = connect(port, '127.0.0.1')
  socket.setEncoding('utf8').on('data', (text: string) => {
    heard += text
  })
  socket.on('error', () => {})
  return { socket, heard: () => heard }
}

describe('on SQLite', () => {
  let database: Awaited<ReturnType<typeof freshDatabase>>
  let server: SpawnedServer
  let client: Credentials
  let agent: AgentCredentials

  beforeAll(async () => {
    database = await freshDatabase('sqlite')
    server = await spawnServer(database.url)
    client = await server.client()
    agent = await server.agent()
  })
  const locks: { release(): Promise<unknown> }[] = []
  afterEach(() => Promise.all(locks.splice(0).map(({ release }) => release())))
  afterAll(async () => {
    await server?.kill()
    await database?.drop()
  })

  /** Another process that holds the write lock. */
  async function lockDatabase() {
    const script = `import { DatabaseSync } from 'node:sqlite'
      const handle = new DatabaseSync(process.env.DATABASE)
      handle.exec('pragma busy_timeout = 5000; begin exclusive')
      console.log('locked')
      setInterval(() => {}, 1000)`
    const holder = runProgram({ script }, { DATABASE: fileOf(database) })
    await eventually(async () => holder.stdout().includes('locked'), 5000)
    const lock = {
      release() {
        holder.signal('SIGKILL')
        return holder.exited
      },
    }
    locks.push(lock)
    return lock
  }

  /** The slowest of reads that follow each other while something else goes on. */
  async function slowestRead(until: Promise<unknown>, token: string): Promise<number> {
    let slowest = 0
    let over = false
    until.finally(() => {
      over = true
    })
    while (!over) {
      const start = performance.now()
      expect((await server.request('/health')).status).toBe(200)
      expect((await server.introspect(client, token)).body.active).toBe(true)
      slowest = Math.max(slowest, performance.now() - start)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    return slowest
  }

  test('a write waits for the lock of another process, and reads do not', async ({ annotate }) => {
    const { access_token } = await server.tokens(client, agent)
    const opened = await server.open(client)
    const lock = await lockDatabase()
    const writes = Promise.all([server.authenticate(opened.requestId, agent), server.open(client)])
    setTimeout(lock.release, 1000)
    const slowest = await slowestRead(writes, access_token)
    await annotate(`slowest pair of reads while the database was locked: ${slowest.toFixed(0)} ms`)
    expect(slowest).toBeLessThan(1000)
    expect((await writes)[0].status).toBe(200)
  })

  test('a lock that stays is answered with 503, and nothing is half-written', async () => {
    const { access_token } = await server.tokens(client, agent)
    const opened = await server.open(client)
    const lock = await lockDatabase()
    const write = server.authenticate(opened.requestId, agent)
    expect(await slowestRead(write, access_token)).toBeLessThan(1000)
    expectUnavailable(await write)
    await lock.release()
    expect((await server.status(opened)).body).toEqual({ status: 'pending' })
    expect((await server.authenticate(opened.requestId, agent)).status).toBe(200)
    expect((await server.admin('GET', '/audit-log/verify')).body).toMatchObject({ valid: true })
  })

  test('a full disk is answered with 503 until there is room', async () => {
    await server.stop()
    // A mebibyte for each file: the write-ahead log is what fills it.
    server = await served(runOnFullDisk('main.ts', 2048, serverEnv(database.url)))
    const { access_token } = await server.tokens(client, agent)
    const opened = await server.open(client)
    await eventually(async () => {
      for (let n = 0; n < 20; n++) await server.open(client).catch(() => {})
      return (await server.request('/ready')).status === 503
    }, 20_000)
    expect((await server.request('/health')).status).toBe(200)
    expect((await server.introspect(client, access_token)).body.active).toBe(true)
    expectUnavailable(await server.authenticate(opened.requestId, agent))
    expect((await server.status(opened)).body).toEqual({ status: 'pending' })

    const handle = new DatabaseSync(fileOf(database))
    handle.exec('pragma wal_checkpoint(truncate)')
    handle.close()
    await eventually(async () => (await server.request('/ready')).status === 200, 5000)
    expect((await server.authenticate(opened.requestId, agent)).status).toBe(200)
    expect((await server.admin('GET', '/audit-log/verify')).body).toMatchObject({ valid: true })
  })

  test('a change feed that cannot be read delays the streams and ends nothing', async () => {
    const opened = await server.open(client)
    const stream = await server.listen(opened)
    await stream.hears('pending')
    const handle = new DatabaseSync(fileOf(database))
    handle.exec('pragma busy_timeout = 5000; alter table change_feed rename to lost')
    // The fallback of the feed looks once a second.
    await new Promise((resolve) => setTimeout(resolve, 1200))
    expect((await server.request('/health')).status).toBe(200)
    handle.exec('alter table lost rename to change_feed')
    handle.close()
    expect((await server.authenticate(opened.requestId, agent)).status).toBe(200)
    await stream.hears('authenticated', 2000)
  })

  test('a database file that is gone is told by /ready', async () => {
    await server.stop()
    const doomed = await freshDatabase('sqlite')
    const bereft = await spawnServer(doomed.url)
    for (const suffix of ['', '-wal', '-shm']) rmSync(`${fileOf(doomed)}${suffix}`)
    await eventually(async () => (await bereft.request('/ready')).status === 503, 5000)
    expect((await bereft.request('/health')).status).toBe(200)
    await bereft.kill()
    await doomed.drop()
    server = await spawnServer(database.url)
  })
})

describe.each(DATABASES)('a clock that jumps by a minute on %s', (kind) => {
  test.for([-60, 59])('(%i s) breaks nothing and widens nothing', async (seconds) => {
    const server = await startServer(kind, { MASTER_KEYS })
    const client = await server.client({ token_endpoint_auth_method: 'client_secret_post' })
    const agent = await server.agent()
    const tokens = await server.tokens(client, agent)
    const window = server.browser()
    const { requestId, pkce } = await window.open(client.client_id)
    const code = await server.code(client, agent)
    await server.exchange(client, code)
    const rotated = await server.tokens(client, agent)
    const successor = await server.refresh(client, rotated.refresh_token)

    server.wait(seconds)
    expect((await server.introspect(client, tokens.access_token)).body).toMatchObject({ active: true })
    expect((await server.refresh(client, tokens.refresh_token)).status).toBe(200)
    expect((await server.refresh(client, successor.body.refresh_token)).status).toBe(200)
    expect((await server.exchange(client, code)).status).toBe(400)
    expect((await server.authenticate(requestId, agent)).status).toBe(200)
    const { body } = await window.get(`/api/check-status?request_id=${requestId}`)
    expect((await server.exchange(client, { code: body.code, verifier: pkce.verifier })).status).toBe(200)
    expect((await server.admin('GET', '/audit-log/verify')).body).toMatchObject({ valid: true })
    await server.stop()
  })
})
