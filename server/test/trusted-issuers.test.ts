import { createPublicKey, generateKeyPairSync, sign } from 'node:crypto'
import { SignJWT, UnsecuredJWT } from 'jose'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createApp } from '../src/app.ts'
import type { OutsidePrincipal } from '../src/context.ts'
import { createLogger } from '../src/http/log.ts'
import { openWorld } from '../src/world.ts'
import { type Answer, answerOf, DATABASES, type DatabaseKind, ISSUER, startServer, type TestServer } from './harness.ts'
import {
  type Claims,
  newSigningKey,
  type OutsideIssuer,
  type SigningKey,
  startOutsideIssuer,
} from './outside-issuer.ts'
import { bearer } from './tenancy.ts'

const AUDIENCE = 'https://models.example/'

let acme: OutsideIssuer
let globex: OutsideIssuer
let server: TestServer

/** What the door made of a caller, by a route that is there in these tests alone. */
const WHO = '/v1/who-am-i'
function tellWho(app: TestServer['app']): void {
  app.get(WHO, (c) => c.json(c.get('principal')))
}

async function start(kind: DatabaseKind = 'sqlite', settings: object = {}, env: Record<string, string> = {}) {
  const trusted = [acme, globex].map(({ origin }) => ({ issuer: origin, jwks_uri: `${origin}/jwks`, ...settings }))
  server = await startServer(kind, { TRUSTED_ISSUERS: JSON.stringify(trusted), ...env })
  tellWho(server.app)
}

let keys: SigningKey[]
beforeAll(async () => {
  keys = [await newSigningKey('k1'), await newSigningKey('k1')]
})
beforeEach(async () => {
  const [one, other] = keys as [SigningKey, SigningKey]
  acme = await startOutsideIssuer(one)
  globex = await startOutsideIssuer(other)
})
afterEach(async () => {
  await server?.stop()
  await acme.stop()
  await globex.stop()
})

const tokenOf = (claims: Claims = {}, issuer = acme) => issuer.token(server.deps.now(), claims)
const call = (token: string, path = WHO): Promise<Answer> => server.request(path, { headers: bearer(token) })
const statusOf = async (token: string) => (await call(token)).status
async function principalOf(claims: Claims = {}, issuer = acme): Promise<OutsidePrincipal> {
  const answer = await call(await tokenOf(claims, issuer))
  expect([answer.status, answer.body.kind]).toEqual([200, 'outside'])
  return answer.body
}

describe('a token of a trusted issuer', () => {
  beforeEach(() => start())

  test('says who is calling, from where, and what they are there', async () => {
    const claims = { org_id: 'org_01', role: 'member', permissions: ['models:use'], email: 'ada@acme.example' }
    expect(await principalOf(claims)).toEqual({
      kind: 'outside',
      id: expect.stringMatching(/^user_[0-9a-z]{26}$/),
      orgId: expect.stringMatching(/^org_[0-9a-z]{26}$/),
      role: 'member',
      permissions: ['models:use'],
      issuer: acme.origin,
      subject: 'user_01',
      email: 'ada@acme.example',
    })
  })

  test('may come as X-API-Key too', async () => {
    const headers = { 'x-api-key': await tokenOf() }
    expect((await server.request(WHO, { headers })).status).toBe(200)
  })

  test('may be typed as what it is', async () => {
    for (const typ of ['JWT', 'at+jwt', 'application/at+JWT'])
      expect([typ, await statusOf(await acme.token(server.deps.now(), {}, { typ }))]).toEqual([typ, 200])
  })

  test('may be for us, where nobody said what is made for us', async () => {
    for (const aud of [ISSUER, [ISSUER, 'https://other.example']])
      expect([aud, await statusOf(await tokenOf({ aud }))]).toEqual([aud, 200])
  })

  test('names who impersonates them', async () => {
    expect((await principalOf({ act: { sub: 'admin_01' } })).impersonator).toBe('admin_01')
    expect((await principalOf({ act: 'somebody' })).impersonator).toBe('unknown')
  })

  test.each([
    [undefined, 'viewer'],
    ['admin', 'admin'],
    ['member', 'member'],
    ['Admin', 'viewer'],
    ['constructor', 'viewer'],
    ['__proto__', 'viewer'],
    [['viewer', 'member'], 'member'],
    [['x', 'admin', 'member'], 'admin'],
    [7, 'viewer'],
    [{ admin: true }, 'viewer'],
  ])('with the role %j has the role %s here', async (said, role) => {
    expect((await principalOf({ role: said })).role).toBe(role)
  })

  test('is good for half a minute longer, and half a minute before', async () => {
    const now = Math.floor(server.deps.now() / 1000)
    expect(await statusOf(await tokenOf({ exp: now - 29 }))).toBe(200)
    expect(await statusOf(await tokenOf({ exp: now - 30 }))).toBe(401)
    expect(await statusOf(await tokenOf({ nbf: now + 30 }))).toBe(200)
    expect(await statusOf(await tokenOf({ nbf: now + 31 }))).toBe(401)
    const token = await tokenOf()
    server.wait(329)
    expect(await statusOf(token)).toBe(200)
    server.wait(1)
    expect(await statusOf(token)).toBe(401)
  })
})

