import { statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createRemoteJWKSet, exportJWK, generateKeyPair, jwtVerify, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readConfig } from '../src/config.ts'
import { createLogger } from '../src/http/log.ts'
import { maintain } from '../src/maintenance.ts'
import { openWorld } from '../src/world.ts'
import {
  type AgentCredentials,
  type Credentials,
  claimsOf,
  DATABASES,
  freshDatabase,
  headerOf,
  ISSUER,
} from './harness.ts'
import { eventually, query, runProgram, type SpawnedServer, serverEnv, spawnServer } from './spawned-server.ts'

/** One at each server in turn, all at once. */
function spread<T>(
  count: number,
  servers: SpawnedServer[],
  ask: (server: SpawnedServer, n: number) => Promise<T>,
): Promise<T[]> {
  return Promise.all(Array.from({ length: count }, (_, n) => ask(servers[n % servers.length] as SpawnedServer, n)))
}

describe.each(DATABASES)('two processes on one %s database', (kind) => {
  let database: Awaited<ReturnType<typeof freshDatabase>>
  let a: SpawnedServer
  let b: SpawnedServer
  let client: Credentials
  let agent: AgentCredentials

  beforeAll(async () => {
    database = await freshDatabase(kind)
    ;[a, b] = (await Promise.all([spawnServer(database.url), spawnServer(database.url)])) as [
      SpawnedServer,
      SpawnedServer,
    ]
    ;[client, agent] = await Promise.all([a.client(), b.agent()])
  })
  afterAll(async () => {
    await Promise.all([a?.stop(), b?.stop()])
    await database?.drop()
  })

  test('that started at once made one signing key and one organization', async () => {
    const [ofA, ofB] = await Promise.all([a.request('/.well-known/jwks.json'), b.request('/.well-known/jwks.json')])
    expect(ofA.body.keys).toHaveLength(1)
    expect(ofB.body).toEqual(ofA.body)
    expect(await query(database.url, 'select org_id from organization')).toHaveLength(1)
    expect(await query(database.url, 'select kid from signing_key')).toHaveLength(1)
  })

  test('honour a token of each other', async () => {
    const { access_token } = await a.tokens(client, agent)
    expect((await b.introspect(client, access_token)).body).toMatchObject({ active: true, agent_id: agent.agent_id })
    const { status } = await b.request('/userinfo', { headers: { authorization: `Bearer ${access_token}` } })
    expect(status).toBe(200)
    const jwks = createRemoteJWKSet(new URL(`${b.url}/.well-known/jwks.json`))
    const { payload } = await jwtVerify(access_token, jwks, { issuer: ISSUER, audience: client.client_id })
    expect(payload.sub).toBe(agent.agent_id)
  })

  test('hold to a revocation of each other within a second', async () => {
    const tokens = await a.tokens(client, agent)
    await a.revoke(client, tokens.access_token)
    await eventually(async () => (await b.introspect(client, tokens.access_token)).body.active === false, 1000)

    await b.revoke(client, tokens.refresh_token)
    await eventually(async () => (await a.introspect(client, tokens.refresh_token)).body.active === false, 1000)
    expect((await a.refresh(client, tokens.refresh_token)).body.error).toBe('invalid_grant')
  })

  test('refuse an agent that was disabled at the other', async () => {
    const other = await a.agent()
    const { access_token, refresh_token } = await b.tokens(client, other)
    const { requestId } = await b.open(client)
    await a.admin('POST', `/agents/${other.agent_id}/disable`)

    expect((await b.authenticate(requestId, other)).body.success).toBe(false)
    expect((await b.introspect(client, access_token)).body).toEqual({ active: false })
    expect((await b.refresh(client, refresh_token)).status).toBe(400)
  })

  test('share a sign-in: page at one, agent at the other, code from the first, tokens from the second', async () => {
    const opened = await a.open(client)
    expect((await b.authenticate(opened.requestId, agent)).body).toEqual({ success: true, status: 'authenticated' })
    const { body } = await a.status(opened)
    const again = await b.status(opened)
    expect(again.body.code).toBe(body.code)
    expect((await b.exchange(client, { code: body.code, verifier: opened.verifier })).status).toBe(200)
    expect((await a.status(opened)).body.status).toBe('completed')
  })

  test('let one of 50 simultaneous agents in, and it stays', async () => {
    const opened = await a.open(client)
    const agents = [agent, await a.agent(), await b.agent()]
    const calls = await spread(50, [a, b], async (server, n) => {
      const caller = agents[n % agents.length] as AgentCredentials
      return { caller, ...(await server.authenticate(opened.requestId, caller)) }
    })
    const [won, ...more] = calls.filter(({ status }) => status === 200)
    expect(more).toEqual([])
    expect(calls.filter(({ body }) => body.error === 'request_completed')).toHaveLength(49)
    const { body } = await b.status(opened)
    const tokens = await a.exchange(client, { code: body.code, verifier: opened.verifier })
    expect(claimsOf(tokens.body.access_token).sub).toBe(won?.caller.agent_id)
  })

  test('take an assertion once, whichever gets it first', async () => {
    const { publicKey, privateKey } = await generateKeyPair('ES256')
    const jwks = { keys: [await exportJWK(publicKey)] }
    const service = { token_endpoint_auth_method: 'private_key_jwt', grant_types: ['client_credentials'], jwks }
    const { client_id } = await a.client(service)
    const assertion = await new SignJWT({})
      .setProtectedHeader({ alg: 'ES256' })
      .setIssuer(client_id)
      .setSubject(client_id)
      .setAudience(ISSUER)
      .setJti('once')
      .setIssuedAt()
      .setExpirationTime('1m')
      .sign(privateKey)
    const answers = await spread(20, [a, b], (server) =>
      server.post('/token', {
        grant_type: 'client_credentials',
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion: assertion,
      }),
    )
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
  })

  test('count wrong secrets together, and still let the right one in', async () => {
    const [other, { requestId }] = await Promise.all([a.agent(), a.open(client)])
    const statuses: number[] = []
    for (let n = 0; n < 12; n++) {
      const server = n % 2 ? a : b
      statuses.push((await server.authenticate(requestId, { ...other, agent_secret: 'wrong' })).status)
    }
    expect(statuses.slice(0, 9)).toEqual(Array(9).fill(401))
    expect(statuses.slice(10)).toEqual([429, 429])
    expect((await b.authenticate(requestId, other)).status).toBe(200)
  })

  test('give tokens to one of 20 simultaneous exchanges of a code, and end them for the replay', async () => {
    const code = await a.code(client, agent)
    const answers = await spread(20, [a, b], (server) => server.exchange(client, code))
    const [won, ...more] = answers.filter(({ status }) => status === 200)
    expect(more).toEqual([])
    expect(answers.filter(({ body }) => body.error === 'invalid_grant')).toHaveLength(19)
    expect((await b.introspect(client, won?.body.access_token)).body).toEqual({ active: false })
  })

  test('give 20 simultaneous refreshes the same answer', async () => {
    const { refresh_token } = await a.tokens(client, agent)
    const answers = await spread(20, [a, b], (server) => server.refresh(client, refresh_token))
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1)
    const [{ body, status } = { status: 0, body: {} }] = answers
    expect(status).toBe(200)
    expect((await b.refresh(client, body.refresh_token)).status).toBe(200)
  })

  test.for([
    ['the same', 0],
    ['the other', 1],
  ] as const)('tell a status stream of an agent at %s process', async ([where, other], { annotate }) => {
    const latencies: number[] = []
    for (let round = 0; round < 20; round++) {
      const opened = await a.open(client)
      const stream = await a.listen(opened)
      await stream.hears('pending')
      const start = performance.now()
      await (other ? b : a).authenticate(opened.requestId, agent)
      latencies.push((await stream.hears('authenticated')) - start)
      stream.close()
    }
    latencies.sort((one, two) => one - two)
    const [median = 0, slowest = 0] = [latencies[10], latencies.at(-1)]
    await annotate(`${kind}, ${where} process: median ${median.toFixed(1)} ms, slowest ${slowest.toFixed(1)} ms`)
    expect(median).toBeLessThan(200)
    expect(latencies.at(-2)).toBeLessThan(1000)
  })

  test('take up a signing key that another process made', async () => {
    const before = await a.tokens(client, agent)
    const keys = runProgram({ file: 'keys.ts', args: ['rotate', '--now'] }, serverEnv(database.url))
    expect((await keys.exited).code, keys.stderr()).toBe(0)
    const kid = /^New key: (\S+)/m.exec(keys.stdout())?.[1]

    const third = await spawnServer(database.url)
    const after = await third.tokens(client, agent)
    expect(headerOf(after.access_token).kid).toBe(kid)
    for (const server of [a, b])
      for (const { access_token } of [before, after])
        expect((await server.introspect(client, access_token)).body.active).toBe(true)
    await third.stop()
  })

  test('publish a new signing key within two seconds, whoever made it', async () => {
    const keys = runProgram({ file: 'keys.ts', args: ['rotate', '--now'] }, serverEnv(database.url))
    expect((await keys.exited).code, keys.stderr()).toBe(0)
    const kid = /^New key: (\S+)/m.exec(keys.stdout())?.[1]
    for (const server of [a, b])
      await eventually(async () => {
        const { body } = await server.request('/.well-known/jwks.json')
        return body.keys.some((key: { kid: string }) => key.kid === kid)
      }, 2000)
  })

  test('keep one audit log, whole, with the events of both', async () => {
    const opened = await Promise.all([a.open(client), b.open(client)])
    await Promise.all([a, b].map((server, n) => server.authenticate(opened[n]?.requestId ?? '', agent)))
    const { body } = await a.admin('GET', '/audit-log?action=agent.authenticated&limit=2')
    expect(new Set(body.data.map(({ chain }: { chain: string }) => chain)).size).toBe(2)

    const verdict = await b.admin('GET', '/audit-log/verify')
    expect(verdict.body).toMatchObject({ valid: true, faults: [] })
    expect(verdict.body.events).toBe((await query(database.url, 'select hash from audit_event')).length)
  })
})

