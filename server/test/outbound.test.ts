import { getEventListeners } from 'node:events'
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import { createRemoteJWKSet, customFetch as joseFetch } from 'jose'
import * as oauth from 'oauth4webapi'
import { describe, expect, test } from 'vitest'
import { OutboundFailed, OutboundRefused } from '../src/http/outbound/failure.ts'
import { createOutbound, type OutboundEvent } from '../src/http/outbound.ts'
import {
  bodyOf,
  type IncomingMessage,
  rawUpstream,
  sayingOnce,
  type Upstream,
  until,
  upstream,
} from './outbound-upstream.ts'

const LOOPBACK = ['127.0.0.0/8']
const SECRET = 'canary-7f3a'
const outbound = createOutbound({ allow: LOOPBACK })

/** Far below the 10 s that it would take by itself. */
const QUICK = { timeoutMs: 200 }

async function failure(call: Promise<unknown>): Promise<OutboundFailed | OutboundRefused> {
  try {
    await call
  } catch (error) {
    if (error instanceof OutboundFailed || error instanceof OutboundRefused) return error
    throw error
  }
  throw new Error('It did not fail')
}

const reasonOf = async (call: Promise<unknown>) => (await failure(call)).reason

describe('the guard', () => {
  test('connects to nothing private, however it is written', async () => {
    await using server = await upstream((_, response) => response.end('inside'))
    const guarded = createOutbound({ allow: [], lookup: async () => ['127.0.0.1'] })
    const hosts = [
      '127.0.0.1',
      '127.1',
      '2130706433',
      '0x7f000001',
      '0177.0.0.1',
      '[::ffff:127.0.0.1]',
      '[::1]',
      '0',
      'localhost',
      'rebind.test',
    ]
    for (const host of hosts)
      for (const scheme of ['http', 'https'])
        expect(await reasonOf(guarded.fetch(`${scheme}://${host}:${server.port}/`)), host).toBe('private_address')
    expect(server.connections()).toBe(0)
  })

  test('refuses a name with one private address among public ones, before it connects', async () => {
    await using server = await upstream((_, response) => response.end())
    const guarded = createOutbound({ allow: [], lookup: async () => ['127.0.0.1', '93.184.216.34'] })
    expect(await reasonOf(guarded.fetch(`https://mixed.test:${server.port}/`))).toBe('private_address')
    expect(server.connections()).toBe(0)
  })

  test('connects to the address that it checked, though a second look-up says another (DNS rebinding)', async () => {
    await using allowed = await upstream((_, response) => response.end('allowed'), '127.0.0.2')
    await using inside = await upstream((_, response) => response.end('inside'), '127.0.0.1', allowed.port)
    const answers = ['127.0.0.2', '127.0.0.1']
    let asked = 0
    const guarded = createOutbound({ allow: ['127.0.0.2'], lookup: async () => [answers[asked++] ?? '127.0.0.1'] })
    const url = `http://rebind.test:${allowed.port}/`
    expect(await (await guarded.fetch(url)).text()).toBe('allowed')
    expect(asked).toBe(1)
    // The connection is still open, and another answer is no reason to use it.
    expect(await reasonOf(guarded.fetch(url))).toBe('private_address')
    expect([allowed.connections(), inside.connections()]).toEqual([1, 0])
  })

  test('follows no redirect', async () => {
    let visits = 0
    await using server = await upstream((_, response) => {
      visits++
      response.writeHead(302, { location: 'http://169.254.169.254/latest/meta-data/' }).end('moved')
    })
    for (const redirect of ['follow', 'manual', 'error'] as const) {
      const response = await outbound.fetch(server.url, { redirect })
      expect([response.status, response.headers.get('location'), response.redirected]).toEqual([
        302,
        'http://169.254.169.254/latest/meta-data/',
        false,
      ])
    }
    expect(visits).toBe(3)
  })

  test('tries the next of several checked addresses', async () => {
    await using server = await upstream((_, response) => response.end('second'), '127.0.0.2')
    const several = createOutbound({ allow: LOOPBACK, lookup: async () => ['127.0.0.9', '127.0.0.2'] })
    expect(await (await several.fetch(`http://several.test:${server.port}/`)).text()).toBe('second')
  })

  test('refuses what cannot be said in HTTP', async () => {
    await using server = await upstream((_, response) => response.end())
    const calls = [
      { method: 'TRACE' },
      { method: 'CONNECT' },
      { method: 'GET / HTTP/1.1\r\nx:' },
      { body: 'a body of a GET' },
      { headers: { 'x-a': `${SECRET}\r\nx-b: 1` } },
      { headers: { 'x-a': `${SECRET}\x01` } },
      { headers: { 'x a': SECRET } },
      { headers: { 'x-a': `${SECRET}\u20ac` } },
    ]
    for (const init of calls) {
      const refused = await failure(outbound.fetch(server.url, init))
      expect(refused).toMatchObject({ name: 'OutboundRefused', reason: 'bad_request' })
      expect(`${refused.stack}${JSON.stringify(refused)}`).not.toContain(SECRET)
    }
    expect(server.connections()).toBe(0)
  })
})

