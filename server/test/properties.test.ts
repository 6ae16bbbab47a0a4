import { createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { derToRaw, sha256 } from '../src/crypto/jws.ts'
import { createKeyRing } from '../src/crypto/key-ring.ts'
import { createRandom } from '../src/crypto/random.ts'
import { ApiError } from '../src/http/errors.ts'
import { decodePairs, formOf } from '../src/http/form.ts'
import { topLevelKeys } from '../src/http/json.ts'
import { isCodeChallenge, verifyChallenge } from '../src/identity/pkce.ts'
import { isRegisteredRedirectUri } from '../src/identity/redirect-uri.ts'
import { requestedScope } from '../src/identity/scope.ts'
import {
  ADMIN_KEY,
  type AgentCredentials,
  type Answer,
  authorizePath,
  basic,
  CALLBACK,
  type Credentials,
  claimsOf,
  DATABASES,
  ISSUER,
  locationOf,
  newPkce,
  secretPost,
  startServer,
  type TestServer,
} from './harness.ts'

/** Any text that can be sent as UTF-8 and kept: all of Unicode but NUL. */
const anyText = fc.string({ unit: 'binary' }).map((text) => text.replaceAll('\0', ''))
const HOSTILE = [
  '',
  ' ',
  '\0',
  'a\0b',
  '\ud800',
  '\udfff\ud800',
  '\u202e',
  '\u2028',
  '__proto__',
  'constructor',
  'toString',
  "' or 1=1 --",
  '<script>alert(1)</script>',
  '../../etc/passwd',
  '%00',
  '%',
  '{}',
  '[]',
  'null',
  '-1',
  '1e400',
  '9007199254740993',
  `${'9'.repeat(400)}`,
  'x'.repeat(5000),
  'agent_',
  'rt_',
  'code_',
  'sk-aa-v1-',
  'eyJhbGciOiJub25lIn0.e30.',
  'eyJ0eXAiOiJhdCtqd3QiLCJraWQiOiJ4In0.bnVsbA.eA',
  's1.m1.x.y',
]
const hostile = fc.oneof(fc.constantFrom(...HOSTILE), fc.string({ unit: 'binary' }), fc.string())
const PARAMETERS = [
  'response_type client_id redirect_uri code_challenge code_challenge_method state scope nonce resource prompt max_age',
  'acr_values login_hint request request_uri response_mode grant_type code code_verifier refresh_token client_secret',
  'client_assertion client_assertion_type token token_type_hint request_id agent_id agent_secret agent_assertion model',
  'expected_client_id expected_origin via limit cursor actor action since until __proto__ constructor',
].flatMap((line) => line.split(' '))
const FIELDS = [
  'user_email user_name agent_name capabilities model allowed_clients allowed_scopes jwk min_level same_browser',
  'second_factor inbox secret_expires_in overlap client_name redirect_uris client_id grant_types scope subjects jwks',
  'jwks_uri resources token_endpoint_auth_method promotional_credits access_token_format resource_server __proto__',
].flatMap((line) => line.split(' '))

/** What may stand in a header. */
const latin1 = (text: string) => text.replace(/[^\x20-\x7e\x80-\xff]/g, '?').trim()

function deep(levels: number): string {
  return `${'{"a":['.repeat(levels)}1${']}'.repeat(levels)}`
}

describe.each(DATABASES)('whatever is sent, on %s', (database) => {
  let server: TestServer
  let client: Credentials
  let agent: AgentCredentials
  let routes: { method: string; path: string }[]
  /** Values that lead further in than chance would. */
  let known: string[]
  const [runs, few] = database === 'sqlite' ? [1500, 60] : [250, 15]

  beforeAll(async () => {
    server = await startServer(database, { PENDING_REQUESTS_PER_ADDRESS: '1000000', LOG_LEVEL: 'error' })
    client = await server.client({ grant_types: ['authorization_code', 'refresh_token', 'client_credentials'] })
    agent = await server.agent()
    routes = server.app.routes.filter(({ method }) => method !== 'ALL')
    const done = await server.code(client, agent)
    const tokens = (await server.exchange(client, done)).body
    known = [
      client.client_id,
      client.client_secret,
      agent.agent_id,
      agent.agent_secret,
      CALLBACK,
      done.requestId,
      done.code,
      done.verifier,
      tokens.access_token,
      tokens.id_token,
      newPkce().challenge,
      'code',
      'S256',
      'openid email',
      'none',
      'authorization_code',
      'refresh_token',
      'client_credentials',
      'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      ISSUER,
      '50',
      'required',
    ]
  })
  afterAll(() => server.stop())

  /** It is one of the answers that the contract knows. */
  function expectAnswer(answer: Answer, what: unknown): void {
    const told = `${answer.status} ${answer.text.slice(0, 300)} to ${JSON.stringify(what)?.slice(0, 2000)}`
    expect(answer.status, told).toBeLessThan(500)
    expect(answer.headers.get('x-request-id'), told).toMatch(/^[A-Za-z0-9_-]{8,128}$/)
    expect(answer.text, told).not.toMatch(/\n\s+at |\.ts:\d+/)
    if (answer.status < 400 || answer.text === '' || answer.headers.get('content-type')?.includes('text/html')) return
    const { error, jsonrpc } = answer.body
    // JSON-RPC 2.0 §5.1 counts its codes.
    if (jsonrpc === '2.0') {
      expect([typeof error.code, typeof error.message], told).toEqual(['number', 'string'])
      return
    }
    // Anthropic's shape has kinds in the place of codes.
    if (answer.body.type === 'error') {
      expect([error.type, error.message], told).toEqual([expect.stringMatching(/_error$/), expect.stringMatching(/\w/)])
      return
    }
    const { code, description } =
      typeof error === 'string'
        ? { code: error, description: answer.body.error_description }
        : { code: error.code, description: error.message }
    expect(code, told).toMatch(/^[a-z_]+$/)
    expect(description, told).toMatch(/\w/)
  }

  async function expectWorking(): Promise<void> {
    server.wait(61)
    expect((await server.tokens(client, agent)).access_token).toMatch(/^ey/)
  }

  const value = () => fc.oneof(hostile, fc.constantFrom(...known))
  const pairs = () => fc.array(fc.tuple(fc.oneof(fc.constantFrom(...PARAMETERS), hostile), value()), { maxLength: 8 })
  /** Mostly encoded rightly, at times not at all. */
  const encoded = () =>
    fc.oneof(
      pairs().map((all) => new URLSearchParams(all).toString()),
      pairs().map((all) => all.map((pair) => pair.join('=')).join('&')),
      fc
        .array(fc.constantFrom('%', '%0', '%00', '%zz', '%ff', '%ed%a0%80', '&', '=', '+', 'a', 'state', '%E2%82%AC'), {
          maxLength: 12,
        })
        .map((parts) => parts.join('')),
    )
  const json = () =>
    fc.oneof(
      fc.json(),
      fc
        .dictionary(fc.constantFrom(...PARAMETERS, ...FIELDS), value(), { maxKeys: 8 })
        .map((all) => JSON.stringify(all)),
      fc
        .dictionary(fc.constantFrom(...FIELDS), fc.oneof(fc.anything({ maxDepth: 2 }), fc.array(hostile)), {
          maxKeys: 6,
        })
        .map((all) =>
          JSON.stringify({
            user_email: 'a@b.example',
            user_name: 'A',
            client_name: 'C',
            redirect_uris: [CALLBACK],
            ...all,
          }),
        ),
      hostile,
    )
  const body = () => fc.oneof(encoded(), json(), fc.uint8Array({ maxLength: 200 }))
  const headers = () =>
    fc.record(
      {
        authorization: fc.oneof(
          fc.constantFrom(
            `Bearer ${ADMIN_KEY}`,
            basic(client.client_id, client.client_secret).authorization ?? '',
            basic(agent.agent_id, agent.agent_secret).authorization ?? '',
            'Basic',
            'Bearer',
            'Basic Og==',
          ),
          value().map((text) => latin1(`Bearer ${text}`)),
          value().map((text) => `Basic ${Buffer.from(text).toString('base64')}`),
          hostile.map(latin1),
        ),
        'content-type': fc.oneof(
          fc.constantFrom(
            'application/json',
            'application/x-www-form-urlencoded',
            'application/x-www-form-urlencoded;charset=latin1',
            'APPLICATION/JSON; charset=utf-8',
            'application/problem+json',
            'multipart/form-data; boundary=x',
            'text/plain',
          ),
          hostile.map(latin1),
        ),
        accept: fc.constantFrom('text/html', '*/*', 'application/json', ''),
        cookie: value().map((text) => latin1(`aa-request-x=${text}; =; a; aa-request-=.; ${text}`)),
        'x-api-key': value().map(latin1),
        'x-request-id': hostile.map(latin1),
        'x-auth-agent-poll': hostile.map(latin1),
        'if-none-match': hostile.map(latin1),
        'sec-fetch-site': fc.constantFrom('cross-site', 'same-origin', ''),
        'sec-fetch-dest': fc.constantFrom('document', 'iframe', ''),
        origin: fc.constantFrom('null', 'https://evil.example', ''),
        'access-control-request-method': fc.constantFrom('POST', ''),
      },
      { requiredKeys: [] },
    )

  test('no call breaks it', async () => {
    const METHODS = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS', 'PROPFIND', 'QUERY', 'FOO']
    const call = fc.record({
      route: fc.nat(),
      method: fc.option(fc.constantFrom(...METHODS)),
      id: fc.oneof(value().map(encodeSafely), fc.constantFrom('%', '%00', '%ff', '..', '.', '')),
      query: fc.option(encoded()),
      headers: headers(),
      body: body(),
    })
    await fc.assert(
      fc.asyncProperty(call, async ({ route, method, id, query, headers, body }) => {
        const at = routes[route % routes.length]
        if (!at) return
        const by = method ?? at.method
        // The admin key is among the headers: the two that the rest of these tests need stay as they are.
        const own = id === client.client_id || id === agent.agent_id
        const target = own && by !== 'GET' && by !== 'HEAD' ? 'nobody' : id
        const path = at.path.replace(/:\w+/g, target) + (query === null ? '' : `?${query.replaceAll('#', '%23')}`)
        const carriesBody = by !== 'GET' && by !== 'HEAD'
        const init = { method: by, headers, ...(carriesBody && { body: body as string }) }
        expectAnswer(await server.request(path, init as RequestInit), { path, ...init })
      }),
      { numRuns: runs },
    )
    await expectWorking()
  })

  test('no management call breaks it', async () => {
    const call = fc.record({ route: fc.nat(), id: fc.constantFrom(...known), query: encoded(), body: json() })
    await fc.assert(
      fc.asyncProperty(call, async ({ route, id, query, body }) => {
        const admin = routes.filter(({ method, path }) => path.startsWith('/api/admin/') && method !== 'DELETE')
        const at = admin[route % admin.length]
        if (!at || at.path.endsWith('disable')) return
        // The two that the rest of these tests need stay as they are.
        const own = id === client.client_id || id === agent.agent_id
        const path = at.path.replace(/:\w+/g, own && at.method !== 'GET' ? 'nobody' : encodeURIComponent(id))
        const init = {
          method: at.method,
          headers: { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json' },
          ...(at.method !== 'GET' && { body }),
        }
        const answer = await server.request(at.method === 'GET' ? `${path}?${query.replaceAll('#', '')}` : path, init)
        expectAnswer(answer, { path, ...init })
        if (answer.status === 422) expect(Object.keys(answer.body.fields).length).toBeGreaterThan(0)
      }),
      { numRuns: runs / 2 },
    )
    await expectWorking()
    expect((await server.admin('GET', '/audit-log/verify')).body).toMatchObject({ valid: true, faults: [] })
  })

  test('neither depth nor size breaks it', async () => {
    const admin = { authorization: `Bearer ${ADMIN_KEY}` }
    const bodies: [string, string][] = [
      ['application/json', deep(5_000)],
      ['application/json', deep(30_000)],
      ['application/json', '['.repeat(200_000)],
      ['application/json', `{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`],
      ['application/json', `{"user_email":"a@b.example","user_name":"A","jwk":${deep(20_000)}}`],
      ['application/json', `{"client_name":"C","redirect_uris":["${CALLBACK}"],"jwks":${deep(20_000)}}`],
      ['application/json', `{"x":"${'y'.repeat(1 << 20)}"}`],
      ['application/json', `{"x":1${'0'.repeat(100_000)}}`],
      ['application/json', `{${Array.from({ length: 20_000 }, (_, n) => `"k${n}":"v"`).join(',')}}`],
      ['application/x-www-form-urlencoded', 'a=b&'.repeat(1 << 18)],
      ['application/x-www-form-urlencoded', Array.from({ length: 30_000 }, (_, n) => `k${n}=v`).join('&')],
      ['application/x-www-form-urlencoded', `code=${'x'.repeat(250_000)}`],
      ['application/x-www-form-urlencoded', `scope=${'x+'.repeat(100_000)}`],
    ]
    // Some of these calls take: what they are made to is nobody else's.
    const [site, worker] = [await server.client(), await server.agent()]
    const writes = routes.filter(({ method }) => method === 'POST' || method === 'PUT')
    for (const { method, path } of writes)
      for (const [type, body] of bodies) {
        const init = { method, headers: { ...admin, 'content-type': type }, body }
        const answer = await server.request(
          path.replace(/:\w+/g, path.includes('/clients/') ? site.client_id : worker.agent_id),
          init,
        )
        expectAnswer(answer, { path, type, size: body.length, body: body.slice(0, 60) })
      }
    const scope = Array.from({ length: 4000 }, (_, n) => `x${n}`).join(' ')
    const long = await server.request(authorizePath(client.client_id, newPkce(), { scope }))
    expect(long.status).toBe(303)
    expect((long.headers.get('location') ?? '').length).toBeLessThan(8000)
    await expectWorking()
  }, 60_000)

  test('a state comes back as it was', async () => {
    const window = server.browser()
    await fc.assert(
      fc.asyncProperty(fc.oneof(anyText, fc.string({ minLength: 600, maxLength: 700 })), async (text) => {
        const state = text.replaceAll('\0', '') || 'x'
        const answer = await window.get(authorizePath(client.client_id, newPkce(), { state, prompt: 'none' }))
        expect(locationOf(answer).searchParams.get('state')).toBe(state)

        const { requestId } = await window.open(client.client_id, { state, nonce: state })
        await server.authenticate(requestId, agent)
        const back = await window.get(`/authorize/resume?request_id=${requestId}`)
        expect(locationOf(back).searchParams.get('state')).toBe(state)
        expect(new URL(back.headers.get('location') ?? '').hash).toBe('')
      }),
      { numRuns: few },
    )
  })

  test('two browsers and two agents get one sign-in for a request, at the browser that began it', async () => {
    const agents = [agent, await server.agent()]
    const at = fc.nat(5)
    const one = fc.nat(1)
    const times = fc.constantFrom(1, 1, 1, 2)
    const act: fc.Arbitrary<Act> = fc.oneof(
      { weight: 2, arbitrary: fc.record({ do: fc.constant('open'), browser: one, state: fc.nat(2) }) },
      { weight: 4, arbitrary: fc.record({ do: fc.constant('authenticate'), agent: one, request: at }) },
      {
        weight: 5,
        arbitrary: fc.record({ do: fc.constantFrom('resume', 'status'), stranger: fc.nat(3), request: at }),
      },
      { weight: 4, arbitrary: fc.record({ do: fc.constant('exchange'), code: at, times }) },
      { weight: 4, arbitrary: fc.record({ do: fc.constant('refresh'), token: at, times }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('revoke'), token: at }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('wait'), seconds: fc.constantFrom(1, 1, 31, 31, 61, 400) }) },
    )
    let bought = 0
    await fc.assert(
      fc.asyncProperty(fc.array(act, { minLength: 20, maxLength: 60, size: 'max' }), async (acts) => {
        const model = new SignIns(server, client, agents)
        for (const act of [...BEGIN, ...acts]) await model.act(act)
        await model.expectTruth()
        bought += model.bought
      }),
      { numRuns: few },
    )
    // Or the above would be true of nothing.
    expect(bought).toBeGreaterThan(few / 2)
  }, 60_000)
})

