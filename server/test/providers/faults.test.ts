import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { facebook } from '../../src/connections/providers/facebook.ts'
import { google } from '../../src/connections/providers/google.ts'
import { microsoft } from '../../src/connections/providers/microsoft.ts'
import { slack } from '../../src/connections/providers/slack.ts'
import { type Double, startDouble } from './double.ts'
import { type PlainClient, plainClient, speak } from './plain-client.ts'

describe('the faults of a double', () => {
  let double: Double<typeof google>
  let client: PlainClient
  beforeAll(async () => {
    double = await startDouble(google)
    client = await plainClient(double)
  })
  afterEach(() => double.reset())
  afterAll(() => double.stop())

  const connect = async () => client.tokensOf(await client.exchange(await client.code()))
  const refreshToken = async () => (await connect()).refresh_token ?? ''

  test('meet as many requests as they are to', async () => {
    const token = await refreshToken()
    double.faults.refresh = { status: 503, times: 2, retryAfter: '7' }
    const statuses = []
    for (const _ of [1, 2, 3]) statuses.push((await client.refresh(token)).status)
    expect(statuses).toEqual([503, 503, 200])
    expect([double.count('refresh'), double.count('exchange'), double.count('authorize')]).toEqual([3, 1, 1])
  })

  test.each([400, 401, 403])('say invalid_grant with %d', async (status) => {
    double.faults.refresh = { status, error: 'invalid_grant' }
    const answer = await client.refresh('rt-any')
    expect([answer.status, answer.body.error]).toEqual([status, 'invalid_grant'])
  })

  test('say when to come back', async () => {
    double.faults.exchange = { status: 429, retryAfter: '30' }
    expect((await client.exchange('any')).headers.get('retry-after')).toBe('30')
  })

  test('are a page, a redirect, a wait', async () => {
    double.faults.exchange = { html: true }
    const page = await client.exchange('any')
    expect([page.status, page.headers.get('content-type'), page.text.startsWith('<!doctype')]).toEqual([
      502,
      'text/html',
      true,
    ])
    double.faults.api = { location: 'http://127.0.0.1:1/elsewhere' }
    const redirect = await speak(`${client.entry.api_base_url}/echo`, { redirect: 'manual' })
    expect([redirect.status, redirect.headers.get('location')]).toEqual([307, 'http://127.0.0.1:1/elsewhere'])
    double.faults.refresh = { delayMs: 120, status: 500 }
    const before = performance.now()
    expect((await client.refresh('any')).status).toBe(500)
    expect(performance.now() - before).toBeGreaterThan(100)
  })

  test('repeat every secret that they were sent', async () => {
    const token = await refreshToken()
    double.faults.refresh = { status: 400, error: 'invalid_grant', echo: true }
    const answer = await client.refresh(token)
    for (const canary of [token, double.client.client_secret]) {
      expect(answer.text).toContain(canary)
      expect(answer.headers.get('x-debug')).toContain(canary)
    }
  })

  test('lose the answer before or after it has happened', async () => {
    const before = await client.code()
    double.faults.exchange = { drop: 'before', times: 1 }
    await expect(client.exchange(before)).rejects.toThrow()
    expect((await client.exchange(before)).status).toBe(200)
    const after = await client.code()
    double.faults.exchange = { drop: 'after', times: 1 }
    await expect(client.exchange(after)).rejects.toThrow()
    expect(client.errorOf(await client.exchange(after))).toBe('invalid_grant')
  })

  test('answer slowly, or for ever', async () => {
    double.faults.discovery = { replace: { body: '{"a":1}' }, body: 'slow' }
    expect((await speak(`${double.provider.issuer}/.well-known/openid-configuration`)).body).toEqual({ a: 1 })
    double.faults.jwks = { body: 'endless' }
    const answer = await fetch(`${double.provider.issuer}/jwks`)
    let bytes = 0
    for await (const chunk of answer.body ?? []) {
      bytes += chunk.length
      if (bytes > 2_000_000) break
    }
    expect(bytes).toBeGreaterThan(2_000_000)
  })

  test('put something else in the place of an answer', async () => {
    const { access_token } = await connect()
    double.faults.api = { replace: { headers: { 'set-cookie': ['a=1', 'b=2'] } } }
    const answer = await client.call(access_token)
    expect(answer.headers.getSetCookie()).toEqual(['a=1', 'b=2'])
    expect(answer.body.headers.authorization).toBe(`Bearer ${access_token}`)
  })
})

