import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { answerOf } from './harness.ts'
import { type ListeningGateway, sendNamedEvent, startListeningGateway, tells } from './listening-gateway.ts'
import { PRICE } from './model-gateway.ts'
import { chunk, completion, says, sendEvent, sendJson, startEvents, USAGE } from './model-upstream.ts'
import { anthropicEvents } from './models-anthropic-answers.ts'
import { bodyOf, upstream as rawUpstream } from './outbound-upstream.ts'

let gateway: ListeningGateway
let apiKey: string
beforeAll(async () => {
  gateway = await startListeningGateway()
  apiKey = (await gateway.caller()).apiKey
})
afterEach(() => {
  vi.useRealTimers()
  gateway.upstream.reset()
  // Breakers forget what these tests did on purpose.
  gateway.wait(120)
})
afterAll(() => gateway?.stop())

const HI = [{ role: 'user', content: 'Hi' }]
const USAGE_TOO = { stream_options: { include_usage: true } }

function call(path: string, body: object | string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${gateway.url}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
}
const chat = async (more: object = {}, headers?: Record<string, string>) =>
  answerOf(await call('/v1/chat/completions', { model: 'gpt-5', messages: HI, ...more }, headers))
const message = async (more: object = {}) =>
  answerOf(await call('/v1/messages', { model: 'sonnet', max_tokens: 100, messages: HI, ...more }))

