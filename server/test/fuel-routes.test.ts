import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { priceOf } from '../src/models/fuel/prices.ts'
import { keyOf } from '../src/models/fuel/provider-keys.ts'
import { listPriceOverrides } from '../src/storage/price-overrides.ts'
import { callOf, cents, spend } from './fuel-calls.ts'
import { DATABASES, type Person, startServer, type TestServer } from './harness.ts'
import { bearer, letIn, newApp, newKey, well } from './tenancy.ts'

const SECRET = 'sk-of-ada-at-openai-9f3a'

describe.each(DATABASES)('a person on %s', (kind) => {
  let server: TestServer
  let ada: Person
  let other: Person
  beforeAll(async () => {
    server = await startServer(kind)
    await addProvider('openai')
    ada = await server.person({ name: 'Ada', email: 'ada@fuel.example' })
    other = await server.person({ name: 'Bob', email: 'bob@fuel.example' })
  })
  afterAll(() => server.stop())
  const addProvider = (id: string) =>
    well(server.admin('POST', '/model-providers', { id, kind: 'openai', models: [{ id: 'gpt-5' }] }), 201)
  const orgOf = async (person: Person) => (await well(person.get('/api/me'), 200)).organization.id as string

  test('gives their own key, sees its end, changes it and takes it away', async () => {
    expect((await ada.get('/api/provider-keys/openai')).status).toBe(404)
    const set = await well(ada.send('PUT', '/api/provider-keys/openai', { api_key: SECRET }), 200)
    expect(set).toEqual({
      provider_id: 'openai',
      last_four: '9f3a',
      created_at: expect.any(String),
      updated_at: expect.any(String),
    })
    expect((await ada.get('/api/provider-keys/openai')).body).toEqual(set)
    expect((await ada.get('/api/provider-keys')).body).toEqual({ data: [set], next_cursor: null })
    expect(await keyOf(server.deps, ada.id, 'openai')).toBe(SECRET)

    server.wait(1)
    const again = await well(ada.send('PUT', '/api/provider-keys/openai', { api_key: 'short' }), 200)
    expect(again).toMatchObject({ last_four: '', created_at: set.created_at })
    expect(again.updated_at).not.toBe(set.updated_at)
    expect(await keyOf(server.deps, ada.id, 'openai')).toBe('short')

    expect((await ada.send('DELETE', '/api/provider-keys/openai')).status).toBe(204)
    expect((await ada.send('DELETE', '/api/provider-keys/openai')).status).toBe(404)
    await expect(keyOf(server.deps, ada.id, 'openai')).rejects.toMatchObject({ code: 'byok_key_missing', status: 402 })
    const actions = (await ada.get('/api/audit-log?limit=200')).body.data.map(
      (event: { action: string }) => event.action,
    )
    expect(actions.filter((action: string) => action.startsWith('provider_key.'))).toEqual([
      'provider_key.deleted',
      'provider_key.set',
      'provider_key.set',
    ])
  })

  test('has a key that nobody else has, in no other row, and that nothing shows', async () => {
    const row = (of: Person) =>
      server.deps.db.read.selectFrom('provider_key').selectAll().where('user_id', '=', of.id).executeTakeFirstOrThrow()
    await well(ada.send('PUT', '/api/provider-keys/openai', { api_key: SECRET }), 200)
    await well(other.send('PUT', '/api/provider-keys/openai', { api_key: 'sk-of-bob-0123456789' }), 200)
    expect(await keyOf(server.deps, other.id, 'openai')).toBe('sk-of-bob-0123456789')
    const { key_sealed } = await row(ada)
    await server.deps.db.write(({ trx }) =>
      trx.updateTable('provider_key').set({ key_sealed }).where('user_id', '=', other.id).execute(),
    )
    await expect(keyOf(server.deps, other.id, 'openai')).rejects.toMatchObject({ code: 'integrity_error' })
    const audit = await ada.get('/api/audit-log/export?format=json')
    for (const text of [JSON.stringify(await row(ada)), audit.text, server.logged.join('\n')])
      expect(text).not.toContain(SECRET)
  })

  test('gives no key that would break a header, and none to what is no provider', async () => {
    for (const api_key of ['', 'a b', 'a\r\nx: y', 'ключ', 'x'.repeat(4097), 1, null])
      expect([api_key, (await ada.send('PUT', '/api/provider-keys/openai', { api_key })).status]).toEqual([
        api_key,
        422,
      ])
    for (const id of ['a%2Fb', '.x', 'x'.repeat(65), '%00', 'ü'])
      expect([id, (await ada.send('PUT', `/api/provider-keys/${id}`, { api_key: SECRET })).status]).toEqual([id, 422])
  })

  test('gives none to a provider that is not there, and keeps theirs when one goes', async () => {
    const put = (id: string) => ada.send('PUT', `/api/provider-keys/${id}`, { api_key: SECRET })
    expect([(await put('opena')).status, (await put('opena')).body.error]).toEqual([404, 'not_found'])
    // What the first of a kind is called, may be given before it is there.
    expect((await put('anthropic')).status).toBe(200)
    await addProvider('passing')
    expect((await put('passing')).status).toBe(200)
    await well(server.admin('DELETE', '/model-providers/passing'), 204)
    expect((await put('passing')).status).toBe(404)
    expect((await ada.get('/api/provider-keys/passing')).body.last_four).toBe(SECRET.slice(-4))
    expect((await ada.get('/api/provider-keys')).text).toContain('passing')
    expect((await ada.send('DELETE', '/api/provider-keys/passing')).status).toBe(204)
    expect((await ada.send('DELETE', '/api/provider-keys/anthropic')).status).toBe(204)
    expect((await ada.get('/api/provider-keys')).text).not.toContain('passing')
  })

  test('chooses what to pay by', async () => {
    expect((await ada.get('/api/payment-method')).body).toEqual({ payment_method: 'credits', credits: 0, lots: [] })
    expect((await ada.send('PUT', '/api/payment-method', { payment_method: 'byok' })).body.payment_method).toBe('byok')
    const { api_key } = await newKey(ada, 'plain', ['agent-fuel'])
    expect((await server.request('/api/oauth/verify', { headers: bearer(api_key) })).body.payment_method).toBe('byok')
    expect((await ada.send('PUT', '/api/payment-method', { payment_method: 'cash' })).status).toBe(422)
    expect((await ada.get('/api/payment-method')).body.payment_method).toBe('byok')
    expect((await other.get('/api/payment-method')).body.payment_method).toBe('credits')
  })

  test('is not the operator, an agent, or a key without a say, which looks at what was spent', async () => {
    const { api_key } = await newKey(ada, 'fuel only', ['agent-fuel', 'usage-tracking'])
    for (const path of ['/api/usage', '/api/usage/receipts', '/api/payment-method', '/api/provider-keys']) {
      expect([path, (await server.request(path)).status]).toEqual([path, 401])
      const byKey = path.startsWith('/api/usage') ? 200 : 403
      expect([path, (await server.request(path, { headers: bearer(api_key) })).status]).toEqual([path, byKey])
      const asOperator = await server.request(path, { headers: bearer('admin-key-of-the-tests-0123456789') })
      expect([path, asOperator.status]).toEqual([path, 403])
    }
  })

  test('sees what their calls came to, by whatever they ask, and each by itself', async () => {
    const eve = await server.person({ name: 'Eve', email: 'eve@fuel.example' })
    await well(server.admin('POST', `/users/${eve.id}/credits`, { amount_cents: 100, reason: 'x' }), 201)
    const org_id = await orgOf(eve)
    const call = (overrides: object) => callOf(eve.id, { org_id, ...overrides })
    await spend(server.deps, call({ agent_id: 'agent_1', key_id: 'key_1' }), 750_000)
    await spend(server.deps, call({ model_asked: 'smart', client_id: 'client_1' }), cents(2) + 1, {
      model_served: 'openai/gpt-5',
      reasoning_tokens: 100,
      estimated: true,
    })
    server.wait(86_400)
    await spend(server.deps, call({ payment_method: 'byok' }), cents(50))
    await spend(server.deps, call({}), 0, { status: 'failed', model_served: null, input_tokens: 0, output_tokens: 0 })
    await spend(server.deps, callOf(eve.id, { org_id: 'org_other' }), 1)

    const usage = async (query: string) => (await well(eve.get(`/api/usage?${query}`), 200)).data
    const [today, yesterday] = await usage('group_by=day')
    expect(today).toEqual({ day: '2026-06-02', requests: 2, input_tokens: 1000, output_tokens: 500, cost_cents: 0 })
    expect(yesterday).toEqual({
      day: '2026-06-01',
      requests: 2,
      input_tokens: 2000,
      output_tokens: 1000,
      cost_cents: 2.0750001,
    })
    expect(await usage('group_by=model')).toEqual([
      expect.objectContaining({ model: 'openai/gpt-5', requests: 1, cost_cents: 2.0000001 }),
      expect.objectContaining({ model: 'gpt-4o-mini', requests: 3, cost_cents: 0.075 }),
    ])
    const named = async (group: string) =>
      (await usage(`group_by=${group}`)).map((row: Record<string, unknown>) => [row[group], row.requests])
    expect((await named('app')).sort()).toEqual(
      [
        ['client_1', 1],
        [null, 3],
      ].sort(),
    )
    expect((await named('agent')).sort()).toEqual(
      [
        ['agent_1', 1],
        [null, 3],
      ].sort(),
    )
    expect((await named('key')).sort()).toEqual(
      [
        ['key_1', 1],
        [null, 3],
      ].sort(),
    )
    expect(await usage('since=2026-06-02T00:00:00Z&group_by=model')).toHaveLength(1)
    expect((await usage('until=2026-06-02T00:00:00Z')).map(({ day }: { day: string }) => day)).toEqual(['2026-06-01'])
    expect((await eve.get('/api/usage?group_by=person')).status).toBe(422)
    expect((await ada.get('/api/usage')).body).toEqual({ data: [] })

    const first = await well(eve.get('/api/usage/receipts?limit=3'), 200)
    const rest = await well(eve.get(`/api/usage/receipts?limit=3&cursor=${first.next_cursor}`), 200)
    const receipts = [...first.data, ...rest.data]
    expect([first.data.length, rest.data.length, rest.next_cursor]).toEqual([3, 1, null])
    const summed = receipts.reduce((sum: number, { cost_cents }) => sum + Math.round(cost_cents * 1e7), 0)
    expect(summed).toBe(20_750_001)
    expect(receipts.find(({ model_asked }) => model_asked === 'smart')).toEqual({
      usage_id: expect.stringMatching(/^use_/),
      request_id: 'req-of-the-caller',
      at: '2026-06-01T12:00:01.000Z',
      settled_at: '2026-06-01T12:00:01.000Z',
      operation: 'chat',
      model_asked: 'smart',
      model_served: 'openai/gpt-5',
      provider: 'openai',
      client_id: 'client_1',
      agent_id: null,
      key_id: null,
      payment_method: 'credits',
      status: 'completed',
      attempts: 1,
      input_tokens: 1000,
      cached_tokens: 0,
      cache_write_tokens: 0,
      output_tokens: 500,
      reasoning_tokens: 100,
      estimated: true,
      cost_cents: 2.0000001,
      ttft_ms: 80,
      duration_ms: 900,
    })
  })

  test('is seen by the app that they let in with what they spent through it, and nothing else', async () => {
    const app = await well(other.send('POST', '/api/clients', { client_name: 'App', ...newApp }), 201)
    const zoe = await server.person({ name: 'Zoe', email: 'zoe@fuel.example' })
    await letIn(server, zoe, app)
    await well(server.admin('POST', `/users/${zoe.id}/credits`, { amount_cents: 100, reason: 'x' }), 201)
    await spend(server.deps, callOf(zoe.id, { client_id: app.client_id }), cents(3) + 5)
    await spend(server.deps, callOf(zoe.id, { client_id: app.client_id, payment_method: 'byok' }), 0)
    await spend(server.deps, callOf(zoe.id), cents(10))
    const { data } = await well(other.get(`/api/clients/${app.client_id}/users`), 200)
    expect(data).toEqual([expect.objectContaining({ user_id: zoe.id, usage: { requests: 2, cost_cents: 3.0000005 } })])
  })

  test('does not set prices; the operator does, and takes them back', async () => {
    const price = { input_per_mtok: 0.000001, output_per_mtok: 12.5, cached_per_mtok: 0 }
    const path = (pattern: string) => `/model-prices/${encodeURIComponent(pattern)}`
    const set = await well(server.admin('PUT', path('mine/gpt-*'), price), 200)
    expect(set).toEqual({ pattern: 'mine/gpt-*', ...price, updated_at: expect.any(String) })
    await well(server.admin('PUT', path('mine/gpt-*'), { input_per_mtok: 3, output_per_mtok: 4 }), 200)
    const overrides = await listPriceOverrides(server.deps.db.read)
    expect(priceOf({ id: 'mine', kind: 'openai' }, 'gpt-4o', overrides, 0)?.input.base).toBe(3e9)
    expect((await server.admin('GET', '/model-prices')).body.data).toEqual([
      expect.objectContaining({ pattern: 'mine/gpt-*', input_per_mtok: 3, output_per_mtok: 4, cached_per_mtok: null }),
    ])
    for (const odd of [-1, 1001, '1', null, Number.NaN])
      expect((await server.admin('PUT', path('x'), { ...price, input_per_mtok: odd })).status).toBe(422)
    expect((await other.send('PUT', `/api/admin${path('x')}`, price)).status).toBe(403)
    expect((await server.admin('DELETE', path('mine/gpt-*'))).status).toBe(204)
    expect((await server.admin('DELETE', path('mine/gpt-*'))).status).toBe(404)
    expect((await server.admin('GET', '/model-prices')).body.data).toEqual([])
  })
})
