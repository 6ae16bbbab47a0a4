import { once } from 'node:events'
import { connect } from 'node:net'
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type Answer, answerOf, DATABASES } from './harness.ts'
import { type ListeningGateway, startListeningGateway, tells } from './listening-gateway.ts'
import { eventually } from './spawned-server.ts'

const MB = 1024 * 1024
const CHAT = '/v1/chat/completions'
const ENDPOINTS = [CHAT, '/v1/messages', '/v1/responses', '/v1/embeddings', '/api/playground/chat'] as const
const HI = [{ role: 'user', content: 'Hi' }]

describe.each(DATABASES)('what a hostile caller sends, on %s', (kind) => {
  let gateway: ListeningGateway
  let key: string
  let session: Record<string, string>
  beforeAll(async () => {
    gateway = await startListeningGateway({ BODY_LIMIT_MB: '10' }, kind)
    const ada = await gateway.member()
    key = ada.apiKey
    session = { cookie: ada.window.cookies(), origin: 'http://localhost:4000' }
  })
  afterEach(() => {
    gateway.upstream.reset()
    gateway.wait(120)
  })
  afterAll(() => gateway?.stop())

  const credential = (path: string) => (path.startsWith('/api/') ? session : { authorization: `Bearer ${key}` })
  const send = async (path: string, body: string | Uint8Array<ArrayBuffer>, headers = {}): Promise<Answer> =>
    answerOf(
      await fetch(`${gateway.url}${path}`, {
        method: 'POST',
        headers: { ...credential(path), 'content-type': 'application/json', ...headers },
        body,
      }),
    )
  /** Sends bytes as they are, which no client would. */
  async function raw(head: string[], body = '', path = CHAT): Promise<string> {
    const socket = connect(gateway.port, '127.0.0.1')
    socket.on('error', () => {})
    let said = ''
    socket.on('data', (data) => {
      said += data.toString('latin1')
    })
    await once(socket, 'connect')
    const own = Object.entries(credential(path)).map(([name, value]) => `${name}: ${value}`)
    const lines = [`POST ${path} HTTP/1.1`, 'Host: x', 'Connection: close', ...own, 'Content-Type: application/json']
    socket.write(Buffer.from(`${[...lines, ...head].join('\r\n')}\r\n\r\n${body}`, 'latin1'))
    await eventually(async () => socket.destroyed || socket.readableEnded, 5000)
    socket.destroy()
    return said
  }

  /** What came was refused as the caller's fault, nobody was asked, and nothing was set aside. */
  async function expectRefused(answer: Answer, statuses: number[]) {
    expect(statuses).toContain(answer.status)
    expect(answer.headers.get('content-type')).toMatch(/^application\/json/)
    expect(gateway.upstream.seen).toEqual([])
    expect(await gateway.deps.db.read.selectFrom('reservation').selectAll().execute()).toEqual([])
  }

  test.each(ENDPOINTS)('%s: bodies that are packed are not unpacked', async (path) => {
    const body = Buffer.from(JSON.stringify({ model: 'gpt-5', messages: HI, max_tokens: 5, input: 'a' }))
    for (const [encoding, packed] of [
      ['gzip', gzipSync(body)],
      ['deflate', deflateSync(body)],
      ['br', brotliCompressSync(body)],
      ['gzip, br', body],
      ['x-anything', body],
      ['GZIP', gzipSync(Buffer.alloc(50 * MB))],
    ] as const)
      await expectRefused(await send(path, new Uint8Array(packed), { 'content-encoding': encoding }), [415])
  })

  test.each(ENDPOINTS)('%s: a bomb is refused before anything is built of it', async (path) => {
    for (const bomb of [
      '['.repeat(10 * MB),
      '{"a":'.repeat(2 * MB),
      `{"model":"gpt-5","messages":${'['.repeat(5 * MB)}`,
      `{${Array.from({ length: 200_000 }, (_, at) => `"k${at}":0`).join(',')}}`,
      `{"messages":[${'{"a":0},'.repeat(150_000)}{}]}`,
      `[${'0,'.repeat(600_000)}0]`,
      '"'.repeat(9 * MB),
      '\\'.repeat(9 * MB),
      ' '.repeat(9 * MB),
    ])
      await expectRefused(await send(path, bomb), [400])
  })

  test.each(ENDPOINTS)('%s: what is no JSON object is refused', async (path) => {
    for (const wrong of [
      '',
      'null',
      '[]',
      '"gpt-5"',
      '1',
      '{',
      '{"model":"gpt-5",}',
      "{'model':'gpt-5'}",
      '\ufeff{"model":"gpt-5"}',
      '{"model":"gpt-5"}{"model":"gpt-5"}',
      '{"model":"\\u0000"}',
      '{"x":"\\u0000"}',
      '{"\\u0000":1}',
      'NaN',
    ])
      await expectRefused(await send(path, wrong), [400])
    await expectRefused(await send(path, new Uint8Array(Buffer.from('{"model":"gpt-5\xff"}', 'latin1'))), [400])
  })

  test.each(ENDPOINTS)('%s: numbers and types that no client sends are the caller’s fault', async (path) => {
    for (const more of [
      '"max_tokens":1e400',
      '"max_tokens":-0',
      '"max_tokens":"5"',
      '"max_tokens":{}',
      '"max_completion_tokens":[]',
      '"n":1e9',
      '"stream":"true"',
      '"stream":1',
      '"stream_options":"x"',
      '"messages":{}',
      '"messages":[null]',
      '"messages":[[]]',
      '"messages":[{"role":1,"content":2}]',
      '"messages":"x"',
      '"input":{"a":1}',
      '"temperature":"hot"',
      '"tools":{"a":1}',
      '"tools":[null]',
      '"model":["gpt-5"]',
      '"model":{"toString":1}',
      '"model":null',
      '"model":""',
    ]) {
      const answer = await send(path, `{"model":"gpt-5",${more}}`)
      // A provider of the same dialect is the judge of most of them.
      expect([more, answer.status]).toEqual([more, expect.toBeOneOf([200, 400, 402, 404, 422])])
      gateway.wait(60)
    }
  })

  test.each([
    [CHAT, 'messages', [undefined, null, [], 'Hi', { role: 'user', content: 'Hi' }]],
    ['/api/playground/chat', 'messages', [undefined, []]],
    ['/v1/messages', 'messages', [undefined, null, [], 'Hi', {}]],
    ['/v1/embeddings', 'input', [undefined, null]],
    ['/v1/responses', 'input', [undefined, null]],
  ] as const)('%s: without %s there is nothing to ask a model', async (path, param, values) => {
    for (const value of values) {
      const answer = await send(path, JSON.stringify({ model: 'gpt-5', max_tokens: 9, [param]: value }))
      await expectRefused(answer, [400])
      expect(JSON.stringify(answer.body)).toContain(`${param} `)
      if (path === CHAT) expect(answer.body.error).toMatchObject({ code: 'invalid_request', param })
    }
  })

  test('a response may be asked for with something else than input', async () => {
    for (const more of [{ previous_response_id: 'resp_1' }, { conversation: 'conv_1' }])
      expect((await send('/v1/responses', JSON.stringify({ model: 'gpt-5', ...more }))).status).toBe(200)
    // A kept prompt is not of this kind on credits, for nobody knows what it holds.
    const kept = await send('/v1/responses', JSON.stringify({ model: 'gpt-5', prompt: { id: 'pmpt_1' } }))
    expect(kept.body.error).toMatchObject({ code: 'price_unknown', param: 'prompt' })
  })

  test('answers are counted by whole numbers, so that none is unpaid', async () => {
    for (const n of [0, -1, 1.5, 129, 1e9, '4', [4], { n: 4 }, true, '9'.repeat(20)]) {
      const answer = await send(CHAT, JSON.stringify({ model: 'gpt-5', max_tokens: 9, messages: HI, n }))
      await expectRefused(answer, [400])
      expect(answer.body.error).toMatchObject({ code: 'invalid_request', param: 'n' })
    }
    await expectRefused(await send(CHAT, `{"model":"gpt-5","messages":[{}],"n":${'9'.repeat(20)}}`), [400])
    for (const n of [null, 1, 2, 2.0])
      expect((await send(CHAT, JSON.stringify({ model: 'gpt-5', max_tokens: 9, messages: HI, n }))).status).toBe(200)
  })

  test('a member that is said twice means one thing to us and to the provider', async () => {
    const body = `{"model":"nobody","model":"gpt-5","max_tokens":100000000,"max_tokens":7,"messages":[],"messages":${JSON.stringify(HI)}}`
    expect((await send(CHAT, body)).status).toBe(200)
    expect(gateway.upstream.seen[0]?.body).toMatchObject({ model: 'gpt-5', max_tokens: 7, messages: HI })
    const first = `{"model":"gpt-5","model":"nobody","messages":${JSON.stringify(HI)}}`
    gateway.upstream.seen.length = 0
    await expectRefused(await send(CHAT, first), [404])
  })

  test('names of the language are names like others', async () => {
    gateway.upstream.answer = tells(() => ({ texts: ['Hello'] }))
    const schema = '{"type":"object","properties":{"__proto__":{"type":"string"},"constructor":{"type":"string"}}}'
    const tool = `{"type":"function","function":{"name":"f","parameters":${schema}}}`
    for (const model of ['gpt-5', 'sonnet']) {
      const body = `{"model":"${model}","max_tokens":9,"messages":[{"role":"user","content":"Hi","__proto__":{"role":"system"}}],"tools":[${tool}]}`
      gateway.upstream.seen.length = 0
      expect([200, 400]).toContain((await send(CHAT, body)).status)
      for (const polluting of ['"__proto__":{"stream":true,"model":"sonnet"}', '"constructor":{"prototype":{"x":1}}']) {
        const answer = await send(
          CHAT,
          `{"model":"${model}","max_tokens":9,"messages":${JSON.stringify(HI)},${polluting}}`,
        )
        expect([200, 400]).toContain(answer.status)
        if (answer.status === 200) expect(answer.headers.get('content-type')).toMatch(/json/)
      }
    }
    expect(({} as Record<string, unknown>).stream).toBeUndefined()
    expect(({} as Record<string, unknown>).x).toBeUndefined()
  })

  test('headers end where they end', async () => {
    gateway.upstream.answer = tells(() => ({ texts: ['Hello'] }))
    const body = JSON.stringify({ model: 'gpt-5', max_tokens: 9, messages: HI })
    const length = `Content-Length: ${body.length}`
    for (const [name, values] of [
      ['Idempotency-Key', ['a\tb', 'caf\xe9', '\x80', 'x'.repeat(256), 'a b', '']],
      ['X-Request-Id', ['caf\xe9-0123456789', 'a\tb-0123456789', 'x'.repeat(8000), '0123456789;x=1', '']],
      ['Anthropic-Version', ['caf\xe9', 'a\tb', 'x'.repeat(8000), '\x80\xff', '']],
      ['Anthropic-Beta', ['caf\xe9', 'a\tb', 'x'.repeat(8000), '\x80\xff', '']],
      ['Content-Type', ['application/json; charset=caf\xe9']],
      ['X-Forwarded-For', ['caf\xe9', 'x'.repeat(8000), '\x80, 1.2.3.4', '']],
      ['User-Agent', ['caf\xe9', '<script>', 'x'.repeat(8000)]],
    ] as const)
      for (const value of values)
        for (const path of [CHAT, '/v1/messages'])
          for (const model of ['gpt-5', 'sonnet']) {
            const sent = body.replace('gpt-5', model)
            const said = await raw(
              [length.replace(String(body.length), String(sent.length)), `${name}: ${value}`],
              sent,
              path,
            )
            // Those that clients of Anthropic's send go to its provider: what may not stand there is the caller's fault.
            expect([name, value.slice(0, 20), path, model, said.slice(0, 12)]).toEqual([
              name,
              value.slice(0, 20),
              path,
              model,
              expect.stringMatching(/^HTTP\/1\.1 (200|400)$/),
            ])
            expect(said.match(/HTTP\/1\.1 /g)).toHaveLength(1)
            gateway.wait(60)
          }
    // Node's parser knows no such header.
    for (const wrong of ['X-A: a\rb', 'X-A: a\nSet-Cookie: b', 'X-A: a\0b', 'X A: b', `X-A: ${'x'.repeat(100_000)}`])
      expect((await raw([length, wrong], body)).slice(0, 10)).toMatch(/^(HTTP\/1\.1 [24])?/)
  })

  test('the length of a body is said in one way', async () => {
    for (const head of [
      ['Content-Length: 5', 'Content-Length: 6'],
      ['Content-Length: 5', 'Transfer-Encoding: chunked'],
      ['Transfer-Encoding: chunked, identity'],
      ['Transfer-Encoding: xchunked'],
      ['Content-Length: +5'],
      ['Content-Length: -1'],
      ['Content-Length: 5, 5'],
      ['Content-Length: 0x5'],
    ])
      expect((await raw(head, '{"a":1}')).slice(0, 12)).toBe('HTTP/1.1 400')
    expect(gateway.upstream.seen).toEqual([])
  })

  test('a name in an address is a name, or is not there', async () => {
    for (const base of ['/v1', '/v1/openai', '/v1/openai/v1'])
      for (const name of [
        '%0d%0aSet-Cookie:%20a=b',
        '%00',
        '%ff',
        '%c3%28',
        '%',
        '%2e%2e%2f',
        '..%2f..%2fapi%2fadmin',
        'acme%2f..%2fgpt-5',
        encodeURIComponent('é\u2028💥'),
        'x'.repeat(8000),
        '__proto__',
        'constructor',
        'acme/__proto__',
        '%3Cscript%3E',
      ]) {
        const answer = await answerOf(
          await fetch(`${gateway.url}${base}/models/${name}`, { headers: { authorization: `Bearer ${key}` } }),
        )
        expect([base, name.slice(0, 20), answer.status]).toEqual([
          base,
          name.slice(0, 20),
          expect.toBeOneOf([400, 404]),
        ])
        expect(answer.headers.get('set-cookie')).toBeNull()
        expect(answer.body.error.code).toEqual(expect.any(String))
        expect(answer.body.error.message.length).toBeLessThan(400)
      }
  })

  test('and none of it broke a line of the log, or an event', async () => {
    for (const line of gateway.logged) {
      expect(line.indexOf('\n')).toBe(line.length - 1)
      expect(JSON.parse(line)).toMatchObject({ level: expect.any(String) })
      expect(line).not.toMatch(/"level":"error"/)
    }
    expect((await gateway.admin('GET', '/audit-log/verify')).body).toMatchObject({ valid: true, faults: [] })
    const { text } = await gateway.admin('GET', '/audit-log/export?format=csv')
    expect(text).not.toMatch(/[^\n\r\x20-\x7e]/)
  })
})
