import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { expireLots } from '../src/accounts/credit-expiry.ts'
import { broken, cents, standingOf } from './fuel-calls.ts'
import { DATABASES, type Person, startServer } from './harness.ts'
import { type ModelGateway, PRICE, startModelGateway } from './model-gateway.ts'
import { completion, sendJson, startModelUpstream } from './model-upstream.ts'
import { verificationLink } from './people.ts'
import { codeForApp, letIn, newApp, newTenant, well } from './tenancy.ts'

const HOUR_S = 3600

describe.each(DATABASES)('credits that an app gives its users, on %s', (kind) => {
  let gateway: ModelGateway
  let people = 0
  beforeAll(async () => {
    gateway = await startModelGateway(kind)
  })
  afterEach(() => gateway.upstream.reset())
  afterAll(() => gateway?.stop())

  const app = (settings: object = {}) =>
    gateway.client({ ...newApp, client_name: 'App X', promotional_credits: 500, ...settings })
  const somebody = () => gateway.person({ name: 'Ada', email: `ada-${people++}@promotions.example` })
  const asCaller =
    (key: string) =>
    (more: object = {}) =>
      gateway.postJson(
        '/v1/chat/completions',
        { model: 'gpt-5', messages: [{ role: 'user', content: 'Hi' }], ...more },
        { authorization: `Bearer ${key}` },
      )
  const verify = async (key: string) =>
    (await gateway.request('/api/oauth/verify', { headers: { authorization: `Bearer ${key}` } })).body
  const pay = (id: string, amount_cents: number) =>
    gateway.admin('POST', `/users/${id}/credits`, { amount_cents, reason: 'paid' })
  const holds = async (id: string) => expect(broken(await standingOf(gateway.deps, id))).toEqual([])

  test('are shown as what they are, until when and not for what, and every place agrees once they ended', async () => {
    const ada = await somebody()
    const given = await app({
      promotional_credits_expire_in: HOUR_S,
      promotional_excluded_models: ['openai/o3-pro', 'acme/embed-*'],
    })
    const month = await app({ promotional_credits_expire_in: 30 * 24 * HOUR_S })
    const asked = await ada.open(month.client_id)
    expect(asked.page.text).toContain('it gives you $5.00 to begin with, for 30 days.')
    const { access_token: key, user_info } = await letIn(gateway, ada, given)
    expect(user_info).toMatchObject({ credits: 500, granted_promo: true })
    await pay(ada.id, 200)
    const method = async () => (await ada.get('/api/payment-method')).body
    expect(await method()).toEqual({
      payment_method: 'credits',
      credits: 700,
      lots: [
        {
          credits: 500,
          expires_at: new Date(gateway.deps.now() + HOUR_S * 1000).toISOString(),
          client_id: given.client_id,
          client_name: 'App X',
          excluded_models: ['openai/o3-pro', 'acme/embed-*'],
        },
      ],
    })
    const chat = asCaller(key)
    const answer = await chat()
    const cost = Number(answer.headers.get('x-auth-agent-cost-cents'))
    expect(cost).toBeGreaterThan(0)
    expect(Number(answer.headers.get('x-auth-agent-credits-remaining'))).toBeCloseTo(700 - cost, 6)
    expect((await method()).lots[0].credits).toBeCloseTo(500 - cost, 6)

    gateway.wait(HOUR_S)
    const told = async () => [(await verify(key)).credits, (await method()).credits, (await method()).lots]
    expect(await told()).toEqual([200, 200, []])
    const later = await chat()
    expect(Number(later.headers.get('x-auth-agent-credits-remaining'))).toBeCloseTo(200 - cost, 6)
    expect((await letIn(gateway, ada, given)).user_info).toMatchObject({ granted_promo: false })
    const before = await told()
    expect(await expireLots(gateway.deps)).toBeGreaterThanOrEqual(1)
    expect(await told()).toEqual(before)
    await holds(ada.id)
    const receipts = (await ada.get('/api/usage/receipts')).body.data
    expect(receipts.map(({ cost_cents }: { cost_cents: number }) => cost_cents)).toEqual([cost, cost])
  })

  test('do not pay for a model that they exclude, under any of its names, nor for one that stands in', async () => {
    const spare = await startModelUpstream()
    await gateway.addProvider({
      id: 'dear',
      kind: 'openai-compatible',
      base_url: `${spare.origin}/v1`,
      models: [
        { id: 'smart', upstream_model: 'o3-pro', price: PRICE },
        { id: 'free-for-all', upstream_model: 'plain', price: PRICE },
      ],
    })
    await gateway.addProvider({
      id: 'frail',
      kind: 'openai-compatible',
      base_url: `${gateway.upstream.origin}/v1`,
      models: [{ id: 'small', price: PRICE }],
      fallback: ['dear/smart'],
    })
    const ada = await somebody()
    const { access_token } = await letIn(gateway, ada, await app({ promotional_excluded_models: ['O3-*'] }))
    const chat = asCaller(access_token)
    for (const model of ['dear/smart', 'smart']) {
      const refused = await chat({ model })
      expect([refused.status, refused.body.error.code, refused.headers.get('x-should-retry')]).toEqual([
        402,
        'insufficient_credits',
        'false',
      ])
      expect(refused.body.error.message).toContain('your promotional credits (500 cents) do not pay for this model')
    }
    expect((await chat({ model: 'free-for-all' })).status).toBe(200)
    expect(spare.seen).toHaveLength(1)
    // Who was asked is down, and nobody is there whom the credits would pay.
    gateway.upstream.answer = (_call, response) => sendJson(response, 503, {})
    expect((await chat({ model: 'frail/small' })).status).toBe(503)
    expect(spare.seen).toHaveLength(1)

    await pay(ada.id, 300)
    const before = await ada.get('/api/payment-method')
    const stoodIn = await chat({ model: 'frail/small' })
    expect(stoodIn.headers.get('x-auth-agent-fallback')).toBe('dear/smart')
    expect((await ada.get('/api/payment-method')).body.lots).toEqual(before.body.lots)
    expect((await verify(access_token)).credits).toBeLessThan(before.body.credits)
    await holds(ada.id)
    await spare.stop()
  })

  test('come once, of fifty first exchanges at once', async () => {
    const ada = await somebody()
    const given = await app()
    const codes = []
    for (let at = 0; at < 50; at++) codes.push(await codeForApp(ada, given))
    const answers = await Promise.all(codes.map((code) => gateway.exchange(given, code)))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    expect(answers.filter(({ body }) => body.user_info.granted_promo)).toHaveLength(1)
    expect(await standingOf(gateway.deps, ada.id)).toMatchObject({ balance: cents(500), lots: cents(500) })
    await holds(ada.id)
  }, 60_000)

  test('cover four calls of two hundred at once, and what was paid for three: seven are made', async () => {
    const max_tokens = 100
    const poor = await gateway.caller(0)
    const said = (content: string) => ({ max_tokens, messages: [{ role: 'user', content }] })
    const needs = async (content: string) =>
      Number(/may cost ([\d.]+) cents/.exec((await poor.chat(said(content))).body.error.message)?.[1])
    // A thousandth of a cent for each letter: so many that a call comes to whole cents.
    const some = await needs('Hi')
    const content = `Hi${'!'.repeat(Math.round((Math.ceil(some) - some) * 1000))}`
    const each = await needs(content)
    expect(Number.isInteger(each)).toBe(true)
    const ada = await somebody()
    const { access_token } = await letIn(gateway, ada, await app({ promotional_credits: 4 * each }))
    await pay(ada.id, 3 * each)
    let letGo = () => {}
    const refused = new Promise<void>((resolve) => {
      letGo = resolve
    })
    gateway.upstream.answer = async (_call, response) => {
      await refused
      const usage = { prompt_tokens: 20, completion_tokens: max_tokens, total_tokens: 20 + max_tokens }
      sendJson(response, 200, completion('Hello', { usage }))
    }
    let no = 0
    const statuses = await Promise.all(
      Array.from({ length: 200 }, async () => {
        const { status } = await asCaller(access_token)(said(content))
        if (status === 402 && ++no === 193) letGo()
        expect((await verify(access_token)).credits >= 0).toBe(true)
        return status
      }),
    )
    expect(statuses.filter((status) => status === 200)).toHaveLength(7)
    expect(gateway.upstream.seen).toHaveLength(7)
    await holds(ada.id)
  }, 60_000)

  test('are as they were given, whatever the app gives later, and wrong settings are named', async () => {
    const given = await app({ promotional_credits_expire_in: HOUR_S })
    const ada = await somebody()
    await letIn(gateway, ada, given)
    const { lots } = (await ada.get('/api/payment-method')).body
    const changes = { promotional_credits_expire_in: null, promotional_excluded_models: ['x/*'] }
    const changed = await gateway.admin('PUT', `/clients/${given.client_id}`, changes)
    expect([changed.status, changed.body]).toEqual([200, expect.objectContaining(changes)])
    expect((await ada.get('/api/payment-method')).body.lots).toEqual(lots)
    const eve = await somebody()
    await letIn(gateway, eve, given)
    expect((await eve.get('/api/payment-method')).body.lots).toMatchObject([
      { expires_at: null, excluded_models: ['x/*'] },
    ])
    for (const [field, value] of [
      ['promotional_credits_expire_in', 0],
      ['promotional_credits_expire_in', 59.5],
      ['promotional_credits_expire_in', 1e15],
      ['promotional_excluded_models', 'gpt-5'],
      ['promotional_excluded_models', ['']],
      ['promotional_excluded_models', ['a*b']],
      ['promotional_excluded_models', ['a b']],
      ['promotional_excluded_models', Array(101).fill('x')],
    ] as const)
      for (const [method, path] of [
        ['PUT', `/clients/${given.client_id}`],
        ['POST', '/clients'],
      ] as const) {
        const body = { ...newApp, client_name: 'Wrong', [field]: value }
        const refused = await gateway.admin(method, path, body)
        expect([value, refused.status, Object.keys(refused.body.fields).map((name) => name.split('.')[0])]).toEqual([
          value,
          422,
          [field],
        ])
      }
  })

  test('are the operator’s to give: nobody else says until when, or takes an exclusion away', async () => {
    const tenant = await newTenant(gateway, 'Alpha')
    const path = `/api/clients/${tenant.app.client_id}`
    const mine = { promotional_credits_expire_in: 7200, promotional_excluded_models: ['o3-*'] }
    await well(gateway.admin('PUT', `/clients/${tenant.app.client_id}`, mine), 200)
    for (const wanted of [
      { promotional_credits_expire_in: null },
      { promotional_credits_expire_in: 9999 },
      { promotional_excluded_models: [] },
      { promotional_excluded_models: ['other'] },
    ]) {
      const refused = await tenant.admin.send('PUT', path, wanted)
      expect([wanted, refused.status, refused.body.fields]).toEqual([
        wanted,
        403,
        { [Object.keys(wanted)[0] as string]: 'can be set by the operator only' },
      ])
      const made = await tenant.admin.send('POST', '/api/clients', { ...newApp, client_name: 'Mine', ...wanted })
      const asksForNothing = Object.values(wanted).every((value) => value === null || JSON.stringify(value) === '[]')
      expect([wanted, made.status]).toEqual([wanted, asksForNothing ? 201 : 403])
    }
    // What is as it was may be said again.
    await well(tenant.admin.send('PUT', path, { client_name: 'Renamed', ...mine }), 200)
  })
})

describe.each(DATABASES)('where addresses are to be proved, on %s', (kind) => {
  test('an app’s credits come with the first sign-in after it was', async () => {
    const server = await startServer(kind, { REQUIRE_EMAIL_VERIFICATION: 'true' })
    const given = await server.client({ ...newApp, client_name: 'App X', promotional_credits: 500 })
    const email = 'ada@proved.example'
    const ada: Person = await server.person({ name: 'Ada', email })
    const first = await codeForApp(ada, given).catch(() => undefined)
    if (first) {
      const answer = await server.exchange(given, first)
      expect(answer.body.user_info ?? { credits: 0, granted_promo: false }).toMatchObject({ granted_promo: false })
    }
    expect(await standingOf(server.deps, ada.id)).toMatchObject({ balance: 0, lots: 0 })
    await ada.get(await verificationLink(server, email))
    expect((await letIn(server, ada, given)).user_info).toMatchObject({ credits: 500, granted_promo: true })
    await server.stop()
  })
})
