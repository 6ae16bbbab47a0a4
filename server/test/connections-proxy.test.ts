import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createScrubber } from '../src/connections/scrub.ts'
import { ADMIN_KEY } from './harness.ts'
import { type Broker, startBroker } from './token-broker.ts'
import { seedConnection, textOf } from './token-provider.ts'

const APP = 'https://app.example'

describe('the proxy', () => {
  let broker: Broker
  let id: string
  let echo: Broker['provider']['api']

  beforeAll(async () => {
    const settings = { api_headers: { 'x-acme-version': '2' }, api_hosts: ['uploads.acme.example'] }
    broker = await startBroker('sqlite', settings, { CORS_ORIGINS: APP })
    echo = broker.provider.api
  })
  afterAll(() => broker?.stop())
  beforeEach(async () => {
    broker.provider.api = echo
    broker.provider.requests.length = 0
    id = await broker.connection(3600)
  })

  const secretsOf = async (connectionId: string) => (await broker.token(connectionId)).body.access_token as string

  test('calls the API with the token in the place of the credential that it was called with', async () => {
    let sent: string | undefined
    broker.provider.api = (request, response) => {
      sent = request.headers.authorization
      return echo(request, response)
    }
    const { status, body, text } = await broker.call('GET', `/v1/proxy/${id}/repos/a%20b?page=2&page=3`, {
      headers: {
        cookie: 'a=b',
        'x-api-key': 'mine',
        'x-forwarded-for': '1.2.3.4',
        'x-http-method-override': 'DELETE',
        'x-acme-version': '1',
        'x-mine': 'stays',
      },
    })
    expect(status).toBe(200)
    expect(sent).toBe(`Bearer ${await secretsOf(id)}`)
    expect(body).toMatchObject({ method: 'GET', url: '/api/repos/a%20b?page=2&page=3' })
    expect(body.headers).toMatchObject({ 'x-acme-version': '2', 'x-mine': 'stays', 'accept-encoding': 'identity' })
    for (const name of ['cookie', 'x-api-key', 'x-forwarded-for', 'x-http-method-override'])
      expect(body.headers).not.toHaveProperty(name)
    // What the provider echoes of the token does not reach the caller.
    expect(text).not.toContain('canary')
    expect(body.headers.authorization).toMatch(/^\*+$/)
  })

  test('is read by pages of the origins that the operator listed, and says what every answer says', async () => {
    broker.provider.api = (_, response) =>
      void response.writeHead(200, { 'access-control-allow-origin': 'https://evil.example' }).end()
    const answer = (origin: string) => broker.call('GET', `/v1/proxy/${id}/x`, { headers: { origin } })
    const { headers } = await answer(APP)
    expect(headers.get('access-control-allow-origin')).toBe(APP)
    expect(headers.get('x-request-id')).toBeTruthy()
    expect((await answer('https://evil.example')).headers.get('access-control-allow-origin')).toBeNull()
  })

  test.for(['POST', 'PUT', 'PATCH', 'DELETE'])('sends the body of a %s as it is', async (method) => {
    broker.provider.api = async (request, response) => {
      response.writeHead(201, { 'content-type': 'text/plain' })
      response.end(`${request.method} ${request.headers['content-type']} ${await textOf(request)}`)
    }
    const init = { body: '{"a":1}', headers: { 'content-type': 'application/json' } }
    const answer = await broker.call(method, `/v1/proxy/${id}/things`, init)
    expect([answer.status, answer.text]).toEqual([201, `${method} application/json {"a":1}`])
  })

  test.for([
    '/..',
    '/%2e%2e/admin',
    '/a/%2e%2e%2fb',
    '/a/..%2fb',
    '/a/%252e%252e%252fb',
    '/a/..%5cb',
    '/a/%5c..%5cb',
    '/%ff',
    '/%',
  ])('lets no path climb: %s', async (path) => {
    const calls: string[] = []
    broker.provider.api = (request, response) => {
      calls.push(request.url ?? '')
      return echo(request, response)
    }
    const { status } = await broker.call('GET', `/v1/proxy/${id}${path}`)
    expect(status).toBeGreaterThanOrEqual(400)
    expect(status).toBeLessThan(500)
    expect(calls).toEqual([])
  })

  test.for(['//evil.example/x', '/@evil.example/x', '/https://evil.example/x', '/:80@evil.example'])(
    'stays at the host of the provider whatever the path says: %s',
    async (path) => {
      const { status, body } = await broker.call('GET', `/v1/proxy/${id}${path}`)
      if (status === 200) expect(body.headers.host).toBe(new URL(broker.provider.origin).host)
      else expect(status).toBeLessThan(500)
    },
  )

  test('sends the token to another host only where the catalogue names it', async () => {
    const to = (host: string) => broker.call('GET', `/v1/proxy/${id}/x`, { headers: { 'x-auth-agent-host': host } })
    expect(await to('evil.example')).toMatchObject({ status: 400, body: { error: 'invalid_request' } })
    // Named, but not there.
    expect((await to('UPLOADS.acme.example')).status).toBe(503)
  })

  test('brings neither cookies nor the token back, in headers and bodies, in no spelling', async () => {
    const token = await secretsOf(id)
    broker.provider.api = (_, response) => {
      response.setHeader('set-cookie', 'a=b')
      response.setHeader('strict-transport-security', 'max-age=1')
      response.setHeader('access-control-allow-origin', '*')
      response.setHeader('x-echo', `token ${token}`)
      response.statusCode = 403
      for (const sign of JSON.stringify({ token, again: encodeURIComponent(token) })) response.write(sign)
      response.write(Buffer.from(`user:${token}`).toString('base64'))
      response.end(token.slice(0, -1))
    }
    const { status, headers, text } = await broker.call('GET', `/v1/proxy/${id}/x`)
    expect(status).toBe(403)
    for (const name of ['set-cookie', 'strict-transport-security', 'access-control-allow-origin'])
      expect(headers.get(name)).toBeNull()
    expect(headers.get('x-echo')).toBe(`token ${'*'.repeat(token.length)}`)
    expect(headers.get('cache-control')).toBe('no-store')
    expect(headers.get('content-security-policy')).toContain('sandbox')
    expect(text).not.toContain(token)
    expect(Buffer.from(text.split('}')[1] ?? '', 'base64').toString()).not.toContain(token)
    // What is no whole token is nobody's secret.
    expect(text.endsWith(token.slice(0, -1))).toBe(true)
  })

  test('leads redirects within the API back to itself, and others away without a credential', async () => {
    const location = async (to: string) => {
      broker.provider.api = (_, response) => void response.writeHead(302, { location: to }).end()
      return (await broker.call('GET', `/v1/proxy/${id}/x`)).headers.get('location')
    }
    expect(await location('/api/y?z=1')).toBe(`http://localhost:4000/v1/proxy/${id}/y?z=1`)
    expect(await location(`${broker.provider.origin}/api/y`)).toBe(`http://localhost:4000/v1/proxy/${id}/y`)
    expect(await location('https://elsewhere.example/y')).toBe('https://elsewhere.example/y')
    expect(await location(`${broker.provider.origin}/apis`)).toBe(`${broker.provider.origin}/apis`)
    const token = await secretsOf(id)
    expect(await location(`https://elsewhere.example/?t=${token}`)).not.toContain(token)
  })

  test('tries a call that reads once more with a new token, and only then', async () => {
    const calls: string[] = []
    broker.provider.revokeAccess()
    broker.provider.api = (request, response) => {
      calls.push(`${request.method} ${request.headers.authorization}`)
      if (broker.provider.accepts(request.headers.authorization)) return echo(request, response)
      response.writeHead(401, { 'www-authenticate': 'Bearer' }).end()
    }
    expect((await broker.call('GET', `/v1/proxy/${id}/x`)).status).toBe(200)
    expect(calls).toHaveLength(2)
    expect(broker.provider.requests).toHaveLength(1)

    // A new token that is refused as well is not what is wrong.
    broker.provider.revokeAccess()
    expect((await broker.call('GET', `/v1/proxy/${id}/x`)).status).toBe(401)
    expect(broker.provider.requests).toHaveLength(1)
  })

  test('sends what writes once more only if the caller said that it may', async () => {
    const calls: string[] = []
    broker.provider.api = async (request, response) => {
      calls.push(await textOf(request))
      response.writeHead(broker.provider.accepts(request.headers.authorization) ? 201 : 401).end()
    }
    const post = (headers: Record<string, string>) =>
      broker.call('POST', `/v1/proxy/${id}/x`, { body: 'once', headers: { 'content-length': '4', ...headers } })
    broker.provider.revokeAccess()
    expect((await post({})).status).toBe(401)
    expect(calls).toEqual(['once'])
    // The token is new by now; the caller decides.
    expect((await post({})).status).toBe(201)

    broker.wait(61)
    broker.provider.revokeAccess()
    expect((await post({ 'idempotency-key': 'k1' })).status).toBe(201)
    expect(calls).toEqual(['once', 'once', 'once', 'once'])
  })

  test('tells of a provider that is not there, and of one that must not be', async () => {
    broker.provider.api = (request) => void request.socket.destroy()
    expect(await broker.call('GET', `/v1/proxy/${id}/x`)).toMatchObject({
      status: 503,
      body: { error: 'provider_unavailable' },
    })
    expect((await broker.call('GET', '/v1/proxy/conn_unknown/x')).status).toBe(404)
  })

  test('writes what was called into the audit log, without what was said', async () => {
    await broker.call('GET', `/v1/proxy/${id}/repos?secret=canary-query`)
    const { body, text } = await broker.admin('GET', '/audit-log?action=connection.used&limit=1')
    expect(body.data[0]).toMatchObject({
      actor: broker.agentId,
      target: id,
      detail: { method: 'GET', path: '/repos', status: 200, provider: 'acme' },
    })
    expect(text).not.toContain('canary')
  })

  test('passes three hundred megabytes each way in a fraction of the memory', async () => {
    const CHUNK = Buffer.alloc(1_000_000, 'x')
    const COUNT = 300
    let received = 0
    broker.provider.api = async (request, response) => {
      for await (const chunk of request) received += chunk.length
      for (let n = 0; n < COUNT; n++)
        if (!response.write(CHUNK)) await new Promise((resolve) => response.once('drain', resolve))
      response.end()
    }
    let left = COUNT
    const body = new ReadableStream({
      pull(controller) {
        if (left-- > 0) controller.enqueue(CHUNK)
        else controller.close()
      },
    })
    const before = process.memoryUsage().rss
    const init = { method: 'POST', body, duplex: 'half', headers: { authorization: await broker.authorization() } }
    const response = await broker.app.request(`/v1/proxy/${id}/big`, init as RequestInit, {})
    let size = 0
    let most = 0
    for await (const chunk of response.body ?? []) {
      size += chunk.length
      most = Math.max(most, process.memoryUsage().rss)
    }
    expect([received, size]).toEqual([COUNT * CHUNK.length, COUNT * CHUNK.length])
    expect(most - before).toBeLessThan(200_000_000)
  })

  test('passes events on as they happen', async () => {
    let finish = () => {}
    broker.provider.api = (_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write('data: one\n\n')
      finish = () => response.end('data: two\n\n')
    }
    const init = { headers: { authorization: await broker.authorization() } }
    const response = await broker.app.request(`/v1/proxy/${id}/events`, init, {})
    const reader = response.body?.getReader()
    expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe('data: one\n\n')
    finish()
    expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe('data: two\n\n')
  })

  test('holds an agent to its grants', async () => {
    const other = await broker.agent()
    const authorization = await broker.bearerOf(other)
    const ask = async (method: string, path: string) =>
      (await broker.request(`/v1/proxy/${id}${path}`, { method, headers: { authorization } })).status
    // Without any, agents of the organization use it, but do not see its token.
    expect(await ask('DELETE', '/repos')).toBe(200)

    const grant = (body: object) =>
      broker.request('/api/connection-grants', {
        method: 'POST',
        headers: { 'x-api-key': ADMIN_KEY, 'content-type': 'application/json' },
        body: JSON.stringify({ connection_id: id, agent_id: other.agent_id, ...body }),
      })
    expect((await grant({ methods: ['GET'], path_prefix: '/repos' })).status).toBe(201)
    expect(await ask('GET', '/repos')).toBe(200)
    expect(await ask('GET', '/repos/a')).toBe(200)
    expect(await ask('GET', '/repositories')).toBe(403)
    expect(await ask('GET', '/%72epos/a')).toBe(200)
    expect(await ask('POST', '/repos')).toBe(403)
    expect((await broker.request(`/v1/token/${id}`, { headers: { authorization } })).status).toBe(403)

    for (const [body, status] of [
      [{ agent_id: 'agent_unknown' }, 404],
      [{ connection_id: 'conn_unknown' }, 404],
      [{ methods: ['BREW'] }, 422],
      [{ path_prefix: 'repos' }, 422],
      [{ path_prefix: '/a/../b' }, 422],
    ] as const)
      expect((await grant(body)).status).toBe(status)
  })
})

