import { createHash, createHmac, createSecretKey } from 'node:crypto'
import fc from 'fast-check'
import { exportSPKI, importJWK, SignJWT } from 'jose'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { isAllowedReturnUrl, withParameters } from '../src/connections/return-url.ts'
import { findConnection } from '../src/storage/connections.ts'
import { type ConnectionsServer, connectionsOf, type Flows, startConnections } from './connection-flows.ts'
import { DATABASES, ISSUER, locationOf } from './harness.ts'
import { type Claims, type IdentityProvider, startIdentityProvider } from './identity-provider.ts'

const CLIENT_ID = 'our-client'
const RETURN_URL = 'https://app.example.com/done'
const RULES = { allowedReturnDomains: ['app.example.com', '*.ex.org'], enforceReturnUrl: true, issuer: ISSUER }

describe.each(DATABASES)('an attacker, on %s', (kind) => {
  let server: ConnectionsServer
  let idp: IdentityProvider
  let other: IdentityProvider
  let flows: Flows
  let token: string

  beforeAll(async () => {
    ;[idp, other] = await Promise.all([startIdentityProvider(CLIENT_ID), startIdentityProvider(CLIENT_ID)])
    server = await startConnections(kind, { ALLOWED_RETURN_DOMAINS: 'app.example.com,*.ex.org' })
    for (const [name, { issuer }] of Object.entries({ idp, other }))
      await server.admin('POST', '/providers', { name, issuer, client_id: CLIENT_ID, client_secret: 'secret-canary' })
    token = (await server.makeAgent()).token
    flows = connectionsOf(server, idp, token)
  })
  afterEach(() => {
    idp.reset()
    other.reset()
  })
  afterAll(async () => {
    await server.stop()
    await Promise.all([idp.stop(), other.stop()])
  })

  /** Whatever providers published is asked for again. */
  const outdateDocuments = () =>
    server.deps.db.write(({ trx }) => trx.updateTable('provider_document').set({ fresh_until: 0 }).execute())
  const statusOf = async (id: string) => (await flows.check(id)).body.status

  describe('with the state', () => {
    test('learns nothing from it', async () => {
      const { body } = await flows.request({ user_id: 'ada-lovelace' })
      const decoded = Buffer.from(body.state, 'base64url')
      expect(decoded).toHaveLength(32)
      for (const known of ['ada-lovelace', 'idp', server.deps.orgId, body.connection_id])
        expect(decoded.toString('latin1')).not.toContain(known)
    })

    test('uses it once', async () => {
      const { requested } = await flows.connect({})
      const calls = idp.calls('/token')
      expect((await flows.callback(idp.consent(requested.authUrl))).status).toBe(400)
      expect(idp.calls('/token')).toBe(calls)
    })

    test('gets one exchange for twenty callbacks at once', async () => {
      const { body } = await flows.request({ return_url: RETURN_URL })
      const query = idp.consent(body.authUrl)
      const answers = await Promise.all(Array.from({ length: 20 }, () => flows.callback(query)))
      expect(answers.filter(({ status }) => status === 303)).toHaveLength(1)
      expect(answers.filter(({ status }) => status === 400)).toHaveLength(19)
      expect(idp.calls('/token')).toBe(1)
    })

    test('does not use it up by looking', async () => {
      const { body } = await flows.request({})
      const query = idp.consent(body.authUrl)
      expect((await server.call('HEAD', `/auth/callback/idp?${query}`)).status).toBe(204)
      expect((await flows.callback(query)).status).toBe(200)
    })

    test('cannot make, cut, leave out or lend one', async () => {
      const { body } = await flows.request({})
      const code = 'code-canary'
      const { state } = body
      for (const query of [
        { code },
        { code, state: '' },
        { code, state: state.slice(1) },
        { code, state: `${state}A` },
      ])
        expect((await flows.callback(query)).status).toBe(400)
      expect((await server.call('GET', `/auth/callback/idp?code=1&state=${state}&state=${state}`)).status).toBe(400)
      expect((await flows.callback({ code, state }, 'other')).status).toBe(400)
      expect((await flows.callback({ code, state }, 'nobody')).status).toBe(400)
      expect([idp.calls('/token'), other.calls('/token')]).toEqual([0, 0])
      expect(await statusOf(body.connection_id)).toBe('pending')
    })
  })

  describe('who mixes up providers', () => {
    test('has a code sent nowhere that comes with another issuer', async () => {
      const { body } = await flows.request({})
      const query = idp.consent(body.authUrl)
      query.set('iss', other.issuer)
      expect((await flows.callback(query)).status).toBe(400)
      expect([idp.calls('/token'), other.calls('/token')]).toEqual([0, 0])
      expect(await statusOf(body.connection_id)).toBe('failed')
    })

    test('nor one without an issuer, where the provider always names itself', async () => {
      idp.behaviour.metadata = { authorization_response_iss_parameter_supported: true }
      await outdateDocuments()
      const { body } = await flows.request({})
      expect((await flows.callback(idp.consent(body.authUrl))).status).toBe(400)
      expect(idp.calls('/token')).toBe(0)
      const again = (await flows.request({})).body
      const query = idp.consent(again.authUrl)
      query.set('iss', idp.issuer)
      expect((await flows.callback(query)).status).toBe(200)
      idp.behaviour.metadata = {}
      await outdateDocuments()
    })

    test('nor with an issuer that lives elsewhere, where none is pinned', async () => {
      await server.admin('POST', '/providers', {
        name: 'plain',
        authorization_url: `${idp.issuer}/authorize`,
        token_url: `${idp.issuer}/token`,
        client_id: CLIENT_ID,
      })
      const plain = connectionsOf(server, idp, token, 'plain')
      const { body } = await plain.request({})
      const query = idp.consent(body.authUrl)
      query.set('iss', other.issuer)
      expect((await plain.callback(query)).status).toBe(400)
      expect(idp.calls('/token')).toBe(0)
    })

    test('has no discovery document believed that names another issuer', async () => {
      other.behaviour.metadata = { issuer: idp.issuer }
      await outdateDocuments()
      const atOther = connectionsOf(server, other, token, 'other')
      expect((await atOther.request({})).body.error).toBe('provider_misconfigured')
      await outdateDocuments()
    })
  })

  test('sees a verifier that fits its challenge, differs, and shows nowhere', async () => {
    const verifiers = new Set<string>()
    for (const _ of [1, 2]) {
      const { requested, answer } = await flows.connect({ return_url: RETURN_URL })
      const form = idp.seen.findLast(({ path }) => path === '/token')?.form ?? {}
      const verifier = form.code_verifier ?? ''
      const challenge = new URL(requested.authUrl).searchParams.get('code_challenge')
      expect(createHash('sha256').update(verifier).digest('base64url')).toBe(challenge)
      expect(JSON.stringify(requested)).not.toContain(verifier)
      expect(answer.headers.get('location')).not.toContain(verifier)
      expect(server.logged.join('')).not.toContain(verifier)
      verifiers.add(verifier)
    }
    expect(verifiers.size).toBe(2)
  })

  describe('with an id_token', () => {
    const refused = async () => {
      const { connection_id, answer } = await flows.connect({ return_url: RETURN_URL })
      expect(locationOf(answer).searchParams.get('error')).toBe('invalid_id_token')
      expect((await flows.check(connection_id)).body).toMatchObject({ status: 'failed', reason: 'invalid_id_token' })
      expect((await findConnection(server.deps.db.read, connection_id))?.tokens_sealed).toBeNull()
    }
    const now = () => Math.floor(Date.now() / 1000)

    test.each([
      ['another audience', () => ({ aud: 'somebody-else' })],
      ['another issuer', () => ({ iss: 'https://evil.example' })],
      ['another authorized party', () => ({ azp: 'somebody-else' })],
      ['two audiences and no authorized party', () => ({ aud: [CLIENT_ID, 'somebody-else'] })],
      ['an end that was', () => ({ exp: now() - 3600 })],
      ['a beginning far ahead', () => ({ iat: now() + 86_400, exp: now() + 90_000 })],
      ['another nonce', () => ({ nonce: 'of-another-flow' })],
      ['no nonce', () => ({ nonce: undefined })],
      ['no subject', () => ({ sub: undefined })],
    ])('is refused %s', async (_, claims) => {
      idp.behaviour.claims = claims() as Claims
      await refused()
    })

    test('is refused no signature, and HS256 with the public key', async () => {
      const [key] = idp.keys
      const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
      idp.behaviour.sign = async (claims) => `${encode({ alg: 'none' })}.${encode(claims)}.`
      await refused()
      const jwk = await importJWK({ ...key?.jwk }, 'ES256')
      const pem = jwk instanceof Uint8Array ? '' : await exportSPKI(jwk)
      idp.behaviour.sign = async (claims) => {
        const signed = `${encode({ alg: 'HS256', kid: 'k1' })}.${encode(claims)}`
        return `${signed}.${createHmac('sha256', createSecretKey(Buffer.from(pem)))
          .update(signed)
          .digest('base64url')}`
      }
      await refused()
    })

    test('is refused a signature of somebody else under the same kid', async () => {
      const [theirs] = other.keys
      if (!theirs) throw new Error('no key')
      idp.behaviour.sign = (claims) =>
        new SignJWT(claims).setProtectedHeader({ alg: 'ES256', kid: 'k1' }).sign(theirs.privateKey)
      await refused()
    })

    test('that nobody asked for has it verified all the same', async () => {
      idp.behaviour.claims = { aud: 'somebody-else' }
      const { body } = await flows.request({ scopes: ['email'], return_url: RETURN_URL })
      expect(new URL(body.authUrl).searchParams.has('nonce')).toBe(false)
      const answer = await flows.callback(idp.consent(body.authUrl))
      expect(locationOf(answer).searchParams.get('error')).toBe('invalid_id_token')
    })

    test('has it dropped where there is nothing to verify it by', async () => {
      await server.admin('POST', '/providers', {
        name: 'keyless',
        authorization_url: `${idp.issuer}/authorize`,
        token_url: `${idp.issuer}/token`,
        client_id: CLIENT_ID,
      })
      const keyless = connectionsOf(server, idp, token, 'keyless')
      const { connection_id, answer } = await keyless.connect({})
      expect(answer.status).toBe(200)
      const tokens = await server.call('GET', `/v1/token/${connection_id}`, { token })
      expect(tokens.body).toMatchObject({ access_token: expect.stringMatching(/^access/) })
      expect(tokens.body.id_token).toBeUndefined()
    })
  })

  describe('in another session', () => {
    const verifier = 'verifier-canary-of-the-session-of-ada-0123456789'
    const session_challenge = createHash('sha256').update(verifier).digest('base64url')
    const confirm = (id: string, session_verifier: string) =>
      server.call('POST', `/v1/connections/${id}/confirm`, { token, body: { session_verifier } })

    test('finishes a flow that never becomes active', async () => {
      const { connection_id, answer } = await flows.connect({ session_challenge, return_url: RETURN_URL })
      expect(locationOf(answer).searchParams.get('status')).toBe('confirm')
      expect((await server.call('GET', `/v1/token/${connection_id}`, { token })).body.error).toBe('connection_pending')
      for (const forged of [session_challenge, verifier.toUpperCase(), `${verifier}x`])
        expect((await confirm(connection_id, forged)).status).toBe(400)
      expect((await confirm(connection_id, 'short')).status).toBe(422)
      server.wait(601)
      expect((await confirm(connection_id, verifier)).status).toBe(400)
      expect((await flows.check(connection_id)).body).toMatchObject({ status: 'failed', reason: 'expired' })
    })

    test('cannot confirm what the session that began it confirms once', async () => {
      const { connection_id } = await flows.connect({ session_challenge, return_url: RETURN_URL })
      const answers = await Promise.all([1, 2, 3].map(() => confirm(connection_id, verifier)))
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 400, 400])
      expect(await statusOf(connection_id)).toBe('active')
      const tokens = await server.call('GET', `/v1/token/${connection_id}`, { token })
      expect(tokens.body.access_token).toMatch(/^access/)
    })

    test('leaves a connection that is made again as it was', async () => {
      const { connection_id } = await flows.connect({})
      const before = (await findConnection(server.deps.db.read, connection_id))?.tokens_sealed
      await flows.connect({ connection_id, session_challenge, return_url: RETURN_URL })
      expect((await findConnection(server.deps.db.read, connection_id))?.tokens_sealed).toBe(before)
      expect((await confirm(connection_id, verifier)).status).toBe(200)
      expect((await findConnection(server.deps.db.read, connection_id))?.tokens_sealed).not.toBe(before)
    })
  })

  describe('with a return_url', () => {
    test('is refused at the request', async () => {
      for (const return_url of HOSTILE) {
        const answer = await flows.request({ return_url })
        expect([return_url, answer.status, answer.body.error]).toEqual([return_url, 400, 'invalid_return_url'])
      }
      expect((await flows.request({ return_url: 'https://a.ex.org/x' })).status).toBe(201)
    })

    test('is sent nowhere that is on no list when they come back, however it came out', async () => {
      for (const return_url of HOSTILE)
        for (const how of ['success', 'denied'] as const) {
          const { body } = await flows.request({ return_url: RETURN_URL })
          await server.deps.db.write(({ trx }) =>
            trx
              .updateTable('connection_flow')
              .set({ return_url })
              .where('connection_id', '=', body.connection_id)
              .execute(),
          )
          const consented = idp.consent(body.authUrl)
          const denied = { state: body.state, error: 'access_denied' }
          const answer = await flows.callback(how === 'success' ? consented : denied)
          expect([return_url, answer.status]).toEqual([return_url, how === 'success' ? 200 : 400])
          expect(answer.headers.get('location')).toBeNull()
          expect(answer.text).not.toMatch(/evil|alert/)
          expect(await statusOf(body.connection_id)).toBe(how === 'success' ? 'active' : 'failed')
        }
    })

    test('is sent nowhere that left the list meanwhile', async () => {
      const { body } = await flows.request({ return_url: 'https://a.ex.org/x' })
      const config = server.deps.config as { allowedReturnDomains: readonly string[] }
      const before = config.allowedReturnDomains
      config.allowedReturnDomains = ['app.example.com']
      const answer = await flows.callback(idp.consent(body.authUrl))
      config.allowedReturnDomains = before
      expect(answer.status).toBe(200)
      expect(answer.headers.get('location')).toBeNull()
      expect(await statusOf(body.connection_id)).toBe('active')
    })
  })

  test('of another organization finds nothing, nor does a stranger or a key without the scope', async () => {
    const { connection_id } = await flows.connect({})
    const mallory = await server.person({ name: 'Mallory', email: 'mallory@example.com' })
    const { body: elsewhere } = await mallory.send('POST', '/api/organizations', { name: 'Elsewhere' })
    await mallory.send('PUT', '/api/me/organization', { organization_id: elsewhere.organization_id ?? elsewhere.id })
    const theirs = (await mallory.send('POST', '/api/agents', { agent_name: 'M' })).body
    const theirToken = await server.tokenOf(theirs)
    const keyOf = async (scopes: string[]) =>
      (await mallory.send('POST', '/api/api-keys', { name: 'k', scopes })).body.api_key
    const theirKey = await keyOf(['connections'])
    for (const credential of [theirToken, theirKey])
      for (const [method, path] of [
        ['GET', '/v1/check-connection/'],
        ['GET', '/v1/token/'],
        ['POST', '/v1/refresh/'],
        ['DELETE', '/v1/connections/'],
        ['GET', '/v1/proxy/'],
      ] as const) {
        const foreign = await server.call(method, `${path}${connection_id}`, { token: credential })
        const unknown = await server.call(method, `${path}conn_00000000000000000000000000`, { token: credential })
        expect([method, path, foreign.status, foreign.text]).toEqual([method, path, 404, unknown.text])
      }
    const asked = { user_id: 'ada', provider_name: 'idp', connection_id }
    expect((await server.call('POST', '/v1/request-connection', { token: theirToken, body: asked })).status).toBe(404)
    expect((await server.call('GET', '/v1/connections', { token: theirToken })).body.data).toEqual([])
    const keyless = await keyOf(['agent-fuel'])
    expect((await server.call('GET', '/v1/connections', { token: keyless })).status).toBe(403)
    expect((await server.call('GET', `/v1/check-connection/${connection_id}`)).status).toBe(401)
    expect(await statusOf(connection_id)).toBe('active')
  })

  test('who is another agent of the organization cannot end a connection, nor take it over', async () => {
    const { connection_id } = await flows.connect({})
    const colleague = await server.makeAgent('grace@example.com')
    const call = (method: string, path: string, body?: object) =>
      server.call(method, path, { token: colleague.token, body })
    expect((await call('GET', `/v1/check-connection/${connection_id}`)).status).toBe(200)
    expect((await call('DELETE', `/v1/connections/${connection_id}`)).status).toBe(403)
    const asked = { user_id: 'ada', provider_name: 'idp', connection_id }
    expect((await call('POST', '/v1/request-connection', asked)).status).toBe(403)
  })

  test('finds no secret in the log, whatever the provider echoes', async () => {
    await flows.connect({ return_url: RETURN_URL })
    idp.behaviour.tokenStatus = 400
    idp.behaviour.token = { error: 'invalid_request', error_description: 'bad: access-canary-9 secret-canary' }
    await flows.connect({ return_url: RETURN_URL })
    idp.behaviour.tokenText = 'access-canary-9 secret-canary'
    await flows.connect({ return_url: RETURN_URL })
    const log = server.logged.join('\n')
    for (const canary of ['access-canary', 'refresh-canary', 'secret-canary', 'code-canary'])
      for (const written of [canary, Buffer.from(canary).toString('base64').slice(0, -4)])
        expect(log).not.toContain(written)
  })

  test('is answered bad requests without a 500', async () => {
    for (const body of [
      {},
      { user_id: 'u' },
      { user_id: 'u', provider_name: 'nobody' },
      { user_id: 'u', provider_name: 'openai' },
      { user_id: 'u', provider_name: 'google' },
      { user_id: 'u', provider_name: 'idp', scopes: 7 },
      { user_id: 'u', provider_name: 'idp', scopes: ['with space'] },
      { user_id: '', provider_name: 'idp' },
      { user_id: 'u'.repeat(201), provider_name: 'idp' },
      { user_id: 'u', provider_name: '__proto__' },
      { user_id: 'u', provider_name: 'constructor' },
    ]) {
      const answer = await server.call('POST', '/v1/request-connection', { token, body })
      expect([body, answer.status, answer.body.error]).toEqual([body, 422, 'validation_failed'])
    }
    expect((await server.call('GET', '/auth/callback/%00?state=%00', {})).status).toBe(400)
  })
})

