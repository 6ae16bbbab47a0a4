import { createLocalJWKSet, jwtVerify } from 'jose'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { memberAt } from '../../src/connections/json-path.ts'
import { providers } from '../../src/connections/providers/index.ts'
import type { ApiKeyProvider, OAuthProvider, Provider, Revocation } from '../../src/connections/providers/provider.ts'
import { type Double, startDouble } from './double.ts'
import { CALLBACK, keyClient, type PlainClient, plainClient, speak } from './plain-client.ts'

const oauth = providers.filter((entry): entry is OAuthProvider => entry.kind === 'oauth2')
const keyed = providers.filter((entry): entry is ApiKeyProvider => entry.kind === 'api_key')
const named = <P extends Provider>(entries: P[]) => entries.map((entry) => [entry.name, entry] as const)

describe.each(named(oauth))('the double of %s', (_, entry) => {
  let time = Date.parse('2026-06-01T12:00:00Z')
  let double: Double<OAuthProvider>
  let client: PlainClient
  beforeAll(async () => {
    double = await startDouble(entry, () => time)
    client = await plainClient(double)
  })
  afterEach(() => double.reset())
  afterAll(() => double.stop())

  const connect = async () => client.tokensOf(await client.exchange(await client.code()))
  const otherwise = (change: Partial<OAuthProvider>) => plainClient(double, change)

  test('moves every address here and leaves its placeholders', () => {
    const text = JSON.stringify({ ...double.provider, source: undefined, authorization_params: undefined })
    const foreign = (text.match(/https?:\/\/[^/"]+/g) ?? []).filter((origin) => origin !== double.origin)
    expect(foreign.filter((origin) => !entry.scopes.some((scope) => scope.startsWith(origin)))).toEqual([])
    for (const { name } of entry.parameters ?? []) expect(text).toContain(`{${name}}`)
  })

  test('gives tokens that open the API and say whose they are', async () => {
    const callback = await client.authorize()
    const location = new URL(callback.headers.get('location') ?? '')
    expect(location.searchParams.get('state')).toBe(client.state)
    expect(location.searchParams.has('iss')).toBe(entry.iss_parameter ?? false)
    for (const name of entry.callback_params ?? []) expect(location.searchParams.get(name)).toBeTruthy()

    const answer = await client.exchange(location.searchParams.get('code') ?? '')
    expect(double.refusals).toEqual([])
    const tokens = client.tokensOf(answer)
    expect(tokens.refresh_token === undefined).toBe(entry.refresh === 'none')

    const echo = await client.call(tokens.access_token)
    expect([echo.status, echo.body.method, echo.body.path.endsWith('/echo')]).toEqual([200, 'GET', true])
    if (!entry.account) return
    const said = entry.account.url === undefined ? answer : await client.account(tokens.access_token)
    expect(memberAt(said.body, entry.account.id)).toBe(double.account.id)
    expect(memberAt(said.body, entry.account.label)).toBe(double.account.label)
  })

  test('signs an id_token for whoever may expect one', async () => {
    const { body } = await client.exchange(await client.code())
    expect(typeof body.id_token === 'string').toBe(entry.issuer !== undefined && entry.scopes.includes('openid'))
    if (typeof body.id_token !== 'string') return
    const jwks = double.provider.jwks_uri ?? `${double.provider.issuer}/jwks`
    const options = { currentDate: new Date(time), audience: double.client.client_id }
    const { payload } = await jwtVerify(body.id_token, createLocalJWKSet((await speak(jwks)).body), options)
    expect([payload.nonce, payload.sub]).toEqual([client.nonce, double.account.id])
    const [before, after = ''] = client.entry.issuer?.split(/\{\w+\}/) ?? []
    expect(payload.iss?.startsWith(before ?? '') && payload.iss.endsWith(after)).toBe(true)
  })

  test('answers in the shape of the entry', async () => {
    const answer = await client.exchange(await client.code())
    const { response = {} } = entry
    const { scope, expires_in } = client.tokensOf(answer)
    if (entry.scopes.length > 0) expect(Array.isArray(scope)).toBe(response.scope_form === 'array')
    if (entry.scopes.length > 1 && response.scope_form === 'comma') expect(scope).toBe(entry.scopes.join(','))
    expect(expires_in).toBe(response.expires_in === null ? undefined : 3600)
    if (response.expires_at)
      expect(memberAt(answer.body, response.expires_at)).toBe(new Date(time + 3.6e6).toISOString())
    expect(answer.body.token_type).toBe(response.token_type === null ? undefined : (response.token_type ?? 'bearer'))
    if (response.ok) expect(memberAt(answer.body, response.ok)).toBe(true)
  })

  test('refuses another client, another secret and another way to prove it', async () => {
    const code = await client.code()
    const { client_id, client_secret } = double.client
    const posts = entry.token_endpoint_auth_method === 'client_secret_post'
    const liar = await plainClient({ ...double, client: { client_id, client_secret: 'guessed' } })
    const stranger = await plainClient({ ...double, client: { client_id: 'stranger', client_secret } })
    const other = await otherwise({ token_endpoint_auth_method: posts ? 'client_secret_basic' : 'client_secret_post' })
    for (const wrong of [liar, stranger, other, await otherwise({ token_endpoint_auth_method: 'none' })]) {
      const answer = await wrong.exchange(code)
      expect(answer.status).toBe(entry.response?.error_status ?? answer.status)
      expect(client.tokensOf(answer).access_token).toBe('undefined')
      expect(['invalid_client', 'invalid_request']).toContain(client.errorOf(answer))
    }
    expect(double.refusals).toHaveLength(4)
    expect((await stranger.authorize()).status).toBe(400)
  })

  test('refuses a body in the other format, headers left out and parameters in the address', async () => {
    const code = await client.code()
    const other = await otherwise({ token_request: entry.token_request === 'form' ? 'json' : 'form' })
    expect(client.errorOf(await other.exchange(code))).toBe('invalid_request')
    if (entry.api_headers) {
      const { api_headers: _, ...bare } = double.provider
      const withoutHeaders = await plainClient({ ...double, provider: bare })
      expect(client.errorOf(await withoutHeaders.exchange(code))).toBe('invalid_request')
    }
    if (entry.token_params) {
      const { token_params: _, ...bare } = double.provider
      const withoutParams = await plainClient({ ...double, provider: bare })
      expect(client.errorOf(await withoutParams.exchange(code))).toBe('invalid_request')
    }
    const spoken = await speak(`${client.entry.token_url ?? `${client.entry.issuer}/token`}?code=${code}`, {
      method: 'POST',
    })
    expect(client.errorOf(spoken)).toBe('invalid_request')
    expect((await client.exchange(code)).status).toBe(200)
  })

  test(`refuses a client that ${entry.pkce ? 'leaves PKCE out' : 'sends PKCE'}`, async () => {
    const other = await otherwise({ pkce: !entry.pkce })
    expect((await other.authorize()).status).toBe(400)
    const code = await client.code()
    const answer = await other.exchange(code)
    expect(client.errorOf(answer)).toBe(entry.pkce ? 'invalid_grant' : 'invalid_request')
  })

  test('refuses a verifier that fits another challenge', async () => {
    if (!entry.pkce) return
    const answer = await client.exchange(await client.code(), { code_verifier: 'x'.repeat(43) })
    expect(client.errorOf(answer)).toBe('invalid_grant')
    expect((await client.authorize({ code_challenge_method: 'plain' })).status).toBe(400)
  })

  test('refuses scopes by the other separator, in another parameter, or left out', async () => {
    if (entry.scopes.length === 0) return
    const separated = await otherwise({ scope_separator: entry.scope_separator === ',' ? ' ' : ',' })
    if (entry.scopes.length > 1) expect((await separated.authorize()).status).toBe(400)
    const elsewhere = await otherwise({ scope_parameter: entry.scope_parameter ? 'scope' : 'user_scope' })
    expect((await elsewhere.authorize()).status).toBe(400)
    expect((await client.authorize({ [entry.scope_parameter ?? 'scope']: null })).status).toBe(400)
  })

  test('refuses an authorization request that is not the one of the entry', async () => {
    const wrong: Record<string, string | null>[] = [
      { redirect_uri: `${CALLBACK}/` },
      { redirect_uri: null },
      { response_type: 'token' },
      { state: null },
      { state: 'short' },
      { client_secret: double.client.client_secret },
      ...Object.keys(entry.authorization_params ?? {}).map((name) => ({ [name]: null })),
      ...(entry.issuer && entry.scopes.includes('openid') ? [{ nonce: null }] : []),
    ]
    for (const change of wrong) expect([change, (await client.authorize(change)).status]).toEqual([change, 400])
    expect((await speak(`${client.authorizationUrl()}&state=twice`, { redirect: 'manual' })).status).toBe(400)
  })

  test('refuses a code with another redirect_uri, an invented one, and a second use, which ends what the first bought', async () => {
    const code = await client.code()
    const moved = await client.exchange(code, { redirect_uri: `${CALLBACK}/elsewhere` })
    expect(client.errorOf(moved)).toBe('invalid_grant')
    expect(client.errorOf(await client.exchange('invented'))).toBe('invalid_grant')

    const good = await client.code()
    const tokens = client.tokensOf(await client.exchange(good))
    expect((await client.call(tokens.access_token)).status).toBe(200)
    const replayed = await client.exchange(good)
    expect(client.errorOf(replayed)).toBe('invalid_grant')
    expect(replayed.status).toBe(entry.response?.error_status ?? 400)
    if (entry.response?.ok) expect(memberAt(replayed.body, entry.response.ok)).toBe(false)
    expect((await client.call(tokens.access_token)).status).toBe(401)
  })

  test('takes tokens only where the entry puts them, while they live', async () => {
    const { access_token } = await connect()
    const place = entry.api_token ? { header: 'authorization', prefix: 'Bearer ' } : { header: 'x-token' }
    const misplaced = await otherwise({ api_token: place })
    expect((await misplaced.call(access_token)).status).toBe(401)
    expect((await client.call('invented')).status).toBe(401)
    if (entry.api_headers) {
      const { api_headers: _, ...bare } = double.provider
      expect((await (await plainClient({ ...double, provider: bare })).call(access_token)).status).toBe(400)
    }
    time += 3_599_000
    expect((await client.call(access_token)).status).toBe(200)
    time += 1000
    expect((await client.call(access_token)).status).toBe(401)
  })

  test('lets a person say no', async () => {
    double.habits.denies = true
    const location = new URL((await client.authorize()).headers.get('location') ?? '')
    expect(location.searchParams.get('error')).toBe('access_denied')
    expect(location.searchParams.get('state')).toBe(client.state)
    expect(location.searchParams.has('code')).toBe(false)
  })

  if (entry.refresh === 'none')
    test('refreshes nothing', async () => {
      await connect()
      expect(client.errorOf(await client.refresh('rt-any'))).toBe('unsupported_grant_type')
    })

  if (entry.refresh === 'reusable')
    test('takes a refresh token again and again', async () => {
      const { refresh_token = '' } = await connect()
      for (const turn of [1, 2, 3]) {
        const refreshed = client.tokensOf(await client.refresh(refresh_token), true)
        expect([turn, refreshed.refresh_token]).toEqual([turn, undefined])
        expect((await client.call(refreshed.access_token)).status).toBe(200)
      }
      double.habits.newerRefreshToken = true
      const newer = client.tokensOf(await client.refresh(refresh_token), true).refresh_token ?? ''
      expect((await client.refresh(newer)).status).toBe(200)
      expect((await client.refresh(refresh_token)).status).toBe(200)
    })

  if (entry.refresh === 'rotating')
    test('takes a refresh token once; after the leeway a second use ends the family', async () => {
      const first = await connect()
      const second = client.tokensOf(await client.refresh(first.refresh_token ?? ''), true)
      expect((await client.call(second.access_token)).status).toBe(200)
      expect(second.refresh_token).not.toBe(first.refresh_token)
      const leewayMs = (entry.rotation_leeway_s ?? 0) * 1000
      if (leewayMs > 0) {
        time += leewayMs - 1
        expect((await client.refresh(first.refresh_token ?? '')).status).toBe(200)
        time += 1
      }
      const reused = await client.refresh(first.refresh_token ?? '')
      expect(client.errorOf(reused)).toBe(entry.dead_refresh_errors?.[0] ?? 'invalid_grant')
      expect(reused.status).toBe(entry.dead_refresh_statuses?.[0] ?? entry.response?.error_status ?? 400)
      const orphaned = await client.refresh(second.refresh_token ?? '')
      expect(client.errorOf(orphaned)).toBe(client.errorOf(reused))
      expect((await client.call(second.access_token)).status).toBe(401)
      expect(double.issued.counts.reuses).toBeGreaterThan(0)
    })

  if (entry.refresh === 'rotating')
    test('may let the family live when a token is used again', async () => {
      double.habits.revokesFamily = false
      double.habits.leewayS = 0
      const first = await connect()
      const second = client.tokensOf(await client.refresh(first.refresh_token ?? ''), true)
      expect(client.errorOf(await client.refresh(first.refresh_token ?? ''))).toBeTruthy()
      expect((await client.refresh(second.refresh_token ?? '')).status).toBe(200)
    })

  if (entry.revocation) {
    const { revocation } = entry
    test('revokes in its one way, and then everything is over', async () => {
      const { access_token, refresh_token } = await connect()
      const tokens = { access_token, ...(refresh_token !== undefined && { refresh_token }) }
      const wrong: Revocation[] = [
        { ...revocation, method: revocation.method === 'get_query' ? 'rfc7009' : 'get_query' },
        { ...revocation, method: 'delete', auth: 'none', parameter: 'something' },
        { ...revocation, auth: revocation.auth === 'bearer' ? 'none' : 'bearer' },
        { ...revocation, parameter: revocation.parameter === null ? 'token' : null },
      ]
      for (const other of wrong) {
        const { status } = await (await otherwise({ revocation: other })).revoke(tokens)
        expect([other, status >= 400]).toEqual([other, true])
      }
      expect((await client.call(access_token)).status).toBe(200)
      expect((await client.revoke(tokens)).status).toBe(200)
      expect((await client.call(access_token)).status).toBe(401)
    })
  }
})

describe.each(named(keyed))('the double of %s', (_, entry) => {
  let double: Double<ApiKeyProvider>
  beforeAll(async () => {
    double = await startDouble(entry)
  })
  afterAll(() => double.stop())

  test('takes its key in its place only', async () => {
    const client = keyClient(double.provider, double.parameters)
    expect((await client.call(double.key)).status).toBe(200)
    expect((await client.call('guessed')).status).toBe(401)
    const elsewhere = { ...double.provider, api_key: 'query' in entry.api_key ? { header: 'x-key' } : { query: 'key' } }
    expect((await keyClient(elsewhere, double.parameters).call(double.key)).status).toBe(401)
    const { api_headers, ...bare } = double.provider
    if (api_headers) expect((await keyClient(bare, double.parameters).call(double.key)).status).toBe(400)
  })

  test('says whose key it is', async () => {
    if (!entry.account) return
    const { body } = await keyClient(double.provider, double.parameters).account(double.key)
    expect(memberAt(body, entry.account.id)).toBe(double.account.id)
    expect(memberAt(body, entry.account.label)).toBe(double.account.label)
  })

  test('grants nothing', async () => {
    expect((await speak(`${double.origin}/token`, { method: 'POST' })).status).toBe(400)
  })
})
