import { execFile } from 'node:child_process'
import { getEventListeners } from 'node:events'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { createGzip, gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { OutboundFailed, OutboundRefused } from '../src/http/outbound/failure.ts'
import { createOutbound } from '../src/http/outbound.ts'
import { bodyOf, rawUpstream, type ServerResponse, sayingOnce, until, upstream } from './outbound-upstream.ts'

const outbound = createOutbound({ allow: ['127.0.0.0/8'] })
const MEGABYTE = 1_000_000

async function reasonOf(call: Promise<unknown>): Promise<string> {
  try {
    await call
  } catch (error) {
    if (error instanceof OutboundFailed || error instanceof OutboundRefused) return error.reason
    throw error
  }
  throw new Error('It did not fail')
}

const text = (chunk: Uint8Array | undefined) => Buffer.from(chunk ?? []).toString()
const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** Chunks as somebody asks for them; `asked` counts. */
function source(chunks: number, chunk: Uint8Array, asked: { chunks: number; cancelled?: boolean } = { chunks: 0 }) {
  return new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        if (asked.chunks++ < chunks) controller.enqueue(chunk.slice())
        else controller.close()
      },
      cancel() {
        asked.cancelled = true
      },
    },
    { highWaterMark: 0 },
  )
}

function slowly(chunks: number, ms: number): ReadableStream<Uint8Array> {
  let made = 0
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      await wait(ms)
      if (made++ < chunks) controller.enqueue(Buffer.from('.'))
      else controller.close()
    },
  })
}

/** Writes until the other side does not take more; says how much that was. */
function pour(response: ServerResponse): () => number {
  const chunk = Buffer.alloc(65_536, 'x')
  let poured = 0
  const more = () => {
    while (!response.destroyed && response.write(chunk)) poured += chunk.length
  }
  response.on('drain', more)
  more()
  return () => poured
}

describe('a streamed answer', () => {
  test('is there at its headers, and gives each piece when it comes', async () => {
    let response: ServerResponse | undefined
    await using server = await upstream((_, given) => {
      response = given
      given.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
    })
    const answer = await outbound.stream(server.url)
    expect(answer.headers.get('content-type')).toBe('text/event-stream')
    const reader = answer.body?.getReader()
    for (const piece of ['data: 1\n\n', 'data: 2\n\n']) {
      response?.write(piece)
      expect(text((await reader?.read())?.value)).toBe(piece)
    }
    response?.end()
    expect(await reader?.read()).toMatchObject({ done: true })
  })

  test('is decoded as it comes', async () => {
    await using server = await upstream((_, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': 9_999 })
      const gzip = createGzip()
      gzip.pipe(response)
      gzip.write('first')
      gzip.flush()
    })
    const answer = await outbound.stream(server.url)
    expect([...answer.headers.keys()]).toEqual(['date'])
    const reader = answer.body?.getReader()
    expect(text((await reader?.read())?.value)).toBe('first')
    await reader?.cancel()
    await until(() => server.open() === 0)
  })

  test('keeps its length when it comes as it is, and its connection', async () => {
    await using server = await upstream((_, response) => response.end(Buffer.alloc(3 * MEGABYTE)))
    for (let i = 0; i < 3; i++) {
      const answer = await outbound.stream(server.url, { method: 'POST', body: 'x' })
      expect(answer.headers.get('content-length')).toBe('3000000')
      expect((await answer.arrayBuffer()).byteLength).toBe(3 * MEGABYTE)
    }
    expect(server.connections()).toBe(1)
  })

  test('is taken no faster than it is read', async () => {
    let poured = () => 0
    await using server = await upstream((_, response) => {
      poured = pour(response)
    })
    const answer = await outbound.stream(server.url)
    await wait(200)
    const before = poured()
    expect(before).toBeLessThan(20 * MEGABYTE)
    await wait(200)
    expect(poured()).toBe(before)
    await answer.body?.cancel()
    await until(() => server.open() === 0)
  })

  test('has no body where HTTP has none, and an endless one is not waited for', async () => {
    await using server = await upstream((request, response) =>
      response.writeHead(request.method === 'HEAD' ? 200 : 204).end(),
    )
    for (const method of ['HEAD', 'GET']) expect((await outbound.stream(server.url, { method })).body).toBeNull()
    await using odd = await sayingOnce('HTTP/1.1 205 Reset\r\n\r\nbut here is more')
    expect(await reasonOf(outbound.stream(odd.url))).toBe('too_large')
    await until(() => odd.open() === 0)
  })

  test('that ends early, or is broken, fails where it is read', async () => {
    await using reset = await sayingOnce('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhel', (socket) => {
      setTimeout(() => socket.resetAndDestroy(), 30)
    })
    const answer = await outbound.stream(reset.url)
    expect(answer.status).toBe(200)
    expect(await reasonOf(answer.text())).toBe('reset')
    const half = gzipSync('hello').toString('latin1', 0, 12)
    await using broken = await sayingOnce(
      `HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 12\r\n\r\n${half}`,
    )
    expect(await reasonOf((await outbound.stream(broken.url)).text())).toBe('protocol')
  })
})

