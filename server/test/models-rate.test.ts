import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { maintain } from '../src/maintenance.ts'
import { takeModelCall } from '../src/storage/model-rate.ts'
import { DATABASES } from './harness.ts'
import { type ModelGateway, startModelGateway } from './model-gateway.ts'
import { sendJson } from './model-upstream.ts'
import { bearer } from './tenancy.ts'

const PER_MINUTE = 10

describe.each(DATABASES)('calls of models in a minute, on %s', (kind) => {
  let gateway: ModelGateway
  beforeAll(async () => {
    gateway = await startModelGateway(kind, { RATE_LIMIT_RPM: String(PER_MINUTE), BODY_LIMIT_MB: '1' })
    await gateway.member(0)
  })
  afterEach(() => {
    gateway.upstream.reset()
    gateway.wait(120)
  })
  afterAll(() => gateway?.stop())

  const rows = () => gateway.deps.db.read.selectFrom('model_rate').selectAll().execute()
  type Member = Awaited<ReturnType<ModelGateway['member']>>
  const left = async ({ window }: Member) => (await window.get('/api/limits')).body.remaining as number

  test('count where a provider could have been asked, and no other', async () => {
    const ada = await gateway.member()
    const post = (headers: Record<string, string>, body: string, path = '/v1/chat/completions') =>
      gateway.request(path, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body })
    const own = bearer(ada.apiKey)
    const ask =
      (more: object, headers = {}) =>
      async () =>
        (await ada.chat(more, headers)).status
    const cases: [string, number, boolean, () => Promise<number>][] = [
      ['no credential', 401, false, async () => (await post({}, '{}')).status],
      ['no JSON', 400, false, async () => (await post(own, '{')).status],
      ['of no type', 415, false, async () => (await post({ ...own, 'content-type': 'text/plain' }, '{}')).status],
      ['too large', 413, false, async () => (await post(own, 'x'.repeat(1_100_000))).status],
      ['stream that is none', 400, false, ask({ stream: 'yes' })],
      ['a look at the models', 200, false, async () => (await gateway.request('/v1/models', { headers: own })).status],
      ['answered', 200, true, ask({})],
      ['answered by events', 200, true, ask({ stream: true })],
      ['a model that is not there', 404, true, ask({ model: 'nobody' })],
      ['a limit that is none', 400, true, ask({ max_tokens: -1 })],
      ['answered, to be sent again', 200, true, ask({}, { 'idempotency-key': 'k' })],
      ['sent again', 200, true, ask({}, { 'idempotency-key': 'k' })],
    ]
    for (const [what, status, counts, call] of cases) {
      const before = await left(ada)
      expect([what, await call()]).toEqual([what, status])
      expect([what, before - (await left(ada))]).toEqual([what, counts ? 1 : 0])
    }
    gateway.wait(60)
    gateway.upstream.answer = (_call, response) => sendJson(response, 500, {})
    expect((await ada.chat()).status).toBe(502)
    expect(await left(ada)).toBe(PER_MINUTE - 1)

    const poor = await gateway.member(0)
    expect((await poor.chat()).status).toBe(402)
    expect(await left(poor)).toBe(PER_MINUTE - 1)
  })

  test('that are too many take nothing, and come back evenly', async () => {
    const ada = await gateway.member()
    for (let call = 0; call < PER_MINUTE; call++) expect((await ada.chat()).status).toBe(200)
    for (let call = 0; call < 20; call++) expect((await ada.chat()).status).toBe(429)
    gateway.wait(60 / PER_MINUTE)
    expect((await ada.chat()).status).toBe(200)
    expect((await ada.chat()).status).toBe(429)
  })

  test('of ten thousand people are a row each for a minute, and none when it is over', async () => {
    await maintain(gateway.deps)
    const now = gateway.deps.now()
    for (let first = 0; first < 10_000; first += 1000)
      await gateway.deps.db.write(async ({ trx }) => {
        for (let at = first; at < first + 1000; at++) await takeModelCall(trx, `user_${at}`, PER_MINUTE, now)
      })
    expect(await rows()).toHaveLength(10_000)
    await maintain(gateway.deps)
    expect(await rows()).toHaveLength(10_000)
    gateway.wait(61)
    await maintain(gateway.deps)
    expect(await rows()).toEqual([])
  }, 60_000)
})
