import { once } from 'node:events'
import { request as httpRequest, type ServerResponse } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { ADMIN_KEY, type Answer, answerOf } from './harness.ts'
import { type ListeningGateway, sendNamedEvent, startListeningGateway, tells } from './listening-gateway.ts'
import { chunk, completion, sendEvent, sendJson, startEvents } from './model-upstream.ts'
import { upstream as otherUpstream } from './outbound-upstream.ts'

const MB = 1024 * 1024

let gateway: ListeningGateway
let apiKey: string
beforeAll(async () => {
  gateway = await startListeningGateway({ BODY_LIMIT_MB: '1' })
  apiKey = (await gateway.caller()).apiKey
})
afterEach(() => {
  vi.restoreAllMocks()
  gateway.upstream.reset()
  // Breakers forget what these tests did on purpose.
  gateway.wait(120)
})
afterAll(() => gateway?.stop())

const HI = [{ role: 'user', content: 'Hi' }]
const CHAT = '/v1/chat/completions'
const MESSAGES = '/v1/messages'
const DIALECTS = [
  ['OpenAI', CHAT],
  ['Anthropic', MESSAGES],
] as const

async function call(path: string, more: object | string = {}, headers: Record<string, string> = {}): Promise<Answer> {
  const body =
    typeof more === 'string' ? more : JSON.stringify({ model: 'gpt-5', max_tokens: 50, messages: HI, ...more })
  return answerOf(
    await fetch(`${gateway.url}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json', ...headers },
      body,
    }),
  )
}

/** In the shape of its dialect, and nothing else. */
function expectError(path: string, { body, headers }: Answer): { type: string; message: string; code?: string } {
  expect(headers.get('content-type')).toMatch(/^application\/json/)
  if (path === CHAT) {
    expect(Object.keys(body)).toEqual(['error'])
    expect(Object.keys(body.error).sort()).toEqual(['code', 'message', 'param', 'type'])
    expect(body.error.code).toEqual(expect.any(String))
  } else {
    expect(body).toMatchObject({ type: 'error', request_id: headers.get('x-request-id') })
    expect(Object.keys(body.error).sort()).toEqual(['message', 'type'])
    expect(headers.get('request-id')).toBe(headers.get('x-request-id'))
  }
  expect(body.error.message.length).toBeGreaterThan(10)
  return body.error
}

/** The events of a stream, `[DONE]` as it stands. */
const eventsIn = (said: string) =>
  [...said.matchAll(/^data: (.*)$/gm)].map(([, data = '']) => (data.startsWith('{') ? JSON.parse(data) : data))

const fails = (
  status: number,
  body: object = { error: { message: 'Not like this', type: 'x' } },
  headers: object = {},
) => {
  gateway.upstream.answer = (_call, response) => sendJson(response, status, body, headers)
}

const failing =
  (status: number, headers: object = {}) =>
  (path: string) => {
    fails(status, undefined, headers)
    return call(path)
  }

/** What happens, its status, and what each dialect calls it. */
const FAILURES: [string, (path: string) => Promise<Answer>, number, string, string][] = [
  ['a body that is no JSON', (path) => call(path, '{"model":'), 400, 'invalid_request', 'invalid_request_error'],
  ['a body that is no object', (path) => call(path, '[1]'), 400, 'invalid_request', 'invalid_request_error'],
  ['a name that is none', (path) => call(path, { model: 5 }), 400, 'invalid_request', 'invalid_request_error'],
  [
    'a stranger',
    (path) => call(path, {}, { authorization: 'Bearer sk-aa-v1-x' }),
    401,
    'invalid_api_key',
    'authentication_error',
  ],
  [
    'an empty purse',
    async (path) => call(path, {}, { authorization: `Bearer ${(await gateway.caller(0)).apiKey}` }),
    402,
    'insufficient_credits',
    'billing_error',
  ],
  [
    'the operator’s key',
    (path) => call(path, {}, { authorization: `Bearer ${ADMIN_KEY}` }),
    403,
    'permission_denied',
    'permission_error',
  ],
  ['an unknown model', (path) => call(path, { model: 'nobody' }), 404, 'model_not_found', 'not_found_error'],
  ['an unknown path', (path) => call(`${path}/nothing`), 404, 'not_found', 'not_found_error'],
  [
    'another method',
    async (path) => answerOf(await fetch(gateway.url + path, { headers: { authorization: `Bearer ${apiKey}` } })),
    405,
    'method_not_allowed',
    'invalid_request_error',
  ],
  [
    'a body that is too large',
    (path) => call(path, { pad: 'x'.repeat(MB) }),
    413,
    'payload_too_large',
    'request_too_large',
  ],
  [
    'another type of body',
    (path) => call(path, {}, { 'content-type': 'text/plain' }),
    415,
    'unsupported_media_type',
    'invalid_request_error',
  ],
  [
    'a fault of ours',
    (path) => {
      vi.spyOn(gateway.deps.models, 'current').mockRejectedValueOnce(new Error('canary of a stack'))
      return call(path)
    },
    500,
    'server_error',
    'api_error',
  ],
  ['a provider that refuses', failing(400), 400, 'invalid_request', 'invalid_request_error'],
  ['a provider without the model', failing(404), 404, 'model_not_found', 'not_found_error'],
  ['a provider that wants less', failing(429), 429, 'rate_limit_exceeded', 'rate_limit_error'],
  ['a provider that turns us away', failing(401), 502, 'upstream_error', 'api_error'],
  ['a provider that fails', failing(500), 502, 'upstream_error', 'api_error'],
  ['a provider that sends us on', failing(302, { location: '/elsewhere' }), 502, 'upstream_error', 'api_error'],
  ['a provider that is overloaded', failing(529), 503, 'upstream_unavailable', 'overloaded_error'],
  ['a provider that is too slow', failing(504), 504, 'upstream_timeout', 'timeout_error'],
]

describe.each(DIALECTS)('failures in the words of %s', (_, path) => {
  test.each(FAILURES)('%s', async (_what, happens, status, code, type) => {
    const answer = await happens(path)
    expect(answer.status).toBe(status)
    const error = expectError(path, answer)
    if (path === CHAT) expect(error.code).toBe(code)
    else expect(error.type).toBe(type)
    const isPermanent = status < 500 && status !== 429
    expect(answer.headers.get('x-should-retry')).toBe(isPermanent ? 'false' : null)
    expect(answer.headers.get('www-authenticate')).toEqual(status === 401 ? expect.stringContaining('Bearer') : null)
    expect(answer.text).not.toMatch(/canary|stack|at \w+ \(/)
  })

  test('say nothing of what a stranger’s key is like', async () => {
    const ada = await gateway.person({ name: 'Ada', email: `ada${path.length}@example.com` })
    const { api_key: gone, key_id } = (await ada.send('POST', '/api/api-keys', { name: 'x', scopes: ['agent-fuel'] }))
      .body
    expect((await ada.send('DELETE', `/api/api-keys/${key_id}`)).status).toBe(204)
    const bearers = [gone, `${apiKey.slice(0, -1)}x`, 'sk-aa-v1-nobody', 'eyJhbGciOiJub25lIn0.e30.', 'x']
    const answers = await Promise.all(bearers.map((bearer) => call(path, {}, { authorization: `Bearer ${bearer}` })))
    const told = answers.map(({ status, body, headers }) =>
      JSON.stringify([status, body.error, headers.get('www-authenticate')]),
    )
    expect(new Set(told).size).toBe(1)
    expect(gateway.upstream.seen).toEqual([])
  })
})

describe('429', () => {
  test('of ours says when to come back, and how many calls there are', async () => {
    const slow = await startListeningGateway({ RATE_LIMIT_RPM: '2' })
    try {
      const ada = await slow.caller()
      const answers = [await ada.chat(), await ada.chat(), await ada.chat()]
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 429])
      expect(answers.map(({ headers }) => headers.get('x-ratelimit-remaining-requests'))).toEqual(['1', '0', '0'])
      const headers = answers[2]?.headers
      expect(headers?.get('x-ratelimit-limit-requests')).toBe('2')
      expect(headers?.get('x-ratelimit-reset-requests')).toMatch(/^\d+\.\d{3}s$/)
      expect(Number(headers?.get('retry-after'))).toBeGreaterThan(0)
      expect(Number(headers?.get('retry-after-ms'))).toBeGreaterThan(0)
      expect(answers[2]?.body.error).toMatchObject({ code: 'rate_limit_exceeded', type: 'rate_limit_error' })
      expect(slow.upstream.seen).toHaveLength(2)
    } finally {
      await slow.stop()
    }
  })

  test.each([
    [{ 'retry-after': '7' }, '7', '7000'],
    [{ 'retry-after': '7', 'retry-after-ms': '250' }, '1', '250'],
    [{ 'retry-after': '999999' }, '3600', '3600000'],
    [{ 'retry-after': 'soon' }, '1', '1000'],
    [{}, '1', '1000'],
  ])('of a provider with %j', async (given, seconds, ms) => {
    fails(429, undefined, { ...given, 'x-ratelimit-limit-requests': '1', 'x-ratelimit-remaining-tokens': '0' })
    const { headers } = await call(CHAT)
    expect([headers.get('retry-after'), headers.get('retry-after-ms')]).toEqual([seconds, ms])
    expect(headers.get('x-ratelimit-limit-requests')).toBe('100000')
    expect(headers.get('x-ratelimit-remaining-tokens')).toBeNull()
  })
})

describe('what a provider says of its own', () => {
  const KEYS = ['sk-acme-canary-0123456789', 'sk-ant-canary-0123456789', 'plain.canary']
  const STACK = 'at handler (/srv/app/canary-internal.js:1:2) http://10.0.0.1:8080/canary-internal'
  const leaks = () => `${KEYS.join(' ')} ${STACK}`
  const isOurs = (said: string) => !KEYS.some((key) => said.includes(key)) && !said.includes('canary-internal')

  beforeAll(() =>
    gateway.addProvider({
      id: 'plain',
      kind: 'openai-compatible',
      base_url: `${gateway.upstream.origin}/v1`,
      // In no shape that a pattern would know.
      api_key: 'plain.canary',
      models: [{ id: 'p', price: { input_per_mtok: 1, output_per_mtok: 1 } }],
    }),
  )

  test.each([401, 403, 408, 500, 502, 503, 504, 529])('with %i is not repeated', async (status) => {
    fails(status, { error: { message: leaks(), type: leaks(), code: leaks(), param: leaks() } })
    for (const model of ['plain/p', 'gpt-5', 'sonnet'])
      for (const path of [CHAT, MESSAGES])
        for (const stream of [false, true]) {
          const { text: said, headers } = await call(path, { model, stream })
          expect(isOurs(said + JSON.stringify([...headers]))).toBe(true)
          gateway.wait(120)
        }
    expect(KEYS.filter((key) => gateway.logged.some((line) => line.includes(key)))).toEqual([])
  })

  test.each([400, 404, 409, 413, 422, 429])('with %i is repeated without our key', async (status) => {
    for (const [model, key] of [
      ['plain/p', 'plain.canary'],
      ['gpt-5', KEYS[0]],
      ['sonnet', KEYS[1]],
    ] as const) {
      fails(status, { error: { message: `Wrong: ${key}`, type: 'x', code: key, param: key } })
      for (const path of [CHAT, MESSAGES]) {
        const { text: said } = await call(path, { model })
        expect(said).toContain('Wrong: ')
        expect(said).not.toContain(key)
      }
    }
    expect(KEYS.filter((key) => gateway.logged.some((line) => line.includes(key)))).toEqual([])
  })

  test('as a page of HTML, or with nothing at all, is not repeated', async () => {
    gateway.upstream.answer = (_call, response) =>
      void response.writeHead(502, { 'content-type': 'text/html' }).end(`<h1>${STACK}</h1>`)
    const page = await call(CHAT)
    expect([page.status, isOurs(page.text)]).toEqual([502, true])
    for (const head of [{ 'content-type': 'text/html' }, { 'content-type': 'application/json' }]) {
      gateway.upstream.answer = (_call, response) => void response.writeHead(200, head).end(`<h1>${STACK}</h1>`)
      const answer = await call(CHAT)
      expect([answer.status, answer.body.error.code, isOurs(answer.text)]).toEqual([502, 'upstream_error', true])
    }
    gateway.upstream.answer = (_call, response) => void response.writeHead(200).end()
    expect((await call(CHAT)).status).toBe(502)
  })

  test('in a stream is told in our words', async () => {
    const error = { message: `Broken ${leaks()}`, type: 'server_error', code: 500, param: null }
    for (const isFirst of [true, false]) {
      gateway.upstream.answer = ({ path }, response) => {
        startEvents(response)
        if (path === '/v1/messages') {
          if (!isFirst) beginMessage(response)
          sendNamedEvent(response, { type: 'error', error: { type: 'api_error', message: `Broken ${leaks()}` } })
        } else {
          if (!isFirst) sendEvent(response, chunk({ role: 'assistant', content: 'He' }))
          sendEvent(response, { error })
          response.write('data: [DONE]\n\n')
        }
        // Left open: it is for us to end it.
      }
      for (const model of ['plain/p', 'sonnet'])
        for (const path of [CHAT, MESSAGES]) {
          const { status, text: said } = await call(path, { model, stream: true })
          expect([status, isOurs(said), said.includes('Broken')]).toEqual([isFirst ? 502 : 200, true, false])
          await expect.poll(() => gateway.upstream.open()).toBe(0)
          gateway.wait(120)
        }
    }
  })
})

function beginMessage(response: ServerResponse): void {
  const message = {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    content: [],
    usage: { input_tokens: 1, output_tokens: 1 },
  }
  sendNamedEvent(response, { type: 'message_start', message })
  sendNamedEvent(response, { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } })
  sendNamedEvent(response, { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'He' } })
}

describe('a stream that fails behind its first byte', () => {
  /** How it fails, in both shapes. */
  const WAYS: [string, (response: ServerResponse, isAnthropic: boolean) => void][] = [
    ['its connection breaks', (response) => void setTimeout(() => response.destroy(), 30)],
    ['it ends early', (response) => void response.end()],
    [
      'it says so',
      (response, isAnthropic) => {
        if (isAnthropic)
          sendNamedEvent(response, { type: 'error', error: { type: 'overloaded_error', message: 'Full' } })
        else sendEvent(response, { error: { message: 'Full', type: 'server_error', code: 503 } })
        response.end('data: [DONE]\n\n')
      },
    ],
    [
      'it says so beside a chunk',
      (response, isAnthropic) => {
        if (isAnthropic) sendNamedEvent(response, { type: 'error', error: { message: 'Full' } })
        else sendEvent(response, { ...chunk({}, 'error'), error: { message: 'Full', code: 502 } })
        response.end('data: [DONE]\n\n')
      },
    ],
    ['an event is too large', (response) => void response.write(`data: "${'x'.repeat(4_100_000)}`)],
  ]
  const CALLS = [
    ['OpenAI', 'gpt-5', CHAT],
    ['OpenAI', 'sonnet', CHAT],
    ['Anthropic', 'gpt-5', MESSAGES],
    ['Anthropic', 'sonnet', MESSAGES],
  ] as const

  test.each(
    CALLS.flatMap(([dialect, model, path]) => WAYS.map(([how, way]) => [dialect, model, how, path, way] as const)),
  )('tells so once in the words of %s, of %s: %s', async (_dialect, model, _how, path, way) => {
    gateway.upstream.answer = ({ path: asked }, response) => {
      startEvents(response)
      const isAnthropic = asked === '/v1/messages'
      if (isAnthropic) beginMessage(response)
      else sendEvent(response, chunk({ role: 'assistant', content: 'He' }))
      way(response, isAnthropic)
    }
    const { status, text: said } = await call(path, { model, stream: true })
    expect(status).toBe(200)
    const events = eventsIn(said)
    expect(JSON.stringify(events)).toContain('He')
    expect(events).not.toContain('[DONE]')
    const errors = events.filter((event) => event.error)
    expect(errors).toEqual([events.at(-1)])
    if (path === CHAT) expect(Object.keys(errors[0].error).sort()).toEqual(['code', 'message', 'param', 'type'])
    else {
      expect(said).toMatch(/event: error\ndata: [^\n]+\n\n$/)
      expect(errors[0].type).toBe('error')
    }
    expect(gateway.upstream.seen).toHaveLength(1)
    await expect.poll(() => gateway.upstream.open()).toBe(0)
  })

  test.each([
    ['it ends early', (response: ServerResponse) => void response.end()],
    [
      'it has failed',
      (response: ServerResponse) => {
        const error = { code: 'server_error', message: 'canary' }
        sendNamedEvent(response, { type: 'response.failed', response: { id: 'resp_1', status: 'failed', error } })
        response.end()
      },
    ],
    [
      'it says so',
      (response: ServerResponse) => {
        sendNamedEvent(response, { type: 'error', code: 'server_error', message: 'canary', param: null })
        response.end()
      },
    ],
  ])('tells so once in a response: %s', async (_how, way) => {
    gateway.upstream.answer = (_call, response) => {
      startEvents(response)
      const begun = { id: 'resp_1', status: 'in_progress', output: [], error: null }
      sendNamedEvent(response, { type: 'response.created', response: begun })
      way(response)
    }
    const { status, text: said } = await call('/v1/responses', { messages: undefined, input: 'Hi', stream: true })
    expect(status).toBe(200)
    const events = eventsIn(said)
    expect(events.map(({ type }) => type)).toEqual(['response.created', 'error'])
    expect(events[1]).toMatchObject({
      code: 'upstream_error',
      message: expect.any(String),
      error: { type: 'api_error' },
    })
    expect(said).not.toContain('canary')
  })

  test('is asked for again, in one piece, where it broke before anything came of it', async () => {
    gateway.upstream.answer = ({ body }, response) => {
      if (!body.stream) return sendJson(response, 200, completion('Hello'))
      startEvents(response)
      response.write(': here\n\n')
      setTimeout(() => response.destroy(), 30)
    }
    const { status, text: said } = await call(CHAT, { stream: true })
    expect(status).toBe(200)
    expect(said).toContain('"content":"Hello"')
    expect(gateway.upstream.seen.map(({ body }) => body.stream)).toEqual([true, false])
  })
})