describe('what is no token of a trusted issuer is 401', () => {
  beforeEach(() => start())

  const refusals: Record<string, () => Promise<string> | string> = {
    'alg none': () => new UnsecuredJWT({ iss: acme.origin, sub: 'user_01', exp: 2e9 }).encode(),
    'HS256 with the public key as PEM': async () => {
      const jwk = acme.key.publicJwk
      const pem = createPublicKey({ key: jwk as never, format: 'jwk' }).export({ type: 'spki', format: 'pem' })
      return hs256(Buffer.from(String(pem)))
    },
    'HS256 with a secret that the issuer publishes': () => {
      acme.published.push({ kty: 'oct', k: Buffer.alloc(32).toString('base64url'), kid: 'k2', alg: 'HS256' })
      return hs256(Buffer.alloc(32), 'k2')
    },
    'another key under the same id': async () =>
      acme.token(server.deps.now(), {}, {}, await newSigningKey(acme.key.kid)),
    'the key of another trusted issuer': () => acme.token(server.deps.now(), {}, {}, globex.key),
    'the name of another trusted issuer': () => tokenOf({ iss: globex.origin }),
    'an issuer that nobody trusts': () => tokenOf({ iss: 'https://evil.example' }),
    'the issuer with a slash': () => tokenOf({ iss: `${acme.origin}/` }),
    'the issuer in capitals': () => tokenOf({ iss: acme.origin.toUpperCase() }),
    'no issuer': () => tokenOf({ iss: undefined }),
    'our own name as the issuer': () => tokenOf({ iss: ISSUER }),
    'no end': () => tokenOf({ exp: undefined }),
    'an end that is no number': () => tokenOf({ exp: 'later' }),
    'no subject': () => tokenOf({ sub: undefined }),
    'an empty subject': () => tokenOf({ sub: '' }),
    'a subject with a NUL': () => tokenOf({ sub: 'user\0' }),
    'a subject that no database holds as it is': () => tokenOf({ sub: 'user\ud800' }),
    'a subject that is no text': () => tokenOf({ sub: 7 }),
    'an endless subject': () => tokenOf({ sub: 'x'.repeat(256) }),
    'an organization that is no text': () => tokenOf({ org_id: { id: 'org_01' } }),
    'an organization with a NUL': () => tokenOf({ org_id: 'org\0' }),
    'somebody else’s audience': () => tokenOf({ aud: 'https://other.example' }),
    'an extension that must be understood': () =>
      new SignJWT({ iss: acme.origin, sub: 'user_01', exp: 2e9, 'urn:x': 1 })
        .setProtectedHeader({ alg: 'RS256', kid: 'k1', crit: ['urn:x'], 'urn:x': 1 } as never)
        .sign(acme.key.privateKey, { crit: { 'urn:x': true } } as never),
    'the type of another use': () => acme.token(server.deps.now(), {}, { typ: 'logout+jwt' }),
    'more than 8 KB': () => tokenOf({ padding: 'x'.repeat(6200) }),
    'a payload that is no JSON': () =>
      `${part({ alg: 'RS256', kid: 'k1' })}.${Buffer.from('{').toString('base64url')}.x`,
    'a signature that is none': async () => `${(await tokenOf()).split('.').slice(0, 2).join('.')}.AAAA`,
    'a changed payload': async () => {
      const [header, , signature] = (await tokenOf()).split('.')
      return `${header}.${part({ iss: acme.origin, sub: 'user_02', exp: 2e9 })}.${signature}`
    },
  }

  test.each(Object.keys(refusals))('%s', async (kind) => {
    const answer = await call((await refusals[kind]?.()) ?? '')
    expect([kind, answer.status, answer.body.error.code]).toEqual([kind, 401, 'invalid_api_key'])
    expect(await server.deps.db.read.selectFrom('outside_identity').selectAll().execute()).toEqual([])
    expect(await statusOf(await tokenOf())).toBe(200)
  })

  test('a key that is too weak', async () => {
    const weak = generateKeyPairSync('rsa', { modulusLength: 1024 })
    acme.published = [
      { ...(weak.publicKey.export({ format: 'jwk' }) as object), kty: 'RSA', kid: 'weak', alg: 'RS256' },
    ]
    const input = `${part({ alg: 'RS256', kid: 'weak' })}.${part({ iss: acme.origin, sub: 'user_01', exp: 2e9 })}`
    expect(
      await statusOf(`${input}.${sign('sha256', Buffer.from(input), weak.privateKey).toString('base64url')}`),
    ).toBe(401)
  })

  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const hs256 = (secret: Uint8Array, kid = 'k1') =>
    new SignJWT({ iss: acme.origin, sub: 'user_01', exp: 2e9 }).setProtectedHeader({ alg: 'HS256', kid }).sign(secret)
})