/** What the events of a stream hold, but for the word that ends it. */
function eventsIn(text: string) {
  return [...text.matchAll(/^data: (\{.*)$/gm)].map(([, data]) => JSON.parse(data ?? ''))
}

/** Ways to a stream of chunks: as it is, by Anthropic's events, and from an answer in one piece. */
const WAYS = [
  ['that streams', 'gpt-5', says('Hello', ', ', 'world')],
  ['of Anthropic’s kind', 'sonnet', tells(() => ({ texts: ['Hello', ', world'] }))],
  [
    'that does not stream',
    'gpt-5',
    (_call: unknown, response: Parameters<typeof sendJson>[0]) => sendJson(response, 200, completion('Hello, world')),
  ],
] as const

describe.each(WAYS)('a stream from a provider %s', (_, model, answer) => {
  const streamed = (more: object = {}, headers: Record<string, string> = {}) => {
    gateway.upstream.answer = answer
    return chat({ model, stream: true, ...more }, headers)
  }

  test('has the headers of one, and is not compressed', async () => {
    const { headers, status } = await streamed({}, { 'accept-encoding': 'gzip, br' })
    expect(status).toBe(200)
    expect(headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
    expect(headers.get('cache-control')).toBe('no-cache')
    expect(headers.get('x-accel-buffering')).toBe('no')
    expect(headers.get('content-length')).toBeNull()
    expect(headers.get('content-encoding')).toBeNull()
    expect(headers.get('x-auth-agent-provider')).toBe(model === 'sonnet' ? 'claude' : 'acme')
    expect(headers.get('x-auth-agent-attempts')).toBe('1')
  })

  test('is one line of data for each event, and ends with the word that ends it, once', async () => {
    const { text } = await streamed()
    expect(text).toMatch(/^(data: [^\r\n]+\n\n)+$/)
    expect(text.match(/data: \[DONE\]/g)).toHaveLength(1)
    expect(text.endsWith('\n\ndata: [DONE]\n\n')).toBe(true)
  })

  test('is one answer: one id, one time, one model, a role at first and one reason to end', async () => {
    const chunks = eventsIn((await streamed()).text)
    for (const member of ['id', 'created', 'model', 'object']) {
      const values = new Set(chunks.map((one) => one[member]))
      expect(values.size).toBe(1)
      expect(values).not.toContain(undefined)
    }
    expect(chunks[0].object).toBe('chat.completion.chunk')
    expect(chunks[0].choices[0].delta.role).toBe('assistant')
    expect(
      chunks
        .flatMap(({ choices }) => choices.map((choice: { finish_reason?: string }) => choice.finish_reason ?? []))
        .flat(),
    ).toEqual(['stop'])
    expect(chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('')).toBe('Hello, world')
  })

  test('tells its usage last, to whoever asked, and to nobody else', async () => {
    const [plain, told] = [await streamed(), await streamed(USAGE_TOO)]
    expect(eventsIn(plain.text).filter(({ usage, choices }) => usage || choices.length === 0)).toEqual([])
    const chunks = eventsIn(told.text)
    expect(chunks.filter(({ choices }) => choices.length === 0)).toEqual([chunks.at(-1)])
    expect(chunks.at(-1).usage.total_tokens).toBeGreaterThan(0)
  })
})

describe('a stream', () => {
  test('begins before the provider has thought of what comes next', async () => {
    const { promise: read, resolve: goOn } = Promise.withResolvers<void>()
    gateway.upstream.answer = async (_call, response) => {
      startEvents(response)
      sendEvent(response, chunk({ role: 'assistant', content: 'first' }))
      await read
      sendEvent(response, chunk({ content: 'second' }, 'stop'))
      response.end('data: [DONE]\n\n')
    }
    const answer = await call('/v1/chat/completions', { model: 'gpt-5', messages: HI, stream: true })
    const reader = answer.body?.getReader()
    const { value } = (await reader?.read()) ?? {}
    expect(Buffer.from(value ?? []).toString()).toContain('first')
    goOn()
    let rest = ''
    for (let next = await reader?.read(); next && !next.done; next = await reader?.read())
      rest += Buffer.from(next.value).toString()
    expect(rest).toContain('second')
  })

  test('gives a sign of life after fifteen seconds of silence, which official clients do not see', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const { promise: silence, resolve: goOn } = Promise.withResolvers<void>()
    gateway.upstream.answer = async (_call, response) => {
      startEvents(response)
      sendEvent(response, chunk({ role: 'assistant', content: 'a' }))
      await silence
      sendEvent(response, chunk({ content: 'b' }, 'stop'))
      response.end('data: [DONE]\n\n')
    }
    let copy: Promise<string> | undefined
    const client = new OpenAI({
      baseURL: `${gateway.url}/v1`,
      apiKey,
      async fetch(url, init) {
        const answer = await fetch(url, init)
        const [one, other] = answer.body?.tee() ?? []
        copy = new Response(other).text()
        return new Response(one, answer)
      },
    })
    const stream = await client.chat.completions.create({
      model: 'gpt-5',
      messages: [{ role: 'user', content: 'Hi' }],
      stream: true,
    })
    const chunks = stream[Symbol.asyncIterator]()
    const words = [(await chunks.next()).value]
    await vi.advanceTimersByTimeAsync(14_900)
    await vi.advanceTimersByTimeAsync(200)
    goOn()
    for (let next = await chunks.next(); !next.done; next = await chunks.next()) words.push(next.value)
    expect(words.map(({ choices }) => choices[0].delta.content)).toEqual(['a', 'b'])
    expect((await copy)?.match(/^: .*\n\n/gm)).toEqual([': keep-alive\n\n'])
  })

  test('ends with the word for it, although the provider goes on without saying anything', async () => {
    gateway.upstream.answer = (_call, response) => {
      startEvents(response)
      sendEvent(response, chunk({ role: 'assistant', content: 'Hello' }, 'stop'))
      response.write('data: [DONE]\n\n')
    }
    const { text } = await chat({ stream: true })
    expect(text.endsWith('data: [DONE]\n\n')).toBe(true)
    await expect.poll(() => gateway.upstream.open()).toBe(0)
  })

  test('goes on behind what says nothing to the caller, however much of it comes alone', async () => {
    const soon = () => new Promise((resolve) => setTimeout(resolve, 5))
    gateway.upstream.answer = async ({ path }, response) => {
      startEvents(response)
      const isAnthropic = path === '/v1/messages'
      const said = isAnthropic
        ? anthropicEvents({ thinking: '', texts: ['Hello'], calls: [] }, 'end_turn')
        : [chunk({ role: 'assistant', content: 'Hello' }), chunk({}, 'stop')]
      const silent = isAnthropic ? { type: 'ping' } : chunk({}, null, { choices: [], usage: USAGE })
      for (const event of said)
        for (const one of [silent, silent, silent, event]) {
          sendEvent(response, one)
          await soon()
        }
      response.end(isAnthropic ? '' : 'data: [DONE]\n\n')
    }
    for (const model of ['gpt-5', 'sonnet']) {
      const { text } = await chat({ model, stream: true })
      expect(text).toContain('data: [DONE]')
    }
  })

  test('that does not stop is ended in the words of whoever reads it', async () => {
    const ada = await gateway.caller()
    gateway.upstream.answer = async ({ path }, response) => {
      startEvents(response)
      const isAnthropic = path === '/v1/messages'
      const [begun, block] = anthropicEvents({ thinking: '', texts: ['more '], calls: [] }, 'end_turn').filter(
        ({ type }) => type !== 'ping',
      )
      const delta = { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'more ' } }
      const send = isAnthropic ? sendNamedEvent : sendEvent
      for (const one of isAnthropic ? [begun, block] : [chunk({ role: 'assistant' })]) send(response, one ?? {})
      while (!response.destroyed) {
        send(response, isAnthropic ? delta : chunk({ content: 'more ' }))
        await new Promise((resolve) => setImmediate(resolve))
      }
    }
    const asked = { max_tokens: 30, messages: HI, stream: true }
    for (const model of ['gpt-5', 'sonnet']) {
      const { text } = await ada.call('/v1/chat/completions', { ...asked, model })
      expect(eventsIn(text).at(-1)).toMatchObject({ choices: [{ finish_reason: 'length' }] })
      expect(text.endsWith('data: [DONE]\n\n')).toBe(true)
    }
    for (const model of ['gpt-5', 'sonnet']) {
      const { text } = await ada.call('/v1/messages', { ...asked, model })
      expect(eventsIn(text).slice(-3)).toMatchObject([
        { type: 'content_block_stop', index: 0 },
        { type: 'message_delta', delta: { stop_reason: 'max_tokens' } },
        { type: 'message_stop' },
      ])
    }
    const client = new Anthropic({ baseURL: gateway.url, apiKey: ada.apiKey })
    const stream = client.messages.stream({
      model: 'sonnet',
      max_tokens: 30,
      messages: [{ role: 'user', content: 'Hi' }],
    })
    expect(await stream.finalMessage()).toMatchObject({ stop_reason: 'max_tokens', content: [{ type: 'text' }] })
  })

  test('gets the word that ends it from us where the provider forgets it', async () => {
    gateway.upstream.answer = (_call, response) => {
      startEvents(response)
      sendEvent(response, chunk({ role: 'assistant', content: 'Hello' }, 'stop'))
      response.end()
    }
    expect((await chat({ stream: true })).text.match(/data: \[DONE\]\n\n/g)).toHaveLength(1)
  })

  test('that ends before anything came of it is asked for once more, in one piece', async () => {
    gateway.upstream.answer = ({ body }, response) => {
      if (!body.stream) return sendJson(response, 200, completion('Hello'))
      startEvents(response)
      response.end(': nothing\n\n')
    }
    const { text } = await chat({ stream: true })
    expect(
      eventsIn(text)
        .map(({ choices }) => choices[0].delta.content ?? '')
        .join(''),
    ).toBe('Hello')
    expect(gateway.upstream.seen.map(({ body }) => body.stream)).toEqual([true, false])
  })
})