function encodeSafely(text: string): string {
  return encodeURIComponent(text.toWellFormed())
}

type Act =
  | { do: string; browser: number; state: number }
  | { do: string; agent: number; request: number }
  | { do: string; stranger: number; request: number }
  | { do: string; code: number; times: number }
  | { do: string; token: number; times: number }
  | { do: string; token: number }
  | { do: string; seconds: number }

/** A way in for what comes by chance. */
const BEGIN: Act[] = [
  { do: 'open', browser: 0, state: 0 },
  { do: 'authenticate', agent: 0, request: 0 },
  { do: 'status', stranger: 1, request: 0 },
]

interface Begun {
  id: string
  browser: number
  verifier: string
  /** Who signed in: the first to be told so. */
  agent?: string
  /** Sign-ins that it led to. */
  sids: Set<string>
}

interface Bought {
  sid: string
  access: string
  refresh: string
}

/** What must be true of requests, whatever order things happen in. */
class SignIns {
  readonly #server: TestServer
  readonly #client: Credentials
  readonly #agents: AgentCredentials[]
  readonly #browsers: ReturnType<TestServer['browser']>[]
  readonly #begun: Begun[] = []
  readonly #codes: { code: string; request: Begun }[] = []
  readonly #bought: Bought[] = []
  readonly #ended = new Set<string>()

