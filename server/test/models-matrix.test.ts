import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ADMIN_KEY, basic, DATABASES, ISSUER } from './harness.ts'
import { type ModelGateway, startModelGateway } from './model-gateway.ts'
import { newSigningKey, type OutsideIssuer, startOutsideIssuer } from './outside-issuer.ts'
import { bearer, join, well } from './tenancy.ts'

const ROLES = ['viewer', 'member', 'admin'] as const
type Role = (typeof ROLES)[number]

/** What somebody may come by. */
const BY = ['session', 'spending key', 'managing key', 'agent', 'outside token'] as const
type By = (typeof BY)[number]

type Tier = 'public' | 'call' | 'list' | 'usage' | 'own' | 'person' | 'playground' | 'operator' | 'nothing'

const CHAT = { model: 'gpt-5', max_tokens: 9, messages: [{ role: 'user', content: 'Hi' }] }
const BASES = ['/v1', '/v1/openai', '/v1/openai/v1']

/** Every route of models and their money: by whom it is opened. */
const ROUTES: [Tier, string, object?][] = [
  ['public', 'GET /health'],
  ['public', 'GET /live'],
  ['public', 'GET /ready'],
  ...BASES.flatMap((base): [Tier, string, object?][] => [
    ['call', `POST ${base}/chat/completions`, CHAT],
    ['call', `POST ${base}/messages`, CHAT],
    ['call', `POST ${base}/messages/count_tokens`, CHAT],
    ['call', `POST ${base}/responses`, { model: 'gpt-5', input: 'Hi' }],
    ['call', `POST ${base}/embeddings`, { model: 'embed-1', input: 'Hi' }],
    ['list', `GET ${base}/models`],
    ['list', `GET ${base}/models/:id`],
    ['list', `GET ${base}/models/:provider/:model`],
  ]),
  ['list', 'GET /v1/caller'],
  ['playground', 'POST /api/playground/chat', CHAT],
  ['person', 'GET /api/models'],
  ['person', 'GET /api/limits'],
  ['usage', 'GET /api/usage'],
  ['usage', 'GET /api/usage/receipts'],
  ['usage', 'GET /api/usage/receipts.csv'],
  ['own', 'GET /api/payment-method'],
  ['own', 'PUT /api/payment-method', { payment_method: 'credits' }],
  ['own', 'GET /api/provider-keys'],
  ['own', 'PUT /api/provider-keys/:id', { api_key: 'sk-own-0123456789' }],
  ['own', 'GET /api/provider-keys/:id'],
  ['own', 'DELETE /api/provider-keys/:id'],
  ['operator', 'GET /api/admin/model-providers'],
  ['operator', 'POST /api/admin/model-providers', {}],
  ['operator', 'GET /api/admin/model-providers/:id'],
  ['operator', 'PUT /api/admin/model-providers/:id', { kind: 'nothing' }],
  ['operator', 'DELETE /api/admin/model-providers/:none'],
  ['operator', 'GET /api/admin/model-prices'],
  ['operator', 'PUT /api/admin/model-prices/:id', {}],
  ['operator', 'DELETE /api/admin/model-prices/:none'],
  ['operator', 'POST /api/admin/users/:none/credits', {}],
  ['operator', 'POST /api/admin/users/:none/disable'],
  ['operator', 'POST /api/admin/users/:none/enable'],
  ['operator', 'POST /api/admin/api-keys', {}],
  ['nothing', 'GET /v1/nothing'],
  ['nothing', 'POST /v1/chat', CHAT],
]

/** Whom a tier lets in, by what they come by; the rest is 403, or 401 where it is no credential at all there. */
const OPENED_BY: Record<Tier, readonly By[]> = {
  public: BY,
  call: ['spending key', 'agent', 'outside token'],
  list: ['spending key', 'agent', 'outside token'],
  usage: ['session', 'spending key', 'managing key', 'outside token'],
  own: ['session', 'managing key', 'outside token'],
  person: ['session', 'managing key'],
  playground: ['session'],
  operator: [],
  nothing: ['spending key', 'managing key', 'agent', 'outside token'],
}

