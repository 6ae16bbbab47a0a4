import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { maintain } from '../src/maintenance.ts'
import { createRefusalTally } from '../src/models/refusal-tally.ts'
import { DATABASES } from './harness.ts'
import { type ModelGateway, startModelGateway } from './model-gateway.ts'
import { bearer } from './tenancy.ts'

const CHAT = '/v1/chat/completions'
const BODY = JSON.stringify({ model: 'gpt-5', max_tokens: 9, messages: [{ role: 'user', content: 'Hi' }] })

describe.each(DATABASES)('calls of models that come to nothing, on %s', (kind) => {
  let gateway: ModelGateway
  beforeAll(async () => {
    gateway = await startModelGateway(kind)
  })
  beforeEach(async () => {
    await maintain(gateway.deps)
    gateway.wait(120)
  })
  afterEach(() => gateway.upstream.reset())
  afterAll(() => gateway?.stop())

  const from = (address: string, headers: Record<string, string> = {}, path = CHAT) =>
    gateway.request(
      path,
      { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: BODY },
      address,
    )
  async function many(times: number, call: (at: number) => Promise<{ status: number }>) {
    const statuses = new Set<number>()
    for (let at = 0; at < times; at++) statuses.add((await call(at)).status)
    return [...statuses]
  }

  /** What of a kind was written down since the clock was turned. */
  async function told(action: string) {
    const rows = await gateway.deps.db.read
      .selectFrom('audit_event')
      .selectAll()
      .where('action', '=', action)
      .where('at', '>=', gateway.deps.now() - 60_000)
      .execute()
    return rows.map(({ detail, ...event }) => ({ ...event, detail: JSON.parse(detail) }))
  }

  test('have an event each, and from one network without a credential no more than three hundred a minute', async () => {
    expect(await many(340, () => from('203.0.113.7'))).toEqual([401])
    expect(await many(100, (at) => from('203.0.113.7', bearer(`sk-wrong-${at}`)))).toEqual([401])
    expect(await told('model.refused')).toHaveLength(300)
    expect(await told('model.refusals_counted')).toEqual([])
    // Others are told as ever.
    await from('203.0.113.8')
    expect(await told('model.refused')).toHaveLength(301)

    await maintain(gateway.deps)
    const counted = await told('model.refusals_counted')
    expect(counted).toHaveLength(1)
    expect(counted[0]).toMatchObject({ actor: 'unknown', target: null, org_id: gateway.deps.orgId })
    expect(counted[0]?.detail).toEqual({
      count: 140,
      errors: { unauthorized: 40, invalid_token: 100 },
      from: (await told('model.refused'))[0]?.detail.from,
      since: gateway.deps.now(),
      until: gateway.deps.now(),
    })
    await maintain(gateway.deps)
    expect(await told('model.refusals_counted')).toHaveLength(1)
    gateway.wait(61)
    await many(3, () => from('203.0.113.7'))
    expect(await told('model.refused')).toHaveLength(3)
  })

  test('from one network of IPv6 are from one network', async () => {
    await many(330, (at) => from(`2001:db8:1:2::${at.toString(16)}`))
    expect(await told('model.refused')).toHaveLength(300)
  })

  test('from all networks together are no more than six hundred a minute, and as many counts as are of use', async () => {
    const calls = Array.from({ length: 900 }, (_, at) => () => from(`198.51.${at >> 8}.${at & 255}`))
    for (const call of calls) await call()
    expect(await told('model.refused')).toHaveLength(600)
    await maintain(gateway.deps)
    const counted = await told('model.refusals_counted')
    expect(counted).toHaveLength(101)
    expect(counted.reduce((sum, { detail }) => sum + detail.count, 0)).toBe(300)
    expect(counted.filter(({ detail }) => detail.from === null)).toHaveLength(1)
  })

  test('of somebody we know are theirs, by whatever key, and keep nobody else’s out', async () => {
    const ada = await gateway.caller(1000)
    const bob = await gateway.caller(1000)
    const second = (await gateway.admin('POST', '/api-keys', { user_id: ada.id, name: 'k', scopes: ['agent-fuel'] }))
      .body
    await many(700, () => from('203.0.113.9'))
    expect(await many(540, () => ada.chat({ model: 'nobody' }))).toEqual([404])
    expect(
      await many(500, () => from('203.0.113.10', { ...bearer(second.api_key), 'content-type': 'text/plain' })),
    ).toEqual([415])
    await bob.chat({ model: 'nobody' })
    const refused = await told('model.refused')
    expect(refused.filter(({ target }) => target === ada.id)).toHaveLength(1000)
    expect(refused.filter(({ target }) => target === bob.id)).toHaveLength(1)
    // What is answered is always told.
    expect(await many(70, () => ada.chat())).toEqual([200])
    expect((await told('model.called')).filter(({ target }) => target === ada.id)).toHaveLength(70)

    await maintain(gateway.deps)
    const [counted] = (await told('model.refusals_counted')).filter(({ target }) => target === ada.id)
    expect(counted?.actor).toMatch(/^key_/)
    expect(counted?.detail).toMatchObject({ count: 40, errors: { unsupported_media_type: 40 } })
    expect((await gateway.admin('GET', '/audit-log/verify')).body).toMatchObject({ valid: true, faults: [] })
  })
})

test('a million callers take no more memory than some', () => {
  const tally = createRefusalTally()
  const event = {
    at: 0,
    org_id: 'org',
    actor: 'unknown',
    action: 'model.refused',
    detail: { error: 'unauthorized', from: 'x' },
  }
  let admitted = 0
  for (let at = 0; at < 1_000_000; at++)
    if (tally.admits({ event, caller: `network ${at}`, isKnown: false })) admitted++
  const counted = tally.take()
  expect(admitted).toBe(600)
  expect(counted).toHaveLength(101)
  expect(counted.reduce((sum, { count }) => sum + count, 0)).toBe(999_400)
  expect(tally.take()).toEqual([])
})