  constructor(server: TestServer, client: Credentials, agents: AgentCredentials[]) {
    this.#server = server
    this.#client = client
    this.#agents = agents
    this.#browsers = [server.browser(), server.browser()]
  }

  get bought(): number {
    return this.#bought.length
  }

  async act(act: Act): Promise<void> {
    if ('state' in act) return this.#open(act.browser, act.state)
    if ('agent' in act) return this.#authenticate(act.agent, act.request)
    if ('stranger' in act) return this.#look(act.do, act.stranger === 0, act.request)
    if ('code' in act) return this.#exchange(act.code, act.times)
    if ('times' in act) return this.#refresh(act.token, act.times)
    if ('token' in act) return this.#revoke(act.token)
    this.#server.wait(act.seconds)
  }

  async #open(browser: number, state: number): Promise<void> {
    const opened = await this.#browsers[browser]?.open(this.#client.client_id, { state: `s${state}` })
    if (!opened) return
    expect(this.#begun.some(({ id }) => id === opened.requestId)).toBe(false)
    this.#begun.push({ id: opened.requestId, browser, verifier: opened.pkce.verifier, sids: new Set() })
  }

  async #authenticate(agent: number, at: number): Promise<void> {
    const request = pick(this.#begun, at)
    const credentials = this.#agents[agent]
    if (!request || !credentials) return
    const { status } = await this.#server.authenticate(request.id, credentials)
    expect([200, 409, 410]).toContain(status)
    if (status !== 200) return
    expect(request.agent).toBe(undefined)
    request.agent = credentials.agent_id
  }

