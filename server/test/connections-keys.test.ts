import { createHash } from 'node:crypto'
import type { Updateable } from 'kysely'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { readConfig } from '../src/config.ts'
import { deliverDueWebhooks } from '../src/connections/webhook-delivery.ts'
import { createLogger } from '../src/http/log.ts'
import { changeSealed } from '../src/master-key-change.ts'
import { SEALED_COLUMNS } from '../src/sealed-columns.ts'
import type { ConnectionFlowTable, ConnectionTable } from '../src/storage/schema.ts'
import { openWorld, type World } from '../src/world.ts'
import { type ConnectionsServer, connectionsOf, startConnections } from './connection-flows.ts'
import { ADMIN_KEY, DATABASES, freshDatabase, locationOf } from './harness.ts'
import { type IdentityProvider, startIdentityProvider } from './identity-provider.ts'
import { eventually, MASTER_KEYS, OTHER_KEY, query, runProgram, serverEnv, spawnServer } from './spawned-server.ts'
import { seedConnection, seedProvider, startTokenProvider } from './token-provider.ts'
import { startWebhookReceiver } from './webhook-receiver.ts'

const CLIENT_ID = 'our-client'
const RETURN_URL = 'https://app.example.com/done'
const VERIFIER = 'v'.repeat(43)