describe('an issuer may be told apart by more', () => {
  test('an audience that is set must be there', async () => {
    await start('sqlite', { audience: AUDIENCE })
    for (const [aud, status] of [
      [AUDIENCE, 200],
      [['x', AUDIENCE], 200],
      [undefined, 401],
      ['', 401],
      [[], 401],
      [ISSUER, 401],
      ['https://models.example', 401],
    ] as const)
      expect([aud, await statusOf(await tokenOf({ aud: aud as string }))]).toEqual([aud, status])
  })

  test('by its own claims, roles and algorithms', async () => {
    const roles = { owner: 'admin', org_viewer: 'viewer' }
    await start('sqlite', {
      role_claim: 'https://acme.example/role',
      org_claim: 'tenant',
      roles,
      default_role: 'member',
      algorithms: ['RS256'],
    })
    const roleOf = async (said: unknown) => (await principalOf({ 'https://acme.example/role': said })).role
    expect([await roleOf('owner'), await roleOf('org_viewer'), await roleOf('admin')]).toEqual([
      'admin',
      'viewer',
      'member',
    ])
    const [one, other, none] = [
      await principalOf({ tenant: 'a' }),
      await principalOf({ tenant: 'b' }),
      await principalOf(),
    ]
    expect(new Set([one, other, none].map(({ orgId }) => orgId)).size).toBe(3)
    const curve = await newSigningKey('k2', 'ES256')
    acme.published.push(curve.publicJwk)
    expect(await statusOf(await acme.token(server.deps.now(), {}, {}, curve))).toBe(401)
  })

  test.each(['PS256', 'ES256', 'ES384', 'EdDSA'])('%s is taken unless it says otherwise', async (alg) => {
    await start()
    const key = await newSigningKey('k2', alg)
    acme.published.push(key.publicJwk)
    expect(await statusOf(await acme.token(server.deps.now(), {}, {}, key))).toBe(200)
  })

  test('AuthKit’s sessions are known by their application', async () => {
    await start('sqlite', {}, { WORKOS_CLIENT_ID: 'client_01', AUTHKIT_JWKS_URL: `${acme.origin}/sso/jwks/client_01` })
    const long = 'https://api.workos.com/user_management/client_01'
    const claims = { org_id: 'org_01', role: 'member', permissions: [], entitlements: [] }
    const one = await principalOf({ ...claims, iss: long })
    // The same people, however their issuer is written.
    expect(await principalOf({ ...claims, iss: 'https://api.workos.com' })).toEqual(one)
    expect(one).toMatchObject({ issuer: long, role: 'member' })
    expect((await principalOf({ iss: long, aud: 'client_01' })).id).toBe(one.id)
    for (const changes of [
      { iss: 'https://api.workos.com/user_management/client_02' },
      { iss: 'https://api.workos.com/' },
      { iss: long, aud: 'client_02' },
    ])
      expect([changes, await statusOf(await tokenOf(changes))]).toEqual([changes, 401])
  })
})

