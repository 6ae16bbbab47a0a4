import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { broken, cents, standingOf } from './fuel-calls.ts'
import { DATABASES } from './harness.ts'
import { type ModelGateway, startModelGateway } from './model-gateway.ts'
import { chunk, completion, sendEvent, sendJson, startEvents, startModelUpstream, USAGE } from './model-upstream.ts'

/** At 10 and 100 dollars for a million tokens. */
const costOf = (input: number, output: number) => (input * 10 + output * 100) / 10_000

describe.each(DATABASES)('the money of calls, on %s', (kind) => {
  let gateway: ModelGateway
  beforeAll(async () => {
    gateway = await startModelGateway(kind)
  })
  afterEach(() => gateway.upstream.reset())
  afterAll(() => gateway?.stop())

  /** What a person's calls came to, by every table that says it. */
  async function accounts(userId: string) {
    const standing = await standingOf(gateway.deps, userId)
    expect(broken(standing)).toEqual([])
    return standing
  }
  const receipts = (userId: string) =>
    gateway.deps.db.read.selectFrom('usage_record').selectAll().where('user_id', '=', userId).orderBy('at').execute()
  const eventsOf = (userId: string) =>
    gateway.deps.db.read.selectFrom('audit_event').selectAll().where('target', '=', userId).execute()

  /** What a call may cost at most, in cents, as the refusal says it. */
  async function mayCost(more: object): Promise<number> {
    const poor = await gateway.caller(0)
    const { body } = await poor.chat(more)
    return Number(/may cost ([\d.]+) cents/.exec(body.error.message)?.[1])
  }

  test('of two hundred at once with a balance for seven, seven are made and nobody is in debt', async () => {
    // As much as seven come to, and less than what another short answer needs.
    let maxTokens = 50
    let each = await mayCost({ max_tokens: maxTokens })
    while (Math.ceil(7 * each) - 7 * each > 0.1) {
      maxTokens++
      each += 0.01
    }
    const ada = await gateway.caller(Math.ceil(7 * each))
    let letGo = () => {}
    const refused = new Promise<void>((resolve) => {
      letGo = resolve
    })
    gateway.upstream.answer = async (_call, response) => {
      await refused
      const usage = { prompt_tokens: 20, completion_tokens: maxTokens, total_tokens: 20 + maxTokens }
      sendJson(response, 200, completion('Hello', { usage }))
    }
    let no = 0
    const answers = await Promise.all(
      Array.from({ length: 200 }, async () => {
        const { status } = await ada.chat({ max_tokens: maxTokens })
        if (status === 402 && ++no === 193) letGo()
        expect((await ada.credits()) >= 0).toBe(true)
        return status
      }),
    )
    expect(answers.filter((status) => status === 200)).toHaveLength(7)
    expect(answers.filter((status) => status === 402)).toHaveLength(193)
    expect(gateway.upstream.seen).toHaveLength(7)
    expect(await accounts(ada.id)).toMatchObject({ reserved: 0, reservations: 0, calls: 7, charges: 7 })
  })

  test('no more is asked for than the credits cover, and a caller who asks for less is left alone', async () => {
    const ada = await gateway.caller(1)
    expect((await ada.chat({ max_tokens: 4000 })).status).toBe(200)
    expect(gateway.upstream.seen[0]?.body.max_tokens).toBeLessThan(100)
    expect(gateway.upstream.seen[0]?.body.max_tokens).toBeGreaterThanOrEqual(16)
    const rich = await gateway.caller(1000)
    await rich.chat({ max_completion_tokens: 77 })
    expect(gateway.upstream.seen[1]?.body).toMatchObject({ max_completion_tokens: 77 })
    expect(gateway.upstream.seen[1]?.body.max_tokens).toBeUndefined()
    await rich.chat()
    expect(gateway.upstream.seen[2]?.body.max_completion_tokens).toBe(4000)
  })

  test('a provider that does not stop is stopped, and no more is charged than was set aside', async () => {
    const ada = await gateway.caller(1000)
    gateway.upstream.answer = async (_call, response) => {
      startEvents(response)
      sendEvent(response, chunk({ role: 'assistant', content: '' }))
      while (!response.destroyed) {
        sendEvent(response, chunk({ content: 'more ' }))
        await new Promise((resolve) => setImmediate(resolve))
      }
    }
    const most = await mayCost({ stream: true, max_tokens: 30 })
    const answer = await ada.chat({ stream: true, max_tokens: 30 })
    expect(answer.text.match(/"content":"more "/g)?.length).toBeGreaterThanOrEqual(30)
    expect(answer.text).toContain('"finish_reason":"length"')
    expect(answer.text.endsWith('data: [DONE]\n\n')).toBe(true)
    const [receipt] = await receipts(ada.id)
    expect(receipt).toMatchObject({ status: 'completed', estimated: 1, output_tokens: 30 })
    expect(receipt?.cost_nano).toBeLessThanOrEqual(cents(most))
    await accounts(ada.id)
    await expect.poll(() => gateway.upstream.open()).toBe(0)
  })

  test('an answer that is exactly as long as it may be is whole, and costs what the provider says', async () => {
    const ada = await gateway.caller(1000)
    gateway.upstream.answer = (_call, response) => {
      startEvents(response)
      sendEvent(response, chunk({ role: 'assistant', content: '' }))
      for (let token = 0; token < 20; token++) sendEvent(response, chunk({ content: 'a' }))
      sendEvent(response, chunk({}, 'length'))
      const usage = { prompt_tokens: 12, completion_tokens: 20, total_tokens: 32 }
      sendEvent(response, chunk({}, null, { choices: [], usage }))
      response.end('data: [DONE]\n\n')
    }
    const answer = await ada.chat({ stream: true, max_tokens: 20 })
    expect(answer.text.match(/"content":"a"/g)).toHaveLength(20)
    expect(answer.text.match(/"finish_reason":"length"/g)).toHaveLength(1)
    expect(await receipts(ada.id)).toMatchObject([{ estimated: 0, output_tokens: 20 }])
    expect(await ada.credits()).toBeCloseTo(1000 - costOf(12, 20), 6)
  })

  test('an answer that costs more than was set aside takes what is there, and no more', async () => {
    const ada = await gateway.caller(1)
    const usage = { prompt_tokens: 1000, completion_tokens: 10_000, total_tokens: 11_000 }
    gateway.upstream.answer = (_call, response) => sendJson(response, 200, completion('x', { usage }))
    expect((await ada.chat()).status).toBe(200)
    expect(await accounts(ada.id)).toMatchObject({ balance: 0, reserved: 0 })
    expect((await ada.chat()).body.error.code).toBe('insufficient_credits')
    expect(gateway.upstream.seen).toHaveLength(1)
  })

  test('tries that failed cost nothing: who answered is charged, at their price', async () => {
    const backup = await startModelUpstream()
    await gateway.addProvider({
      id: 'backup',
      kind: 'openai-compatible',
      base_url: `${backup.origin}/v1`,
      models: [{ id: 'cheap', upstream_model: 'small', price: { input_per_mtok: 1, output_per_mtok: 2 } }],
    })
    await gateway.addProvider({
      id: 'frail',
      kind: 'openai',
      base_url: `${gateway.upstream.origin}/v1`,
      models: [{ id: 'dear', price: { input_per_mtok: 1000, output_per_mtok: 1000 } }],
      fallback: ['backup/cheap'],
    })
    gateway.upstream.answer = (_call, response) => sendJson(response, 503, { error: { message: 'down' } })
    const ada = await gateway.caller(10_000)
    const answer = await ada.chat({ model: 'frail/dear' })
    expect(answer.headers.get('x-auth-agent-fallback')).toBe('backup/cheap')
    expect(answer.headers.get('x-auth-agent-cost-cents')).toBe(String((12 * 1 + 3 * 2) / 10_000))
    expect(await receipts(ada.id)).toMatchObject([{ provider: 'backup', model_served: 'small', attempts: 2 }])
    backup.answer = (_call, response) => sendJson(response, 503, {})
    expect((await ada.chat({ model: 'frail/dear' })).status).toBe(503)
    expect(await receipts(ada.id)).toMatchObject([{ status: 'completed' }, { status: 'failed', cost_nano: 0 }])
    expect(await accounts(ada.id)).toMatchObject({ reserved: 0, charges: 1 })
    await backup.stop()
  })

  test('somebody who cannot pay for the backup still gets the one that was asked for, and never the backup', async () => {
    const backup = await startModelUpstream()
    await gateway.addProvider({
      id: 'golden',
      kind: 'openai-compatible',
      base_url: `${backup.origin}/v1`,
      models: [{ id: 'opus', price: { input_per_mtok: 10_000, output_per_mtok: 10_000 } }],
    })
    await gateway.addProvider({
      id: 'plain',
      kind: 'openai',
      base_url: `${gateway.upstream.origin}/v1`,
      models: [{ id: 'gpt', price: { input_per_mtok: 1, output_per_mtok: 1 } }],
      fallback: ['golden/opus'],
    })
    const ada = await gateway.caller(2)
    expect((await ada.chat({ model: 'plain/gpt', max_tokens: 1000 })).status).toBe(200)
    expect(gateway.upstream.seen[0]?.body.max_tokens).toBe(1000)
    gateway.upstream.answer = (_call, response) => sendJson(response, 500, {})
    expect((await ada.chat({ model: 'plain/gpt', max_tokens: 1000 })).status).toBe(502)
    expect(backup.seen).toEqual([])
    await backup.stop()
  })

  test('on an own key no credits are touched, and without one there is no call', async () => {
    const ada = await gateway.member(50)
    const put = (path: string, body: object) => ada.window.send('PUT', path, body)
    expect((await put('/api/payment-method', { payment_method: 'byok' })).status).toBe(200)

    const without = await ada.chat()
    expect([without.status, without.body.error.code]).toEqual([402, 'byok_key_missing'])
    expect(gateway.upstream.seen).toEqual([])

    expect((await put('/api/provider-keys/acme', { api_key: 'sk-of-ada-0123456789' })).status).toBe(200)
    expect((await ada.chat({ max_tokens: 1_000_000 })).status).toBe(200)
    expect((await ada.chat({ stream: true })).text).toContain('[DONE]')
    expect(gateway.upstream.seen.map(({ headers }) => headers.authorization)).toEqual([
      'Bearer sk-of-ada-0123456789',
      'Bearer sk-of-ada-0123456789',
    ])
    // What they ask for is theirs to decide.
    expect(gateway.upstream.seen[0]?.body.max_tokens).toBe(1_000_000)
    expect(gateway.upstream.seen[1]?.body.max_tokens).toBeUndefined()
    expect(await ada.credits()).toBe(50)
    expect(await accounts(ada.id)).toMatchObject({ balance: cents(50), charges: 0, calls: 2 })

    gateway.upstream.answer = (_call, response) => sendJson(response, 401, { error: { message: 'bad key' } })
    expect((await ada.chat()).status).toBe(502)
    expect(gateway.upstream.seen.at(-1)?.headers.authorization).toBe('Bearer sk-of-ada-0123456789')
    expect(gateway.upstream.seen).toHaveLength(3)
    expect(await ada.credits()).toBe(50)
  })

  test('a price that nobody knows cannot be paid with credits', async () => {
    await gateway.addProvider({
      id: 'obscure',
      kind: 'openai-compatible',
      base_url: `${gateway.upstream.origin}/v1`,
      models: [{ id: 'model-of-nobody' }],
    })
    const ada = await gateway.caller(50)
    const answer = await ada.chat({ model: 'model-of-nobody' })
    expect([answer.status, answer.body.error.code]).toEqual([400, 'price_unknown'])
    expect(gateway.upstream.seen).toEqual([])
  })

  test('usage adds up to what callers were told, by day, model and key', async () => {
    const ada = await gateway.member(1000)
    const told = { input: 0, output: 0, cost: 0 }
    for (const more of [{}, { max_tokens: 5 }, { model: 'acme/gpt-5' }]) {
      const answer = await ada.chat(more)
      told.input += answer.body.usage.prompt_tokens
      told.output += answer.body.usage.completion_tokens
      told.cost += Number(answer.headers.get('x-auth-agent-cost-cents'))
    }
    const stream = await ada.chat({ stream: true, stream_options: { include_usage: true } })
    const usage = JSON.parse(/data: (\{.*"usage":\{.*\})/.exec(stream.text)?.[1] ?? '{}').usage
    expect(usage).toEqual(USAGE)
    told.input += usage.prompt_tokens
    told.output += usage.completion_tokens
    told.cost += costOf(usage.prompt_tokens, usage.completion_tokens)
    for (const group of ['day', 'model', 'key', 'app', 'agent']) {
      const { data } = (await ada.window.get(`/api/usage?group_by=${group}`)).body
      expect(data).toHaveLength(1)
      expect(data[0]).toMatchObject({ requests: 4, input_tokens: told.input, output_tokens: told.output })
      expect(data[0].cost_cents).toBeCloseTo(told.cost, 6)
    }
    expect(await ada.credits()).toBeCloseTo(1000 - told.cost, 6)
    expect((await eventsOf(ada.id)).filter(({ action }) => action === 'model.called')).toHaveLength(4)
  })
})

describe.each(DATABASES)('calls a minute, on %s', (kind) => {
  let gateway: ModelGateway
  beforeAll(async () => {
    gateway = await startModelGateway(kind, { RATE_LIMIT_RPM: '60' })
  })
  afterAll(() => gateway?.stop())

  test('are counted for a person, whatever key they come by, and come back one by one', async () => {
    const ada = await gateway.caller(100_000)
    const second = await gateway.admin('POST', '/api-keys', { user_id: ada.id, name: 'b', scopes: ['agent-fuel'] })
    const asSecond = { authorization: `Bearer ${second.body.api_key}` }
    const answers = await Promise.all(Array.from({ length: 60 }, (_, at) => ada.chat({}, at % 2 === 0 ? {} : asSecond)))
    expect(answers.map(({ status }) => status)).toEqual(Array(60).fill(200))
    expect(answers.map(({ headers }) => headers.get('x-ratelimit-limit-requests'))).toEqual(Array(60).fill('60'))
    const left = answers.map(({ headers }) => Number(headers.get('x-ratelimit-remaining-requests')))
    expect(left.sort((a, b) => a - b)).toEqual(Array.from({ length: 60 }, (_, at) => at))

    const over = await ada.chat({}, asSecond)
    expect([over.status, over.body.error.code]).toEqual([429, 'rate_limit_exceeded'])
    expect(over.headers.get('retry-after')).toBe('1')
    expect(Number(over.headers.get('retry-after-ms'))).toBeGreaterThan(0)
    expect(over.headers.get('x-ratelimit-remaining-requests')).toBe('0')
    expect(gateway.upstream.seen).toHaveLength(60)

    gateway.wait(1)
    expect([(await ada.chat()).status, (await ada.chat()).status]).toEqual([200, 429])
    gateway.wait(60)
    expect((await ada.chat()).headers.get('x-ratelimit-remaining-requests')).toBe('59')
    expect((await (await gateway.caller(100)).chat()).status).toBe(200)
  })
})
