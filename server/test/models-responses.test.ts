import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { scriptedAgent } from './command-line-agents.ts'
import { answerOf } from './harness.ts'
import { type ListeningGateway, sendNamedEvent, startListeningGateway, tells } from './listening-gateway.ts'
import { PRICE } from './model-gateway.ts'
import { chunk, completion, sendEvent, sendJson, startEvents } from './model-upstream.ts'
import { messageOfBlocks } from './models-anthropic-answers.ts'

let gateway: ListeningGateway
let ada: Awaited<ReturnType<ListeningGateway['caller']>>
const agent = scriptedAgent(
  `note('asked', await told()); begin(); text('Hel'); text('lo'); stop('end_turn'); say(RESULT)`,
)

beforeAll(async () => {
  gateway = await startListeningGateway()
  const base = { base_url: `${gateway.upstream.origin}/v1`, api_key: 'sk-plain-canary-0123456789' }
  const chatty = { id: 'plain', kind: 'openai-compatible', responses: 'translate', ...base }
  await gateway.addProvider({ ...chatty, models: [{ id: 'chatty', price: PRICE }] })
  await gateway.addProvider({ ...base, id: 'aws', kind: 'bedrock', models: [{ id: 'nova', price: PRICE }] })
  await gateway.addProvider({
    id: 'agent',
    kind: 'claude-cli',
    api_key: 'sk-ant-agent',
    command: agent.file,
    models: [{ id: 'coder', price: PRICE }],
  })
  ada = await gateway.caller()
})
afterEach(() => {
  gateway.upstream.reset()
  gateway.wait(120)
})
afterAll(() => gateway?.stop())

