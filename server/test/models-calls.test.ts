import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { DATABASES } from './harness.ts'
import { type ModelGateway, startModelGateway } from './model-gateway.ts'

describe.each(DATABASES)('a call of a model, on %s', (kind) => {
  let gateway: ModelGateway
  beforeAll(async () => {
    gateway = await startModelGateway(kind)
  })
  afterEach(() => gateway.upstream.reset())
  afterAll(() => gateway?.stop())

  test('is answered in the provider’s own bytes, and costs what it used', async () => {
    const ada = await gateway.caller(1000)
    const answer = await ada.chat()
    expect(answer.status).toBe(200)
    expect(answer.body.choices[0].message.content).toBe('Hello, world')
    expect(answer.body.system_fingerprint).toBe('fp_1')
    // 12 tokens at 10 and 3 at 100 dollars a million: 0.00042 dollars.
    expect(answer.headers.get('x-auth-agent-cost-cents')).toBe('0.042')
    expect(answer.headers.get('x-auth-agent-credits-remaining')).toBe('999.958')
    expect(answer.headers.get('x-auth-agent-provider')).toBe('acme')
    expect(await ada.credits()).toBe(999.958)
    const [seen] = gateway.upstream.seen
    expect(seen?.headers.authorization).toBe('Bearer sk-acme-canary-0123456789')
    expect(seen?.body).toMatchObject({ model: 'gpt-5', messages: [{ role: 'user', content: 'Hi' }] })
  })

  test('streams, and its usage is told to whoever asked for it', async () => {
    const ada = await gateway.caller(1000)
    const plain = await ada.chat({ stream: true })
    expect(plain.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
    expect(plain.text.endsWith('data: [DONE]\n\n')).toBe(true)
    expect(plain.text).not.toContain('"usage"')
    const told = await ada.chat({ stream: true, stream_options: { include_usage: true } })
    expect(told.text).toContain('"usage":{"prompt_tokens":12')
    expect(await ada.credits()).toBe(999.916)
  })

  test('speaks Anthropic’s dialect to whoever does', async () => {
    const ada = await gateway.caller(1000)
    const body = { model: 'acme/gpt-5', max_tokens: 50, messages: [{ role: 'user', content: 'Hi' }] }
    const answer = await ada.call('/v1/messages', body)
    expect(answer.body).toMatchObject({ type: 'message', content: [{ type: 'text', text: 'Hello, world' }] })
    const stream = await ada.call('/v1/messages', { ...body, stream: true })
    expect(stream.text).toContain('event: message_stop')
    expect((await ada.call('/v1/messages', { ...body, model: 'nobody' })).body).toMatchObject({ type: 'error' })
  })

  test('gives embeddings, and lists models', async () => {
    const ada = await gateway.caller(1000)
    const answer = await ada.call('/v1/embeddings', { model: 'embed-1', input: 'Hi' })
    expect(answer.body.data[0].embedding).toEqual([0.1, 0.2])
    const headers = { authorization: `Bearer ${ada.apiKey}` }
    const list = await gateway.request('/v1/models', { headers })
    expect(list.body.data.map(({ id }: { id: string }) => id)).toEqual(['acme/gpt-5', 'acme/embed-1'])
    expect((await gateway.request('/v1/models/acme%2Fgpt-5', { headers })).body).toMatchObject({ id: 'acme/gpt-5' })
    expect((await gateway.request('/v1/models/nobody', { headers })).status).toBe(404)
  })

  test('is not refused for hours because a clock was set back', async () => {
    const ada = await gateway.caller(1000)
    gateway.wait(7200)
    expect((await ada.chat()).status).toBe(200)
    gateway.wait(-7200)
    expect((await ada.chat()).status).toBe(200)
  })

  test('is refused without a credential, without credits and for what is not there', async () => {
    const poor = await gateway.caller(0)
    const answers = await Promise.all([
      gateway.request('/v1/chat/completions', { method: 'POST' }),
      poor.chat(),
      poor.chat({ model: 'nobody' }),
    ])
    expect(answers.map(({ status, body }) => [status, body.error.code])).toEqual([
      [401, 'invalid_api_key'],
      [402, 'insufficient_credits'],
      [404, 'model_not_found'],
    ])
    expect(gateway.upstream.seen).toEqual([])
  })
})