describe('a streamed request', () => {
  test('goes out as it comes, in chunks', async () => {
    let encoding: string | undefined
    let received = ''
    await using server = await upstream(async (request, response) => {
      encoding = request.headers['transfer-encoding']
      for await (const chunk of request) received += chunk
      response.end('done')
    })
    for (const method of ['POST', 'PUT', 'DELETE']) {
      received = ''
      const { readable, writable } = new TransformStream<Uint8Array>()
      const call = outbound.stream(server.url, { method, body: readable })
      const writer = writable.getWriter()
      await writer.write(Buffer.from('one '))
      await until(() => received === 'one ')
      await writer.write(Buffer.from('two'))
      await writer.close()
      expect(await (await call).text()).toBe('done')
      expect([received, encoding]).toEqual(['one two', 'chunked'])
    }
  })

  test('says its length when it is told, and is held to it', async () => {
    const whole: unknown[] = []
    await using server = await upstream(async (request, response) => {
      const body = await bodyOf(request).catch(() => undefined)
      if (body !== undefined) whole.push([request.headers['content-length'], body])
      response.end()
    })
    const send = (length: string) =>
      outbound.stream(server.url, {
        method: 'PUT',
        body: source(2, Buffer.from('abc')),
        headers: { 'content-length': length },
      })
    expect(await (await send('6')).text()).toBe('')
    expect(await reasonOf(send('5'))).toBe('aborted')
    expect(await reasonOf(send('7'))).toBe('aborted')
    // Nonsense is not repeated.
    expect(await (await send('6, 6')).text()).toBe('')
    expect(whole).toEqual([
      ['6', 'abcabc'],
      [undefined, 'abcabc'],
    ])
    await until(() => server.open() === 1)
  })

  test('sends not one byte more than was said', async () => {
    let said = ''
    await using server = await rawUpstream((socket) => socket.on('data', (data) => (said += data)))
    const headers = { 'content-length': '2' }
    const call = outbound.stream(server.url, { method: 'PUT', body: slowly(3, 50), headers })
    expect(await reasonOf(call)).toBe('aborted')
    await until(() => server.open() === 0)
    expect(said.split('\r\n\r\n')[1]).toBe('..')
  })

  test('that changes something is not repeated when a kept connection ends', async () => {
    let requests = 0
    await using server = await rawUpstream((socket) => {
      socket.on('data', () => {
        if (++requests > 1) socket.resetAndDestroy()
        else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
      })
    })
    const post = () => outbound.stream(server.url, { method: 'POST', body: 'x' })
    expect(await (await post()).text()).toBe('ok')
    expect(await reasonOf(post())).toBe('reset')
    expect([requests, server.connections()]).toEqual([2, 1])
  })

  test('is asked for no faster than it is taken, and no more once it is answered', async () => {
    await using server = await upstream((request, response) => {
      setTimeout(() => {
        response.writeHead(413).end('too much')
        request.resume()
      }, 200)
    })
    const asked: Parameters<typeof source>[2] = { chunks: 0 }
    const call = outbound.stream(server.url, { method: 'POST', body: source(1e9, new Uint8Array(65_536), asked) })
    await wait(150)
    expect(asked.chunks).toBeLessThan(300)
    const answer = await call
    expect([answer.status, await answer.text()]).toEqual([413, 'too much'])
    await until(() => asked.cancelled === true)
    await until(() => server.open() === 0)
  })

  test('that breaks in the middle ends the call', async () => {
    await using server = await upstream(async (request) => void (await bodyOf(request).catch(() => '')))
    let pulls = 0
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (pulls++ === 0) controller.enqueue(new Uint8Array(10))
        else controller.error(new Error('the agent went away'))
      },
    })
    expect(await reasonOf(outbound.stream(server.url, { method: 'POST', body }))).toBe('aborted')
    await until(() => server.open() === 0)
  })

  test('is let go when the call is refused, fails, or is given up', async () => {
    await using server = await upstream(() => {})
    const controller = new AbortController()
    const calls: [string, (body: ReadableStream<Uint8Array>) => Promise<Response>][] = [
      ['private_address', (body) => outbound.stream('https://10.0.0.1/', { method: 'POST', body })],
      ['connect', (body) => outbound.stream('http://127.0.0.1:1/', { method: 'POST', body })],
      ['aborted', (body) => outbound.stream(server.url, { method: 'POST', body, signal: controller.signal })],
    ]
    setTimeout(() => controller.abort(), 100)
    for (const [reason, call] of calls) {
      const asked: Parameters<typeof source>[2] = { chunks: 0 }
      expect(await reasonOf(call(source(1e9, new Uint8Array(65_536), asked)))).toBe(reason)
      await until(() => asked.cancelled === true)
    }
  })
})

