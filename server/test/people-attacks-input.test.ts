import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ADMIN_KEY, type Answer, CALLBACK, DATABASES, ISSUER, startServer, type TestServer } from './harness.ts'
import { bearer, marksOf, newTenant, type Tenant, well } from './tenancy.ts'
import { PERSON_ROUTES, STREAMS } from './tenant-routes.ts'

/** What stands where something else should. */
const ODD: unknown[] = [
  null,
  true,
  0,
  -1,
  1.5,
  1e308,
  2 ** 53,
  '',
  ' ',
  'x'.repeat(5000),
  'a\u0000b',
  '\ud800',
  '\u202eabc',
  '\ufeff',
  'Ω'.repeat(99),
  "'; drop table person; --",
  '{{7*7}}<script>',
  '../../etc/passwd',
  [],
  [[]],
  ['x', 1, null],
  {},
  { $gt: '' },
  { toString: 'x', length: -1 },
  JSON.parse('{"__proto__":{"role":"admin"},"constructor":{"prototype":{"role":"admin"}}}'),
]

/** Bodies that are no object of JSON, or not quite one. */
const RAW: (string | Uint8Array)[] = [
  '{',
  '[]',
  '[{"name":"x"}]',
  'null',
  '"x"',
  '1',
  '{"a":1}{"b":2}',
  '{"a":1,}',
  '\ufeff{}',
  "{'a':1}",
  '{"a":"\\u0000"}',
  '{"a\\u0000":1}',
  '{"name":"a","name":"b"}',
  '['.repeat(100_000),
  `{"a":${'['.repeat(5000)}${']'.repeat(5000)}}`,
  `{"a":"${'x'.repeat(300_000)}"}`,
  Uint8Array.of(0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d),
  Uint8Array.of(0x7b, 0x22, 0xc0, 0x80, 0x22, 0x3a, 0x31, 0x7d),
]

const ODD_IDS = [
  '%00',
  'a%00b',
  '%FF%FE',
  '%',
  '%zz',
  '..',
  '%2e%2e',
  '%2F',
  'x%2Fy',
  '%F0%9F%92%A9',
  '*',
  ':id',
  'x'.repeat(3000),
]

