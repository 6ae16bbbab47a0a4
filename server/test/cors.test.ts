import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Credentials, DATABASES, startServer, type TestServer } from './harness.ts'

describe.each(DATABASES)('a page of another origin, on %s', (kind) => {
  let server: TestServer
  let client: Credentials

  beforeAll(async () => {
    server = await startServer(kind, { CORS_ORIGINS: 'https://listed.example' })
    client = await server.client({ redirect_uris: ['https://shop.example/callback', 'https://shop.example/other'] })
  })
  afterAll(() => server?.stop())

  const preflight = (path: string, origin: string, headers = 'authorization,idempotency-key,x-stainless-os') =>
    server.request(path, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'PATCH', 'access-control-request-headers': headers },
    })
  const allowed = async (origin: string) => {
    const answer = await preflight('/v1/connections', origin)
    const call = await server.request('/v1/connections', { headers: { origin } })
    expect(call.headers.get('access-control-allow-credentials')).toBeNull()
    expect(call.headers.get('access-control-allow-origin')).toBe(answer.headers.get('access-control-allow-origin'))
    return answer.headers.get('access-control-allow-origin') === origin
  }

  test('calls /v1 where the operator lists it, or it is a registered website’s, and nowhere else', async () => {
    expect(await allowed('https://listed.example')).toBe(true)
    expect(await allowed('https://shop.example')).toBe(true)
    for (const origin of ['https://evil.example', 'http://shop.example', 'https://shop.example:8443', 'null'])
      expect(await allowed(origin)).toBe(false)
  })

  test('calls it with whatever method and headers its client has', async () => {
    const { status, headers } = await preflight('/v1/connections', 'https://shop.example')
    expect(status).toBe(204)
    expect(headers.get('access-control-allow-headers')).toBe('authorization,idempotency-key,x-stainless-os')
    expect(headers.get('access-control-allow-methods')).toContain('PATCH')
    const odd = await preflight('/v1/connections', 'https://shop.example', 'a b, (c)')
    expect(odd.headers.get('access-control-allow-headers')).toContain('Authorization')
  })

  test('reads neither the console’s API nor the admin’s', async () => {
    for (const path of ['/api/agents', '/api/admin/agents', '/authorize', '/connections/x/refresh']) {
      const answer = await preflight(path, 'https://shop.example')
      expect(answer.headers.get('access-control-allow-origin')).toBeNull()
    }
  })

  test('is let in as long as the website is registered there', async () => {
    await server.admin('PUT', `/clients/${client.client_id}`, { redirect_uris: ['https://new.example/callback'] })
    expect(await allowed('https://shop.example')).toBe(false)
    expect(await allowed('https://new.example')).toBe(true)
    await server.admin('DELETE', `/clients/${client.client_id}`)
    expect(await allowed('https://new.example')).toBe(false)
  })
})
