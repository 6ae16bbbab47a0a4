import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { DATABASES } from './harness.ts'
import { type ModelGateway, PRICE, startModelGateway } from './model-gateway.ts'
import { sendJson } from './model-upstream.ts'
import { bearer } from './tenancy.ts'

const HI = [{ role: 'user', content: 'Hi' }]

describe.each(DATABASES)('a key for some models only, on %s', (kind) => {
  let gateway: ModelGateway
  let ada: Awaited<ReturnType<ModelGateway['member']>>
  beforeAll(async () => {
    gateway = await startModelGateway(kind)
    await gateway.member(0)
    ada = await gateway.member()
    const base_url = `${gateway.upstream.origin}/v1`
    await gateway.addProvider({
      id: 'beta',
      kind: 'openai-compatible',
      base_url,
      models: [
        { id: 'gpt-5', price: PRICE },
        { id: 'gpt-5-mini', price: PRICE },
        { id: 'vendor/gpt-*', price: PRICE },
      ],
      fallback: ['acme/gpt-5', 'beta/gpt-5-mini'],
    })
  })
  afterEach(() => {
    gateway.upstream.reset()
    gateway.wait(120)
  })
  afterAll(() => gateway?.stop())

  const make = (models?: unknown, scopes = ['agent-fuel']) =>
    ada.window.send('POST', '/api/api-keys', { name: 'k', scopes, ...(models !== undefined && { models }) })
  const keyFor = async (...models: string[]) => (await make(models)).body.api_key as string
  const list = async (key: string) =>
    (await gateway.request('/v1/models', { headers: bearer(key) })).body.data.map(({ id }: { id: string }) => id)
  const one = async (key: string, name: string) =>
    (await gateway.request(`/v1/models/${encodeURIComponent(name)}`, { headers: bearer(key) })).status
  const chat = (key: string, model: string, more: object = {}) =>
    gateway.postJson('/v1/chat/completions', { model, messages: HI, max_tokens: 9, ...more }, bearer(key))

  test('lists these, and calls these; the others are not there', async () => {
    const key = await keyFor('acme/gpt-5')
    expect(await list(key)).toEqual(['acme/gpt-5'])
    for (const name of ['acme/gpt-5', 'gpt-5']) {
      expect(await one(key, name)).toBe(200)
      expect((await chat(key, name)).status).toBe(200)
    }
    const calls = gateway.upstream.seen.length
    for (const name of ['beta/gpt-5', 'beta/gpt-5-mini', 'gpt-5-mini', 'acme/embed-1', 'nobody', 'acme/gpt-5x']) {
      expect([name, await one(key, name)]).toEqual([name, 404])
      const { status, body } = await chat(key, name)
      expect([name, status, body.error.code]).toEqual([name, 404, 'model_not_found'])
    }
    for (const [path, body] of [
      ['/v1/embeddings', { model: 'embed-1', input: 'a' }],
      ['/v1/messages', { model: 'beta/gpt-5', messages: HI, max_tokens: 9 }],
      ['/v1/responses', { model: 'beta/gpt-5', input: 'a' }],
      ['/v1/openai/v1/chat/completions', { model: 'beta/gpt-5', messages: HI }],
    ] as const)
      expect((await gateway.postJson(path, body, bearer(key))).status).toBe(404)
    expect(gateway.upstream.seen.length).toBe(calls)
    expect(await gateway.deps.db.read.selectFrom('reservation').selectAll().execute()).toEqual([])
  })

  test('knows what begins so', async () => {
    const all = await keyFor('beta/*')
    expect(await list(all)).toEqual(['beta/gpt-5', 'beta/gpt-5-mini'])
    // A bare name means the first that the key is for.
    const { headers } = await chat(all, 'gpt-5')
    expect(headers.get('x-auth-agent-provider')).toBe('beta')
    expect((await chat(all, 'beta/vendor/gpt-9')).status).toBe(200)
    expect((await chat(all, 'embed-1')).status).toBe(404)

    const some = await keyFor('beta/vendor/gpt-*', 'beta/gpt-5-m*')
    expect(await list(some)).toEqual(['beta/gpt-5-mini'])
    expect(await one(some, 'vendor/gpt-9')).toBe(200)
    expect((await chat(some, 'vendor/gpt-9')).status).toBe(200)
    expect((await chat(some, 'beta/gpt-5')).status).toBe(404)
  })

  test('does not leave its list when its model cannot answer', async () => {
    gateway.upstream.answer = (_call, response) => sendJson(response, 500, {})
    expect((await chat(await keyFor('beta/gpt-5'), 'beta/gpt-5')).status).toBe(502)
    expect(gateway.upstream.seen.map(({ body }) => body.model)).toEqual(['gpt-5'])
    gateway.upstream.seen.length = 0
    expect((await chat(await keyFor('beta/*'), 'beta/gpt-5')).status).toBe(502)
    expect(gateway.upstream.seen.map(({ body }) => body.model)).toEqual(['gpt-5', 'gpt-5-mini'])
    gateway.upstream.seen.length = 0
    // Who may call the other only does not come to it by way of this one.
    expect((await chat(await keyFor('acme/gpt-5'), 'beta/gpt-5')).status).toBe(404)
    expect(gateway.upstream.seen).toEqual([])
  })

  test('does not come to others by fields that aggregators know', async () => {
    const key = await keyFor('beta/gpt-5')
    for (const more of [{ models: ['acme/gpt-5'] }, { fallbacks: ['acme/gpt-5'] }]) {
      const { status, body } = await chat(key, 'beta/gpt-5', more)
      expect([status, body.error.code, body.error.param]).toEqual([400, 'unsupported_parameter', Object.keys(more)[0]])
      // Who may call all hears of the price, for credits do not pay what nobody has named.
      expect((await chat(ada.apiKey, 'beta/gpt-5', more)).body.error.code).toBe('price_unknown')
    }
    expect(gateway.upstream.seen).toEqual([])
  })

  test('does not come by the usual model to one that it is not for', async () => {
    const nameless = { messages: HI, max_tokens: 9 }
    const ask = async (key: string) => gateway.postJson('/v1/chat/completions', nameless, bearer(key))
    expect((await ask(await keyFor('acme/gpt-5'))).status).toBe(200)
    expect((await ask(await keyFor('beta/*'))).status).toBe(404)
  })

  test('pays by own keys no other models either', async () => {
    const key = await keyFor('beta/gpt-5')
    for (const provider of ['acme', 'beta'])
      await ada.window.send('PUT', `/api/provider-keys/${provider}`, { api_key: 'sk-own-0123456789' })
    await ada.window.send('PUT', '/api/payment-method', { payment_method: 'byok' })
    expect(await list(key)).toEqual(['beta/gpt-5'])
    expect((await chat(key, 'acme/gpt-5')).status).toBe(404)
    expect((await chat(key, 'beta/gpt-5')).status).toBe(200)
    await ada.window.send('PUT', '/api/payment-method', { payment_method: 'credits' })
  })

  test('is shown with its models, and written down with them', async () => {
    const { status, body } = await make(['acme/gpt-5', 'beta/*', 'acme/gpt-5'])
    expect([status, body.models]).toEqual([201, ['acme/gpt-5', 'beta/*']])
    const { data } = (await ada.window.get('/api/api-keys')).body
    const shown = new Map(data.map((key: { key_id: string; models: unknown }) => [key.key_id, key.models]))
    expect(shown.get(body.key_id)).toEqual(['acme/gpt-5', 'beta/*'])
    expect([...shown.values()]).toContain(null)
    const { detail } = await gateway.deps.db.read
      .selectFrom('audit_event')
      .select('detail')
      .where('target', '=', body.key_id)
      .executeTakeFirstOrThrow()
    expect(JSON.parse(detail)).toMatchObject({ models: ['acme/gpt-5', 'beta/*'] })

    const given = { user_id: ada.id, name: 'k', scopes: ['agent-fuel'], models: ['acme/gpt-5'] }
    const byOperator = await gateway.admin('POST', '/api-keys', given)
    expect([byOperator.status, byOperator.body.models]).toEqual([201, ['acme/gpt-5']])
    expect(await list(byOperator.body.api_key)).toEqual(['acme/gpt-5'])
  })

  test('does not manage: it could make an agent that calls them all', async () => {
    const { status, body } = await make(['acme/gpt-5'], ['agent-fuel', 'manage'])
    expect([status, Object.keys(body.fields)]).toEqual([422, ['models']])
  })

  test.each([
    [[]],
    ['acme/gpt-5'],
    [['']],
    [['gpt-5']],
    [['*']],
    [['*/gpt-5']],
    [['acme/']],
    [['ac*me/gpt-5']],
    [['acme/g*t-5']],
    [['acme/gpt-5\n']],
    [['acme/é']],
    [['acme/gpt-5', 5]],
    [[null]],
    [Array.from({ length: 101 }, (_, at) => `acme/m${at}`)],
    [[`acme/${'x'.repeat(300)}`]],
  ])('is not made for %j', async (models) => {
    expect((await make(models)).status).toBe(422)
  })
})