describe('the keys of an issuer', () => {
  beforeEach(() => start())
  const unknownKey = async () => acme.token(server.deps.now(), {}, { kid: `made-up-${Math.random()}` })
  const together = async (times: number, token: () => Promise<string>) =>
    Promise.all((await Promise.all(Array.from({ length: times }, () => token()))).map(statusOf))

  test('are asked for once by a hundred callers', async () => {
    acme.delayMs = 20
    expect(new Set(await together(100, tokenOf))).toEqual(new Set([200]))
    expect(acme.asked).toBe(1)
  })

  test('are asked for again when there is a new one, once for all who bring it', async () => {
    expect(await statusOf(await tokenOf())).toBe(200)
    await acme.rotate('k2')
    acme.delayMs = 20
    expect(new Set(await together(100, tokenOf))).toEqual(new Set([200]))
    expect(acme.asked).toBe(2)
  })

  test('are asked for once in half a minute, whatever ids are made up', async () => {
    acme.delayMs = 20
    expect(new Set(await together(100, unknownKey))).toEqual(new Set([401]))
    expect(acme.asked).toBe(1)
    expect(new Set(await together(100, unknownKey))).toEqual(new Set([401]))
    expect(new Set(await together(100, unknownKey))).toEqual(new Set([401]))
    expect(acme.asked).toBe(2)
    server.wait(29)
    expect(new Set(await together(100, unknownKey))).toEqual(new Set([401]))
    expect(acme.asked).toBe(2)
    server.wait(1)
    expect(new Set(await together(100, unknownKey))).toEqual(new Set([401]))
    expect(acme.asked).toBe(3)
  })

  test('that were taken back are refused after ten minutes', async () => {
    const left = acme.key
    expect(await statusOf(await tokenOf())).toBe(200)
    await acme.rotate('k2')
    const late = () => acme.token(server.deps.now(), {}, {}, left)
    server.wait(599)
    expect(await statusOf(await late())).toBe(200)
    server.wait(1)
    expect(await statusOf(await late())).toBe(401)
    expect(acme.asked).toBe(2)
  })

  test('are good for a day while it is out; one that it may have is 503', async () => {
    expect(await statusOf(await tokenOf())).toBe(200)
    acme.down = { status: 503, body: '' }
    for (let hour = 0; hour < 23; hour++) {
      server.wait(3600)
      expect(new Set(await together(10, tokenOf))).toEqual(new Set([200]))
      const unknown = await call(await unknownKey())
      expect([unknown.status, unknown.body.error.code]).toEqual([503, 'temporarily_unavailable'])
      expect(unknown.headers.get('retry-after')).toBe('30')
    }
    expect(acme.asked).toBe(1 + 23)
    server.wait(3600)
    expect(await statusOf(await tokenOf())).toBe(503)
    acme.down = undefined
    expect(await statusOf(await tokenOf())).toBe(503)
    server.wait(30)
    expect(await statusOf(await tokenOf())).toBe(200)
    expect(await statusOf(await unknownKey())).toBe(401)
  })

  test('just read, and out since: a key that it may have is 503, and known ones serve', async () => {
    expect(await statusOf(await tokenOf())).toBe(200)
    acme.down = { status: 500, body: '' }
    expect(new Set(await together(100, unknownKey))).toEqual(new Set([503]))
    expect(await statusOf(await tokenOf())).toBe(200)
    expect(acme.asked).toBe(2)
    expect(server.logged.join()).toContain('the keys of a trusted issuer could not be read')
  })

  test.each([
    ['hang up' as const],
    [{ status: 500, body: '{"keys":[]}' }],
    [{ status: 302, body: '{"keys":[]}' }],
    [{ status: 200, body: '<html>' }],
    [{ status: 200, body: 'null' }],
    [{ status: 200, body: '{"keys":7}' }],
    [{ status: 200, body: JSON.stringify({ keys: [], padding: 'x'.repeat(300_000) }) }],
  ])('that were never read are 503, not 401: %#', async (down) => {
    acme.down = down
    expect(new Set(await together(20, tokenOf))).toEqual(new Set([503]))
    expect(acme.asked).toBe(1)
    // Others have nothing to do with it.
    expect(await statusOf(await tokenOf({}, globex))).toBe(200)
  })

  test('are not asked for by what is refused at sight', async () => {
    const { exp: _, ...claims } = { iss: acme.origin, sub: 'user_01', exp: 2e9 }
    const hs256 = await new SignJWT(claims).setProtectedHeader({ alg: 'HS256', kid: 'x' }).sign(Buffer.alloc(32))
    expect(await statusOf(hs256)).toBe(401)
    expect(await statusOf(new UnsecuredJWT(claims).encode())).toBe(401)
    expect(await statusOf(await tokenOf({ padding: 'x'.repeat(7000) }))).toBe(401)
    expect(acme.asked).toBe(0)
  })
})