/** For `app.example.com` and `*.ex.org`. */
const HOSTILE = [
  'https://app.example.com.evil.io',
  'https://app.example.com@evil.io',
  'https://app.example.com:x@evil.io/',
  'https://@app.example.com/',
  '//evil.io',
  'https:\\\\evil.io',
  'https://evil.io\\@app.example.com',
  'https:/evil.io',
  'javascript:alert(1)//app.example.com',
  'data:text/html,app.example.com',
  'http://app.example.com',
  'https://app.example.com:8443/',
  'https://ex.org',
  'https://evilex.org',
  'https://.ex.org',
  'https://app.example.com.',
  'https://a.ex.org./',
  'https://app.example.com/%0d%0aSet-Cookie:x',
  'https://app.example.com/%0A',
  'https://app.example.com/\r\nx',
  ' https://app.example.com/',
  'https://аpp.example.com',
  'https://app。example.com',
  'https://xn--pp-6cd.example.com',
  'https://localhost/',
  'http://127.0.0.1/',
  '/done',
  'app.example.com',
  `https://app.example.com/${'x'.repeat(2100)}`,
]

test('in production, where no return_url is listed, none is taken', async () => {
  const idp = await startIdentityProvider(CLIENT_ID)
  const server = await startConnections('sqlite', { NODE_ENV: 'production' })
  await server.admin('POST', '/providers', { name: 'idp', issuer: idp.issuer, client_id: CLIENT_ID })
  const flows = connectionsOf(server, idp, (await server.makeAgent()).token)
  for (const return_url of [...HOSTILE, RETURN_URL, 'http://localhost:3000/', `${ISSUER}/`, `${ISSUER}/console`, '']) {
    const { status, body } = await flows.request({ return_url })
    expect([return_url, status, body.error]).toEqual([return_url, 400, 'invalid_return_url'])
  }
  expect((await flows.request({})).status).toBe(201)
  await server.stop()
  await idp.stop()
})