  async #look(how: string, stranger: boolean, at: number): Promise<void> {
    const request = pick(this.#begun, at)
    if (!request) return
    const window = this.#browsers.at(stranger ? request.browser - 1 : request.browser) ?? this.#server.browser()
    const path = how === 'resume' ? '/authorize/resume' : '/api/check-status'
    const answer = await window.get(`${path}?request_id=${request.id}`)
    const code =
      how === 'status'
        ? answer.body.code
        : answer.status === 303
          ? locationOf(answer).searchParams.get('code')
          : undefined
    if (!code) return
    expect(stranger).toBe(false)
    expect(request.agent).not.toBe(undefined)
    this.#codes.push({ code, request })
  }

  async #exchange(at: number, times: number): Promise<void> {
    const held = pick(this.#codes, at)
    if (!held) return
    const { code, request } = held
    const tries = Array.from({ length: times }, () =>
      this.#server.exchange(this.#client, { code, verifier: request.verifier }),
    )
    const usedBefore = request.sids.size > 0
    const answers = await Promise.all(tries)
    const won = answers.filter(({ status }) => status === 200)
    expect(won.length).toBeLessThanOrEqual(usedBefore ? 0 : 1)
    for (const { body } of won) {
      const { sid, sub } = claimsOf(body.access_token)
      request.sids.add(sid)
      expect(sub).toBe(request.agent)
      this.#bought.push({ sid, access: body.access_token, refresh: body.refresh_token })
      // Used twice, rightly both times.
      if (times > 1) this.#ended.add(sid)
    }
    expect(request.sids.size).toBeLessThanOrEqual(1)
    // An older code of the same request is not one that was used.
    if (usedBefore && this.#codes.findLast((other) => other.request === request)?.code === code)
      for (const sid of request.sids) this.#ended.add(sid)
  }

  async #refresh(at: number, times: number): Promise<void> {
    const held = pick(this.#bought, at)
    if (!held) return
    const answers = await Promise.all(
      Array.from({ length: times }, () => this.#server.refresh(this.#client, held.refresh)),
    )
    const won = answers.filter(({ status }) => status === 200)
    if (this.#ended.has(held.sid)) expect(won).toEqual([])
    expect(new Set(won.map(({ text }) => text)).size).toBeLessThanOrEqual(1)
    if (won.length < times) this.#ended.add(held.sid)
    const [answer] = won
    if (!answer || this.#bought.some(({ refresh }) => refresh === answer.body.refresh_token)) return
    const { sid } = claimsOf(answer.body.access_token)
    expect(sid).toBe(held.sid)
    this.#bought.push({ sid, access: answer.body.access_token, refresh: answer.body.refresh_token })
  }

  async #revoke(at: number): Promise<void> {
    const held = pick(this.#bought, at)
    if (!held) return
    const answer = await this.#server.post('/revoke', { token: held.refresh, ...secretPost(this.#client) })
    expect(answer.status).toBe(200)
    this.#ended.add(held.sid)
  }

  /** What has ended is dead everywhere, what has not is alive until its hour is over. */
  async expectTruth(): Promise<void> {
    const now = this.#server.deps.now() / 1000
    for (const { sid, access } of this.#bought) {
      const alive = !this.#ended.has(sid) && claimsOf(access).exp > now
      expect((await this.#server.introspect(this.#client, access)).body.active).toBe(alive)
    }
  }
}

/** Of the last few: what is long ago has ended. */
function pick<T>(list: readonly T[], at: number): T | undefined {
  return list.length === 0 ? undefined : list.at(-1 - (at % Math.min(3, list.length)))
}

describe('a redirect URI', () => {
  const REGISTERED = ['https://shop.example/callback?a=1', 'http://127.0.0.1/cb', 'http://localhost:3000/cb']
  const bend = fc.record({
    uri: fc.constantFrom(...REGISTERED),
    at: fc.nat(),
    cut: fc.nat(3),
    put: fc.oneof(
      fc.string({ maxLength: 4, unit: 'binary' }),
      fc.constantFrom('%2e', '@', '\\', '/..', '#', ' ', '.', ':80'),
    ),
  })

  test('bent in whatever way is another', () => {
    fc.assert(
      fc.property(bend, ({ uri, at, cut, put }) => {
        const place = at % (uri.length + 1)
        const bent = uri.slice(0, place) + put + uri.slice(place + cut)
        fc.pre(!REGISTERED.includes(bent) && !/^http:\/\/127\.0\.0\.1:\d{1,5}\/cb$/.test(bent))
        expect(isRegisteredRedirectUri(bent, REGISTERED)).toBe(false)
      }),
      { numRuns: 5000 },
    )
  })

  test('on a loopback literal is the same on every port, and where a browser would go', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 65_535 }), fc.constantFrom('127.0.0.1', '[::1]'), (port, host) => {
        const registered = [`http://${host}/cb?x=1`]
        expect(isRegisteredRedirectUri(`http://${host}:${port}/cb?x=1`, registered)).toBe(true)
        expect(isRegisteredRedirectUri(`http://${host}:${port}/cb?x=2`, registered)).toBe(false)
        expect(isRegisteredRedirectUri(`http://${host}:${port + 65_536}/cb?x=1`, registered)).toBe(false)
      }),
    )
  })
})

describe('PKCE', () => {
  const sign = fc.constantFrom(...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~')
  const verifier = fc.string({ unit: sign, minLength: 43, maxLength: 128 })

  test('takes the verifier of the challenge, and no other', () => {
    fc.assert(
      fc.property(verifier, verifier, (right, other) => {
        const challenge = sha256(right)
        expect(isCodeChallenge(challenge)).toBe(true)
        expect(() => verifyChallenge(right, challenge)).not.toThrow()
        if (other !== right) expect(() => verifyChallenge(other, challenge)).toThrow(ApiError)
      }),
    )
  })

  test('takes nothing else for a verifier, its hash right or not', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ minLength: 43, unit: 'binary' }), verifier), (text) => {
        if (/^[\w.~-]{43,128}$/.test(text) && !text.includes('\n')) return
        expect(() => verifyChallenge(text, sha256(text))).toThrow(ApiError)
      }),
    )
  })
})