describe('a stream that nobody asked for', () => {
  test.each([
    ['tells of a failure', 'data: {"error":{"message":"canary"}}\n\n'],
    ['breaks off', `data: ${JSON.stringify(chunk({ content: 'He' }))}\n\n`],
    ['is no JSON', 'data: {"choices":\n\ndata: [DONE]\n\n'],
  ])('is a failure where it %s', async (_how, stream) => {
    gateway.upstream.answer = (_call, response) => {
      startEvents(response)
      response.end(stream)
    }
    const answer = await call(CHAT)
    expect([answer.status, answer.body.error.code]).toEqual([502, 'upstream_error'])
    expect(answer.text).not.toContain('canary')
  })
})

const members = (many: number) => Array.from({ length: many }, (_, at) => `"${at}k":{}`).join(',')

describe('a body', () => {
  /** The head of an answer to what is sent over a socket of its own. */
  async function said(head: string[], body: string): Promise<string> {
    const socket = connect(gateway.port, '127.0.0.1')
    await once(socket, 'connect')
    socket.on('error', () => {})
    socket.write(
      `${[`POST ${CHAT} HTTP/1.1`, 'Host: x', `Authorization: Bearer ${apiKey}`, 'Content-Type: application/json', ...head].join('\r\n')}\r\n\r\n${body}`,
    )
    const [first] = await once(socket, 'data')
    socket.destroy()
    return String(first)
  }

  test('that is announced as too large is not waited for', async () => {
    expect(await said(['Content-Length: 999999999'], '{')).toMatch(/^HTTP\/1\.1 413 /)
  })

  test('that turns out too large is refused before its end', async () => {
    const piece = `${(MB + 1).toString(16)}\r\n${'x'.repeat(MB + 1)}\r\n`
    expect(await said(['Transfer-Encoding: chunked'], piece)).toMatch(/^HTTP\/1\.1 413 /)
    expect(gateway.upstream.seen).toEqual([])
  })

  test('counts its pictures', async () => {
    const url = `data:image/png;base64,${'A'.repeat(MB)}`
    const messages = [{ role: 'user', content: [{ type: 'image_url', image_url: { url } }] }]
    expect((await call(CHAT, { messages })).status).toBe(413)
  })

  test.each([
    ['lists in lists', `{"model":"gpt-5","messages":${'['.repeat(400_000)}`],
    ['objects in objects', `{"model":"gpt-5","x":${'{"a":'.repeat(190_000)}`],
    ['lists in lists, closed', `{"model":"gpt-5","messages":${'['.repeat(400_000)}${']'.repeat(400_000)}}`],
    ['a list that is long', `{"model":"gpt-5","messages":[${'0,'.repeat(510_000)}0]}`],
    ['objects in a list', `{"model":"gpt-5","messages":[${'{},'.repeat(300_000)}{}]}`],
    ['members, a great many', `{"model":"gpt-5","messages":[],"x":{${members(60_000)}}}`],
    ['a string without an end', `{"model":"${'\\"'.repeat(450_000)}`],
  ])('that is %s is refused at once', async (_what, body) => {
    const began = performance.now()
    const answer = await call(CHAT, body)
    // A tenth of that when nothing else runs.
    expect(performance.now() - began).toBeLessThan(1000)
    expect([answer.status, answer.body.error.code]).toEqual([400, 'invalid_request'])
    expect(gateway.upstream.seen).toEqual([])
  })

  test.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/jsonx',
    '',
  ])('of the type %j is refused', async (type) => {
    expect((await call(CHAT, {}, { 'content-type': type })).status).toBe(415)
  })

  test('that is a long list of tokens is taken', async () => {
    const input = Array.from({ length: 200_000 }, (_, at) => at % 10)
    const answer = await call('/v1/embeddings', JSON.stringify({ model: 'embed-1', input }))
    expect(answer.status).toBe(200)
  })

  test('of JSON by another name is taken', async () => {
    for (const type of ['application/json; charset=utf-8', 'APPLICATION/JSON', 'application/vnd.x+json'])
      expect((await call(CHAT, {}, { 'content-type': type })).status).toBe(200)
  })
})

