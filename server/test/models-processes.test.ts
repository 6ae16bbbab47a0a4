import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readConfig } from '../src/config.ts'
import { createLogger } from '../src/http/log.ts'
import { sweepReservations } from '../src/models/fuel/reservations.ts'
import { openWorld } from '../src/world.ts'
import { broken, cents, standingOf } from './fuel-calls.ts'
import { DATABASES, freshDatabase, ISSUER } from './harness.ts'
import { PRICE } from './model-gateway.ts'
import { chunk, completion, sendEvent, sendJson, startEvents, startModelUpstream } from './model-upstream.ts'
import { eventually, query, type SpawnedServer, serverEnv, spawnServer } from './spawned-server.ts'

const LEASE_MS = 46_000

describe.each(DATABASES)('gateways that share a %s database', (kind) => {
  let database: Awaited<ReturnType<typeof freshDatabase>>
  let upstream: Awaited<ReturnType<typeof startModelUpstream>>
  let other: typeof upstream
  let servers: [SpawnedServer, SpawnedServer]
  beforeAll(async () => {
    database = await freshDatabase(kind)
    upstream = await startModelUpstream()
    other = await startModelUpstream()
    const env = {
      EGRESS_ALLOW: '127.0.0.1',
      AZURE_OPENAI_ENDPOINT: upstream.origin,
      AZURE_TOKEN_ENDPOINT: `${upstream.origin}/token`,
      AZURE_CLIENT_ID: 'id',
      AZURE_CLIENT_SECRET: 'secret',
    }
    // Both at once, on an empty database.
    servers = await Promise.all([spawnServer(database.url, env), spawnServer(database.url, env)])
    await made('/model-providers', {
      id: 'acme',
      kind: 'openai',
      base_url: `${upstream.origin}/v1`,
      models: [{ id: 'm', price: PRICE }],
    })
  }, 60_000)
  afterAll(async () => {
    await Promise.all((servers ?? []).map((server) => server.stop()))
    await upstream?.stop()
    await other?.stop()
    await database?.drop()
  })

  async function made(path: string, body: object) {
    const answer = await servers[0].admin('POST', path, body)
    if (answer.status >= 300) throw new Error(`${path}: ${answer.status} ${answer.text}`)
    return answer.body
  }

  let people = 0
  async function caller(amount: number) {
    const user = await made('/users', { email: `p${people++}@x.example`, name: 'Ada' })
    await made(`/users/${user.id}/credits`, { amount_cents: amount, reason: 'test' })
    const key = await made('/api-keys', { user_id: user.id, name: 'k', scopes: ['agent-fuel'] })
    return {
      id: user.id as string,
      chat: (server: SpawnedServer, more: object = {}) =>
        server.postJson(
          '/v1/chat/completions',
          { model: 'acme/m', messages: [{ role: 'user', content: 'Hi' }], ...more },
          { authorization: `Bearer ${key.api_key}` },
        ),
    }
  }

  test('make the providers of the environment once', async () => {
    expect((await servers[1].admin('GET', '/model-providers')).body.data.map(({ id }: { id: string }) => id)).toEqual([
      'azure',
      'acme',
    ])
  })

  test('serve a switch with the next call, whichever of them was told', async () => {
    const ada = await caller(1000)
    const [one, two] = servers
    const { body } = await one.admin('GET', '/model-providers/acme')
    for (const [told, base, seen] of [
      [one, other, other.seen],
      [two, upstream, upstream.seen],
    ] as const) {
      const before = seen.length
      const change = await told.admin('PUT', '/model-providers/acme', { ...body, base_url: `${base.origin}/v1` })
      expect(change.status).toBe(200)
      for (const server of [one, two]) expect((await ada.chat(server)).status).toBe(200)
      expect(seen.length - before).toBe(2)
    }
    await one.admin('PUT', '/model-providers/acme', { ...body, enabled: false })
    expect((await ada.chat(two)).status).toBe(404)
    await two.admin('PUT', '/model-providers/acme', { ...body, enabled: true })
    expect((await ada.chat(one)).status).toBe(200)
  })

  test('count a person’s calls together', async () => {
    const ada = await caller(10_000)
    const answers = await Promise.all(Array.from({ length: 60 }, (_, at) => ada.chat(servers[at % 2] as SpawnedServer)))
    expect(answers.filter(({ status }) => status !== 200 && status !== 429)).toEqual([])
    // One comes back every second.
    const over = await Promise.all(Array.from({ length: 40 }, (_, at) => ada.chat(servers[at % 2] as SpawnedServer)))
    const went = [...answers, ...over].filter(({ status }) => status === 200).length
    expect(went).toBeGreaterThanOrEqual(60)
    expect(over.filter(({ status }) => status === 429).length).toBeGreaterThan(0)
    const [calls] = await query(database.url, `select count(*) as n from usage_record where user_id = '${ada.id}'`)
    expect(Number(calls.n)).toBe(went)
  }, 60_000)

  test('forget a key that was taken back at once', async () => {
    const [one, two] = servers
    const account = { name: 'Bob', email: 'bob@x.example', password: 'correct horse battery' }
    const signedUp = await one.postJson('/api/auth/sign-up/email', account)
    const cookie = signedUp.headers.getSetCookie().map((line) => line.split(';')[0])
    const headers = { cookie: cookie.join('; '), origin: ISSUER }
    await made(`/users/${signedUp.body.user.id}/credits`, { amount_cents: 100, reason: 'test' })
    const { body } = await one.postJson('/api/api-keys', { name: 'k', scopes: ['agent-fuel'] }, headers)
    const chat = () =>
      two.postJson(
        '/v1/chat/completions',
        { model: 'acme/m', messages: [{ role: 'user', content: 'Hi' }] },
        { authorization: `Bearer ${body.api_key}` },
      )
    expect((await chat()).status).toBe(200)
    const taken = await one.request(`/api/api-keys/${body.key_id}`, { method: 'DELETE', headers })
    expect(taken.status).toBe(204)
    await eventually(async () => (await chat()).status === 401, 5000)
  })

  test('make as many of fifty calls as the credits cover', async () => {
    const ada = await caller(8)
    let letGo = () => {}
    const told = new Promise<void>((resolve) => {
      letGo = resolve
    })
    const before = upstream.seen.length
    upstream.answer = async (_call, response) => {
      await told
      const usage = { prompt_tokens: 20, completion_tokens: 100, total_tokens: 120 }
      sendJson(response, 200, completion('Hello', { usage }))
    }
    let refused = 0
    const answers = Promise.all(
      Array.from({ length: 50 }, async (_, at) => {
        const { status } = await ada.chat(servers[at % 2] as SpawnedServer, { max_tokens: 100 })
        if (status !== 200) refused++
        return status
      }),
    )
    await eventually(async () => refused + (upstream.seen.length - before) === 50, 30_000)
    letGo()
    upstream.reset()
    const went = (await answers).filter((status) => status === 200).length
    // About 1.1 cents each; what is left over may cover one more, shorter one.
    expect(went).toBeGreaterThanOrEqual(6)
    expect(went).toBeLessThanOrEqual(8)
    expect(new Set(await answers)).toEqual(new Set([200, 402]))
    const [balance] = await query(database.url, `select * from balance where user_id = '${ada.id}'`)
    expect(Number(balance.balance_nano)).toBeGreaterThanOrEqual(0)
    expect(Number(balance.reserved_nano)).toBe(0)
  }, 60_000)

  test('settle what one of them leaves behind that is killed in the middle of a stream, once', async () => {
    const ada = await caller(1000)
    const doomed = await spawnServer(database.url, { EGRESS_ALLOW: '127.0.0.1' })
    upstream.answer = (_call, response) => {
      startEvents(response)
      for (let word = 0; word < 30; word++) sendEvent(response, chunk({ content: 'word ' }))
    }
    const cut = ada.chat(doomed, { stream: true, max_tokens: 500 }).catch(() => undefined)
    const ofAda = (table: string) => query(database.url, `select * from ${table} where user_id = '${ada.id}'`)
    await eventually(async () => Number((await ofAda('reservation'))[0]?.metered_nano) > 0, 20_000)
    const [left] = await ofAda('reservation')
    await doomed.kill()
    await cut
    upstream.reset()
    expect(Number((await ofAda('balance'))[0].reserved_nano)).toBe(Number(left.amount_nano))

    const config = readConfig(serverEnv(database.url))
    const later = await openWorld(config, { log: createLogger('silent'), now: () => Date.now() + LEASE_MS })
    try {
      await sweepReservations(later.deps)
      await sweepReservations(later.deps)
      const standing = await standingOf(later.deps, ada.id)
      expect(broken(standing)).toEqual([])
      expect(standing).toMatchObject({ reserved: 0, reservations: 0, calls: 1, charges: 1 })
      expect(standing.balance).toBe(cents(1000) - Number(left.metered_nano))
      const [receipt] = await ofAda('usage_record')
      expect(receipt).toMatchObject({ status: 'lost', estimated: 1, provider: 'acme', model_served: 'm' })
      expect(Number(receipt.output_tokens)).toBe(30)
      const events = await query(
        database.url,
        `select action from audit_event where request_id = '${receipt.request_id}'`,
      )
      expect(events).toEqual([{ action: 'model.call_lost' }])
    } finally {
      await later.close()
    }
  }, 60_000)
})