describe.each(DATABASES)('what is sealed and was moved, on %s', (kind) => {
  let server: ConnectionsServer
  let idp: IdentityProvider

  beforeAll(async () => {
    idp = await startIdentityProvider(CLIENT_ID)
    server = await startConnections(kind, { ALLOWED_RETURN_DOMAINS: 'app.example.com' })
    for (const [name, client_secret] of [
      ['idp', 'secret-of-idp-canary'],
      ['other', 'secret-of-other-canary'],
    ])
      await server.admin('POST', '/providers', { name, issuer: idp.issuer, client_id: CLIENT_ID, client_secret })
  })
  afterEach(() => idp.reset())
  afterAll(async () => {
    await server?.stop()
    await idp?.stop()
  })

  const flows = () => connectionsOf(server, idp, ADMIN_KEY)
  const call = (method: string, path: string, body?: object) =>
    server.call(method, path, { token: ADMIN_KEY, ...(body && { body }) })
  const connection = (id: string) =>
    server.deps.db.read.selectFrom('connection').selectAll().where('connection_id', '=', id).executeTakeFirstOrThrow()
  const flow = (id: string) =>
    server.deps.db.read
      .selectFrom('connection_flow')
      .selectAll()
      .where('connection_id', '=', id)
      .executeTakeFirstOrThrow()
  const put = (id: string, changes: Updateable<ConnectionTable>) =>
    server.deps.db.write(({ trx }) =>
      trx.updateTable('connection').set(changes).where('connection_id', '=', id).execute(),
    )
  const putFlow = (id: string, changes: Updateable<ConnectionFlowTable>) =>
    server.deps.db.write(({ trx }) =>
      trx.updateTable('connection_flow').set(changes).where('connection_id', '=', id).execute(),
    )
  const told = async (target: string) => {
    const { body } = await server.admin('GET', '/audit-log?action=connection.integrity_error&limit=200')
    return body.data.filter((event: { target: string }) => event.target === target).length
  }
  const secretOf = (name: string) =>
    server.deps.db.read
      .selectFrom('provider')
      .select('client_secret_sealed')
      .where('provider_name', '=', name)
      .executeTakeFirstOrThrow()
  const putSecret = (name: string, client_secret_sealed: string | null) =>
    server.deps.db.write(({ trx }) =>
      trx.updateTable('provider').set({ client_secret_sealed }).where('provider_name', '=', name).execute(),
    )

  test('opens no flow: the code goes nowhere, the person goes back, and it is told of', async () => {
    const one = (await flows().request({ return_url: RETURN_URL })).body
    const two = (await flows().request({ return_url: RETURN_URL })).body
    const { secrets_sealed } = await flow(two.connection_id)
    await putFlow(one.connection_id, { secrets_sealed })
    const back = locationOf(await flows().callback(idp.consent(one.authUrl)))
    expect([back.searchParams.get('status'), back.searchParams.get('error')]).toEqual(['error', 'exchange_failed'])
    expect(idp.calls('/token')).toBe(0)
    expect((await flows().check(one.connection_id)).body).toMatchObject({ status: 'failed', reason: 'exchange_failed' })
    expect(await told(one.connection_id)).toBe(1)
    expect(locationOf(await flows().callback(idp.consent(two.authUrl))).searchParams.get('status')).toBe('success')
  })

  test('is no consent: neither that of another flow nor what the flow itself began with', async () => {
    const session_challenge = createHash('sha256').update(VERIFIER).digest('base64url')
    const begin = async () => (await flows().request({ session_challenge, return_url: RETURN_URL })).body
    const [one, two] = [await begin(), await begin()]
    const { secrets_sealed: begun } = await flow(one.connection_id)
    for (const { authUrl } of [one, two]) await flows().callback(idp.consent(authUrl))
    const { secrets_sealed: own } = await flow(one.connection_id)
    const { secrets_sealed: foreign } = await flow(two.connection_id)
    const confirm = () => call('POST', `/v1/connections/${one.connection_id}/confirm`, { session_verifier: VERIFIER })
    for (const secrets_sealed of [foreign, begun]) {
      await putFlow(one.connection_id, { secrets_sealed })
      const { status, body } = await confirm()
      expect([status, body.error]).toEqual([500, 'integrity_error'])
      expect((await flows().check(one.connection_id)).body.status).toBe('pending')
    }
    expect(await told(one.connection_id)).toBe(2)
    await putFlow(one.connection_id, { secrets_sealed: own })
    expect((await confirm()).status).toBe(200)
  })

  test('sends no client secret of another provider, nor one that was replaced, to anybody', async () => {
    const { connection_id } = await flows().connect({})
    const { client_secret_sealed: right } = await secretOf('idp')
    const { client_secret_sealed: foreign } = await secretOf('other')
    idp.seen.length = 0
    await putSecret('idp', foreign)
    const { status, body } = await call('POST', `/v1/refresh/${connection_id}`)
    expect([status, body.error]).toEqual([500, 'integrity_error'])
    const { answer } = await flows().connect({ return_url: RETURN_URL })
    expect(locationOf(answer).searchParams.get('error')).toBe('exchange_failed')
    const ended = (await flows().request({})).body.connection_id
    expect((await call('DELETE', `/v1/connections/${ended}`)).status).toBe(200)
    expect(idp.calls('/token')).toBe(0)
    expect(await told('idp')).toBeGreaterThan(0)
    expect(server.logged.join('')).not.toContain('secret-of-')
    await putSecret('idp', right)
    expect((await call('POST', `/v1/refresh/${connection_id}`)).status).toBe(200)
  })

  test('refreshes nothing by the tokens before, where those are not of this connection', async () => {
    await server.admin('PUT', '/providers/idp', { rotation_leeway_s: 600 })
    const { connection_id: one } = await flows().connect({})
    const { connection_id: two } = await flows().connect({})
    for (const id of [one, two]) await call('POST', `/v1/refresh/${id}`)
    await put(one, { previous_sealed: (await connection(two)).previous_sealed })
    server.wait(11)
    Object.assign(idp.behaviour, { tokenStatus: 400, token: { error: 'invalid_grant', access_token: undefined } })
    const { status, body } = await call('POST', `/v1/refresh/${one}`)
    expect([status, body.error]).toEqual([500, 'integrity_error'])
    expect(await told(one)).toBe(1)
    expect(await connection(one)).toMatchObject({ status: 'active', lease_owner: null })
  })

  test('gives no token of another organization, connection or generation, whole or in part', async () => {
    const { connection_id: one } = await flows().connect({})
    const { connection_id: two } = await flows().connect({})
    const right = await connection(one)
    const sealed = right.tokens_sealed ?? ''
    const [version, key, wrapped, body] = sealed.split('.')
    const [, , foreignWrapped, foreignBody] = ((await connection(two)).tokens_sealed ?? '').split('.')
    const forgeries: Updateable<ConnectionTable>[] = [
      { tokens_sealed: [version, key, foreignWrapped, foreignBody].join('.') },
      { tokens_sealed: [version, key, foreignWrapped, body].join('.') },
      { tokens_sealed: [version, key, wrapped, foreignBody].join('.') },
      { tokens_sealed: [version, 'm9', wrapped, body].join('.') },
      { tokens_sealed: ['s0', key, wrapped, body].join('.') },
      { tokens_sealed: `${sealed.slice(0, -1)}${sealed.endsWith('A') ? 'B' : 'A'}`.replace(/..$/, 'zz') },
      { tokens_sealed: '{"access_token":"x","token_type":"Bearer"}' },
      { tokens_sealed: '' },
      { generation: right.generation + 1 },
      { generation: right.generation - 1 },
    ]
    for (const forgery of forgeries) {
      await put(one, forgery)
      for (const ask of [
        () => call('GET', `/v1/token/${one}`),
        () => call('POST', `/v1/refresh/${one}`),
        () => call('GET', `/v1/proxy/${one}/x`),
      ]) {
        const { body, text } = await ask()
        expect([forgery, ['integrity_error', 'invalid_request'].includes(body.error)]).toEqual([forgery, true])
        expect(text).not.toContain('canary')
      }
      await put(one, { tokens_sealed: sealed, generation: right.generation })
    }
    expect(await told(one)).toBeGreaterThanOrEqual(2 * forgeries.length)
    expect((await call('GET', `/v1/token/${one}`)).status).toBe(200)
  })

  test('signs no webhook, and holds up no other', async () => {
    const receiver = await startWebhookReceiver()
    const hook = async () => (await call('POST', '/api/webhooks', { url: receiver.url })).body.webhook_id
    const [altered, right] = [await hook(), await hook()]
    const rows = await server.deps.db.read.selectFrom('webhook').selectAll().execute()
    const secret_sealed = rows.find(({ webhook_id }) => webhook_id === right)?.secret_sealed ?? ''
    await server.deps.db.write(({ trx }) =>
      trx.updateTable('webhook').set({ secret_sealed }).where('webhook_id', '=', altered).execute(),
    )
    const { connection_id } = await flows().connect({})
    await deliverDueWebhooks(server.deps)
    expect(receiver.of(connection_id, 'connection.active')).toHaveLength(1)
    const { body } = await call('GET', `/api/webhooks/${altered}/deliveries`)
    expect(body.data[0]).toMatchObject({ attempts: 1, last_error: 'integrity_error', delivered_at: null })
    await receiver.stop()
  })
})