describe('headers', () => {
  const OF_THE_CALLER = {
    cookie: 'session=canary',
    'x-api-key': 'canary',
    'x-forwarded-for': '203.0.113.9',
    'x-forwarded-host': 'canary.example',
    forwarded: 'for=canary',
    'x-real-ip': '203.0.113.9',
    'x-portkey-config': 'canary',
    'x-portkey-custom-host': 'http://canary.example',
    'openai-organization': 'canary',
    'openai-beta': 'canary',
    'proxy-authorization': 'Basic canary',
    'x-hop': 'canary',
    connection: 'x-hop, close',
    te: 'trailers',
    referer: 'https://canary.example',
    'user-agent': 'canary',
  }
  const OF_THE_PROVIDER = {
    'set-cookie': ['canary=1', '__cf_bm=canary'],
    server: 'canary',
    'openai-organization': 'canary',
    'openai-project': 'canary',
    'openai-processing-ms': '12',
    'anthropic-organization-id': 'canary',
    'cf-ray': 'canary',
    via: '1.1 canary',
    'x-envoy-upstream-service-time': '7',
    'x-request-id': 'canary-of-theirs',
    'strict-transport-security': 'max-age=1',
    'access-control-allow-origin': 'https://canary.example',
    'x-ratelimit-remaining-tokens': '5',
    location: 'https://canary.example',
  }

  let calls = 0
  /** By Node's own client: `fetch` sends none of those that matter here. */
  async function asked(model: string, path: string, stream: boolean): Promise<Record<string, unknown>> {
    const sending = httpRequest(`${gateway.url}${path}`, {
      method: 'POST',
      headers: {
        ...OF_THE_CALLER,
        'idempotency-key': `canary-${calls++}`,
        authorization: `Bearer ${apiKey}`,
        'content-type': 'application/json',
      },
    })
    sending.end(JSON.stringify({ model, max_tokens: 50, messages: HI, stream }))
    const [response] = await once(sending, 'response')
    await text(response)
    return response.headers
  }

  test.each([CHAT, MESSAGES])('of the caller stay here, at %s', async (path) => {
    gateway.upstream.answer = tells(() => ({ texts: ['Hello'] }))
    for (const model of ['gpt-5', 'sonnet'])
      for (const stream of [false, true]) {
        gateway.upstream.seen.length = 0
        await asked(model, path, stream)
        const headers = gateway.upstream.seen[0]?.headers ?? {}
        const own = model === 'sonnet' ? ['anthropic-version', 'x-api-key'] : ['authorization']
        const common = [
          'accept',
          'accept-encoding',
          'connection',
          'content-length',
          'content-type',
          'host',
          'user-agent',
        ]
        expect(Object.keys(headers).sort()).toEqual([...common, ...own, 'x-request-id'].sort())
        expect(JSON.stringify({ ...headers, authorization: '', 'x-api-key': '' })).not.toContain('canary')
        expect(headers.host).toBe(new URL(gateway.upstream.origin).host)
      }
  })

  test.each([200, 400, 500])('of the provider stay there, with %i', async (status) => {
    for (const stream of [false, true]) {
      gateway.upstream.answer = (_call, response) => {
        for (const [name, value] of Object.entries(OF_THE_PROVIDER)) response.setHeader(name, value)
        if (status !== 200) return sendJson(response, status, { error: { message: 'No' } })
        if (!stream) return sendJson(response, 200, completion('Hi'))
        startEvents(response)
        sendEvent(response, chunk({ content: 'Hi' }, 'stop'))
        response.end('data: [DONE]\n\n')
      }
      const headers = await asked('gpt-5', CHAT, stream)
      expect(JSON.stringify(headers)).not.toContain('canary')
      const names = ['set-cookie', 'server', 'openai-processing-ms', 'x-ratelimit-remaining-tokens', 'via', 'location']
      expect(names.filter((name) => name in headers)).toEqual([])
      gateway.wait(120)
    }
  })
})