describe('a scope', () => {
  const token = fc.stringMatching(/^[\x21\x23-\x5b\x5d-\x7e]{1,12}$/)

  test('is given as asked for, if all of it is allowed', () => {
    fc.assert(
      fc.property(fc.uniqueArray(token, { minLength: 1, maxLength: 8 }), fc.func(fc.boolean()), (allowed, chosen) => {
        const asked = allowed.filter(chosen)
        fc.pre(asked.length > 0)
        expect(requestedScope(asked.join(' '), allowed.join(' '))).toBe(asked.join(' '))
        expect(requestedScope(undefined, allowed.join(' '))).toBe(allowed.join(' '))
      }),
    )
  })

  test('is refused, if some of it is not', () => {
    fc.assert(
      fc.property(fc.uniqueArray(token, { minLength: 1 }), fc.oneof(token, hostile), (allowed, other) => {
        fc.pre(other.split(' ').some((word) => word !== '' && !allowed.includes(word)))
        expect(() => requestedScope(`${allowed.join(' ')} ${other}`, allowed.join(' '))).toThrow(ApiError)
      }),
    )
  })
})

describe('a form', () => {
  test('says what URLSearchParams would write', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(anyText, anyText)), (pairs) => {
        const encoded = new URLSearchParams(pairs).toString()
        expect(decodePairs(encoded)).toEqual([...new URLSearchParams(encoded)])
        expect(decodePairs(encoded)).toEqual(pairs.filter(([name, value]) => name || value || encoded !== ''))
      }),
    )
  })

  test('is read as URLSearchParams reads it, or not at all', () => {
    const piece = fc.constantFrom(
      'a',
      '=',
      '&',
      '+',
      '%',
      '%2',
      '%26',
      '%3D',
      '%2B',
      '%C3%A9',
      '%FF',
      '%00',
      'é',
      '"',
      '[]',
    )
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        const text = pieces.join('')
        const read = attempt(() => decodePairs(text))
        const lenient = [...new URLSearchParams(text)]
        if (read) expect(read).toEqual(lenient)
        else expect(lenient.flat().join('')).toMatch(/[\ufffd\0]|%/)
      }),
      { numRuns: 2000 },
    )
  })

  test('says a thing once', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom('a', 'b', '__proto__', 'resource'), anyText)), (pairs) => {
        const names = pairs.map(([name]) => name).filter((name) => name !== 'resource')
        const form = attempt(() => formOf(pairs))
        expect(form !== undefined).toBe(new Set(names).size === names.length)
        for (const [name, value] of form ? pairs : [])
          if (name !== 'resource') expect(form?.get(name)).toBe(value === '' ? undefined : value)
      }),
    )
  })

  test('in JSON has each key that its text has', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue()), (object) => {
        expect(topLevelKeys(JSON.stringify(object)).sort()).toEqual(Object.keys(object).sort())
        expect(topLevelKeys(JSON.stringify(object, null, 2)).sort()).toEqual(Object.keys(object).sort())
      }),
    )
  })
})