describe.each(DATABASES)('the master keys of a %s database with connections', (kind) => {
  const BOTH = `m2:${OTHER_KEY},${MASTER_KEYS}`
  const NEW = `m2:${OTHER_KEY}`
  const ENV = { EGRESS_ALLOW: '127.0.0.1', CONNECTION_TOKENS_RPM: '10000000' }
  const CONNECTIONS = 150
  let database: Awaited<ReturnType<typeof freshDatabase>>
  let provider: Awaited<ReturnType<typeof startTokenProvider>>
  let ids: string[]

  beforeAll(async () => {
    database = await freshDatabase(kind)
    provider = await startTokenProvider()
    await inWorld(MASTER_KEYS, async ({ deps }) => {
      await seedProvider(deps, provider.origin)
      const seed = () => seedConnection(deps, 'operator', provider.issue(Date.now() + 3_600_000))
      ids = await Promise.all(Array.from({ length: CONNECTIONS }, seed))
    })
  })
  afterAll(async () => {
    await provider?.stop()
    await database?.drop()
  })

  async function inWorld(keys: string, work: (world: World) => Promise<unknown>) {
    const config = readConfig(serverEnv(database.url, { ...ENV, MASTER_KEYS: keys }))
    const world = await openWorld(config, { log: createLogger('silent') })
    await work(world)
    await world.close()
  }
  const keys = async (args: string[], masterKeys = BOTH) => {
    const program = runProgram({ file: 'keys.ts', args }, serverEnv(database.url, { MASTER_KEYS: masterKeys }))
    return { ...(await program.exited), said: program.stdout() + program.stderr() }
  }
  const start = (masterKeys: string, env = {}) =>
    runProgram({ file: 'main.ts' }, serverEnv(database.url, { ...ENV, MASTER_KEYS: masterKeys, ...env }))
  const under = async (id: string) => {
    const statement = `select count(*) as n from connection where tokens_sealed like 's1.${id}.%'`
    return Number((await query(database.url, statement))[0]?.n)
  }

  test('are needed at the start: none, a short one, another one', async () => {
    const refused = [
      ['', { NODE_ENV: 'production' }, /MASTER_KEYS is required/],
      [`m1:${Buffer.alloc(31, 7).toString('base64')}`, {}, /MASTER_KEYS must hold keys of 32 bytes/],
      [`m1:${OTHER_KEY}`, {}, /MASTER_KEYS are not those/],
      [NEW, {}, /MASTER_KEYS are not those/],
    ] as const
    const programs = refused.map(([masterKeys, env, said]) => ({ program: start(masterKeys, env), said }))
    for (const { program, said } of programs) {
      expect(await program.exited).toEqual({ code: 1, signal: null })
      expect(program.stderr()).toMatch(said)
      expect(program.stderr()).not.toMatch(/^\s+at /m)
    }
  })

  test('are changed while servers run, killed in the middle and begun again, without a fetch that fails', async () => {
    const servers = await Promise.all([1, 2].map(() => spawnServer(database.url, { ...ENV, MASTER_KEYS: BOTH })))
    const authorization = `Bearer ${ADMIN_KEY}`
    const failed: string[] = []
    let fetches = 0
    let stopped = false
    const worker = async (n: number) => {
      for (let turn = n; !stopped; turn += 7) {
        const path = turn % 5 === 0 ? `/v1/refresh/${ids[turn % ids.length]}` : `/v1/token/${ids[turn % ids.length]}`
        const method = turn % 5 === 0 ? 'POST' : 'GET'
        const answer = await servers[turn % 2]?.request(path, { method, headers: { authorization } })
        if (answer?.status === 200) fetches++
        else failed.push(`${answer?.status} ${answer?.text}`)
      }
    }
    const load = Promise.all([0, 1, 2, 3].map(worker))
    const cutOff = runProgram({ file: 'keys.ts', args: ['rewrap'] }, serverEnv(database.url, { MASTER_KEYS: BOTH }))
    const begun = await under('m2')
    await eventually(async () => (await under('m2')) > begun + 20, 20_000)
    cutOff.signal('SIGKILL')
    expect(await cutOff.exited).toEqual({ code: null, signal: 'SIGKILL' })
    expect(await under('m1')).toBeGreaterThan(0)
    const between = await keys(['status'])
    expect([between.code, between.said]).toEqual([0, expect.stringMatching(/Key m1: still needed/)])

    for (const how of ['rewrap', 'reencrypt']) expect(await keys([how])).toMatchObject({ code: 0 })
    const after = await keys(['status'])
    expect(after.said).toMatch(/Key m1: no sealed record needs it/)
    expect(await under('m1')).toBe(0)
    stopped = true
    await load
    expect(failed).toEqual([])
    expect(fetches).toBeGreaterThan(100)
    expect(provider.reuses).toBe(0)
    await Promise.all(servers.map((server) => server.stop()))

    const alone = await spawnServer(database.url, { ...ENV, MASTER_KEYS: NEW })
    const read = ids.map((id) => alone.request(`/v1/token/${id}`, { headers: { authorization } }))
    expect(new Set((await Promise.all(read)).map(({ status }) => status))).toEqual(new Set([200]))
    const refresh = () => alone.request(`/v1/refresh/${ids[0]}`, { method: 'POST', headers: { authorization } })
    expect((await refresh()).status).toBe(200)
    expect((await alone.admin('GET', '/audit-log/verify')).body).toMatchObject({ valid: true })
    await alone.stop()
  }, 90_000)

  test('are all needed that one connection needs, though nothing else does', async () => {
    await inWorld(`${NEW},${MASTER_KEYS}`, async ({ deps }) => {
      const { db, ring } = deps
      await changeSealed({ db, ring }, SEALED_COLUMNS, 'rewrap', { dryRun: false })
    })
    await inWorld(BOTH.split(',').reverse().join(','), async ({ deps }) => {
      const { db, ring } = deps
      const tokens = SEALED_COLUMNS.filter(({ column }) => column === 'tokens_sealed')
      await changeSealed({ db, ring }, tokens, 'rewrap', { dryRun: false })
    })
    // Whatever else is sealed anew at a start is.
    await inWorld(BOTH, async () => {})
    const program = start(NEW)
    const ended = await Promise.race([
      program.exited,
      eventually(async () => program.stdout().includes('"url"') && 'it serves', 20_000),
    ])
    program.signal('SIGTERM')
    expect(ended).toEqual({ code: 1, signal: null })
    expect(program.stderr()).toMatch(/connection\.tokens_sealed.*"m1"/)
    expect(program.stderr()).toMatch(/MASTER_KEYS/)
    expect(await keys(['status'], NEW)).toMatchObject({ code: 1, said: expect.stringMatching(/Key m1: MISSING/) })
  })
})