const respond = (more: object) => ada.call('/v1/responses', { input: 'Hi', ...more })
const eventsIn = (text: string) => [...text.matchAll(/^data: (\{.*)$/gm)].map(([, data]) => JSON.parse(data ?? ''))
const receiptOf = (userId: string) =>
  gateway.deps.db.read.selectFrom('usage_record').selectAll().where('user_id', '=', userId).execute()

describe('a response of', () => {
  test('a model of Anthropic, asked in its words', async () => {
    gateway.upstream.answer = tells(() => ({ texts: ['Hello'] }))
    const { status, body, headers } = await respond({ model: 'sonnet', max_output_tokens: 100 })
    expect([status, headers.get('x-auth-agent-provider')]).toEqual([200, 'claude'])
    expect(body).toMatchObject({ object: 'response', model: 'sonnet', output: [{ content: [{ text: 'Hello' }] }] })
    expect(gateway.upstream.seen).toMatchObject([{ path: '/v1/messages', body: { max_tokens: 100 } }])
  })

  test('a provider that has chats alone, as its operator says or as all of its kind', async () => {
    gateway.upstream.answer = tells(() => ({ texts: ['Hello'] }))
    for (const model of ['plain/chatty', 'aws/nova']) {
      expect((await respond({ model })).body.output).toMatchObject([{ content: [{ text: 'Hello' }] }])
      expect(gateway.upstream.seen.at(-1)).toMatchObject({ path: '/v1/chat/completions' })
    }
    await respond({ model: 'acme/gpt-5' })
    expect(gateway.upstream.seen.at(-1)).toMatchObject({ path: '/v1/responses' })
  })

  test('a command-line agent, whole and streamed', async () => {
    const whole = await respond({ model: 'agent/coder', instructions: 'Be brief' })
    expect(whole.body).toMatchObject({
      status: 'completed',
      output: [{ type: 'message', content: [{ text: 'Hello' }] }],
      usage: { input_tokens: 19, output_tokens: 9, total_tokens: 28 },
    })
    expect(agent.read('asked').toString()).toContain('{"role":"system","content":"Be brief"}')
    const events = eventsIn((await respond({ model: 'agent/coder', stream: true })).text)
    expect(events.flatMap(({ type, delta }) => (type === 'response.output_text.delta' ? [delta] : []))).toEqual([
      'Hel',
      'lo',
    ])
    expect(events.at(-1).response.output).toMatchObject([{ content: [{ text: 'Hello' }] }])
    const refused = await respond({ model: 'agent/coder', text: { format: { type: 'json_object' } } })
    expect([refused.status, refused.body.error.param]).toEqual([400, 'text.format'])
    const calls = { type: 'function_call', call_id: 'c', name: 'x', arguments: '{}' }
    const called = await respond({ model: 'agent/coder', input: [{ role: 'user', content: 'Hi' }, calls] })
    expect([called.status, called.body.error.param]).toEqual([400, 'input[1]'])
  })

  test('nobody who has other words than those it was told to pass on', async () => {
    const provider = { kind: 'anthropic', api_key: 'sk-ant', models: [{ id: 'opus' }] }
    const { status, body } = await gateway.admin('POST', '/model-providers', {
      ...provider,
      id: 'x',
      responses: 'pass',
    })
    expect([status, Object.keys(body.fields)]).toEqual([422, ['responses']])
  })

  test('a backend that streams although nobody asked, and one that does not although somebody did', async () => {
    const inPieces = tells(() => ({ texts: ['Hello', '!'] }))
    gateway.upstream.answer = (call, response) => inPieces({ ...call, body: { ...call.body, stream: true } }, response)
    for (const model of ['sonnet', 'plain/chatty'])
      expect((await respond({ model })).body.output).toMatchObject([{ content: [{ text: 'Hello!' }] }])
    const inOne = tells(() => ({ texts: ['Hello'], calls: [{ id: 'call_1', name: 'add', input: { a: 1 } }] }))
    gateway.upstream.answer = (call, response) => inOne({ ...call, body: { ...call.body, stream: false } }, response)
    for (const model of ['sonnet', 'plain/chatty']) {
      const events = eventsIn((await respond({ model, stream: true })).text)
      expect(events.flatMap(({ type, delta }) => (String(type).endsWith('.delta') ? [delta] : []))).toEqual([
        'Hello',
        '{"a":1}',
      ])
      expect(events.at(-1)).toMatchObject({ type: 'response.completed', sequence_number: events.length - 1 })
    }
  })
})

describe('where the first cannot,', () => {
  const asked = { model: 'first/gpt', input: 'Hi' }
  beforeAll(async () => {
    await gateway.addProvider({
      id: 'first',
      kind: 'openai-compatible',
      base_url: `${gateway.upstream.origin}/v1`,
      models: [{ id: 'gpt', price: PRICE }],
      fallback: ['claude/sonnet'],
    })
  })
  const isOut = tells(() => ({ texts: ['Hello'] }))
  const firstIsOut: typeof gateway.upstream.answer = (call, response) =>
    call.path === '/v1/responses' ? sendJson(response, 500, {}) : isOut(call, response)

  test('one of another kind answers, in the words of a response all the same', async () => {
    gateway.upstream.answer = firstIsOut
    const { body, headers } = await respond(asked)
    expect([headers.get('x-auth-agent-fallback'), headers.get('x-auth-agent-attempts')]).toEqual(['claude/sonnet', '2'])
    expect(body).toMatchObject({ object: 'response', model: 'first/gpt', output: [{ content: [{ text: 'Hello' }] }] })
  })

  test('nobody is asked what they have no words for, and the caller is told of the first', async () => {
    gateway.upstream.answer = firstIsOut
    const { status, body, headers } = await respond({ ...asked, previous_response_id: 'resp_0' })
    expect([status, body.error.code, headers.get('x-auth-agent-attempts')]).toEqual([502, 'upstream_error', '1'])
    expect(gateway.upstream.seen.map(({ path }) => path)).toEqual(['/v1/responses'])
  })
})

test('whoever leaves in the midst of a response leaves its provider too, and pays for what was said', async () => {
  for (const model of ['sonnet', 'plain/chatty']) {
    const eve = await gateway.caller(1000)
    const closed = gateway.upstream.closed
    gateway.upstream.answer = ({ path }, response) => {
      startEvents(response)
      if (path === '/v1/messages') {
        sendNamedEvent(response, { type: 'message_start', message: { usage: { input_tokens: 9, output_tokens: 1 } } })
        sendNamedEvent(response, { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } })
        sendNamedEvent(response, { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'He' } })
      } else sendEvent(response, chunk({ role: 'assistant', content: 'He' }))
    }
    const leaving = new AbortController()
    const answer = await fetch(`${gateway.url}/v1/responses`, {
      method: 'POST',
      headers: { authorization: `Bearer ${eve.apiKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model, input: 'Hi', stream: true }),
      signal: leaving.signal,
    })
    await answer.body?.getReader().read()
    leaving.abort()
    await expect.poll(() => gateway.upstream.closed).toBe(closed + 1)
    await expect
      .poll(() => receiptOf(eve.id))
      .toMatchObject([{ status: 'client_closed', estimated: 1, output_tokens: 1 }])
  }
})

describe('a failure', () => {
  test('that a provider tells of a chat’s parameter is told of the response’s', async () => {
    gateway.upstream.answer = (_call, response) =>
      sendJson(response, 400, { error: { message: 'messages[1].content is too long', param: 'messages[1].content' } })
    const input = [
      { role: 'user', content: 'Hi' },
      { role: 'user', content: 'long' },
    ]
    const { status, body } = await respond({ model: 'plain/chatty', instructions: 'Be brief', input })
    expect(status).toBe(400)
    expect(body.error).toMatchObject({ message: 'input[0].content is too long', param: 'input[0].content' })
  })

  test('in the midst of a stream is its last event, with the next number, and nothing ends it besides', async () => {
    gateway.upstream.answer = (_call, response) => {
      startEvents(response)
      sendNamedEvent(response, { type: 'message_start', message: { usage: { input_tokens: 1, output_tokens: 1 } } })
      const error = { type: 'error', error: { type: 'overloaded_error', message: 'sk-ant-canary-0123456789' } }
      setTimeout(() => {
        sendNamedEvent(response, error)
        response.end()
      }, 50)
    }
    const { text } = await respond({ model: 'sonnet', stream: true })
    expect(text).not.toContain('canary')
    const events = eventsIn(text)
    expect(events.map(({ type }) => type)).toEqual(['response.created', 'response.in_progress', 'error'])
    expect(events.at(-1)).toMatchObject({
      sequence_number: 2,
      code: 'upstream_unavailable',
      message: expect.any(String),
      param: null,
      error: { code: 'upstream_unavailable' },
    })
    expect(text).not.toContain('[DONE]')
  })

  test('of a response that passes as it is has the number behind the last', async () => {
    gateway.upstream.answer = (_call, response) => {
      startEvents(response)
      sendNamedEvent(response, { type: 'response.created', sequence_number: 7, response: { id: 'resp_1' } })
      setTimeout(() => response.destroy(), 50)
    }
    const events = eventsIn((await respond({ model: 'acme/gpt-5', stream: true })).text)
    expect(events.at(-1)).toMatchObject({ type: 'error', sequence_number: 8, code: 'upstream_error' })
  })
})

describe('the money of a response', () => {
  const WORDS = ['sonnet', 'plain/chatty']

  test.each(WORDS)('of %s is what the caller is told that it used, whole and streamed', async (model) => {
    for (const stream of [false, true]) {
      const eve = await gateway.caller(1000)
      gateway.upstream.answer = tells(() => ({ thinking: 'Hm', texts: ['Hello'] }))
      const { text, headers } = await eve.call('/v1/responses', { model, input: 'Hi', stream })
      const { usage } = stream ? eventsIn(text).at(-1).response : JSON.parse(text)
      const [receipt] = await receiptOf(eve.id)
      expect(receipt).toMatchObject({
        operation: 'responses',
        status: 'completed',
        estimated: 0,
        input_tokens: usage.input_tokens,
        cached_tokens: usage.input_tokens_details.cached_tokens,
        output_tokens: usage.output_tokens,
      })
      if (!stream) expect(Number(headers.get('x-auth-agent-cost-cents'))).toBeGreaterThan(0)
      expect(await eve.credits()).toBeCloseTo(1000 - Number(receipt?.cost_nano) / 10_000_000, 6)
    }
  })

  const forever: Record<string, (response: Parameters<typeof startEvents>[0]) => void> = {
    sonnet: (response) =>
      sendNamedEvent(response, { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'more ' } }),
    'plain/chatty': (response) => sendEvent(response, chunk({ content: 'more ' })),
    'acme/gpt-5': (response) =>
      sendNamedEvent(response, { type: 'response.output_text.delta', sequence_number: 9, delta: 'more ' }),
  }

  test.each(Object.keys(forever))(
    'of %s, who does not stop, is no more than was set aside: it ends as incomplete',
    async (model) => {
      const eve = await gateway.caller(1000)
      gateway.upstream.answer = async (_call, response) => {
        startEvents(response)
        if (model === 'sonnet') {
          sendNamedEvent(response, { type: 'message_start', message: { usage: { input_tokens: 9, output_tokens: 1 } } })
          sendNamedEvent(response, { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } })
        } else if (model === 'acme/gpt-5')
          sendNamedEvent(response, {
            type: 'response.created',
            sequence_number: 0,
            response: { id: 'resp_1', output: [] },
          })
        while (!response.destroyed) {
          forever[model]?.(response)
          await new Promise((resolve) => setImmediate(resolve))
        }
      }
      const asked = { model, input: 'Hi', stream: true, max_output_tokens: 30 }
      const events = eventsIn((await eve.call('/v1/responses', asked)).text)
      expect(events.at(-1)).toMatchObject({
        type: 'response.incomplete',
        sequence_number: model === 'acme/gpt-5' ? 10 : events.length - 1,
        response: { status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } },
      })
      expect(await receiptOf(eve.id)).toMatchObject([{ status: 'completed', estimated: 1, output_tokens: 30 }])
    },
  )

  test('is set aside for as many tokens as the provider is asked for', async () => {
    const poor = await gateway.caller(1)
    gateway.upstream.answer = tells(() => ({ texts: ['Hello'] }))
    for (const model of WORDS) expect((await poor.call('/v1/responses', { model, input: 'Hi' })).status).toBe(200)
    for (const { body } of gateway.upstream.seen) expect(body.max_tokens).toBeLessThan(100)
  })
})

test('what is no answer of a chat or a message is none of a response', async () => {
  gateway.upstream.answer = (_call, response) => sendJson(response, 200, { hello: 'world' })
  for (const model of ['sonnet', 'plain/chatty']) {
    const { status, body } = await respond({ model })
    expect([status, body.error.code]).toEqual([502, 'upstream_error'])
  }
  gateway.wait(120)
  gateway.upstream.answer = ({ path }, response) =>
    path === '/v1/messages'
      ? sendJson(response, 200, { ...messageOfBlocks([], 'end_turn'), content: [] })
      : sendJson(response, 200, completion(''))
  for (const model of ['sonnet', 'plain/chatty']) expect((await respond({ model })).body).toMatchObject({ output: [] })
})

test('a response that was sent again with its key is answered again to the byte, and paid once', async () => {
  const eve = await gateway.caller(1000)
  gateway.upstream.answer = tells(() => ({ texts: ['Hello'] }))
  const send = async () =>
    answerOf(
      await fetch(`${gateway.url}/v1/responses`, {
        method: 'POST',
        headers: { authorization: `Bearer ${eve.apiKey}`, 'content-type': 'application/json', 'idempotency-key': 'k1' },
        body: JSON.stringify({ model: 'sonnet', input: 'Hi', stream: true }),
      }),
    )
  const [first, again] = [await send(), await send()]
  expect(again.text).toBe(first.text)
  expect(gateway.upstream.seen).toHaveLength(1)
})
