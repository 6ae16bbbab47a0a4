import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { ADMIN_KEY, DATABASES } from './harness.ts'
import { type ModelGateway, startModelGateway } from './model-gateway.ts'
import { sendJson } from './model-upstream.ts'

describe.each(DATABASES)('each call of a model has one event, on %s', (kind) => {
  let gateway: ModelGateway
  beforeAll(async () => {
    gateway = await startModelGateway(kind, { RATE_LIMIT_RPM: '20', BODY_LIMIT_MB: '1' })
  })
  afterEach(() => gateway.upstream.reset())
  afterAll(() => gateway?.stop())

  /** The events that a piece of work adds. */
  async function told(work: () => Promise<unknown>) {
    const all = async () =>
      (await gateway.deps.db.read.selectFrom('audit_event').selectAll().orderBy('at').orderBy('seq').execute())
        .filter(({ action }) => action.startsWith('model.'))
        .map(({ detail, ...event }) => ({ ...event, detail: JSON.parse(detail) }))
    const nameOf = ({ chain, seq }: { chain: string; seq: number }) => `${chain} ${seq}`
    const before = new Set((await all()).map(nameOf))
    await work()
    return (await all()).filter((event) => !before.has(nameOf(event)))
  }

  test('that is answered, whole or in a stream, with what it came to and no word of it', async () => {
    const ada = await gateway.caller(1000)
    for (const stream of [false, true]) {
      const secret = 'what Ada asked in confidence'
      const events = await told(() => ada.chat({ stream, messages: [{ role: 'user', content: secret }] }))
      expect(events).toHaveLength(1)
      expect(events[0]).toMatchObject({ action: 'model.called', target: ada.id, request_id: expect.any(String) })
      expect(events[0]?.actor).toMatch(/^key_/)
      expect(events[0]?.detail).toEqual({
        operation: 'chat',
        model: 'gpt-5',
        served: 'gpt-5',
        provider: 'acme',
        attempts: 1,
        status: 'completed',
        input_tokens: 12,
        output_tokens: 3,
        cost_nano: 420_000,
        ttft_ms: stream ? 0 : null,
        duration_ms: 0,
        from: expect.stringMatching(/^m1:[\w-]{20,}$/),
      })
      expect(JSON.stringify(events)).not.toMatch(/confidence|Hello/)
    }
  })

  test('that is refused, with the reason, and who it was where that is known', async () => {
    const ada = await gateway.caller(1000)
    const poor = await gateway.caller(0)
    const key = async (scopes: string[]) =>
      (await gateway.admin('POST', '/api-keys', { user_id: ada.id, name: 'k', scopes })).body.api_key as string
    const post = (path: string, headers: Record<string, string>, body: string) =>
      gateway.request(path, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body })
    const bearer = (token: string) => ({ authorization: `Bearer ${token}` })
    const chat = '/v1/chat/completions'
    const body = JSON.stringify({ model: 'gpt-5', messages: [{ role: 'user', content: 'Hi' }] })

    const cases: [number, string, string | null, () => Promise<{ status: number }>][] = [
      [401, 'unauthorized', null, () => post(chat, {}, body)],
      [401, 'invalid_token', null, () => post(chat, bearer('sk-aa-v1-nothing'), body)],
      [401, 'invalid_token', null, () => post('/v1/messages', { 'x-api-key': 'nothing' }, body)],
      [403, 'permission_denied', null, () => post(chat, bearer(ADMIN_KEY), body)],
      [403, 'permission_denied', null, async () => post(chat, bearer(await key(['manage'])), body)],
      [402, 'insufficient_credits', poor.id, () => poor.chat()],
      [404, 'model_not_found', ada.id, () => ada.chat({ model: 'nobody' })],
      [400, 'invalid_request', ada.id, () => ada.chat({ stream: 'yes' })],
      [400, 'invalid_request', ada.id, () => ada.chat({ max_tokens: -1 })],
      [400, 'invalid_request', ada.id, () => post('/v1/embeddings', bearer(ada.apiKey), '{')],
      [
        415,
        'unsupported_media_type',
        ada.id,
        () => post(chat, { ...bearer(ada.apiKey), 'content-type': 'text/plain' }, body),
      ],
      [413, 'payload_too_large', null, () => post(chat, { ...bearer(ada.apiKey), 'content-length': '2000000' }, body)],
      [413, 'payload_too_large', ada.id, () => post('/v1/openai/responses', bearer(ada.apiKey), 'x'.repeat(2_000_000))],
    ]
    for (const [status, code, target, call] of cases) {
      const events = await told(async () => expect([code, (await call()).status]).toEqual([code, status]))
      expect([code, events.length]).toEqual([code, 1])
      expect(events[0]).toMatchObject({ action: 'model.refused', target })
      expect(events[0]?.detail).toMatchObject({ error: code, status, from: expect.any(String) })
      if (target !== null) expect(events[0]?.actor).toMatch(/^key_/)
    }
    expect(gateway.upstream.seen).toEqual([])
    const [unknown] = await told(() => ada.chat({ model: 'nobody' }))
    expect(unknown?.detail.model).toBe('nobody')

    let over = 0
    const many = await told(async () => {
      for (let call = 0; call < 25; call++) if ((await ada.chat()).status === 429) over++
    })
    expect(over).toBeGreaterThan(0)
    expect(many).toHaveLength(25)
    expect(many.filter(({ detail }) => detail.error === 'rate_limit_exceeded')).toHaveLength(over)
  })

  test('that nobody answers, or that cannot be put in the provider’s words', async () => {
    const ada = await gateway.caller(1000)
    gateway.upstream.answer = (_call, response) => sendJson(response, 500, {})
    const failed = await told(() => ada.chat())
    expect(failed).toMatchObject([{ action: 'model.called', detail: { status: 'failed', error: 'upstream_error' } }])
    const untold = await told(() => ada.call('/v1/messages', { model: 'gpt-5', max_tokens: 9, messages: 'none' }))
    expect(untold).toHaveLength(1)
  })

  test('that is made, or refused, in the playground', async () => {
    const ada = await gateway.member(10)
    const body = { model: 'gpt-5', messages: [{ role: 'user', content: 'Hi' }] }
    const ask = (model: string) => ada.window.send('POST', '/api/playground/chat', { ...body, model })
    expect(await told(() => ask('gpt-5'))).toMatchObject([{ action: 'model.called', actor: ada.id }])
    expect(await told(() => ask('nobody'))).toMatchObject([{ action: 'model.refused', target: ada.id }])
    const from = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
    const nobody = await told(() => gateway.request('/api/playground/chat', from))
    expect(nobody).toMatchObject([{ action: 'model.refused', actor: 'unknown', detail: { status: 401 } }])
  })

  test('and asking what there is has none', async () => {
    const ada = await gateway.caller(0)
    expect(
      await told(() => gateway.request('/v1/models', { headers: { authorization: `Bearer ${ada.apiKey}` } })),
    ).toEqual([])
    expect(await told(() => gateway.request('/v1/chat/completions'))).toEqual([])
  })

  test('and the chain of them is whole', async () => {
    expect((await gateway.admin('GET', '/audit-log/verify')).body).toMatchObject({ valid: true, faults: [] })
  })
})