/** With every field that the route knows, right. */
const BODIES: Record<string, object> = {
  'PUT /api/me/organization': { organization_id: 'org_x' },
  'POST /api/me/reauthenticate': { passkey: { id: 'x', response: { clientDataJSON: 'x' } } },
  'PUT /api/organization': { name: 'x' },
  'POST /api/organizations': { name: 'x' },
  'PUT /api/members/x': { role: 'viewer' },
  'POST /api/invitations': { email: 'odd@some.example', role: 'viewer' },
  'POST /api/invitations/accept': { token: 'x' },
  'POST /api/agents': {
    agent_name: 'x',
    user_email: 'x@some.example',
    capabilities: ['x'],
    model: 'x',
    allowed_clients: ['x'],
    allowed_scopes: ['x'],
    second_factor: 'none',
    inbox: null,
    jwk: { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' },
    min_level: 1,
    same_browser: 'off',
    approval: 'never',
    secret_expires_in: 60,
  },
  'PUT /api/agents/x': { agent_name: 'x', allowed_clients: null },
  'POST /api/agents/x/rotate': { overlap: 1, secret_expires_in: 60 },
  'POST /api/clients': {
    client_name: 'x',
    redirect_uris: [CALLBACK],
    client_id: 'odd-one',
    grant_types: ['authorization_code'],
    scope: 'openid',
    token_endpoint_auth_method: 'none',
    jwks: null,
    subjects: ['agent'],
    promotional_credits: 0,
    promotional_credits_expire_in: null,
    promotional_excluded_models: [],
    min_level: 1,
    access_token_format: 'jwt',
    resource_server: false,
    resources: null,
  },
  'PUT /api/clients/x': { client_name: 'x', redirect_uris: [CALLBACK] },
  'POST /api/clients/x/rotate': { overlap: 1 },
  'POST /api/clients/x/test-sign-in': { code_challenge: 'c'.repeat(43), state: 's' },
  'POST /api/clients/x/test-sign-in/exchange': { code: 'code_x', code_verifier: 'c'.repeat(43) },
  'POST /api/approvals/x/approve': {},
  'POST /api/approvals/x/deny': {},
  'PUT /api/payment-method': { payment_method: 'credits' },
  'PUT /api/provider-keys/x': { api_key: 'sk-odd-0123456789' },
  'POST /api/playground/chat': { model: 'x', messages: [{ role: 'user', content: 'x' }], stream: true, max_tokens: 1 },
  'POST /api/api-keys': { name: 'x', scopes: ['agent-fuel'], expires_in: 60, models: ['openai/gpt-5'] },
  'POST /api/connections': {
    provider_name: 'x',
    scopes: ['x'],
    connection_id: 'conn_x',
    account: 'x',
    parameters: { shop: 'x' },
    session_challenge: 'c'.repeat(43),
  },
  'POST /api/connections/api-key': { provider_name: 'twilio', api_key: 'x', account: 'x', parameters: { a: 'x' } },
  'POST /api/connection-grants': {
    connection_id: 'conn_x',
    agent_id: 'agent_x',
    methods: ['GET'],
    path_prefix: '/x',
    raw_token: false,
  },
  'POST /api/v1/mcp/servers': {
    name: 'x',
    transport: 'streamable-http',
    url: 'https://tools.example/mcp',
    headers: { 'x-key': 'x' },
    auth: 'oauth',
    oauth: { client_id: 'x', client_secret: 'x', scopes: ['x'], authorization_server: 'https://auth.example' },
    command: '/bin/x',
    args: ['x'],
    env: { X: 'x' },
    enabled: true,
    timeout_ms: 1000,
  },
  'PUT /api/v1/mcp/servers/x': { name: 'x', transport: 'stdio', command: '/bin/x', args: ['x'], env: { X: 'x' } },
  'POST /api/webhooks': { url: 'https://hooks.example/x', events: ['connection.active'] },
  'POST /api/auth/sign-up/email': { name: 'x', email: 'new@some.example', password: 'a password', callbackURL: '/' },
  'POST /api/auth/sign-in/email': { email: 'x@some.example', password: 'a password' },
  'POST /api/auth/sign-in/social': { provider: 'github', callbackURL: '/' },
  'POST /api/auth/send-verification-email': { email: 'x@some.example', callbackURL: '/' },
  'POST /api/auth/request-password-reset': { email: 'x@some.example', redirectTo: '/' },
  'POST /api/auth/reset-password': { token: 'x', newPassword: 'a password' },
  'POST /api/auth/change-password': { currentPassword: 'x', newPassword: 'a password', revokeOtherSessions: false },
  'POST /api/auth/update-user': { name: 'x' },
  'POST /api/auth/passkey/verify-registration': {
    name: 'x',
    response: { id: 'x', rawId: 'x', type: 'public-key', response: { clientDataJSON: 'x', attestationObject: 'x' } },
  },
  'POST /api/auth/passkey/verify-authentication': {
    response: { id: 'x', rawId: 'x', type: 'public-key', response: { clientDataJSON: 'x', signature: 'x' } },
  },
  'POST /api/auth/passkey/delete-passkey': { id: 'x' },
  'POST /api/auth/passkey/update-passkey': { id: 'x', name: 'x' },
  'POST /api/admin/users': { email: 'odd@some.example', name: 'x', role: 'member' },
  'POST /api/admin/users/x/credits': { amount_cents: 1, reason: 'x' },
  'POST /api/admin/api-keys': { user_id: 'x', name: 'x', scopes: ['agent-fuel'], models: ['openai/*'] },
}

describe.each(DATABASES)('whatever is sent to %s', (kind) => {
  let server: TestServer
  let alpha: Tenant
  beforeAll(async () => {
    server = await startServer(kind)
    alpha = await newTenant(server, 'Alpha')
    await server.admin('POST', '/model-providers', { id: 'x', kind: 'openai', models: [{ id: 'gpt-5' }] })
  })
  afterAll(() => server.stop())

  async function send(method: string, path: string, body?: string | Uint8Array): Promise<Answer> {
    // So that nothing is refused for being too often.
    server.wait(1)
    const proof = path.startsWith('/api/admin') ? bearer(ADMIN_KEY) : { cookie: alpha.admin.cookies() }
    const headers = { ...proof, origin: ISSUER, 'content-type': 'application/json' }
    return server.request(path, {
      method,
      headers: headers as Record<string, string>,
      ...(body !== undefined && { body: body as string }),
    })
  }

  function expectAnswered(what: unknown[], { status, body, headers, text }: Answer): void {
    expect([...what, status < 500 ? '' : `${status} ${text}`]).toEqual([...what, ''])
    expect([...what, headers.get('x-request-id')]).toEqual([...what, expect.any(String)])
    if (status >= 400)
      expect([...what, body]).toEqual([
        ...what,
        expect.objectContaining({ error: expect.any(String), error_description: expect.any(String) }),
      ])
  }

  test.each(Object.entries(BODIES))('%s answers', async (name, right) => {
    const [method = '', path = ''] = name.split(' ')
    for (const raw of RAW) {
      const answer = await send(method, path, raw)
      expectAnswered([name, String(raw).slice(0, 40)], answer)
    }
    for (const key of Object.keys(right))
      for (const value of ODD) {
        const body = JSON.stringify({ ...right, [key]: value })
        expectAnswered([name, body.slice(0, 200)], await send(method, path, body))
      }
    expectAnswered(
      [name, 'all'],
      await send(method, path, JSON.stringify(Object.fromEntries(Object.keys(right).map((key) => [key, {}])))),
    )
    // The session has been through it, and is the same.
    expect((await alpha.admin.get('/api/me')).body.user.id).toBe(alpha.admin.id)
  })

  test('each route that takes a body is among them', () => {
    const withBody = Object.entries(PERSON_ROUTES).flatMap(([name, { calls }]) =>
      calls(alpha).some(({ body }) => body !== undefined) ? [name.replace(':id', 'x')] : [],
    )
    const bodiless = ['DELETE /api/sessions']
    expect(withBody.filter((name) => !(name in BODIES) && !bodiless.includes(name))).toEqual([])
  })

  test('an id of whatever shape is one that is not there', async () => {
    const routes = Object.keys(PERSON_ROUTES).filter((name) => name.includes(':id'))
    routes.push('GET /api/auth/reset-password/:id', 'GET /api/admin/users/:id', 'GET /api/admin/clients/:id/users')
    for (const name of routes)
      for (const id of ODD_IDS) {
        const [method = '', path = ''] = name.replace(':id', id).split(' ')
        expectAnswered([name, id], await send(method, path, method === 'GET' ? undefined : '{}'))
      }
    expect((await alpha.admin.get('/api/me')).status).toBe(200)
  })

  const cursor = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const ODD_QUERIES = [
    'limit=0',
    'limit=-1',
    'limit=201',
    'limit=1e3',
    'limit=0x10',
    'limit=',
    'limit=9'.padEnd(400, '9'),
    'limit=1&limit=2',
    'cursor=x',
    'cursor=%00',
    `cursor=${'A'.repeat(501)}`,
    ...[null, 1, [], 'x', {}, { id: null }, { id: 'a\u0000' }, { id: "'" }, { created_at: 'x', id: 'x' }].map(
      (one) => `cursor=${cursor(one)}`,
    ),
    ...[-1, 1.5, 1e300, 2 ** 53, Number.MAX_SAFE_INTEGER].map((at) => `cursor=${cursor({ created_at: at, id: 'x' })}`),
    ...[
      { at: 1, chain: '\u0000', seq: 1 },
      { at: 1e300, chain: 'x', seq: 1 },
      { at: 1, chain: 'x', seq: 1e300 },
    ].map((one) => `cursor=${cursor(one)}`),
    `cursor=${cursor({ created_at: 0, id: '' })}`,
    'agent_id=%00&client_id=%00',
    `agent_id=${'x'.repeat(300)}`,
    'status=nothing',
    'status[]=pending',
    'since=x&until=y',
    'since=99999999999999',
    'since=-271821-04-20T00:00:00.000Z',
    'since=+275760-09-13T00:00:00.000Z&until=1970-01-01',
    'actor=%00',
    'format=exe',
    'token=%00',
    'redirect_uri=%00',
    'redirect_uri=http://[',
    'to=%00',
    'all=maybe',
    'x'.repeat(5000),
    '%',
    '%ff=%ff',
    '__proto__[x]=1&constructor=1',
  ]

  test('a query of whatever shape is answered', async () => {
    const lists = Object.keys(PERSON_ROUTES).filter((name) => name.startsWith('GET ') && !name.includes(':id'))
    lists.push(
      'GET /api/invitations/by-token',
      'GET /api/admin/users',
      'GET /api/admin/dev-inbox',
      'GET /api/auth/verify-email',
    )
    lists.push(`GET /api/clients/${alpha.app.client_id}/users`, 'GET /api/account/providers')
    for (const name of lists)
      for (const query of ODD_QUERIES) {
        const [method = '', path = ''] = name.split(' ')
        expectAnswered([name, query.slice(0, 80)], await send(method, `${path}?${query}`))
      }
  })

  test('a cursor of one organization finds nothing of it in another', async () => {
    const beta = await newTenant(server, 'Beta')
    const known = [alpha.admin.id, alpha.member.id, alpha.viewer.id]
    const marks = await marksOf(server, beta, known)
    for (const path of [
      '/api/agents',
      '/api/clients',
      '/api/members',
      '/api/tokens',
      '/api/sign-ins',
      '/api/audit-log',
    ]) {
      await well(beta.admin.send('POST', '/api/agents', {}), 201)
      const { next_cursor } = (await beta.admin.get(`${path}?limit=1`)).body
      if (next_cursor === null) continue
      const answer = await alpha.admin.get(`${path}?limit=200&cursor=${next_cursor}`)
      expect([path, answer.status, marks(answer.text)]).toEqual([path, 200, []])
    }
  })

  test('every GET answers a HEAD without a body, and ends', async () => {
    const gets = [...Object.keys(PERSON_ROUTES), ...STREAMS].filter((name) => name.startsWith('GET '))
    for (const name of gets) {
      const answer = await send('HEAD', (name.split(' ')[1] ?? '').replace(':id', 'x'))
      expect([name, answer.status < 500, answer.text]).toEqual([name, true, ''])
    }
  })

  test('a file of the audit log runs nothing in a spreadsheet, and says the same as JSON', async () => {
    const names = [
      '=cmd|x!A0',
      '+1+1',
      '-1+1',
      '@sum(1)',
      '"=1+1"',
      'a,b;c',
      "'=1",
      '=HYPERLINK("https://evil.example","x")',
    ]
    for (const name of names) {
      await well(alpha.admin.send('PUT', '/api/organization', { name }), 200)
      await well(alpha.admin.send('POST', '/api/api-keys', { name }), 201)
    }
    const csv = await alpha.admin.get('/api/audit-log/export?format=csv')
    expect(csv.headers.get('content-type')).toMatch(/^text\/csv/)
    expect(csv.headers.get('content-disposition')).toMatch(/^attachment/)
    expect(csv.headers.get('x-content-type-options')).toBe('nosniff')
    const [header = [], ...rows] = cellsOf(csv.text)
    for (const cell of rows.flat()) expect(cell).not.toMatch(/^[=+\-@\t\r]/)
    const json = (await alpha.admin.get('/api/audit-log/export?format=json')).body as Record<string, unknown>[]
    expect(rows.length).toBe(json.length)
    const at = header.indexOf('detail')
    expect(rows.map((row) => JSON.parse(row[at] ?? ''))).toEqual(json.map(({ detail }) => detail))
    expect(json.filter(({ detail }) => names.includes((detail as { name: string }).name))).toHaveLength(
      2 * names.length,
    )
    await well(alpha.admin.send('PUT', '/api/organization', { name: 'Alpha Works' }), 200)
  })
})

/** RFC 4180. */
function cellsOf(csv: string): string[][] {
  const rows: string[][] = []
  let row: string[] = []
  for (const [, quoted, plain = '', end] of csv.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/g)) {
    row.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'))
    if (end === ',') continue
    rows.push(row)
    row = []
  }
  return rows
}