describe('the time', () => {
  test('to the headers is limited by itself', async () => {
    await using server = await upstream((_, response) => {
      setTimeout(() => response.end('late'), 300)
    })
    expect(await reasonOf(outbound.stream(server.url, { headersTimeoutMs: 100 }))).toBe('timeout')
    await until(() => server.open() === 0)
    const patient = await outbound.stream(server.url, { headersTimeoutMs: 2_000, idleTimeoutMs: 100 })
    expect(await patient.text()).toBe('late')
  })

  test('without a byte is limited, and starts anew with each', async () => {
    await using server = await upstream(async (_, response) => {
      for (let i = 0; i < 8; i++) {
        response.write('.')
        await wait(50)
      }
    })
    const answer = await outbound.stream(server.url, { idleTimeoutMs: 200 })
    const reader = answer.body?.getReader()
    let got = ''
    const reading = async () => {
      for (;;) got += text((await reader?.read())?.value)
    }
    expect(await reasonOf(reading())).toBe('timeout')
    expect(got).toBe('........')
    await until(() => server.open() === 0)
  })

  test('without a byte is limited while a request goes out, and while nobody reads', async () => {
    await using server = await upstream((_, response) => void pour(response))
    const { readable } = new TransformStream<Uint8Array>()
    const stuck = await outbound.stream(server.url, { method: 'POST', body: readable, idleTimeoutMs: 100 })
    await until(() => server.open() === 0)
    expect(await reasonOf(stuck.text())).toBe('timeout')
    await using silent = await upstream((request) => void request.resume())
    const call = outbound.stream(silent.url, {
      method: 'POST',
      body: new TransformStream<Uint8Array>().readable,
      idleTimeoutMs: 100,
    })
    expect(await reasonOf(call)).toBe('timeout')
  })

  test('without a byte starts anew with each that goes out', async () => {
    await using server = await upstream(async (request, response) => void response.end(await bodyOf(request)))
    const body = slowly(8, 50)
    const answer = await outbound.stream(server.url, { method: 'POST', body, idleTimeoutMs: 200 })
    expect(await answer.text()).toBe('........')
  })

  test('to the headers ends with the headers, though the request goes on', async () => {
    await using server = await upstream(async (request, response) => {
      response.flushHeaders()
      const body = await bodyOf(request)
      setTimeout(() => response.end(body), 300)
    })
    const init = { method: 'POST', body: slowly(2, 50), headersTimeoutMs: 100 }
    expect(await (await outbound.stream(server.url, init)).text()).toBe('..')
  })

  test('ends an answer that nobody ever reads', async () => {
    await using server = await upstream((_, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' }).write(gzipSync('hello').subarray(0, 12))
    })
    await outbound.stream(server.url, { idleTimeoutMs: 50 })
    await until(() => server.open() === 0)

    // Here, all of it has come, and only the reader is missing.
    await using whole = await upstream((_, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('hello'))
    })
    const unread = await outbound.stream(whole.url, { idleTimeoutMs: 50 })
    await wait(150)
    expect(await reasonOf(unread.text())).toBe('timeout')
  })

  test('of the whole is limited, however much moves', async () => {
    await using server = await upstream((_, response) => void pour(response))
    const answer = await outbound.stream(server.url, { timeoutMs: 300 })
    expect(await reasonOf(answer.body?.pipeTo(new WritableStream()) ?? Promise.resolve())).toBe('timeout')
    await until(() => server.open() === 0)
  })

  test('may be longer than timers are', async () => {
    await using server = await upstream((_, response) => response.end('ok'))
    const forever = { timeoutMs: Number.POSITIVE_INFINITY, headersTimeoutMs: 1e12, idleTimeoutMs: 1e12 }
    expect(await (await outbound.stream(server.url, forever)).text()).toBe('ok')
  })
})

test('a caller that gives up ends the stream and the connection, and leaves nothing on its signal', async () => {
  const controller = new AbortController()
  await using server = await upstream((_, response) => void pour(response))
  const answer = await outbound.stream(server.url, { signal: controller.signal })
  const reader = answer.body?.getReader()
  await reader?.read()
  controller.abort()
  const reading = async () => {
    for (;;) if ((await reader?.read())?.done) return
  }
  expect(await reasonOf(reading())).toBe('aborted')
  await until(() => server.open() === 0)
  expect(getEventListeners(controller.signal, 'abort')).toEqual([])
})

test('200 MB pass in each direction in flat memory', async () => {
  const chunk = Buffer.alloc(65_536, 'x')
  const size = 200 * MEGABYTE
  await using server = await upstream(async (request, response) => {
    let received = 0
    for await (const piece of request) received += piece.length
    response.writeHead(200, { 'x-received': received })
    let sent = 0
    for (; sent < size; sent += chunk.length)
      if (!response.write(chunk)) await new Promise((resolve) => response.once('drain', resolve))
    response.end()
  })
  const program = fileURLToPath(new URL('./outbound-streaming-program.ts', import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', program, server.url, String(size)])
  const { sent, received, returned, grownBy } = JSON.parse(stdout)
  expect(sent).toBeGreaterThanOrEqual(size)
  expect(received).toBe(sent)
  expect(returned).toBeGreaterThanOrEqual(size)
  expect(grownBy).toBeLessThan(40 * MEGABYTE)
})
