import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { callOf, cents, spend } from './fuel-calls.ts'
import { DATABASES, ISSUER, type Person } from './harness.ts'
import { type ModelGateway, PRICE, startModelGateway } from './model-gateway.ts'
import { says, sendJson } from './model-upstream.ts'
import { bearer, newKey, well } from './tenancy.ts'

const PLATFORM_KEY = 'sk-acme-canary-0123456789'
const OWN_KEY = 'sk-own-canary-0123456789'

describe.each(DATABASES)('a person in the console, on %s', (kind) => {
  let gateway: ModelGateway
  let ada: Person
  beforeAll(async () => {
    gateway = await startModelGateway(kind, { RATE_LIMIT_RPM: '60' })
    ada = await gateway.person({ name: 'Ada', email: 'ada@models.example' })
    await well(gateway.admin('POST', `/users/${ada.id}/credits`, { amount_cents: 1000, reason: 'test' }), 201)
  })
  afterEach(() => gateway.upstream.reset())
  afterAll(() => gateway?.stop())

  const ask = (more: object = {}) => ({ model: 'acme/gpt-5', messages: [{ role: 'user', content: 'Hi' }], ...more })
  const chat = (more: object = {}) => ada.send('POST', '/api/playground/chat', ask(more))
  const offered = async (id = 'acme') =>
    (await well(ada.get('/api/models'), 200)).data.find((provider: { id: string }) => provider.id === id)

  test('sees who serves what, whatever is switched off, and of keys that there are some', async () => {
    await gateway.addProvider({
      id: 'dormant',
      kind: 'openai-compatible',
      base_url: `${gateway.upstream.origin}/v1`,
      models: [{ id: 'small' }],
      enabled: false,
    })
    await well(ada.send('PUT', '/api/provider-keys/dormant', { api_key: OWN_KEY }), 200)
    const { text, body } = await ada.get('/api/models')
    expect(body.data).toEqual([
      {
        id: 'acme',
        kind: 'openai',
        enabled: true,
        has_platform_key: true,
        has_own_key: false,
        breaker: 'closed',
        models: [
          { id: 'gpt-5', operations: ['chat'], breaker: 'closed' },
          { id: 'embed-1', operations: ['embeddings'], breaker: 'closed' },
        ],
      },
      {
        id: 'dormant',
        kind: 'openai-compatible',
        enabled: false,
        has_platform_key: false,
        has_own_key: true,
        breaker: 'closed',
        models: [{ id: 'small', operations: ['chat'], breaker: 'closed' }],
      },
    ])
    for (const hidden of [PLATFORM_KEY, OWN_KEY, gateway.upstream.origin]) expect(text).not.toContain(hidden)
  })

  test('is not answered by a model that only embeds, where its operator says that it does', async () => {
    await gateway.addProvider({
      id: 'numbers',
      kind: 'openai-compatible',
      base_url: `${gateway.upstream.origin}/v1`,
      models: [
        { id: 'vectors', operations: ['embeddings'], price: PRICE },
        { id: 'embedded-writer', operations: ['chat'], price: PRICE },
      ],
    })
    expect((await offered('numbers')).models).toMatchObject([{ operations: ['embeddings'] }, { operations: ['chat'] }])
    const { window, call } = await gateway.member()
    const talk = (model: string) => window.send('POST', '/api/playground/chat', ask({ model }))
    const { status, body } = await talk('numbers/vectors')
    expect([status, body.error]).toEqual([400, 'unsupported_parameter'])
    expect(gateway.upstream.seen).toEqual([])
    await well(talk('numbers/embedded-writer'), 200)
    // A name alone refuses nobody.
    await well(talk('acme/embed-1'), 200)
    const embed = (model: string) => call('/v1/embeddings', { model, input: 'Hi' })
    await well(embed('numbers/vectors'), 200)
    const refused = await embed('numbers/embedded-writer')
    expect([refused.status, refused.body.error.param]).toEqual([400, 'model'])
  })

  test('chats by their session, whole or streamed, and pays as any other call does', async () => {
    gateway.wait(60)
    const whole = await well(chat(), 200)
    expect(whole.choices[0].message.content).toBe('Hello, world')
    const stream = await chat({ stream: true })
    expect(stream.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
    expect(stream.text.endsWith('data: [DONE]\n\n')).toBe(true)
    const { data } = await well(ada.get('/api/usage/receipts'), 200)
    const receipt = data.find(
      ({ request_id }: { request_id: string }) => request_id === stream.headers.get('x-request-id'),
    )
    expect(receipt).toMatchObject({ status: 'completed', input_tokens: 12, output_tokens: 3, cost_cents: 0.042 })
    expect((await ada.get('/api/payment-method')).body.credits).toBe(999.916)
  })

  test('sends more than other calls of the console may, and is told what is wrong in its words', async () => {
    const long = 'x'.repeat(300 * 1024)
    expect((await chat({ model: 'nobody', messages: [{ role: 'user', content: long }] })).body).toEqual({
      error: 'model_not_found',
      error_description: expect.stringContaining('There is no model nobody'),
    })
    expect((await chat({ stream: 'yes' })).status).toBe(400)
  })

  test('is not called for by a page of another origin, nor by who is nobody', async () => {
    const send = (headers: Record<string, string>) =>
      gateway.request('/api/playground/chat', {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(ask()),
      })
    expect((await send({ cookie: ada.cookies(), origin: 'https://evil.example' })).status).toBe(403)
    expect((await send({ origin: ISSUER })).status).toBe(401)
    const manager = await newKey(ada, 'manager', ['manage'])
    expect((await send(bearer(manager.api_key))).body.error).toBe('permission_denied')
    const both = await newKey(ada, 'both', ['manage', 'agent-fuel'])
    expect((await send(bearer(both.api_key))).status).toBe(200)
    expect(gateway.upstream.seen).toHaveLength(1)
  })

  test('sees what is left of their calls, and asking takes none', async () => {
    gateway.wait(60)
    const limits = async () => well(ada.get('/api/limits'), 200)
    expect(await limits()).toEqual({ requests_per_minute: 60, remaining: 60, reset_ms: 0 })
    await well(chat(), 200)
    await well(chat(), 200)
    expect(await limits()).toEqual({ requests_per_minute: 60, remaining: 58, reset_ms: 2000 })
    gateway.wait(1)
    expect(await limits()).toEqual({ requests_per_minute: 60, remaining: 59, reset_ms: 1000 })
  })

  test('sees a provider go and come back; on their own keys, by their own failures', async () => {
    gateway.wait(60)
    gateway.upstream.answer = (_call, response) => sendJson(response, 500, { error: { message: 'out' } })
    for (let call = 0; call < 5; call++) expect((await chat()).status).toBeGreaterThan(499)
    expect(await offered()).toMatchObject({
      breaker: 'open',
      models: [
        { id: 'gpt-5', breaker: 'open' },
        { id: 'embed-1', breaker: 'closed' },
      ],
    })
    await well(ada.send('PUT', '/api/payment-method', { payment_method: 'byok' }), 200)
    expect((await offered()).breaker).toBe('closed')
    await well(ada.send('PUT', '/api/payment-method', { payment_method: 'credits' }), 200)
    gateway.wait(31)
    expect((await offered()).breaker).toBe('half_open')
    gateway.upstream.answer = says('Back')
    await well(chat(), 200)
    expect((await offered()).breaker).toBe('closed')
  })

  test('takes all receipts of a period away as a file that no spreadsheet runs', async () => {
    const eve = await gateway.person({ name: 'Eve', email: 'eve@models.example' })
    const org_id = (await well(eve.get('/api/me'), 200)).organization.id
    await well(gateway.admin('POST', `/users/${eve.id}/credits`, { amount_cents: 100, reason: 'x' }), 201)
    await spend(gateway.deps, callOf(eve.id, { org_id, model_asked: '=cmd,"x"' }), cents(2))
    gateway.wait(86_400)
    const since = new Date(gateway.deps.now()).toISOString()
    for (let call = 0; call < 3; call++) await spend(gateway.deps, callOf(eve.id, { org_id }), cents(1))
    const file = await eve.get('/api/usage/receipts.csv')
    expect(file.headers.get('content-type')).toBe('text/csv; charset=utf-8')
    expect(file.headers.get('content-disposition')).toBe('attachment; filename="receipts.csv"')
    const lines = file.text.trimEnd().split('\r\n')
    expect(lines).toHaveLength(5)
    expect(lines[0]).toMatch(/^at,settled_at,usage_id,request_id,/)
    expect(lines[4]).toContain(`,"'=cmd,""x""",`)
    const late = await eve.get(`/api/usage/receipts.csv?since=${since}`)
    expect(late.text.trimEnd().split('\r\n')).toHaveLength(4)
    expect((await eve.get('/api/usage/receipts.csv?since=never')).status).toBe(422)
    expect((await ada.get('/api/usage/receipts.csv')).text).not.toContain('=cmd')
  })
})