function attempt<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    expect(error).toBeInstanceOf(ApiError)
    return undefined
  }
}

describe('a signature', () => {
  test('in DER becomes the two integers that JWS wants, however short they are', () => {
    const integer = fc.bigInt({ min: 1n, max: (1n << 256n) - 1n })
    const any = fc.oneof(integer, fc.bigInt({ min: 1n, max: 1n << 16n }), fc.constantFrom(1n, 127n, 128n, 255n, 256n))
    fc.assert(
      fc.property(any, any, (r, s) => {
        const body = Buffer.concat([der(r), der(s)])
        const raw = derToRaw(Buffer.concat([Buffer.from([0x30, body.length]), body]))
        expect(raw.toString('hex')).toBe([r, s].map((n) => n.toString(16).padStart(64, '0')).join(''))
      }),
      { numRuns: 1000 },
    )
  })

  test('verifies as ieee-p1363 once converted', () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const key = createPublicKey(privateKey)
    for (let n = 0; n < 600; n++) {
      const data = Buffer.from(`message ${n}`)
      const raw = derToRaw(sign('sha256', data, { key: privateKey, dsaEncoding: 'der' }))
      expect(verify('sha256', data, { key, dsaEncoding: 'ieee-p1363' }, raw)).toBe(true)
    }
  })
})