describe.each(DATABASES)('people of a trusted issuer, on %s', (kind) => {
  beforeEach(() => start(kind))
  const rows = (table: 'person' | 'organization' | 'outside_identity' | 'membership') =>
    server.deps.db.read.selectFrom(table).selectAll().execute()

  test('are one person each, however many of their calls come first, in however many processes', async () => {
    const other = await openWorld(server.config, {
      now: server.deps.now,
      log: createLogger('silent'),
    })
    const app = createApp(other.deps)
    tellWho(app)
    const token = await tokenOf({ org_id: 'org_01' })
    const asOther = async () => answerOf(await app.request(`${ISSUER}${WHO}`, { headers: bearer(token) }))
    const before = { persons: (await rows('person')).length, organizations: (await rows('organization')).length }
    const answers = await Promise.all(Array.from({ length: 50 }, (_, at) => (at % 2 ? asOther() : call(token))))
    await other.close()
    expect(new Set(answers.map(({ status, body }) => `${status} ${body.id} ${body.orgId}`)).size).toBe(1)
    expect(answers[0]?.status).toBe(200)
    expect(await rows('person')).toHaveLength(before.persons + 1)
    expect(await rows('organization')).toHaveLength(before.organizations + 1)
    const { body } = await server.admin('GET', '/audit-log?action=person.vouched_for')
    expect(body.data).toHaveLength(1)
    expect(body.data[0]).toMatchObject({
      actor: answers[0]?.body.id,
      detail: { issuer: acme.origin, subject: 'user_01' },
    })
    expect((await server.admin('GET', '/audit-log/verify')).body).toMatchObject({ valid: true })
  })

  test('stay who they are, and are others at another issuer', async () => {
    const one = await principalOf({ email: 'ada@acme.example' })
    expect((await principalOf({ email: 'other@acme.example', role: 'admin' })).id).toBe(one.id)
    const same = await principalOf({ email: 'ada@acme.example' }, globex)
    expect(same.id).not.toBe(one.id)
    expect(same.orgId).not.toBe(one.orgId)

    const given = await server.admin('POST', `/users/${one.id}/credits`, { amount_cents: 500, reason: 'test' })
    expect([given.status, given.body.credits]).toEqual([201, 500])
    const balances = await server.deps.db.read.selectFrom('balance').selectAll().execute()
    expect(balances.map(({ user_id }) => user_id)).toEqual([one.id])
  })

  test('share an organization where their issuer says so', async () => {
    const orgOf = async (claims: Claims, issuer = acme) => (await principalOf(claims, issuer)).orgId
    const org = await orgOf({ org_id: 'org_01' })
    expect(await orgOf({ sub: 'user_02', org_id: 'org_01' })).toBe(org)
    const apart = [
      org,
      await orgOf({ org_id: 'org_02' }),
      await orgOf({ org_id: 'org_01' }, globex),
      await orgOf({}),
      await orgOf({ sub: 'user_02' }),
      // Nobody gets into another's by what they are called.
      await orgOf({ sub: 'user_03', org_id: 'user_02' }),
      await orgOf({ sub: 'user_03', org_id: 'sub:user_02' }),
      await orgOf({ sub: 'org:org_01' }),
      await orgOf({ sub: 'user_03', org_id: server.deps.orgId }),
      server.deps.orgId,
    ]
    expect(new Set(apart).size).toBe(apart.length)
    expect((await principalOf({ org_id: '' })).orgId).toBe(await orgOf({ org_id: null }))
    expect((await principalOf({ org_id: 'org_02' })).id).toBe((await principalOf({ org_id: 'org_01' })).id)
  })

  test('are nobody who signs in here, whatever address their issuer says', async () => {
    const ada = await server.person({ name: 'Ada', email: 'ada@acme.example' })
    const members = await rows('membership')
    const outside = await principalOf({ email: 'ada@acme.example', email_verified: true, name: 'Ada', role: 'admin' })
    expect(outside.id).not.toBe(ada.id)
    expect(await rows('membership')).toEqual(members)

    const { data } = (await server.admin('GET', '/users')).body
    const listed = data.find(({ id }: { id: string }) => id === outside.id)
    expect(listed).toMatchObject({ name: 'Ada', email: `${acme.origin}|user_01`, registered: false, role: null })
    // What stands in the place of an address is none that anybody could prove.
    const body = { name: 'Eve', email: listed.email, password: 'correct horse battery' }
    expect((await server.postJson('/api/auth/sign-up/email', body)).status).toBe(422)
    expect((await server.admin('POST', '/agents', { user_email: listed.email, user_name: 'Eve' })).status).toBe(422)
  })
})

