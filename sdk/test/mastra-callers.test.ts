import { type MastraMiddlewareOptions, mastraMiddleware } from '@auth-agent/sdk/ai'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ListeningGateway, startListeningGateway } from '../../server/test/listening-gateway.ts'

let gateway: ListeningGateway
beforeAll(async () => {
  gateway = await startListeningGateway()
})
afterAll(() => gateway?.stop())

/** The middleware on a server's context as Mastra, now or before 1.0, has it; `asked` are the calls to Auth Agent. */
function behind(options: Partial<MastraMiddlewareOptions> = {}, name = 'requestContext') {
  const asked: string[] = []
  const middleware = mastraMiddleware({
    issuer: gateway.url,
    fetch: (url, init) => {
      asked.push(new URL(String(url)).pathname)
      return fetch(url, init)
    },
    ...options,
  })
  async function call(key: string, init: RequestInit = {}, context = new Map<string, unknown>()) {
    const raw = new Request('http://mastra.example/', { ...init, headers: { authorization: `Bearer ${key}` } })
    const header = (of: string) => raw.headers.get(of) ?? undefined
    const req = { raw, header }
    let reached = 0
    const answer = await middleware({ req, get: (of) => (of === name ? context : undefined) }, async () => {
      reached++
    })
    expect(reached).toBe(answer ? 0 : 1)
    return { status: answer?.status ?? 200, answer, context, req }
  }
  return { asked, call }
}

describe('who is calling', () => {
  test('is asked once for all who ask at the same moment, and again when the moment is over', async () => {
    const { apiKey } = await gateway.caller()
    let now = 0
    const { asked, call } = behind({ now: () => now })
    const answers = await Promise.all(Array.from({ length: 20 }, () => call(apiKey)))
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200))
    now = 4_999
    await call(apiKey)
    expect(asked).toEqual(['/v1/caller'])
    now = 5_000
    await call(apiKey)
    expect(asked).toHaveLength(2)
  })

  test('is nobody any more, a moment after the key was revoked', async () => {
    const { id, window } = await gateway.member()
    const key = (await window.send('POST', '/api/api-keys', { name: 'short', scopes: ['agent-fuel'] })).body
    let now = 0
    const { call } = behind({ now: () => now })
    expect((await call(key.api_key)).context.get('user')).toMatchObject({ id })
    expect((await window.send('DELETE', `/api/api-keys/${key.key_id}`)).status).toBeLessThan(300)
    now = 5_000
    expect((await call(key.api_key)).status).toBe(401)
  })

  test('is not remembered when it was nobody, so that a new key works at once', async () => {
    const { asked, call } = behind()
    for (let times = 1; times <= 2; times++) {
      expect((await call('sk-aa-v1-nobody')).status).toBe(401)
      expect(asked).toHaveLength(times)
    }
  })

  test('is remembered of a thousand and no more', async () => {
    const asked: string[] = []
    const fetchOf: typeof fetch = async (_url, init) => {
      const key = new Headers(init?.headers).get('authorization')?.slice('Bearer '.length) ?? ''
      asked.push(key)
      return Response.json({ user: { id: `user_of_${key}` } })
    }
    const { call } = behind({ fetch: fetchOf, now: () => 0 })
    for (let key = 0; key <= 1_000; key++) expect((await call(`k${key}`)).context.get('role')).toBeNull()
    await call('k1000')
    expect(asked).toHaveLength(1_001)
    expect((await call('k0')).context.get('user')).toMatchObject({ id: 'user_of_k0' })
    expect(asked).toHaveLength(1_002)
  })

  test('cannot be remembered for long', () => {
    for (const rememberForMs of [-1, 60_001, Number.NaN]) expect(() => behind({ rememberForMs })).toThrow(RangeError)
  })

  const unavailable: [string, typeof fetch][] = [
    ['cannot be reached', () => fetch('http://127.0.0.1:1/')],
    ['is down', async () => Response.json({ error: 'server_error' }, { status: 500 })],
    ['has too much to do', async () => Response.json({ error: 'rate_limited' }, { status: 429 })],
    ['says nothing that can be read', async () => new Response('<html>')],
    ['leads elsewhere', (_url, init) => fetch(`${gateway.url}/console`, init)],
  ]
  test.each(unavailable)('is 503 when Auth Agent %s, and asked again the next time', async (_, failing) => {
    const { apiKey } = await gateway.caller()
    let up = false
    const { call } = behind({ fetch: (url, init) => (up ? fetch(url, init) : failing(url, init)) })
    const { status, answer } = await call(apiKey)
    expect([status, answer?.headers.get('retry-after')]).toEqual([503, '5'])
    up = true
    expect((await call(apiKey)).status).toBe(200)
  })
})

describe('the context', () => {
  test('may be the one of before 1.0, whose handlers believe the body: it loses what it says', async () => {
    const { id, apiKey } = await gateway.caller()
    const { call } = behind({}, 'runtimeContext')
    const body = JSON.stringify({ runtimeContext: { role: 'admin', locale: 'de' }, messages: [] })
    const { context, req } = await call(apiKey, { method: 'POST', body }, new Map([['role', 'admin']]))
    expect(context.get('user')).toMatchObject({ id })
    expect(context.get('role')).toBeNull()
    expect(await req.raw.json()).toEqual({ runtimeContext: { locale: 'de' }, messages: [] })
  })

  test('has the membership that the application says', async () => {
    const { id, apiKey } = await gateway.caller()
    const { call } = behind({ membershipOf: (caller) => ({ organizationId: `team of ${caller.id}`, role: 'editor' }) })
    const { context } = await call(apiKey, {}, new Map([['organizationId', 'another']]))
    expect([context.get('organizationId'), context.get('role')]).toEqual([`team of ${id}`, 'editor'])
  })

  test('offers no model where none is offered, but the usual one', async () => {
    const { apiKey } = await gateway.caller()
    expect((await behind().call(apiKey)).context.get('model')).toBeNull()
    const { call } = behind({ defaultModel: 'acme/gpt-5' })
    expect((await call(apiKey)).context.get('model')).toBe('acme/gpt-5')
    expect((await call(apiKey, {}, new Map([['model', 'acme/gpt-5']]))).status).toBe(200)
    expect((await call(apiKey, {}, new Map([['model', 'claude/sonnet']]))).status).toBe(400)
  })

  test('must be there: before Mastra has made it, nobody is let in', async () => {
    const { apiKey } = await gateway.caller()
    await expect(behind({}, 'another').call(apiKey)).rejects.toThrow('server.middleware')
  })
})