describe('an answer in one piece, for a call that streams', () => {
  const whole = (answer: object) => {
    gateway.upstream.answer = (_call, response) => sendJson(response, 200, answer)
  }

  test('has a chunk for each choice, with its calls of tools, and one that ends it', async () => {
    const calls = [0, 1].map((n) => ({
      id: `call_${n}`,
      type: 'function',
      function: { name: 'add', arguments: `{"n":${n}}` },
    }))
    whole(
      completion('', {
        choices: [
          { index: 0, message: { role: 'assistant', content: null, tool_calls: calls }, finish_reason: 'tool_calls' },
          {
            index: 1,
            message: { content: 'Hello' },
            logprobs: { content: [{ token: 'Hello' }] },
            finish_reason: 'stop',
          },
        ],
      }),
    )
    const chunks = eventsIn((await chat({ stream: true, n: 2 })).text)
    expect(chunks.map(({ choices }) => choices)).toEqual([
      [
        {
          index: 0,
          delta: { role: 'assistant', content: null, tool_calls: calls.map((one, index) => ({ index, ...one })) },
          finish_reason: null,
        },
      ],
      [
        {
          index: 1,
          delta: { role: 'assistant', content: 'Hello' },
          logprobs: { content: [{ token: 'Hello' }] },
          finish_reason: null,
        },
      ],
      [{ index: 0, delta: {}, finish_reason: 'tool_calls' }],
      [{ index: 1, delta: {}, finish_reason: 'stop' }],
    ])
  })

  test('is events of Anthropic to whoever speaks so', async () => {
    whole({
      id: 'msg_1',
      type: 'message',
      role: 'assistant',
      model: 'claude-sonnet-5',
      content: [
        { type: 'thinking', thinking: 'Hm', signature: 'signed' },
        { type: 'text', text: 'Hello' },
        { type: 'tool_use', id: 'toolu_1', name: 'add', input: { a: 1 } },
      ],
      stop_reason: 'tool_use',
      stop_sequence: null,
      usage: { input_tokens: 3, output_tokens: 4 },
    })
    const { headers, text } = await message({ stream: true })
    expect(headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
    const events = eventsIn(text)
    expect(events.map(({ type }) => type)).toEqual([
      'message_start',
      ...[0, 1, 2].flatMap(() => ['content_block_start', 'content_block_delta', 'content_block_stop']),
      'message_delta',
      'message_stop',
    ])
    expect(events.flatMap(({ delta }) => delta ?? [])).toEqual([
      { type: 'thinking_delta', thinking: 'Hm' },
      { type: 'text_delta', text: 'Hello' },
      { type: 'input_json_delta', partial_json: '{"a":1}' },
      { stop_reason: 'tool_use', stop_sequence: null },
    ])
  })

  test('is the events of a response that matter', async () => {
    const output = [
      {
        type: 'message',
        id: 'm_1',
        role: 'assistant',
        content: [{ type: 'output_text', text: 'Hello', annotations: [] }],
      },
    ]
    whole({
      id: 'resp_1',
      object: 'response',
      status: 'completed',
      output,
      usage: { input_tokens: 1, output_tokens: 1 },
    })
    const { text } = await answerOf(await call('/v1/responses', { model: 'gpt-5', input: 'Hi', stream: true }))
    const events = eventsIn(text)
    expect(events[0]).toMatchObject({ type: 'response.created', response: { id: 'resp_1', output: [] } })
    expect(events.flatMap(({ type, delta }) => (type === 'response.output_text.delta' ? [delta] : []))).toEqual([
      'Hello',
    ])
    expect(events.at(-1)).toMatchObject({ type: 'response.completed', response: { output } })
    expect(events.map(({ sequence_number: at }) => at)).toEqual(events.map((_one, at) => at))
  })
})

describe('an answer that streams although nobody asked', () => {
  test('is put together, with all that stood in it', async () => {
    gateway.upstream.answer = (_call, response) => {
      startEvents(response)
      const head = { system_fingerprint: 'fp_1', service_tier: 'default' }
      const logprobs = (token: string) => ({ content: [{ token, logprob: -1 }], refusal: null })
      const choice = (delta: object, more: object = {}) => ({
        ...chunk({}, null, head),
        choices: [{ index: 0, delta, finish_reason: null, ...more }],
      })
      sendEvent(response, choice({ role: 'assistant', content: '' }))
      sendEvent(response, choice({ content: 'Hel' }, { logprobs: logprobs('Hel') }))
      sendEvent(response, choice({ content: 'lo' }, { logprobs: logprobs('lo') }))
      for (const index of [0, 1]) {
        sendEvent(
          response,
          choice({
            tool_calls: [{ index, id: `call_${index}`, type: 'function', function: { name: 'add', arguments: '' } }],
          }),
        )
        for (const part of ['{"a"', ':1}'])
          sendEvent(response, choice({ tool_calls: [{ index, function: { arguments: part } }] }))
      }
      sendEvent(response, choice({}, { finish_reason: 'tool_calls' }))
      sendEvent(response, chunk({}, null, { choices: [], usage: USAGE }))
      response.end('data: [DONE]\n\n')
    }
    const { headers, body } = await chat()
    expect(headers.get('content-type')).toBe('application/json')
    expect(body).toEqual({
      id: 'chatcmpl-upstream',
      object: 'chat.completion',
      created: 1_780_000_000,
      model: 'gpt-5-upstream',
      system_fingerprint: 'fp_1',
      service_tier: 'default',
      choices: [
        {
          index: 0,
          message: {
            role: 'assistant',
            content: 'Hello',
            tool_calls: [0, 1].map((n) => ({
              id: `call_${n}`,
              type: 'function',
              function: { name: 'add', arguments: '{"a":1}' },
            })),
          },
          logprobs: {
            content: [
              { token: 'Hel', logprob: -1 },
              { token: 'lo', logprob: -1 },
            ],
            refusal: null,
          },
          finish_reason: 'tool_calls',
        },
      ],
      usage: USAGE,
    })
  })

  test('is none where it breaks off', async () => {
    gateway.upstream.answer = (_call, response) => {
      startEvents(response)
      sendEvent(response, chunk({ role: 'assistant', content: 'Hel' }))
      response.end()
    }
    const answer = await chat()
    expect([answer.status, answer.body.error.code]).toEqual([502, 'upstream_error'])
  })
})

describe('what a provider of OpenAI’s shape is asked, and says', () => {
  test('passes as it is, known to us or not', async () => {
    const sent = {
      logprobs: true,
      top_logprobs: 2,
      n: 2,
      logit_bias: { '50256': -100 },
      seed: 7,
      response_format: { type: 'json_schema', json_schema: { name: 'x', strict: true, schema: { type: 'object' } } },
      service_tier: 'flex',
      parallel_tool_calls: false,
      modalities: ['text', 'audio'],
      audio: { voice: 'alloy', format: 'wav' },
      invented_tomorrow: { deep: [1, { and: null }], empty: '' },
      max_completion_tokens: 40,
    }
    await chat(sent)
    expect(gateway.upstream.seen[0]?.body).toEqual({ model: 'gpt-5', messages: HI, ...sent })
  })

  test('passes to the last digit', async () => {
    let received = ''
    await using exact = await rawUpstream(async (request, response) => {
      received = await bodyOf(request)
      sendJson(response, 200, completion('Hi'))
    })
    await gateway.addProvider({
      id: 'exact',
      kind: 'openai-compatible',
      base_url: `${exact.url}/v1`,
      models: [{ id: 'm', price: PRICE }],
    })
    const body =
      '{"model":"exact/m","max_tokens":9,"seed":9007199254740993,"x":[1.10,1e3,"9007199254740993"],"messages":[{}]}'
    expect((await call('/v1/chat/completions', body)).status).toBe(200)
    expect(received).toContain('9007199254740993,')
    expect(received).toContain('"9007199254740993"')
  })

  test('passes byte for byte on the way back', async () => {
    const answer =
      '{ "id":"x", "choices":[ {"index":0,"message":{"content":"\\u00e9"},"new":1.0} ],\n"usage":{"prompt_tokens":1,"completion_tokens":1},"later":{"a":[]} }'
    gateway.upstream.answer = (_call, response) =>
      void response.writeHead(200, { 'content-type': 'application/json' }).end(answer)
    expect((await chat()).text).toBe(answer)
    const stream = [
      'data: {"choices":[{"index":0,"delta":{"role":"assistant","reasoning_details":[{"new":1.0}]}}],"obfuscation":"x7"}\n\n',
      'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}], "later":"\\u00e9"}\n\n',
      'data: [DONE]\n\n',
    ].join('')
    gateway.upstream.answer = (_call, response) => {
      startEvents(response)
      response.end(stream)
    }
    expect((await chat({ stream: true })).text).toBe(stream)
  })

  test('passes as a response, whole and as events of any name', async () => {
    const answer = '{"id":"resp_1","object":"response", "output":[],"usage":{"input_tokens":1,"output_tokens":1}}'
    const stream = [
      `event: response.created\ndata: {"type":"response.created","response":${answer}}\n\n`,
      'event: response.of_tomorrow\ndata: {"type":"response.of_tomorrow","x":1.0}\n\n',
      `event: response.completed\ndata: {"type":"response.completed","response":${answer}}\n\n`,
    ].join('')
    gateway.upstream.answer = ({ body }, response) => {
      const type = body.stream ? 'text/event-stream' : 'application/json'
      response.writeHead(200, { 'content-type': type }).end(body.stream ? stream : answer)
    }
    const tools = [{ type: 'function', name: 'f', parameters: {}, invented_tomorrow: true }]
    const asked = { model: 'gpt-5', input: 'Hi', previous_response_id: 'resp_0', tools }
    expect(await (await call('/v1/responses', asked)).text()).toBe(answer)
    expect(await (await call('/v1/responses', { ...asked, stream: true })).text()).toBe(stream)
    expect(gateway.upstream.seen.map(({ path }) => path)).toEqual(['/v1/responses', '/v1/responses'])
    expect(gateway.upstream.seen[0]?.body).toMatchObject(asked)
  })

  test('is refused as embeddings where the provider has none', async () => {
    const { status, body } = await answerOf(await call('/v1/embeddings', { model: 'sonnet', input: 'Hi' }))
    expect([status, body.error.code, body.error.param]).toEqual([400, 'unsupported_parameter', 'model'])
    expect(gateway.upstream.seen).toEqual([])
  })

  test.each(['/v1', '/v1/openai', '/v1/openai/v1'])('is the same below %s', async (base) => {
    const paths = ['/chat/completions', '/responses', '/embeddings', '/messages']
    gateway.upstream.answer = (_call, response) => sendJson(response, 200, completion('Hi'))
    const bodies = [{ messages: HI }, { input: 'Hi' }, { input: 'Hi' }, { messages: HI, max_tokens: 9 }]
    const answers = await Promise.all(
      paths.map((path, at) => call(`${base}${path}`, { model: 'gpt-5', ...bodies[at] })),
    )
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200])
    const headers = { authorization: `Bearer ${apiKey}` }
    expect((await fetch(`${gateway.url}${base}/models`, { headers })).status).toBe(200)
    expect((await fetch(`${gateway.url}${base}/models/acme%2Fgpt-5`, { headers })).status).toBe(200)
    expect((await fetch(`${gateway.url}${base}/models/acme/gpt-5`, { headers })).status).toBe(200)
  })
})