describe('what it opens', () => {
  beforeEach(() => start())
  const send = async (method: string, path: string, claims: Claims = { role: 'admin' }) =>
    server.request(path, {
      method,
      headers: { ...bearer(await tokenOf(claims)), 'content-type': 'application/json' },
      ...(!['GET', 'HEAD'].includes(method) && { body: '{}' }),
    })

  test('nothing of an organization: below /api, everything that asks for a person refuses it', async () => {
    const routes = server.app.routes.filter(({ method, path }) => method !== 'ALL' && path.startsWith('/api/'))
    const own = /^\/api\/(usage|payment-method|provider-keys)(\/|$)/
    const refused = []
    for (const { method, path } of routes) {
      if (own.test(path)) continue
      const anonymous = await server.request(path.replace(/:\w+/g, 'x'), { method })
      if (anonymous.status !== 401) continue
      const { status } = await send(method, path.replace(/:\w+/g, 'x'))
      // Some take no bearer at all.
      expect([method, path, [401, 403].includes(status)]).toEqual([method, path, true])
      if (status === 403) refused.push(`${method} ${path}`)
    }
    expect(refused.length).toBeGreaterThan(40)
    expect(refused).toContain('GET /api/agents')
    expect(refused).toContain('GET /api/admin/agents')
    expect((await send('GET', '/api/nothing')).status).toBe(403)
  })

  test('their own budget', async () => {
    for (const [method, path] of [
      ['GET', '/api/usage'],
      ['GET', '/api/usage/receipts.csv'],
      ['GET', '/api/payment-method'],
      ['GET', '/api/provider-keys'],
      ['GET', '/api/provider-keys/openai'],
    ] as const)
      expect([path, [401, 403].includes((await send(method, path)).status)]).toEqual([path, false])
    for (const path of [
      '/api/usage/x',
      '/api/usage/receipts/x',
      '/api/provider-keys/a/b',
      '/api/usages',
      '/api/x/usage',
    ])
      expect([path, (await send('GET', path)).status]).toEqual([path, 403])
  })

  test('no connections', async () => {
    const paths = server.app.routes
      .filter(({ path }) =>
        /^\/(v1\/(request-connection|check-connection|connections|token|refresh|proxy)|mcp)(\/|$)/.test(path),
      )
      .filter(({ method, path }) => method !== 'ALL' || path.startsWith('/v1/proxy/'))
      .map(({ method, path }) => [method === 'ALL' ? 'GET' : method, path.replace(/:\w+|\*/g, 'x')] as const)
    expect(paths.length).toBeGreaterThan(7)
    for (const [method, path] of paths) {
      const body = {
        user_id: 'ada',
        provider_name: 'x',
        scopes: [],
        return_url: 'http://localhost/',
        session_verifier: 'x'.repeat(43),
      }
      const answer = await server.request(path, {
        method,
        headers: { ...bearer(await tokenOf({ role: 'admin' })), 'content-type': 'application/json' },
        ...(method === 'POST' && { body: JSON.stringify(body) }),
      })
      expect([method, path, answer.status]).toEqual([method, path, 403])
    }
  })
})
