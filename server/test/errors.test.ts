import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ADMIN_KEY, startServer, type TestServer } from './harness.ts'

let server: TestServer
beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.stop())

/** At every door: the broker's takes its key in this header only. */
const ADMIN = { authorization: `Bearer ${ADMIN_KEY}`, 'x-api-key': ADMIN_KEY }

const patternOf = (path: string) => new RegExp(`^${path.replace(/:\w+/g, '[^/]+').replace('*', '.*')}$`)

test('every route answers, to its own method and to others', async () => {
  const routes = server.app.routes.filter(({ method }) => method !== 'ALL')
  for (const { method, path } of routes) {
    const at = path.replace(/:\w+|\*/g, 'x')
    // What never ends by itself is tried in its own tests.
    if (at.endsWith('/stream')) continue
    const answer = await server.request(at, { method, headers: ADMIN })
    expect([path, answer.status < 500]).toEqual([path, true])
    const allowed = routes.filter((route) => patternOf(route.path).test(at)).map((route) => route.method)
    for (const other of ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'PROPFIND']) {
      if (allowed.includes(other)) continue
      const refused = await server.request(at, { method: other, headers: ADMIN })
      expect([path, other, refused.status]).toEqual([path, other, 405])
      if (path.includes('*')) continue
      const allow = (refused.headers.get('allow') ?? '').split(', ')
      expect([path, allow.sort()]).toEqual([path, [...new Set(allowed)].sort()])
    }
  }
})

test('HEAD is GET without the body', async () => {
  for (const path of ['/health', '/.well-known/jwks.json', '/', '/authorize']) {
    const [get, head] = [await server.request(path), await server.request(path, { method: 'HEAD' })]
    expect([head.status, head.text]).toEqual([get.status, ''])
    expect(head.headers.get('content-type')).toBe(get.headers.get('content-type'))
  }
})

test('the contract can be read, by machines and people', async () => {
  const { status, body } = await server.request('/openapi.json')
  expect(status).toBe(200)
  expect(body.openapi).toMatch(/^3\.1/)
  // The console's pages, and what better-auth documents, are not ours to describe.
  const isOurs = ({ method, path }: { method: string; path: string }) =>
    method !== 'ALL' && !/^\/(console|api\/auth)\b/.test(path)
  for (const { method, path } of server.app.routes.filter(isOurs)) {
    const at = path.replace(/:(\w+)/g, '{$1}')
    expect([path, Object.keys(body.paths[at] ?? {})]).toEqual([path, expect.arrayContaining([method.toLowerCase()])])
  }
  expect((await server.request('/docs')).status).toBe(200)
})

describe('where there is nothing', () => {
  test.each([
    '/nothing',
    '/token/x',
    '/authorize/x',
    '/%',
    '/%ff',
    '/a%00b',
    '/..%2f..%2fetc/passwd',
    `/${'x'.repeat(8000)}`,
  ])('the answer to %s says so', async (path) => {
    const { status, body } = await server.request(path)
    expect(status).toBe(404)
    expect(body).toEqual({ error: 'not_found', error_description: expect.stringMatching(/\w/) })
  })

  test('a browser gets a page', async () => {
    const { status, headers, text } = await server.request('/nothing', { headers: { accept: 'text/html' } })
    expect(status).toBe(404)
    expect(headers.get('content-type')).toContain('text/html')
    expect(text).toContain(headers.get('x-request-id'))
  })

  test('below /v1 it has the shape of the models’ API, but for connections', async () => {
    const model = await server.request('/v1/nothing', { headers: ADMIN })
    expect(model.body).toEqual({
      error: { message: expect.any(String), type: 'invalid_request_error', param: null, code: 'not_found' },
    })
    for (const path of ['/v1/check-connection/conn_x', '/v1/token/conn_x', '/v1/proxy/conn_x/y'])
      expect((await server.request(path, { headers: ADMIN })).body.error).toBe('not_found')
  })
})

describe('every answer', () => {
  const PATHS = [
    '/',
    '/health',
    '/nothing',
    '/authorize',
    '/token',
    '/.well-known/jwks.json',
    '/api/admin/agents',
    '/v1/x',
    '/metrics',
  ]

  test.each(PATHS)('of %s has a name of its own', async (path) => {
    const name = async (headers: Record<string, string> = {}) =>
      (await server.request(path, { headers })).headers.get('x-request-id')
    expect(await name()).toMatch(/^[0-9a-f]{24}$/)
    expect(await name()).not.toBe(await name())
    expect(await name({ 'x-request-id': 'trace-0123456789' })).toBe('trace-0123456789')
    for (const bad of ['short', 'x'.repeat(129), 'with space!', 'semi;colon;;', '<script>alert'])
      expect(await name({ 'x-request-id': bad })).toMatch(/^[0-9a-f]{24}$/)
  })

  test.each(PATHS)('of %s is no other type than it says', async (path) => {
    const { headers } = await server.request(path)
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('referrer-policy')).toBe('no-referrer')
    expect(headers.get('x-powered-by')).toBe(null)
  })

  test('also to a preflight and a not modified has a name', async () => {
    const headers = { origin: 'https://a.example', 'access-control-request-method': 'POST' }
    expect((await server.request('/token', { method: 'OPTIONS', headers })).headers.get('x-request-id')).toMatch(/\w/)
    const etag = (await server.request('/openapi.json')).headers.get('etag') ?? ''
    const again = await server.request('/openapi.json', { headers: { 'if-none-match': etag } })
    expect([again.status, again.headers.get('x-request-id')]).toEqual([304, expect.stringMatching(/\w/)])
  })
})

test('what we did not expect is told to the log and to nobody else', async () => {
  const broken = await startServer()
  const { read } = broken.deps.db
  broken.deps.db = {
    ...broken.deps.db,
    get read(): typeof read {
      throw new TypeError('the inside of the house is at /srv/house.ts:7')
    },
  }
  const answer = await broken.request('/api/check-status?request_id=req_x', {
    headers: { 'x-request-id': 'trace-0123456789' },
  })
  expect(answer.status).toBe(500)
  expect(answer.body).toEqual({ error: 'server_error', error_description: expect.any(String) })
  expect(answer.text).not.toContain('house')
  expect(answer.headers.get('x-request-id')).toBe('trace-0123456789')
  const logged = broken.logged.find((line) => line.includes('house.ts'))
  expect(logged).toContain('trace-0123456789')
  await broken.stop()
})

test('a body that is too large is refused before it is read', async () => {
  const init = {
    method: 'POST',
    headers: { ...ADMIN, 'content-type': 'application/json' },
    body: `"${'x'.repeat(300_000)}"`,
  }
  for (const path of ['/api/admin/agents', '/token', '/api/agent/authenticate']) {
    const { status, body } = await server.request(path, init)
    expect([path, status, body.error]).toEqual([path, 413, 'payload_too_large'])
  }
  const declared = { ...init, headers: { ...init.headers, 'content-length': '99999999' }, body: '{}' }
  expect((await server.request('/token', declared)).status).toBe(413)
})

test('without its database the server says so, and is not ready', async () => {
  const failing = await startServer()
  expect((await failing.request('/ready')).status).toBe(200)
  for (const path of ['/health', '/live', '/api/health']) {
    const { status, body } = await failing.request(path)
    expect(status).toBe(200)
    expect(body).toEqual({
      status: 'ok',
      version: expect.any(String),
      timestamp: new Date(failing.deps.now()).toISOString(),
    })
  }
  await failing.stop()
})