describe('the habits of a double', () => {
  let double: Double<typeof google>
  let client: PlainClient
  beforeAll(async () => {
    double = await startDouble(google)
    client = await plainClient(double)
  })
  afterEach(() => double.reset())
  afterAll(() => double.stop())

  const answer = async () => (await client.exchange(await client.code())).body

  test('leave things out', async () => {
    Object.assign(double.habits, {
      omitRefreshToken: true,
      omitScope: true,
      omitIdToken: true,
      expiresIn: null,
      tokenType: null,
    })
    expect(Object.keys(await answer())).toEqual(['access_token'])
  })

  test.each(['3600', 0, -5, 3_600_000, 'soon'])('say %j for a lifetime', async (expiresIn) => {
    double.habits.expiresIn = expiresIn
    expect((await answer()).expires_in).toBe(expiresIn)
  })

  test('sign by other keys, or by none, and claim other things', async () => {
    const header = (token: string) => JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString())
    const claims = (token: string) => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
    const algs = []
    for (const signer of ['provider', 'stranger', 'nobody', 'public_key'] as const) {
      double.habits.signer = signer
      algs.push(header((await answer()).id_token).alg)
    }
    expect(algs).toEqual(['RS256', 'RS256', 'none', 'HS256'])
    double.habits.claims = { aud: 'another', nonce: undefined }
    expect(claims((await answer()).id_token)).toMatchObject({ aud: 'another', iss: double.provider.issuer })
    expect(claims((await answer()).id_token)).not.toHaveProperty('nonce')
  })

  test('change the callback', async () => {
    double.habits.callback = { iss: 'https://evil.example', state: null }
    const location = new URL((await client.authorize()).headers.get('location') ?? '')
    expect([location.searchParams.get('iss'), location.searchParams.has('state')]).toEqual([
      'https://evil.example',
      false,
    ])
  })

  test('end tokens before their time', async () => {
    const { access_token, refresh_token } = client.tokensOf(await client.exchange(await client.code()))
    double.issued.endAccessTokens()
    expect((await client.call(access_token)).status).toBe(401)
    expect((await client.refresh(refresh_token ?? '')).status).toBe(200)
    double.issued.revokeAll()
    expect(client.errorOf(await client.refresh(refresh_token ?? ''))).toBe('invalid_grant')
  })
})

describe('a fault in a shape of its own', () => {
  test('is nested, or comes with 200 and ok: false', async () => {
    const doubles = [await startDouble(facebook), await startDouble(slack)] as const
    for (const double of doubles) double.faults.exchange = { status: 200, error: 'code_expired' }
    const [nested, ok] = await Promise.all(doubles.map(async (double) => (await plainClient(double)).exchange('any')))
    expect(nested?.body).toMatchObject({ error: { type: 'code_expired' } })
    expect(ok?.body).toMatchObject({ ok: false, error: 'code_expired' })
    for (const double of doubles) await double.stop()
  })

  test('an id_token may come unasked, from a provider of many issuers too', async () => {
    const double = await startDouble(slack)
    double.habits.unaskedIdToken = true
    const client = await plainClient(double)
    expect(typeof (await client.exchange(await client.code())).body.id_token).toBe('string')
    await double.stop()

    const many = await startDouble(microsoft)
    const tenant = await plainClient(many)
    const { id_token } = (await tenant.exchange(await tenant.code())).body
    const { iss, tid } = JSON.parse(Buffer.from(id_token.split('.')[1], 'base64url').toString())
    expect(iss).toBe(many.provider.issuer?.replace('{tid}', tid))
    await many.stop()
  })
})