describe.each(DATABASES)('three processes that start at once on an empty %s database', (kind) => {
  let database: Awaited<ReturnType<typeof freshDatabase>>
  let servers: SpawnedServer[]

  beforeAll(async () => {
    database = await freshDatabase(kind)
    // Postgres has no directory for a file of keys of its own.
    const env = { ADMIN_API_KEY: '', ...(kind === 'sqlite' && { MASTER_KEYS: '' }) }
    servers = await Promise.all([1, 2, 3].map(() => spawnServer(database.url, env)))
  })
  afterAll(async () => {
    await Promise.all(servers?.map((server) => server.stop()) ?? [])
    await database?.drop()
  })

  test('print one admin key, and all take it', async () => {
    const printed = servers.flatMap((server) => server.stdout().match(/aak_\S+/g) ?? [])
    expect(printed).toHaveLength(1)
    for (const server of servers) {
      const { status } = await server.request('/api/admin/agents', {
        headers: { authorization: `Bearer ${printed[0]}` },
      })
      expect(status).toBe(200)
    }
  })

  test('agree on their keys', async () => {
    const documents = await Promise.all(servers.map((server) => server.request('/.well-known/jwks.json')))
    expect(new Set(documents.map(({ text }) => text)).size).toBe(1)
    if (kind === 'postgres') return
    const file = join(dirname(database.url.slice('sqlite:'.length)), 'master.keys')
    expect(statSync(file).mode & 0o777).toBe(0o600)
  })
})

test.for(DATABASES)('processes that find a signing key old at the same time make one new one (%s)', async (kind) => {
  const database = await freshDatabase(kind)
  let now = Date.parse('2026-06-01T12:00:00Z')
  const outside = { now: () => now, log: createLogger('silent') }
  const config = readConfig(serverEnv(database.url))
  const worlds = [await openWorld(config, outside), await openWorld(config, outside), await openWorld(config, outside)]

  now += 91 * 86_400_000
  await Promise.all(worlds.map(({ deps }) => maintain(deps)))
  await Promise.all(worlds.map(({ deps }) => maintain(deps)))
  expect(await query(database.url, 'select kid from signing_key')).toHaveLength(2)
  for (const { deps } of worlds) expect(JSON.parse((await deps.signingKeys.jwks()).body).keys).toHaveLength(2)
  await Promise.all(worlds.map((world) => world.close()))
  await database.drop()
})