/** A DER INTEGER: as short as can be, and positive. */
function der(integer: bigint): Buffer {
  const hex = integer.toString(16)
  const digits = Buffer.from(hex.length % 2 ? `0${hex}` : hex, 'hex')
  const positive = (digits[0] ?? 0) & 0x80 ? Buffer.concat([Buffer.from([0]), digits]) : digits
  return Buffer.concat([Buffer.from([2, positive.length]), positive])
}

describe('what is sealed', () => {
  const ring = createKeyRing([{ id: 'k1', key: Buffer.alloc(32, 1) }], createRandom())
  const other = createKeyRing([{ id: 'k1', key: Buffer.alloc(32, 2) }], createRandom())

  test('opens for its record, under its key, and as it was', () => {
    fc.assert(
      fc.property(anyText, anyText, anyText, (secret, record, elsewhere) => {
        const sealed = ring.seal(secret, record)
        expect(ring.unseal(sealed, record)).toBe(secret)
        expect(ring.seal(secret, record)).not.toBe(sealed)
        if (elsewhere !== record) expect(() => ring.unseal(sealed, elsewhere)).toThrow('Cannot unseal')
        expect(() => other.unseal(sealed, record)).toThrow('Cannot unseal')
      }),
    )
  })

  test('does not open with any bit flipped, cut short, or beside the half of another', () => {
    fc.assert(
      fc.property(anyText, fc.constantFrom(2, 3), fc.nat(), fc.nat(7), (secret, part, at, bit) => {
        const parts = ring.seal(secret, 'row:1').split('.')
        const bytes = Buffer.from(parts[part] ?? '', 'base64url')
        const flipped = Buffer.from(bytes)
        const place = at % bytes.length
        flipped[place] = (bytes[place] ?? 0) ^ (1 << bit)
        const open = (piece: string) => () => ring.unseal(parts.with(part, piece).join('.'), 'row:1')
        expect(open(bytes.toString('base64url'))()).toBe(secret)
        expect(open(flipped.toString('base64url'))).toThrow('Cannot unseal')
        expect(open(bytes.subarray(0, place).toString('base64url'))).toThrow('Cannot unseal')
        expect(open(ring.seal(secret, 'row:1').split('.')[part] ?? '')).toThrow('Cannot unseal')
      }),
    )
  })
})