test.each([
  ['GET', '/v1/nothing', 'openai'],
  ['POST', '/v1/completions', 'openai'],
  ['GET', '/v1/responses/resp_1', 'openai'],
  ['POST', '/v1/responses/resp_1/cancel', 'openai'],
  ['GET', '/v1/openai/v1/nothing', 'openai'],
  ['GET', '/v1/messages/msg_1', 'anthropic'],
  ['POST', '/v1/messages/batches', 'anthropic'],
  ['HEAD', '/v1/nothing', 'openai'],
  ['HEAD', '/v1/messages/nothing', 'anthropic'],
])('nothing is at %s %s, which is told in the words of %s', async (method, path, dialect) => {
  const headers = { authorization: `Bearer ${apiKey}` }
  const answer = await fetch(`${gateway.url}${path}`, { method, headers })
  expect([answer.status, answer.headers.get('content-type')]).toEqual([
    404,
    expect.stringContaining('application/json'),
  ])
  const text = await answer.text()
  if (method === 'HEAD') return expect(text).toBe('')
  expect(JSON.parse(text)).toMatchObject(
    dialect === 'openai'
      ? { error: { type: 'invalid_request_error', code: 'not_found' } }
      : { type: 'error', error: { type: 'not_found_error' } },
  )
})

describe('an answer', () => {
  test('has the request’s own id, where it is one', async () => {
    const given = await chat({}, { 'x-request-id': 'mine-0123456789' })
    expect(given.headers.get('x-request-id')).toBe('mine-0123456789')
    expect(gateway.upstream.seen[0]?.headers['x-request-id']).toBe('mine-0123456789')
    const other = await chat({}, { 'x-request-id': 'not one' })
    expect(other.headers.get('x-request-id')).toMatch(/^[0-9a-f]{24}$/)
    const streamed = await chat({ stream: true }, { 'x-request-id': 'mine-0123456789' })
    expect(streamed.headers.get('x-request-id')).toBe('mine-0123456789')
  })
})