describe('a request', () => {
  const seen = async (init: Parameters<typeof outbound.fetch>[1]) => {
    let got: { request: IncomingMessage; body: string } | undefined
    await using server = await upstream(async (request, response) => {
      got = { request, body: await bodyOf(request) }
      response.end()
    })
    await outbound.fetch(`${server.url}/a%20b;c?d=e&f#g`, init)
    if (!got) throw new Error('Nobody came')
    return {
      ...got.request,
      headers: got.request.headers,
      url: got.request.url,
      body: got.body,
      host: server.url.slice(7),
    }
  }

  test('says the host, that it takes no compression, and who calls', async () => {
    const { headers, method, url, host } = await seen({})
    expect({ method, url }).toEqual({ method: 'GET', url: '/a%20b;c?d=e&f' })
    expect(headers).toEqual({
      host,
      accept: '*/*',
      'accept-encoding': 'identity',
      'user-agent': 'Auth-Agent',
      connection: 'keep-alive',
    })
  })

  test('carries the headers of the caller, but none that concerns the connection', async () => {
    const { headers, host } = await seen({
      method: 'POST',
      body: 'abc',
      headers: {
        accept: 'application/json',
        'accept-encoding': 'gzip, br',
        authorization: 'Bearer x',
        connection: 'close, x-hop, b@d',
        'content-length': '99',
        expect: '100-continue',
        host: 'inside.test',
        'keep-alive': 'timeout=1',
        'proxy-authorization': 'Basic eA==',
        te: 'trailers',
        'transfer-encoding': 'chunked',
        upgrade: 'websocket',
        'user-agent': 'mine',
        'x-hop': '1',
        'x-kept': '2',
      },
    })
    expect(headers).toEqual({
      host,
      accept: 'application/json',
      'accept-encoding': 'identity',
      authorization: 'Bearer x',
      connection: 'close',
      'content-length': '3',
      'content-type': 'text/plain;charset=UTF-8',
      'user-agent': 'mine',
      'x-kept': '2',
    })
  })

  test.for([
    ['a form', new URLSearchParams({ a: 'b c' }), 'a=b+c', 'application/x-www-form-urlencoded;charset=UTF-8'],
    ['text', 'é', 'é', 'text/plain;charset=UTF-8'],
    ['bytes', new Uint8Array([97, 98]), 'ab', undefined],
    ['a blob', new Blob(['{}'], { type: 'application/json' }), '{}', 'application/json'],
    ['nothing', '', '', 'text/plain;charset=UTF-8'],
  ] as const)('carries %s with its length', async ([, body, text, type]) => {
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
      const got = await seen({ method, body })
      expect(got.body).toBe(text)
      expect(got.headers['content-type']).toBe(type)
      expect(got.headers['content-length']).toBe(String(Buffer.byteLength(text)))
      expect(got.headers['transfer-encoding']).toBeUndefined()
    }
  })

  test('without a body says so where one is expected', async () => {
    expect((await seen({ method: 'POST' })).headers['content-length']).toBe('0')
    expect((await seen({ method: 'DELETE' })).headers['content-length']).toBeUndefined()
  })
})

