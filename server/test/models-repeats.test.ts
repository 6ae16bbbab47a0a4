import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { maintain } from '../src/maintenance.ts'
import { DATABASES } from './harness.ts'
import { type ModelGateway, startModelGateway } from './model-gateway.ts'
import { chunk, completion, says, sendEvent, sendJson, startEvents } from './model-upstream.ts'

describe.each(DATABASES)('a call with an Idempotency-Key, on %s', (kind) => {
  let gateway: ModelGateway
  let keys = 0
  beforeAll(async () => {
    gateway = await startModelGateway(kind)
  })
  afterEach(() => gateway.upstream.reset())
  afterAll(() => gateway?.stop())
  const newKey = () => ({ 'idempotency-key': `key-${keys++}` })

  test('is made and paid once, and answered again to the byte', async () => {
    const ada = await gateway.caller(1000)
    const key = newKey()
    const first = await ada.chat({}, key)
    gateway.upstream.answer = (_call, response) => sendJson(response, 200, completion('something else'))
    const again = await ada.chat({}, key)
    expect([again.status, again.text]).toEqual([200, first.text])
    expect(first.headers.get('idempotent-replayed')).toBeNull()
    expect(again.headers.get('idempotent-replayed')).toBe('true')
    for (const name of ['content-type', 'x-auth-agent-provider', 'x-auth-agent-cost-cents'])
      expect([name, again.headers.get(name)]).toEqual([name, first.headers.get(name)])
    expect(Number(again.headers.get('x-ratelimit-remaining-requests'))).toBeLessThan(
      Number(first.headers.get('x-ratelimit-remaining-requests')),
    )
    expect(gateway.upstream.seen).toHaveLength(1)
    expect(await ada.credits()).toBe(999.958)
    const events = await gateway.deps.db.read
      .selectFrom('audit_event')
      .select('action')
      .where('target', '=', ada.id)
      .where('action', 'like', 'model.%')
      .execute()
    expect(events.map(({ action }) => action).sort()).toEqual(['model.called', 'model.repeated'])
  })

  test('is the same stream again, and the same message', async () => {
    const ada = await gateway.caller(1000)
    const key = newKey()
    const first = await ada.chat({ stream: true }, key)
    const again = await ada.chat({ stream: true }, key)
    expect(first.text.endsWith('data: [DONE]\n\n')).toBe(true)
    expect(again.text).toBe(first.text)
    expect(again.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
    const body = { model: 'acme/gpt-5', max_tokens: 50, messages: [{ role: 'user', content: 'Hi' }], stream: true }
    const message = await ada.call('/v1/messages', body, key)
    expect(message.status).toBe(422)
    const other = newKey()
    expect((await ada.call('/v1/messages', body, other)).text).toBe((await ada.call('/v1/messages', body, other)).text)
    expect(gateway.upstream.seen).toHaveLength(2)
  })

  test('is refused with another body, or at another place', async () => {
    const ada = await gateway.caller(1000)
    const key = newKey()
    await ada.chat({}, key)
    const answer = await ada.chat({ temperature: 1 }, key)
    expect([answer.status, answer.body.error.code]).toEqual([422, 'validation_failed'])
    expect((await ada.call('/v1/embeddings', { model: 'embed-1', input: 'Hi' }, key)).status).toBe(422)
    expect(gateway.upstream.seen).toHaveLength(1)
  })

  test('is the caller’s own: others, and other keys of theirs, may use the same', async () => {
    const ada = await gateway.caller(1000)
    const bob = await gateway.caller(1000)
    const second = await gateway.admin('POST', '/api-keys', { user_id: ada.id, name: 'b', scopes: ['agent-fuel'] })
    const key = newKey()
    for (const call of [
      () => ada.chat({}, key),
      () => bob.chat({}, key),
      () => ada.chat({}, { ...key, authorization: `Bearer ${second.body.api_key}` }),
    ])
      expect((await call()).headers.get('idempotent-replayed')).toBeNull()
    expect(gateway.upstream.seen).toHaveLength(3)
  })

  test('is made once, however many come at once: the others are told to wait', async () => {
    const ada = await gateway.caller(1000)
    for (const stream of [false, true]) {
      let letGo = () => {}
      const told = new Promise<void>((resolve) => {
        letGo = resolve
      })
      gateway.upstream.answer = async (call, response) => {
        await told
        await says('Hello')(call, response)
      }
      const key = newKey()
      const seen = gateway.upstream.seen.length
      let refused = 0
      const calls = Array.from({ length: 20 }, async () => {
        const answer = await ada.chat({ stream }, key)
        if (answer.status === 409 && ++refused === 19) letGo()
        return answer
      })
      const answers = await Promise.all(calls)
      expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array(19).fill(409)])
      const [busy] = answers.filter(({ status }) => status === 409)
      expect([busy?.body.error.code, busy?.headers.get('retry-after')]).toEqual(['conflict', '1'])
      expect(gateway.upstream.seen.length - seen).toBe(1)
      expect((await ada.chat({ stream }, key)).headers.get('idempotent-replayed')).toBe('true')
    }
    expect(await ada.credits()).toBe(999.916)
  })

  test('that came to nothing can be made again', async () => {
    const ada = await gateway.caller(1000)
    const poor = await gateway.caller(0)
    const key = newKey()
    gateway.upstream.answer = (_call, response) => sendJson(response, 500, {})
    expect((await ada.chat({}, key)).status).toBe(502)
    expect((await ada.chat({ model: 'nobody' }, key)).status).toBe(404)
    expect((await poor.chat({}, key)).status).toBe(402)
    gateway.upstream.answer = (_call, response) => {
      startEvents(response)
      sendEvent(response, chunk({ content: 'half' }))
      setImmediate(() => response.destroy())
    }
    expect((await ada.chat({ stream: true }, key)).text).toContain('"error"')
    gateway.upstream.reset()
    expect((await ada.chat({ stream: true }, key)).text).toContain('[DONE]')
    await gateway.admin('POST', `/users/${poor.id}/credits`, { amount_cents: 100, reason: 'test' })
    expect((await poor.chat({}, key)).status).toBe(200)
  })

  test('whose process died can be made again once nobody can be at it any more', async () => {
    const ada = await gateway.caller(1000)
    const key = newKey()
    gateway.upstream.answer = () => {}
    const gone = new AbortController()
    const body = { model: 'gpt-5', messages: [{ role: 'user', content: 'Hi' }] }
    const lost = ada.call('/v1/chat/completions', body, key, gone.signal).catch(() => undefined)
    await expect.poll(() => gateway.upstream.seen.length).toBe(1)
    gateway.upstream.reset()
    expect((await ada.chat({}, key)).status).toBe(409)
    gateway.wait(300)
    expect((await ada.chat({}, key)).status).toBe(409)
    gateway.wait(61)
    expect((await ada.chat({}, key)).status).toBe(200)
    gone.abort()
    await lost
    expect((await ada.chat({}, key)).headers.get('idempotent-replayed')).toBe('true')
  })

  test('is known for a day', async () => {
    const ada = await gateway.caller(1000)
    const key = newKey()
    await ada.chat({}, key)
    gateway.wait(86_000)
    await maintain(gateway.deps)
    expect((await ada.chat({}, key)).headers.get('idempotent-replayed')).toBe('true')
    gateway.wait(1000)
    await maintain(gateway.deps)
    expect((await ada.chat({}, key)).headers.get('idempotent-replayed')).toBeNull()
    expect(gateway.upstream.seen).toHaveLength(2)
  })

  test('whose answer is too large to be kept is not made again either', async () => {
    const ada = await gateway.caller(1000)
    const key = newKey()
    gateway.upstream.answer = (_call, response) => sendJson(response, 200, completion('x'.repeat(5_000_000)))
    expect((await ada.chat({}, key)).status).toBe(200)
    const again = await ada.chat({}, key)
    expect([again.status, again.headers.get('x-should-retry')]).toEqual([409, 'false'])
    expect(gateway.upstream.seen).toHaveLength(1)
  })

  test('keeps what was said to nobody but the caller: it is sealed, and a bad key is refused', async () => {
    const ada = await gateway.caller(1000)
    gateway.upstream.answer = (_call, response) => sendJson(response, 200, completion('told in confidence'))
    await ada.chat({}, newKey())
    const rows = await gateway.deps.db.read.selectFrom('idempotency_key').selectAll().execute()
    expect(JSON.stringify(rows)).not.toContain('confidence')
    for (const bad of ['with space', 'x'.repeat(256)])
      expect((await ada.chat({}, { 'idempotency-key': bad })).status).toBe(400)
    expect(gateway.upstream.seen).toHaveLength(1)
  })
})
