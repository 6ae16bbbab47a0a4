import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { unsealTokens } from '../src/connections/vault.ts'
import { maintain } from '../src/maintenance.ts'
import { findConnection } from '../src/storage/connections.ts'
import { type ConnectionsServer, connectionsOf, type Flows, startConnections } from './connection-flows.ts'
import { claimsOf, DATABASES, locationOf } from './harness.ts'
import { type IdentityProvider, startIdentityProvider } from './identity-provider.ts'

const CLIENT_ID = 'our-client'
const RETURN_URL = 'https://app.example.com/done?tab=a%20b#top'

describe.each(DATABASES)('connecting an account, on %s', (kind) => {
  let server: ConnectionsServer
  let idp: IdentityProvider
  let flows: Flows
  let token: string

  beforeAll(async () => {
    idp = await startIdentityProvider(CLIENT_ID)
    server = await startConnections(kind, { ALLOWED_RETURN_DOMAINS: 'app.example.com,*.ex.org' })
    const provider = { name: 'idp', issuer: idp.issuer, client_id: CLIENT_ID, client_secret: 'secret-canary' }
    expect((await server.admin('POST', '/providers', provider)).status).toBe(201)
    token = (await server.makeAgent()).token
    flows = connectionsOf(server, idp, token)
  })
  afterEach(() => idp.reset())
  afterAll(async () => {
    await server.stop()
    await idp.stop()
  })

  test('asks for it with state, PKCE and an exact redirect URI, and is pending', async () => {
    const answer = await flows.request({ provider_name: 'IdP', scopes: ['openid', 'email'], return_url: RETURN_URL })
    expect(answer.status).toBe(201)
    const { authUrl, state, connection_id } = answer.body
    expect(answer.body).toEqual({
      authUrl: expect.any(String),
      state: expect.stringMatching(/^[\w-]{43}$/),
      scopes: ['openid', 'email'],
      provider_id: 'idp',
      connection_id: expect.stringMatching(/^conn_/),
    })
    const url = new URL(authUrl)
    expect(url.origin + url.pathname).toBe(`${idp.issuer}/authorize`)
    expect(Object.fromEntries(url.searchParams)).toEqual({
      response_type: 'code',
      client_id: CLIENT_ID,
      redirect_uri: 'http://localhost:4000/auth/callback/idp',
      scope: 'openid email',
      state,
      nonce: expect.any(String),
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge_method: 'S256',
    })
    expect((await flows.check(connection_id)).body).toMatchObject({ connection_id, status: 'pending' })
  })

  test('brings tokens, and the person back to where they came from', async () => {
    const { connection_id, answer } = await flows.connect({ return_url: RETURN_URL })
    expect(answer.status).toBe(303)
    expect(answer.headers.get('location')).toBe(
      `https://app.example.com/done?tab=a%20b&status=success&connection_id=${connection_id}#top`,
    )
    expect(answer.headers.get('referrer-policy')).toBe('no-referrer')
    expect(answer.headers.get('cache-control')).toBe('no-store')
    const checked = (await flows.check(connection_id)).body
    expect(checked).toMatchObject({ status: 'active', account: 'ada@idp.example', scopes: ['openid', 'email'] })
    expect(checked.expires_at).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/)
    const tokens = await storedTokens(connection_id)
    expect(tokens).toMatchObject({ access_token: expect.stringMatching(/^access/), token_type: 'Bearer' })
    expect(claimsOf(tokens.id_token ?? '').sub).toBe('ada')
  })

  test('tells a person without a return_url on a page', async () => {
    const { answer } = await flows.connect({})
    expect(answer.status).toBe(200)
    expect(answer.text).toContain('Connected')
    expect(answer.headers.get('content-type')).toContain('text/html')
  })

  test('takes the callback that names no provider too', async () => {
    const { body } = await flows.request({})
    const answer = await server.call('GET', `/auth/callback?${idp.consent(body.authUrl)}`)
    expect(answer.status).toBe(200)
  })

  test('fails when the person says no, and says so', async () => {
    const { body } = await flows.request({ return_url: RETURN_URL })
    const answer = await flows.callback({ error: 'access_denied', state: body.state })
    const back = locationOf(answer)
    expect(back.searchParams.get('status')).toBe('error')
    expect(back.searchParams.get('error')).toBe('access_denied')
    expect(back.searchParams.get('connection_id')).toBe(body.connection_id)
    expect((await flows.check(body.connection_id)).body).toMatchObject({ status: 'failed', reason: 'denied' })
  })

  test('fails when nobody answers in time, and stays so', async () => {
    const { body } = await flows.request({})
    server.wait(601)
    expect((await flows.check(body.connection_id)).body).toMatchObject({ status: 'failed', reason: 'expired' })
    expect((await flows.callback(idp.consent(body.authUrl))).status).toBe(400)
    await maintain(server.deps)
    expect(await findConnection(server.deps.db.read, body.connection_id)).toMatchObject({
      status: 'failed',
      reason: 'expired',
    })
    expect(idp.calls('/token')).toBe(0)
  })

  test('is checked without a call upstream', async () => {
    const { connection_id } = await flows.connect({})
    const before = idp.seen.length
    await flows.check(connection_id)
    await flows.check('conn_unknown')
    expect(idp.seen.length).toBe(before)
    expect((await flows.check('conn_unknown')).status).toBe(404)
  })

  test('keeps its id when it is made again, and its tokens until there are new ones', async () => {
    const { connection_id } = await flows.connect({})
    const before = await storedTokens(connection_id)
    const again = (await flows.request({ connection_id })).body
    expect(again.connection_id).toBe(connection_id)
    expect((await flows.check(connection_id)).body.status).toBe('active')
    await flows.callback({ error: 'access_denied', state: again.state })
    expect((await flows.check(connection_id)).body.status).toBe('active')
    expect(await storedTokens(connection_id)).toEqual(before)

    const { answer } = await flows.connect({ connection_id })
    expect(answer.status).toBe(200)
    expect((await storedTokens(connection_id)).access_token).not.toBe(before.access_token)
  })

  test('asks for the scopes it had when it is made again and none are named', async () => {
    const { connection_id } = await flows.connect({ scopes: ['openid', 'email'] })
    expect((await flows.request({ connection_id, scopes: undefined })).body.scopes).toEqual(['openid', 'email'])
  })

  test('refuses to come back as another account', async () => {
    const { connection_id } = await flows.connect({})
    const before = await storedTokens(connection_id)
    idp.behaviour.claims = { sub: 'mallory', email: 'mallory@idp.example' }
    const { answer } = await flows.connect({ connection_id, return_url: RETURN_URL })
    expect(locationOf(answer).searchParams.get('error')).toBe('account_mismatch')
    expect((await flows.check(connection_id)).body).toMatchObject({ status: 'active', account: 'ada@idp.example' })
    expect(await storedTokens(connection_id)).toEqual(before)
  })

  test('is made a second time for another account of the same person', async () => {
    const one = await flows.connect({ user_id: 'two-accounts' })
    idp.behaviour.claims = { sub: 'ada-work', email: 'ada@work.example' }
    server.wait(1)
    const other = await flows.connect({ user_id: 'two-accounts' })
    const listed = await server.call('GET', '/v1/connections?user_id=two-accounts', { token })
    expect(
      listed.body.data.map((c: { connection_id: string; account: string }) => [c.connection_id, c.account]),
    ).toEqual([
      [one.connection_id, 'ada@idp.example'],
      [other.connection_id, 'ada@work.example'],
    ])
  })

  test('asks userinfo for the account where the id_token says nothing', async () => {
    idp.behaviour.idToken = false
    const { connection_id } = await flows.connect({})
    expect((await flows.check(connection_id)).body.account).toBe('ada@idp.example')
  })

  test('is asked for once with one Idempotency-Key', async () => {
    const headers = { 'idempotency-key': 'key-1' }
    const body = { user_id: 'u', provider_name: 'idp', scopes: ['openid'] }
    const call = (changes = {}) =>
      server.call('POST', '/v1/request-connection', { token, headers, body: { ...body, ...changes } })
    const answers = await Promise.all([call(), call(), call()])
    expect(new Set(answers.map((answer) => answer.text)).size).toBe(1)
    expect(answers[0]?.status).toBe(201)
    expect((await call({ user_id: 'other' })).status).toBe(422)
    const listed = await server.call('GET', '/v1/connections?user_id=u', { token })
    expect(listed.body.data).toHaveLength(1)
  })

  test('ends at once, here and at the provider', async () => {
    const { connection_id } = await flows.connect({})
    const { refresh_token } = await storedTokens(connection_id)
    const answer = await server.call('DELETE', `/v1/connections/${connection_id}`, { token })
    expect(answer.body).toEqual({ revoked_upstream: true })
    const [revocation, ...others] = idp.seen.filter(({ path }) => path === '/revoke')
    expect(others).toEqual([])
    expect(revocation?.form.token).toBe(refresh_token)
    expect((await flows.check(connection_id)).status).toBe(404)
    expect(await findConnection(server.deps.db.read, connection_id)).toBeUndefined()
    expect((await server.call('DELETE', `/v1/connections/${connection_id}`, { token })).status).toBe(404)
  })

  test('ends although the provider is down', async () => {
    const { connection_id } = await flows.connect({})
    idp.behaviour.down = true
    const answer = await server.call('DELETE', `/v1/connections/${connection_id}`, { token })
    expect(answer.body).toEqual({ revoked_upstream: false })
    expect((await flows.check(connection_id)).status).toBe(404)
  })

  test('fails when the provider refuses the code, or answers with a page', async () => {
    for (const behaviour of [
      { tokenStatus: 400, token: { error: 'invalid_grant', access_token: undefined } },
      { tokenStatus: 502, tokenText: '<html>Bad gateway</html>' },
      { tokenText: '<html>Hello</html>' },
    ]) {
      Object.assign(idp.behaviour, behaviour)
      const { connection_id, answer } = await flows.connect({ return_url: RETURN_URL })
      expect(locationOf(answer).searchParams.get('error')).toBe('exchange_failed')
      expect((await flows.check(connection_id)).body).toMatchObject({ status: 'failed', reason: 'exchange_failed' })
      idp.reset()
    }
  })

  test.runIf(kind === 'sqlite')('fails when the provider is slow at the exchange', { timeout: 25_000 }, async () => {
    idp.behaviour.tokenDelayMs = 17_000
    const { connection_id, answer } = await flows.connect({ return_url: RETURN_URL })
    expect(locationOf(answer).searchParams.get('status')).toBe('error')
    expect((await flows.check(connection_id)).body).toMatchObject({ status: 'failed', reason: 'exchange_failed' })
  })

  async function storedTokens(connectionId: string) {
    const row = await findConnection(server.deps.db.read, connectionId)
    if (!row?.tokens_sealed) throw new Error('no tokens')
    return unsealTokens(server.deps, row, row.tokens_sealed)
  }
})