describe('an answer', () => {
  test('has its status, its body and its headers, but those of the connection', async () => {
    await using server = await sayingOnce(
      'HTTP/1.1 418 Teapot\r\nConnection: keep-alive, X-Hop\r\nKeep-Alive: timeout=5\r\nX-Hop: 1\r\nProxy-Authenticate: x\r\n' +
        'Set-Cookie: a=1\r\nSet-Cookie: b=2\r\nX-Latin: caf\xe9\r\nContent-Length: 2\r\n\r\nhi',
    )
    const response = await outbound.fetch(server.url)
    expect(response.status).toBe(418)
    expect([...response.headers]).toEqual([
      ['content-length', '2'],
      ['set-cookie', 'a=1'],
      ['set-cookie', 'b=2'],
      ['x-latin', 'caf\xe9'],
    ])
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2'])
    expect(await response.text()).toBe('hi')
  })

  test.for([
    ['gzip', gzipSync],
    ['x-gzip', gzipSync],
    ['GZIP', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
    ['identity', (bytes: Buffer) => bytes],
  ] as const)('is decoded that comes in %s', async ([encoding, compress]) => {
    const body = compress(Buffer.from('{"a":1}'))
    await using server = await upstream((_, response) => {
      response.writeHead(200, { 'content-encoding': encoding, 'content-length': body.length }).end(body)
    })
    const response = await outbound.fetch(server.url)
    expect(await response.json()).toEqual({ a: 1 })
    expect(response.headers.get('content-encoding')).toBe(encoding === 'identity' ? 'identity' : null)
  })

  test.for(['zstd', 'gzip, gzip', 'constructor', 'aws-chunked'])('fails that comes in %s', async (encoding) => {
    await using server = await upstream((_, response) => {
      response.writeHead(200, { 'content-encoding': encoding }).end('x')
    })
    expect(await reasonOf(outbound.fetch(server.url))).toBe('protocol')
    await until(() => server.open() === 0)
  })

  test('has no body where HTTP has none', async () => {
    await using server = await upstream((request, response) => {
      const length = request.method === 'HEAD' && { 'content-length': 5_000_000 }
      response.writeHead(Number(request.url?.slice(1)), { 'content-encoding': 'gzip', etag: '"1"', ...length }).end()
    })
    for (const [method, status] of [
      ['GET', 204],
      ['GET', 205],
      ['GET', 304],
      ['HEAD', 200],
      ['HEAD', 404],
    ] as const) {
      const response = await outbound.fetch(`${server.url}/${status}`, { method })
      expect([response.status, response.body, response.headers.get('etag')]).toEqual([status, null, '"1"'])
    }
    expect(server.connections()).toBe(1)
  })
})

describe('the limits', () => {
  test.for<[string, () => Promise<Upstream>]>([
    ['no answer', () => rawUpstream((socket) => socket.resume())],
    ['an answer that never gets to its headers', () => sayingOnce('HTTP/1.1 200 OK\r\nX-A: ')],
    ['an answer that never gets to its body', () => sayingOnce('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n')],
    ['an answer that never ends', () => sayingOnce('HTTP/1.1 200 OK\r\n\r\nhel')],
    [
      'an answer that trickles',
      () => sayingOnce('HTTP/1.1 200 OK\r\n\r\n', (socket) => every(20, () => socket.write('.'), socket)),
    ],
    [
      'an endless announcement',
      () => sayingOnce('', (socket) => every(20, () => socket.write('HTTP/1.1 103 Early\r\n\r\n'), socket)),
    ],
    ['a handshake that never ends', () => rawUpstream((socket) => socket.resume())],
  ])('end a call that gets %s', async ([name, start]) => {
    await using server = await start()
    const url = name.includes('handshake') ? server.url.replace('http:', 'https:') : server.url
    const started = performance.now()
    expect(await reasonOf(outbound.fetch(url, QUICK))).toBe('timeout')
    expect(performance.now() - started).toBeLessThan(1_500)
    await until(() => server.open() === 0)
  })

  test('end a call whose look-up takes too long', async () => {
    const slow = createOutbound({ allow: LOOPBACK, lookup: () => new Promise(() => {}) })
    expect(await reasonOf(slow.fetch('https://slow.test/', QUICK))).toBe('timeout')
  })

  test('cut off a body that never ends, or is longer than allowed by one byte', async () => {
    let sent = 0
    await using endless = await upstream((_, response) => {
      const chunk = Buffer.alloc(65_536)
      const more = () => {
        while (!response.destroyed && response.write(chunk)) sent += chunk.length
      }
      response.on('drain', more)
      more()
    })
    expect(await reasonOf(outbound.fetch(endless.url))).toBe('too_large')
    await until(() => endless.open() === 0)
    expect(sent).toBeLessThan(20_000_000)

    await using exact = await upstream((request, response) => response.end(Buffer.alloc(Number(request.url?.slice(1)))))
    expect((await (await outbound.fetch(`${exact.url}/1000000`)).arrayBuffer()).byteLength).toBe(1_000_000)
    expect(await reasonOf(outbound.fetch(`${exact.url}/1000001`))).toBe('too_large')
    expect((await (await outbound.fetch(`${exact.url}/5`, { maxBytes: 5 })).arrayBuffer()).byteLength).toBe(5)
    expect(await reasonOf(outbound.fetch(`${exact.url}/6`, { maxBytes: 5 }))).toBe('too_large')
  })

  test.for([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
  ] as const)('cut off a %s bomb, in little memory', async ([encoding, compress]) => {
    const bomb = compress(Buffer.alloc(100_000_000))
    await using server = await upstream((_, response) => {
      response.writeHead(200, { 'content-encoding': encoding }).end(bomb)
    })
    const before = process.memoryUsage().rss
    const reasons = await Promise.all(Array.from({ length: 10 }, () => reasonOf(outbound.fetch(server.url))))
    expect(new Set(reasons)).toEqual(new Set(['too_large']))
    expect(process.memoryUsage().rss - before).toBeLessThan(150_000_000)
  })

  test('hold for a body in very many pieces, in little memory', async () => {
    await using server = await sayingOnce(
      `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${'1\r\nx\r\n'.repeat(900_000)}0\r\n\r\n`,
    )
    const before = process.memoryUsage().rss
    expect((await (await outbound.fetch(server.url)).text()).length).toBe(900_000)
    expect(process.memoryUsage().rss - before).toBeLessThan(150_000_000)
  })

  test.for([
    ['more headers than fit', `HTTP/1.1 200 OK\r\n${`X-A: ${'a'.repeat(1_000)}\r\n`.repeat(100)}\r\n`, 'too_large'],
    ['one header that does not end', `HTTP/1.1 200 OK\r\nX-A: ${'a'.repeat(100_000)}`, 'too_large'],
    ['no HTTP', 'SSH-2.0-OpenSSH_9.6\r\n', 'protocol'],
    ['HTML without a head', '<html>hello</html>', 'protocol'],
    ['a status beyond HTTP', 'HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n', 'protocol'],
    ['a change of protocol', 'HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n', 'reset'],
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab', 'protocol'],
    [
      'a length and chunks',
      'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n',
      'protocol',
    ],
    ['a chunk without a size', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n', 'reset'],
    [
      'bytes that are no gzip',
      'HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 9\r\n\r\nnot gzip!',
      'protocol',
    ],
    [
      'bytes that are no brotli',
      'HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 9\r\n\r\nnot brotl',
      'protocol',
    ],
    [
      'half a gzip',
      `HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 12\r\n\r\n${gzipSync('hello').toString('latin1', 0, 12)}`,
      'protocol',
    ],
  ] as const)('hold for %s', async ([, text, reason]) => {
    await using server = await sayingOnce(text)
    expect(await reasonOf(outbound.fetch(server.url, { method: 'POST', timeoutMs: 2_000 }))).toBe(reason)
    await until(() => server.open() === 0)
  })

  test('find out a length that is a lie', async () => {
    await using short = await sayingOnce('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello', (socket) => socket.end())
    expect(await reasonOf(outbound.fetch(short.url))).toBe('reset')
    await using chunked = await sayingOnce(
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na\r\nhello',
      (socket) => socket.end(),
    )
    expect(await reasonOf(outbound.fetch(chunked.url))).toBe('reset')
    await using huge = await sayingOnce('HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\nhello')
    expect(await reasonOf(outbound.fetch(huge.url, QUICK))).toBe('timeout')

    // What comes beyond it is not taken for the next answer.
    await using long = await sayingOnce(
      `HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil`,
    )
    expect(await (await outbound.fetch(long.url)).text()).toBe('ok')
    expect(await (await outbound.fetch(long.url)).text()).toBe('ok')
  })
})

describe('a call that comes to nothing', () => {
  test.for<[string, () => Promise<Upstream>]>([
    ['before the answer', () => rawUpstream((socket) => socket.once('data', () => socket.resetAndDestroy()))],
    ['in the middle of the headers', () => sayingOnce('HTTP/1.1 200 OK\r\nX-', (socket) => socket.resetAndDestroy())],
    [
      'in the middle of the body',
      () =>
        sayingOnce('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhel', (socket) =>
          later(() => socket.resetAndDestroy()),
        ),
    ],
    [
      'in the middle of a gzip',
      () =>
        sayingOnce('HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 90\r\n\r\n\x1f\x8b\x08', (socket) =>
          later(() => socket.resetAndDestroy()),
        ),
    ],
    ['politely, before the answer', () => rawUpstream((socket) => socket.once('data', () => socket.end()))],
  ])('says that the connection ended %s', async ([, start]) => {
    await using server = await start()
    expect(await reasonOf(outbound.fetch(server.url, { method: 'POST', body: 'x' }))).toBe('reset')
    expect(server.connections()).toBe(1)
  })

  test('says that nobody listens, that the name is unknown, or that there is no TLS', async () => {
    const server = await upstream((_, response) => response.end())
    const tls = server.url.replace('http:', 'https:')
    expect(await failure(outbound.fetch(tls))).toMatchObject({
      name: 'OutboundFailed',
      reason: 'tls',
      host: '127.0.0.1',
    })
    await server[Symbol.asyncDispose]()
    expect(await failure(outbound.fetch(server.url))).toMatchObject({ reason: 'connect', code: 'ECONNREFUSED' })
    expect(await reasonOf(outbound.fetch('https://no-such-name.invalid/'))).toBe('dns')
  })

  test('tells neither path, header nor body, of ours or of theirs', async () => {
    const starts = [
      () =>
        sayingOnce(`HTTP/1.1 200 OK\r\nX-A: ${SECRET}\r\nContent-Length: 99\r\n\r\n${SECRET}`, (socket) =>
          later(() => socket.destroy()),
        ),
      () => sayingOnce(`HTTP/1.1 200 OK\r\n${SECRET}\x01\r\n\r\n`),
      () => sayingOnce(`${SECRET}\r\n\r\n`),
      () => sayingOnce(`HTTP/1.1 200 OK\r\nX-A: ${SECRET.repeat(9_000)}\r\n\r\n`),
      () => sayingOnce(`HTTP/1.1 200 ${SECRET}\r\nTransfer-Encoding: chunked\r\n\r\n${SECRET}`),
      () => sayingOnce(`HTTP/1.1 200 ${SECRET}\r\nContent-Encoding: ${SECRET}\r\n\r\n${SECRET}`),
    ]
    for (const start of starts) {
      await using server = await start()
      const init = { method: 'POST', headers: { authorization: `Bearer ${SECRET}` }, body: SECRET, ...QUICK }
      const failed = await failure(outbound.fetch(`${server.url}/${SECRET}?code=${SECRET}`, init))
      const everything = Object.getOwnPropertyNames(failed).map((name) => String(Reflect.get(failed, name)))
      expect(everything.join()).not.toContain(SECRET)
      expect(failed.cause).toBeUndefined()
    }
  })
})

describe('a caller that gives up', () => {
  test('beforehand makes no call', async () => {
    await using server = await upstream((_, response) => response.end())
    expect(await reasonOf(outbound.fetch(server.url, { signal: AbortSignal.abort() }))).toBe('aborted')
    expect(server.connections()).toBe(0)
  })

  test('ends the look-up', async () => {
    const controller = new AbortController()
    const slow = createOutbound({ allow: LOOPBACK, lookup: () => new Promise(() => {}) })
    const call = reasonOf(slow.fetch('https://slow.test/', { signal: controller.signal }))
    controller.abort()
    expect(await call).toBe('aborted')
  })

  test.for([
    ['the headers', ''],
    ['the body', 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhel'],
    ['a body in gzip', 'HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n\x1f\x8b\x08'],
  ] as const)('ends the wait for %s, and the connection', async ([, text]) => {
    const controller = new AbortController()
    await using server = await sayingOnce(text, () => later(() => controller.abort(new Error(SECRET))))
    const failed = await failure(outbound.fetch(server.url, { signal: controller.signal }))
    expect(failed).toMatchObject({ name: 'OutboundFailed', reason: 'aborted' })
    await until(() => server.open() === 0)
    expect(getEventListeners(controller.signal, 'abort')).toEqual([])
  })

  test('leaves nothing on its signal, whatever came of the calls', async () => {
    const { signal } = new AbortController()
    await using server = await upstream((_, response) => response.end('ok'))
    await outbound.fetch(server.url, { signal })
    await failure(outbound.fetch('https://10.0.0.1/', { signal }))
    await failure(outbound.fetch('https://no-such-name.invalid/', { signal }))
    await failure(outbound.fetch(server.url, { signal, maxBytes: 1 }))
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })
})

describe('connections', () => {
  test('are kept for what only reads, and are new for what changes something', async () => {
    const warnings: Error[] = []
    const warned = (warning: Error) => warnings.push(warning)
    process.on('warning', warned)
    await using server = await upstream((_, response) => response.end('ok'))
    for (let i = 0; i < 20; i++) await outbound.fetch(server.url)
    expect(server.connections()).toBe(1)
    for (let i = 0; i < 3; i++) await outbound.fetch(server.url, { method: 'POST', body: 'x' })
    expect(server.connections()).toBe(4)
    await until(() => server.open() === 1)
    process.off('warning', warned)
    expect(warnings).toEqual([])
  })

  test('are not shared between a name and another, nor between its addresses', async () => {
    const hosts: string[] = []
    await using server = await upstream(
      (request, response) => response.end(`${hosts.push(request.headers.host ?? '')}`),
      '0.0.0.0',
    )
    let addresses = ['127.0.0.1']
    const named = createOutbound({ allow: LOOPBACK, lookup: async () => addresses })
    const url = (name: string) => `http://${name}:${server.port}/`
    await named.fetch(url('a.test'))
    await named.fetch(url('a.test'))
    expect(server.connections()).toBe(1)
    await named.fetch(url('b.test'))
    expect(server.connections()).toBe(2)
    addresses = ['127.0.0.2', '127.0.0.1']
    await named.fetch(url('a.test'))
    addresses = ['127.0.0.1', '127.0.0.2']
    await named.fetch(url('a.test'))
    expect(server.connections()).toBe(3)
    expect(hosts.map((host) => host.split(':')[0])).toEqual(['a.test', 'a.test', 'b.test', 'a.test', 'a.test'])
  })

  test('that the server closed while they were idle are not noticed by what only reads', async () => {
    await using server = await rawUpstream((socket) => {
      let served = false
      socket.on('data', () => {
        // The second request crosses the end of the connection.
        if (served) socket.resetAndDestroy()
        else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
        served = true
      })
    })
    for (let i = 0; i < 4; i++) expect(await (await outbound.fetch(server.url)).text()).toBe('ok')
    expect(server.connections()).toBeGreaterThan(1)
  })
})

describe('whoever calls', () => {
  test('may be oauth4webapi', async () => {
    await using server = await upstream(async (request, response) => {
      const issuer = `http://${request.headers.host}`
      const body = await bodyOf(request)
      const json = request.url?.startsWith('/.well-known/')
        ? { issuer, token_endpoint: `${issuer}/token` }
        : { access_token: `for ${new URLSearchParams(body).get('refresh_token')}`, token_type: 'bearer' }
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(json))
    })
    const options = { [oauth.customFetch]: outbound.fetch, [oauth.allowInsecureRequests]: true }
    const issuer = new URL(server.url)
    const as = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, options))
    const client = { client_id: 'me' }
    const auth = oauth.ClientSecretPost('secret')
    const response = await oauth.refreshTokenGrantRequest(as, client, auth, 'r1', options)
    expect(await oauth.processRefreshTokenResponse(as, client, response)).toMatchObject({ access_token: 'for r1' })
    const refused = oauth.discoveryRequest(new URL('https://169.254.169.254'), options)
    expect(await reasonOf(refused)).toBe('private_address')
  })

  test('may be jose', async () => {
    await using server = await upstream((_, response) => response.end('{"keys":[]}'))
    const jwks = createRemoteJWKSet(new URL(server.url), { [joseFetch]: outbound.fetch })
    await jwks.reload()
    expect(jwks.jwks()).toEqual({ keys: [] })
  })

  test('is told once how each call came out, without what it was about', async () => {
    const events: OutboundEvent[] = []
    const watched = createOutbound({ allow: ['127.0.0.1'], onRequest: (event) => events.push(event) })
    await using server = await upstream((_, response) => response.writeHead(404).end('no'))
    await watched.fetch(`${server.url}/${SECRET}`)
    await failure(watched.fetch('https://10.0.0.1/'))
    await failure(watched.fetch('nonsense'))
    await failure(watched.fetch(server.url, { maxBytes: 1 }))
    await (await watched.stream(server.url)).text()
    expect(events).toMatchObject([
      { host: '127.0.0.1', outcome: 'answered', status: 404 },
      { host: '10.0.0.1', outcome: 'private_address' },
      { host: '', outcome: 'bad_url' },
      { host: '127.0.0.1', outcome: 'too_large' },
      { host: '127.0.0.1', outcome: 'answered', status: 404 },
    ])
    expect(events.every(({ durationMs }) => durationMs >= 0)).toBe(true)
    expect(JSON.stringify(events)).not.toContain(SECRET)
  })
})

function later(act: () => void): void {
  setTimeout(act, 30)
}

function every(ms: number, act: () => void, socket: { once(event: 'close', listener: () => void): unknown }): void {
  const timer = setInterval(act, ms)
  socket.once('close', () => clearInterval(timer))
}