describe('a return_url', () => {
  test('goes nowhere when the list is empty', () => {
    const rules = { allowedReturnDomains: [], enforceReturnUrl: true, issuer: ISSUER }
    for (const url of ['https://app.example.com', 'http://localhost:3000', ISSUER])
      expect(isAllowedReturnUrl(rules, url)).toBe(false)
  })

  test('may be on loopback where the list says so, with any port', () => {
    const rules = { allowedReturnDomains: ['localhost'], enforceReturnUrl: true, issuer: ISSUER }
    expect(isAllowedReturnUrl(rules, 'http://localhost:3000/x')).toBe(true)
    expect(isAllowedReturnUrl(rules, 'http://127.0.0.1:3000/x')).toBe(false)
  })

  test('is http or https even where the list is not enforced', () => {
    const rules = { allowedReturnDomains: [], enforceReturnUrl: false, issuer: ISSUER }
    expect(isAllowedReturnUrl(rules, 'https://anything.example/x')).toBe(true)
    for (const url of ['javascript:alert(1)', '//evil.io', 'https://a@evil.io'])
      expect(isAllowedReturnUrl(rules, url)).toBe(false)
  })

  test('that is allowed leads to an allowed host, by every parser', () => {
    const part = fc.oneof(
      fc.constantFrom(...HOSTILE, 'https://app.example.com', '@', '\\', '/', ':', '#', '?', '.'),
      fc.string(),
    )
    fc.assert(
      fc.property(fc.array(part, { maxLength: 4 }), (parts) => {
        const url = parts.join('')
        if (!isAllowedReturnUrl(RULES, url)) return
        const { protocol, hostname, username, port } = new URL(url)
        expect([protocol, username, port]).toEqual(['https:', '', ''])
        expect(hostname === 'app.example.com' || hostname.endsWith('.ex.org')).toBe(true)
        expect(/^https:\/\/([^/?#]*)/.exec(url)?.[1]?.toLowerCase().replace(/:443$/, '')).toBe(hostname)
      }),
      { numRuns: 2000 },
    )
  })

  test('keeps its query and fragment when it is told the outcome', () => {
    const told = { status: 'error', error: 'a b&c' }
    expect(withParameters('https://a.b/?x=%20#f?g', told)).toBe('https://a.b/?x=%20&status=error&error=a%20b%26c#f?g')
    expect(withParameters('https://a.b', told)).toBe('https://a.b?status=error&error=a%20b%26c')
    expect(withParameters('https://a.b/?', told)).toBe('https://a.b/?status=error&error=a%20b%26c')
  })
})