describe.each([
  [{ header: 'x-key', prefix: 'Token ' }, (key: string) => ({ headers: { 'x-key': `Token ${key}` } })],
  [{ basic: 'username' }, (key: string) => ({ headers: { authorization: basic(`${key}:`) } })],
  [{ basic: 'password', other: 'api' }, (key: string) => ({ headers: { authorization: basic(`api:${key}`) } })],
  [{ query: 'key' }, (key: string) => ({ url: `/api/x?a=1&key=${key}` })],
])('a static key that goes into %o', (api_key, expected) => {
  test('goes there, and is seen by nobody else', async () => {
    const broker = await startBroker('sqlite', { kind: 'api_key', api_key })
    const { echo, seen } = recorded(broker)
    broker.provider.api = echo
    const id = await seedConnection(broker.deps, broker.agentId, {
      access_token: 'canary-key-12345',
      token_type: 'key',
    })
    const { status, text } = await broker.call('GET', `/v1/proxy/${id}/x?a=1&key=mine`)
    expect(status).toBe(200)
    expect(seen[0]).toMatchObject(expected('canary-key-12345'))
    expect(text).not.toContain('canary-key')
    expect(text).not.toContain(Buffer.from('canary-key').toString('base64').slice(0, 12))
    await broker.stop()
  })
})