/** Cookies are no credential below /v1. */
const isNobody = (by: By, path: string) => by === 'session' && path.startsWith('/v1/')

describe.each(DATABASES)('by role, credential and route, on %s', (kind) => {
  let gateway: ModelGateway
  let issuer: OutsideIssuer
  let operator: Record<string, string>
  const callers = new Map<string, { role: Role; by: By; headers: Record<string, string> }>()

  async function open(env: Record<string, string> = {}) {
    issuer = await startOutsideIssuer(await newSigningKey('k1'))
    const trusted = [{ issuer: issuer.origin, jwks_uri: `${issuer.origin}/jwks` }]
    gateway = await startModelGateway(kind, { TRUSTED_ISSUERS: JSON.stringify(trusted), ...env })
    // The first of all to sign up administers the operator's organization.
    const first = await gateway.member()
    operator = { cookie: first.window.cookies(), origin: ISSUER }
    const admin = (await gateway.member()).window
    callers.clear()
    for (const role of ROLES) {
      const window = role === 'admin' ? admin : (await gateway.member()).window
      await gateway.admin('POST', `/users/${window.id}/credits`, { amount_cents: 1000, reason: 'test' })
      if (role !== 'admin') await join(admin, window, role)
      const key = async (scopes: string[]) =>
        (await well(gateway.admin('POST', '/api-keys', { user_id: window.id, name: 'k', scopes }), 201)).api_key
      const agent = await well(admin.send('POST', '/api/agents', { user_email: window.email, agent_name: role }), 201)
      const token = await gateway.post(
        '/token',
        { grant_type: 'client_credentials' },
        basic(agent.agent_id, agent.agent_secret),
      )
      const outside = await issuer.token(gateway.deps.now(), { sub: `user_${role}`, role, org_id: 'org_01' })
      await gateway.request('/v1/models', { headers: bearer(outside) })
      const vouched = await gateway.deps.db.read
        .selectFrom('outside_identity')
        .select('user_id')
        .where('subject', '=', `user_${role}`)
        .executeTakeFirstOrThrow()
      await gateway.admin('POST', `/users/${vouched.user_id}/credits`, { amount_cents: 1000, reason: 'test' })
      const come: Record<By, Record<string, string>> = {
        session: { cookie: window.cookies(), origin: ISSUER },
        'spending key': bearer(await key(['agent-fuel'])),
        'managing key': bearer(await key(['manage'])),
        agent: bearer(token.body.access_token),
        'outside token': bearer(outside),
      }
      for (const by of BY) callers.set(`${role} by ${by}`, { role, by, headers: come[by] })
    }
  }

  async function shut() {
    await gateway?.stop()
    await issuer?.stop()
  }

  /** 401, 403, or that it was let through. */
  async function ask(route: string, body: object | undefined, headers: Record<string, string>): Promise<string> {
    const [method = '', pattern = ''] = route.split(' ')
    const path = pattern.replace(':provider/:model', 'acme/gpt-5').replace(':none', 'none')
    const id = path.startsWith('/v1/') ? 'gpt-5' : 'acme'
    const { status } = await gateway.request(path.replace(':id', id), {
      method,
      headers: { ...headers, ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
    })
    expect([route, status]).toEqual([route, expect.not.toBeOneOf([500])])
    return status === 401 || status === 403 ? String(status) : 'open'
  }

  function expected(tier: Tier, route: string, { role, by }: { role: Role; by: By }, viewersMayChat: boolean): string {
    if (tier === 'public') return 'open'
    if (isNobody(by, route.split(' ')[1] ?? '')) return '401'
    if (!OPENED_BY[tier].includes(by)) return '403'
    return role === 'viewer' && !viewersMayChat && (tier === 'call' || tier === 'playground') ? '403' : 'open'
  }

  async function expectAll(viewersMayChat: boolean) {
    for (const [tier, route, body] of ROUTES)
      for (const [who, caller] of callers) {
        const got = await ask(route, body, caller.headers)
        expect([route, who, got]).toEqual([route, who, expected(tier, route, caller, viewersMayChat)])
      }
  }

  describe('where nothing else is said', () => {
    beforeAll(() => open())
    afterAll(shut)

    test('each opens what it is for', () => expectAll(true), 60_000)

    test('the operator opens what is the operator’s, and calls nothing by the admin key', async () => {
      for (const [tier, route, body] of ROUTES) {
        const isOpen = ['public', 'operator', 'nothing'].includes(tier)
        expect([route, await ask(route, body, bearer(ADMIN_KEY))]).toEqual([route, isOpen ? 'open' : '403'])
        if (tier === 'operator') expect([route, await ask(route, body, operator)]).toEqual([route, 'open'])
      }
    })

    test('nobody, and who brings a token of a website, opens what is public', async () => {
      const website = await gateway.client()
      const visitor = await gateway.agent({ user_email: 'visitor@example.com' })
      const { access_token: token } = await gateway.tokens(website, visitor)
      for (const headers of [{}, bearer(token), bearer('nothing'), { 'x-api-key': 'nothing' }, basic('a', 'b')])
        for (const [tier, route, body] of ROUTES)
          expect([route, await ask(route, body, headers)]).toEqual([route, tier === 'public' ? 'open' : '401'])
    })

    test('who calls is told their role, by whatever they come, and the address that their issuer says', async () => {
      for (const [who, { role, by, headers }] of callers) {
        if (!OPENED_BY.list.includes(by)) continue
        const { body } = await gateway.request('/v1/caller', { headers })
        // Who signed up in an organization of their own administers that.
        const roles = by === 'outside token' ? [role] : [role, 'admin']
        expect([who, body.role]).toEqual([who, expect.toBeOneOf(roles)])
        if (by === 'outside token') expect(body.user.email).toBeNull()
      }
      const claims = { sub: 'user_mail', email: 'eve@elsewhere.example', role: 'member', org_id: 'org_01' }
      const headers = bearer(await issuer.token(gateway.deps.now(), claims))
      const { body } = await gateway.request('/v1/caller', { headers })
      expect(body).toMatchObject({ user: { email: 'eve@elsewhere.example' }, role: 'member', agent_id: null })
    })

    test('no route of models is missing here', () => {
      const told = new Set(ROUTES.map(([, route]) => route.replace(/:\w+/g, ':')))
      const there = gateway.app.routes
        .filter(({ method, path }) => method !== 'ALL' && !path.includes('*'))
        .map(({ method, path }) => `${method} ${path.replace(/\{(\w+)\}/g, ':$1').replace(/:\w+/g, ':')}`)
        .filter((route) =>
          / (\/v1\/(openai\/)?(v1\/)?(caller|chat|messages|responses|embeddings|models)|\/api\/(models|limits|usage|payment-method|provider-keys|playground)|\/api\/admin\/model-)/.test(
            route,
          ),
        )
      expect(there.length).toBeGreaterThan(30)
      expect([...new Set(there)].filter((route) => !told.has(route))).toEqual([])
    })
  })

  describe('where viewers may not chat', () => {
    beforeAll(() => open({ VIEWERS_MAY_CHAT: 'false' }))
    afterAll(shut)

    test('they see models and their own usage, and call none, by whatever they come', () => expectAll(false), 60_000)

    test('they are told why, and it is written down', async () => {
      const { headers } = callers.get('viewer by spending key') ?? { headers: {} }
      const before = gateway.upstream.seen.length
      const answer = await gateway.postJson('/v1/chat/completions', CHAT, headers)
      expect([answer.status, answer.body.error.code]).toEqual([403, 'permission_denied'])
      expect(answer.body.error.message).toMatch(/viewer/i)
      expect(gateway.upstream.seen.length).toBe(before)
      const events = await gateway.deps.db.read
        .selectFrom('audit_event')
        .select('action')
        .where('request_id', '=', answer.headers.get('x-request-id'))
        .execute()
      expect(events).toEqual([{ action: 'model.refused' }])
    })

    test('who is of no organization spends what is theirs', async () => {
      const ada = await gateway.caller(100)
      expect((await ada.chat()).status).toBe(200)
    })
  })
})