describe('a provider of Anthropic’s kind', () => {
  const TOOLS = ['add', 'sub'].map((name) => ({ type: 'function', function: { name, parameters: { type: 'object' } } }))
  const stops = (reason: string, more: object = {}) => {
    gateway.upstream.answer = ({ body }, response) => {
      const usage = { input_tokens: 10, cache_read_input_tokens: 5, cache_creation_input_tokens: 3, output_tokens: 1 }
      const head = { id: 'msg_1', type: 'message', role: 'assistant', model: 'claude', stop_sequence: null, usage }
      const end = { stop_reason: reason, stop_sequence: null, ...more }
      const content = [{ type: 'text', text: 'Hello' }]
      if (!body.stream)
        return sendJson(response, 200, { ...head, ...end, content, usage: { ...usage, output_tokens: 42 } })
      startEvents(response)
      sendNamedEvent(response, { type: 'message_start', message: { ...head, content: [], stop_reason: null } })
      sendNamedEvent(response, { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } })
      sendNamedEvent(response, { type: 'ping' })
      sendNamedEvent(response, { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Hello' } })
      sendNamedEvent(response, { type: 'content_block_stop', index: 0 })
      sendNamedEvent(response, { type: 'message_delta', delta: end, usage: { output_tokens: 42 } })
      sendNamedEvent(response, { type: 'message_stop' })
      response.end()
    }
  }

  test('calls two tools at once, the same streamed and whole', async () => {
    gateway.upstream.answer = tells(() => ({
      calls: [
        { id: 'toolu_a', name: 'add', input: { a: 1, why: '“ü”' } },
        { id: 'toolu_b', name: 'sub', input: {} },
      ],
    }))
    const asked = { model: 'sonnet', tools: TOOLS }
    const { body } = await chat(asked)
    const chunks = eventsIn((await chat({ ...asked, stream: true })).text)
    const joined: { id?: string; type?: string; function: { name: string; arguments: string } }[] = []
    for (const { choices } of chunks)
      for (const { index, id, type, function: called } of choices[0]?.delta.tool_calls ?? []) {
        joined[index] ??= { id, type, function: { name: called.name, arguments: '' } }
        joined[index].function.arguments += called.arguments
      }
    expect(joined).toEqual(body.choices[0].message.tool_calls)
    expect(joined.map(({ id }) => id)).toEqual(['toolu_a', 'toolu_b'])
    expect(joined.map((one) => JSON.parse(one.function.arguments))).toEqual([{ a: 1, why: '“ü”' }, {}])
    expect(body.choices[0].finish_reason).toBe('tool_calls')
    expect(chunks.flatMap(({ choices }) => choices[0]?.finish_reason ?? [])).toEqual(['tool_calls'])
  })

  test.each([
    ['end_turn', 'stop'],
    ['stop_sequence', 'stop'],
    ['max_tokens', 'length'],
    ['refusal', 'content_filter'],
  ])('ends for %s, which is %s', async (reason, finish) => {
    stops(reason)
    expect((await chat({ model: 'sonnet' })).body.choices[0].finish_reason).toBe(finish)
    const chunks = eventsIn((await chat({ model: 'sonnet', stream: true })).text)
    expect(chunks.flatMap(({ choices }) => choices[0]?.finish_reason ?? [])).toEqual([finish])
  })

  test('counts what it read from its cache, and never by the placeholder at its start', async () => {
    stops('end_turn')
    const usage = {
      prompt_tokens: 18,
      completion_tokens: 42,
      total_tokens: 60,
      prompt_tokens_details: expect.objectContaining({ cached_tokens: 5 }),
    }
    expect((await chat({ model: 'sonnet' })).body.usage).toMatchObject(usage)
    const { text } = await chat({ model: 'sonnet', stream: true, ...USAGE_TOO })
    expect(eventsIn(text).at(-1).usage).toMatchObject(usage)
  })

  test('gets the system’s words in their order, and pictures by data and by address', async () => {
    stops('end_turn')
    const pixel = 'iVBORw0KGgo='
    const image = (url: string) => ({ type: 'image_url', image_url: { url } })
    await chat({
      model: 'sonnet',
      messages: [
        { role: 'system', content: 'one' },
        { role: 'developer', content: 'two' },
        { role: 'user', content: [image(`data:image/png;base64,${pixel}`), image('https://example.com/a.png')] },
      ],
    })
    const [seen] = gateway.upstream.seen
    expect(seen?.headers).toMatchObject({ 'anthropic-version': '2023-06-01', 'x-api-key': 'sk-ant-canary-0123456789' })
    expect(seen?.headers.authorization).toBeUndefined()
    expect(JSON.stringify(seen?.body.system)).toMatch(/one.*two/)
    expect(seen?.body.messages[0].content).toMatchObject([
      { type: 'image', source: { type: 'base64', media_type: 'image/png', data: pixel } },
      { type: 'image', source: { type: 'url', url: 'https://example.com/a.png' } },
    ])
    const bad = await chat({
      model: 'sonnet',
      messages: [{ role: 'user', content: [image('data:image/png;base64,@@@')] }],
    })
    expect([bad.status, bad.body.error.code]).toEqual([400, 'invalid_request'])
  })

  test.each([
    ['n', { n: 2 }],
    ['logprobs', { logprobs: true }],
    ['logit_bias', { logit_bias: { '1': 1 } }],
    ['audio', { modalities: ['audio'], audio: { voice: 'alloy', format: 'wav' } }],
    ['response_format', { response_format: { type: 'grammar' } }],
  ])('refuses %s, which it has no words for', async (param, more) => {
    const { status, body } = await chat({ model: 'sonnet', ...more })
    expect([status, body.error.code]).toEqual([400, 'unsupported_parameter'])
    expect(param === 'audio' ? ['audio', 'modalities'] : [param]).toContain(body.error.param)
    expect(gateway.upstream.seen).toEqual([])
  })

  test('counts tokens for whoever asks, who pays nothing and makes a call', async () => {
    const path = '/v1/messages/count_tokens'
    const ada = await gateway.caller()
    gateway.upstream.answer = (_call, response) => sendJson(response, 200, { input_tokens: 14 })
    const client = new Anthropic({ baseURL: gateway.url, apiKey: ada.apiKey })
    const asked = { messages: [{ role: 'user' as const, content: 'Hi' }], system: 'Be brief' }
    expect((await client.messages.countTokens({ ...asked, model: 'sonnet' })).input_tokens).toBe(14)
    expect(gateway.upstream.seen).toMatchObject([{ path, body: { ...asked, model: 'claude-sonnet-5' } }])
    expect(gateway.upstream.seen[0]?.headers).toMatchObject({ 'x-api-key': 'sk-ant-canary-0123456789' })
    expect(await ada.credits()).toBe(100_000)
    const { headers } = await ada.call(path, { ...asked, model: 'sonnet' })
    expect(Number(headers.get('x-ratelimit-remaining-requests'))).toBeLessThan(100_000)

    const elsewhere = await ada.call(path, { ...asked, model: 'gpt-5' })
    expect([elsewhere.status, elsewhere.body]).toMatchObject([
      400,
      { type: 'error', error: { type: 'invalid_request_error' } },
    ])
    const nobody = await answerOf(await call(path, asked, { authorization: 'Bearer sk-aa-v1-nobody' }))
    expect([nobody.status, nobody.body.error.type]).toEqual([401, 'authentication_error'])
    gateway.upstream.answer = (_call, response) =>
      sendJson(response, 500, { error: { message: 'sk-ant-canary-0123456789' } })
    const broken = await ada.call(path, { ...asked, model: 'sonnet' })
    expect([broken.status, broken.body.error.type]).toEqual([502, 'api_error'])
    expect(broken.text).not.toContain('canary')
    const events = await gateway.deps.db.read
      .selectFrom('audit_event')
      .select('action')
      .where('target', '=', ada.id)
      .where('action', 'like', 'model.%')
      .execute()
    expect(events.map(({ action }) => action).sort()).toEqual([
      'model.counted',
      'model.counted',
      'model.refused',
      'model.refused',
    ])
  })

  test('passes byte for byte to whoever speaks its dialect', async () => {
    const answer =
      '{"id":"msg_1", "type":"message","content":[],"usage":{"input_tokens":1,"output_tokens":1},"new":1.0}'
    const stream = [
      'event: message_start\ndata: {"type":"message_start","message":{"usage":{"input_tokens":1,"output_tokens":1}}, "new":1.0}\n\n',
      'event: ping\ndata: {"type": "ping"}\n\n',
      'event: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":2}}\n\n',
      'event: message_stop\ndata: {"type":"message_stop"}\n\n',
    ].join('')
    gateway.upstream.answer = ({ body }, response) => {
      const type = body.stream ? 'text/event-stream' : 'application/json'
      response.writeHead(200, { 'content-type': type }).end(body.stream ? stream : answer)
    }
    const asked = { context_management: { edits: [] }, thinking: { type: 'adaptive' } }
    expect((await message(asked)).text).toBe(answer)
    expect((await message({ ...asked, stream: true })).text).toBe(stream)
    expect(gateway.upstream.seen[0]?.body).toEqual({
      model: 'claude-sonnet-5',
      max_tokens: 100,
      messages: HI,
      ...asked,
    })
  })
})