describe('where a call goes', () => {
  test.each([301, 302, 303, 307, 308])('is not changed by a redirect with %i', async (status) => {
    let visits = 0
    await using elsewhere = await otherUpstream((_request, response) => {
      visits++
      sendJson(response, 200, completion('Stolen'))
    })
    for (const location of [`${elsewhere.url}/v1/chat/completions`, '/v1/elsewhere'])
      for (const stream of [false, true]) {
        gateway.upstream.seen.length = 0
        fails(status, {}, { location })
        const answer = await call(CHAT, { stream })
        expect([answer.status, answer.body.error.code]).toEqual([502, 'upstream_error'])
        expect(answer.headers.get('location')).toBeNull()
        expect(gateway.upstream.seen).toHaveLength(1)
        gateway.wait(120)
      }
    expect(visits).toBe(0)
  })

  test('is not for the caller to say', async () => {
    let visits = 0
    await using elsewhere = await otherUpstream((_request, response) => {
      visits++
      response.end()
    })
    const { url } = elsewhere
    const named = { base_url: url }
    const body = { base_url: url, api_base: url, baseURL: url, provider: named, upstream: named, api_key: 'mine' }
    const headers = { 'x-base-url': url, 'x-portkey-custom-host': url, 'helicone-target-url': url, 'x-target-url': url }
    expect((await call(CHAT, body, headers)).status).toBe(200)
    for (const model of [
      `${url}/gpt-5`,
      '../gpt-5',
      'acme/../claude/sonnet',
      '//127.0.0.1/x',
      '__proto__',
      'constructor/x',
    ])
      expect((await call(CHAT, { model })).status).toBe(404)
    expect(visits).toBe(0)
    expect(gateway.upstream.seen.map(({ path, headers: seen }) => [path, seen.authorization])).toEqual([
      ['/v1/chat/completions', 'Bearer sk-acme-canary-0123456789'],
    ])
  })

  test.each([
    'gpt-5\r\nx-canary: 1',
    'gpt-5\n{"level":50}',
    'gpt-5\u2028',
    'gpt-é',
    'gpt-5\u0000',
    'x'.repeat(201),
    'a b',
  ])('is no place for the model %j, nor are logs', async (model) => {
    for (const path of [CHAT, MESSAGES]) {
      const answer = await call(path, { model })
      expect(answer.status).toBe(400)
      expect(answer.headers.get('x-canary')).toBeNull()
    }
    expect(gateway.upstream.seen).toEqual([])
    for (const line of gateway.logged) {
      expect(line.indexOf('\n')).toBe(line.length - 1)
      expect(() => JSON.parse(line)).not.toThrow()
    }
  })

  test('is told of a request by an id that is one', async () => {
    for (const id of ['short', 'a"b\\c-0123456789', '<script>-0123456789', 'x'.repeat(129), 'é-0123456789'])
      expect((await call(CHAT, {}, { 'x-request-id': id })).headers.get('x-request-id')).toMatch(/^[0-9a-f]{24}$/)
  })
})