const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`

function recorded(broker: Broker) {
  const seen: { url: string | undefined; headers: object }[] = []
  const before = broker.provider.api
  const echo: Broker['provider']['api'] = (request, response) => {
    seen.push({ url: request.url, headers: request.headers })
    return before(request, response)
  }
  return { echo, seen }
}

describe('the scrubber', () => {
  const secret = fc.string({ minLength: 8, maxLength: 60 })
  const around = fc.array(fc.oneof(fc.string({ maxLength: 30 }), fc.constant(undefined)), { maxLength: 6 })

  test('leaves no secret and no length changed, however a text is cut', async () => {
    await fc.assert(
      fc.asyncProperty(secret, around, fc.array(fc.nat(80), { maxLength: 20 }), async (secret, parts, cuts) => {
        const bytes = Buffer.from(parts.map((part) => part ?? secret).join(''))
        const scrubbed = await through(createScrubber([secret]).stream(), cut(bytes, cuts))
        expect(scrubbed.length).toBe(bytes.length)
        expect(scrubbed.includes(Buffer.from(secret))).toBe(/^\*+$/.test(secret) && bytes.includes(Buffer.from(secret)))
      }),
    )
  })

  test('leaves what holds no secret as it is', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 500 }), fc.array(fc.nat(80)), async (bytes, cuts) => {
        const scrubbed = await through(
          createScrubber(['canary-secret-\u00e9\u{1f511}']).stream(),
          cut(Buffer.from(bytes), cuts),
        )
        expect(scrubbed.equals(Buffer.from(bytes))).toBe(true)
      }),
    )
  })

  test('finds a secret inside base64, at every offset', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[A-Za-z0-9]{12,40}$/), fc.string(), fc.string(), (secret, before, after) => {
        const encoded = Buffer.from(`${before}${secret}${after}`).toString('base64')
        const scrubbed = createScrubber([secret]).text(encoded)
        expect(scrubbed).toHaveLength(encoded.length)
        expect(Buffer.from(scrubbed.replaceAll('*', ''), 'base64').toString('latin1')).not.toContain(secret)
      }),
    )
  })

  test('costs little', async () => {
    const bytes = Buffer.from(createHash('sha512').update('noise').digest('hex').repeat(80_000))
    const started = performance.now()
    await through(
      createScrubber(['canary-access-0123456789', 'canary-refresh-0123456789']).stream(),
      cut(bytes, [65_536]),
    )
    expect(performance.now() - started).toBeLessThan(2000)
  })
})

/** Cuts at the distances given, over and over. */
function cut(bytes: Buffer, distances: readonly number[]): Buffer[] {
  const steps = distances.filter((step) => step > 0)
  const chunks: Buffer[] = []
  for (let at = 0, n = 0; at < bytes.length; n++) {
    const step = steps[n % steps.length] ?? bytes.length
    chunks.push(Buffer.from(bytes.subarray(at, at + step)))
    at += step
  }
  return chunks
}

async function through(stream: TransformStream<Uint8Array, Uint8Array>, chunks: Buffer[]): Promise<Buffer> {
  const out: Uint8Array[] = []
  for await (const chunk of ReadableStream.from<Uint8Array>(chunks).pipeThrough(stream)) out.push(chunk)
  return Buffer.concat(out)
}
