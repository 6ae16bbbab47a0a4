import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import pg from 'pg'
import { afterEach, expect, inject, test } from 'vitest'
import { maintain } from '../src/maintenance.ts'
import { databaseFiles } from './database-files.ts'
import { spellings } from './everything.ts'
import { ADMIN_KEY, type Answer, basic, type DatabaseKind, freshDatabase } from './harness.ts'
import { type ListeningGateway, startListeningGateway } from './listening-gateway.ts'
import { PRICE } from './model-gateway.ts'
import { chunk, completion, type SeenCall, sendEvent, sendJson, startEvents, USAGE } from './model-upstream.ts'
import { newSigningKey, startOutsideIssuer } from './outside-issuer.ts'
import { bearer, well } from './tenancy.ts'

/** Looks like nothing in particular, so that no pattern finds it: it must not be there. */
const canary = (name: string) => `${name}${randomUUID().replaceAll('-', '')}`

const DATABASE_PASSWORD = canary('dbpw')
const ends: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

/** A database whose address has a password that is a secret. */
async function databaseUrl(kind: DatabaseKind): Promise<string> {
  const database = await freshDatabase(kind)
  ends.push(() => database.drop())
  if (kind === 'sqlite') return database.url
  const name = new URL(database.url).pathname.slice(1)
  const role = `r_${randomUUID().replaceAll('-', '')}`
  const admin = new pg.Client({ connectionString: `${inject('postgresUrl')}/postgres` })
  await admin.connect()
  await admin.query(`create role ${role} login superuser password '${DATABASE_PASSWORD}'`)
  await admin.query(`alter database ${name} owner to ${role}`)
  await admin.end()
  const url = new URL(database.url)
  url.username = role
  url.password = DATABASE_PASSWORD
  return url.href
}

type Echo = (call: SeenCall) => string
/** All that it was sent, with each secret by itself. */
const everythingOf: Echo = ({ headers, body, path }) => JSON.stringify({ path, headers, body })
const wordsOf: Echo = ({ headers, body }) =>
  [...Object.values(headers), body.client_secret, JSON.stringify(body.messages)]
    .map((word) => String(word).replace(/^Bearer /i, ''))
    .join(' | ')

/** Every call of a model that goes well or wrong, with secrets in every place that a caller or a provider can put one. */
async function drive(gateway: ListeningGateway, kept: Map<string, string>) {
  const { upstream, url } = gateway
  const keep = (name: string, secret: string) => {
    kept.set(name, secret)
    return secret
  }
  const answers: string[] = []
  const ada = await gateway.member()
  keep('API key', ada.apiKey)
  keep('session', decodeURIComponent([...ada.window.jar.values()][0] ?? ''))
  const agent = await well(ada.window.send('POST', '/api/agents', { agent_name: 'a' }), 201)
  keep('agent secret', agent.agent_secret)
  const own = { grant_type: 'client_credentials' }
  const newToken = async (name: string) => {
    const answer = await gateway.post('/token', own, basic(agent.agent_id, agent.agent_secret))
    return keep(name, answer.body.access_token)
  }
  const issuer = await startOutsideIssuer(await newSigningKey('k1'))
  ends.push(() => issuer.stop())
  keep('JWT of a stranger', await issuer.token(gateway.deps.now(), {}))

  const provider = { kind: 'openai-compatible', base_url: `${upstream.origin}/v1`, models: [{ id: 'm', price: PRICE }] }
  await gateway.addProvider({
    ...provider,
    id: 'keyed',
    api_key: keep('key of a provider', canary('pk')),
    fallback: ['oauth/m'],
  })
  await gateway.addProvider({
    ...provider,
    id: 'oauth',
    oauth2: {
      token_url: `${upstream.origin}/token`,
      client_id: 'client',
      client_secret: keep('client secret of a provider', canary('cs')),
    },
  })
  keep('OAuth token', canary('at'))
  await gateway.addProvider({
    id: 'aws',
    kind: 'bedrock',
    base_url: `${upstream.origin}/v1`,
    aws: {
      region: 'eu-west-1',
      access_key_id: 'AKIA0123456789ABCDEF',
      secret_access_key: keep('AWS secret', canary('as')),
      session_token: keep('AWS session token', canary('st')),
    },
    models: [{ id: 'm', price: PRICE }],
  })
  await well(ada.window.send('PUT', '/api/provider-keys/keyed', { api_key: keep('own key', canary('byok')) }), 200)

  const prompt = keep('prompt', canary('prompt'))
  const answer = keep('answer', canary('answer'))
  const pay = (payment_method: string) => ada.window.send('PUT', '/api/payment-method', { payment_method })
  const noise = {
    'mcp-session-id': keep('MCP session', canary('mcp')),
    'x-mcp-authorization': keep('MCP header', canary('mcph')),
    cookie: `other=${keep('cookie of somebody else', canary('ck'))}`,
    'x-portkey-api-key': keep('portkey', canary('pk')),
  }
  const inUrl = keep('key in an address', canary('uk'))
  const wrong = keep('wrong key', `sk-aa-v1-${canary('w')}`)

  async function call(path: string, body: unknown, headers: Record<string, string>) {
    const response = await fetch(`${url}${path}?key=${inUrl}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...noise, ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    })
    const text = await response.text()
    answers.push(`${path} ${response.status} ${JSON.stringify([...response.headers])} ${response.ok ? '' : text}`)
    return { status: response.status, text }
  }
  const messages = [{ role: 'user', content: prompt }]
  const models = ['gpt-5', 'sonnet', 'keyed/m', 'oauth/m', 'aws/m']

  const tokenFirst =
    (say: (call: SeenCall, response: Parameters<typeof sendJson>[0]) => unknown): typeof upstream.answer =>
    async (seen, response) => {
      if (seen.path !== '/token') return void (await say(seen, response))
      sendJson(response, 200, { access_token: kept.get('OAuth token'), token_type: 'bearer', expires_in: 3600 })
    }
  async function callAll(statuses?: number[]) {
    const callers = [bearer(ada.apiKey), bearer(await newToken(`JWT ${answers.length}`))]
    for (const model of models)
      for (const stream of [false, true])
        for (const headers of callers)
          for (const path of ['/v1/chat/completions', '/v1/messages']) {
            const body = { model, max_tokens: 50, stream, messages }
            const told = await call(path, body, {
              ...headers,
              'idempotency-key': keep(`idempotency ${answers.length}`, canary('ik')),
            })
            if (statuses) expect([model, path, told.status]).toEqual([model, path, expect.toBeOneOf(statuses)])
            // Breakers open, and the token is good for an hour.
            if (!statuses) gateway.wait(40)
          }
  }

  // It goes well.
  upstream.answer = tokenFirst(({ body, path }, response) => {
    if (path.startsWith('/v1/messages'))
      return sendJson(response, 200, {
        id: 'msg_1',
        type: 'message',
        role: 'assistant',
        model: 'claude',
        content: [{ type: 'text', text: answer }],
        stop_reason: 'end_turn',
        usage: { input_tokens: 1, output_tokens: 1 },
      })
    if (!body.stream) return sendJson(response, 200, completion(answer))
    startEvents(response)
    sendEvent(response, chunk({ content: answer }, 'stop'))
    sendEvent(response, chunk({}, null, { choices: [], usage: USAGE }))
    response.end('data: [DONE]\n\n')
  })
  await callAll([200])
  expect(upstream.seen.some(({ headers }) => headers.authorization?.includes(kept.get('OAuth token') ?? '-'))).toBe(
    true,
  )
  // Twice the same.
  for (const stream of [false, true])
    for (let time = 0; time < 2; time++)
      await call(
        '/v1/chat/completions',
        { model: 'gpt-5', messages: [{ role: 'user', content: keep('idempotent body', `again${prompt}`) }], stream },
        { ...bearer(ada.apiKey), 'idempotency-key': `twice-${stream}` },
      )
  // On their own keys.
  await pay('byok')
  await call('/v1/chat/completions', { model: 'keyed/m', messages }, bearer(ada.apiKey))
  await call('/v1/chat/completions', { model: 'oauth/m', messages }, bearer(ada.apiKey))
  expect(upstream.seen.some(({ headers }) => headers.authorization?.includes(kept.get('own key') ?? '-'))).toBe(true)

  // Providers fail in every way, and repeat what they were sent.
  for (const method of ['credits', 'byok']) {
    await pay(method)
    for (const status of [400, 401, 403, 404, 413, 422, 429, 500, 503])
      for (const echo of [everythingOf, wordsOf]) {
        upstream.answer = tokenFirst((seen, response) => {
          response.setHeader('x-echo', echo({ ...seen, body: {} }).replace(/[^\x20-\x7e]/g, ''))
          response.setHeader('set-cookie', `a=${kept.get('key of a provider')}`)
          const message = echo({ ...seen, body: {} })
          sendJson(response, status, { type: 'error', error: { type: 'x', message, param: message, code: message } })
        })
        for (const model of ['keyed/m', 'oauth/m', 'aws/m', 'sonnet'])
          for (const stream of [false, true]) {
            await call('/v1/chat/completions', { model, max_tokens: 9, messages, stream }, bearer(ada.apiKey))
            gateway.wait(400)
          }
      }
  }
  await pay('credits')

  // In the midst of a stream; in no words at all; and not at all.
  upstream.answer = tokenFirst((seen, response) => {
    startEvents(response)
    sendEvent(response, chunk({ content: answer }))
    sendEvent(response, { error: { message: wordsOf(seen), type: 'invalid_request_error', code: everythingOf(seen) } })
    response.end()
  })
  await callAll()
  upstream.answer = tokenFirst((seen, response) => response.end(everythingOf(seen)))
  await callAll()
  upstream.answer = tokenFirst((_seen, response) => response.destroy())
  await callAll()
  // An identity provider that repeats the secret.
  gateway.wait(7200)
  for (const status of [400, 401, 500]) {
    upstream.answer = (seen, response) =>
      sendJson(response, status, { error: 'invalid_client', error_description: wordsOf(seen) })
    await call('/v1/chat/completions', { model: 'oauth/m', messages }, bearer(ada.apiKey))
    gateway.wait(400)
  }

  // The caller goes away.
  upstream.answer = tokenFirst((_seen, response) => {
    startEvents(response)
    sendEvent(response, chunk({ content: answer }))
  })
  for (const stream of [false, true]) {
    const body = JSON.stringify({ model: 'gpt-5', messages, stream })
    const headers = { ...bearer(ada.apiKey), 'content-type': 'application/json', ...noise }
    const sending = httpRequest(`${url}/v1/chat/completions`, { method: 'POST', headers })
    sending.on('error', () => {})
    sending.end(body)
    if (stream) await once(sending, 'response')
    else await once(sending, 'finish')
    sending.destroy()
  }
  upstream.reset()

  // Nothing that is a call at all.
  for (const body of [
    `{"${prompt}`,
    `{"model":"${inUrl.slice(0, 20)}`,
    '[]',
    { model: 'nobody', messages },
    { model: 5 },
    { stream: prompt },
  ])
    for (const headers of [
      bearer(ada.apiKey),
      bearer(wrong),
      basic('x', wrong),
      { 'x-api-key': kept.get('JWT of a stranger') ?? '' },
      bearer(ADMIN_KEY),
    ])
      await call('/v1/chat/completions', body, headers)
  await call('/v1/embeddings', { model: 'embed-1', input: prompt }, bearer(ada.apiKey))
  await call('/v1/nothing', { messages }, bearer(ada.apiKey))
  for (const path of [`/v1/models/${wrong}`, `/v1/models?api_key=${wrong}`, `/console/${wrong}`])
    await fetch(`${url}${path}`)
  await gateway.admin('POST', '/model-providers', {
    ...provider,
    id: 'odd',
    api_key: kept.get('key of a provider'),
    kind: wrong,
  })
  await gateway.admin('PUT', '/model-providers/keyed', { ...provider, models: kept.get('key of a provider') })
  await maintain(gateway.deps)
  return { answers, ada }
}

/** What people and programs can read of settings. */
async function settings(gateway: ListeningGateway, window: { get(path: string): Promise<Answer> }) {
  const paths = [
    '/api/models',
    '/api/limits',
    '/api/usage',
    '/api/usage/receipts',
    '/api/usage/receipts.csv',
    '/api/provider-keys',
    '/api/provider-keys/keyed',
    '/api/payment-method',
    '/api/api-keys',
    '/api/audit-log?limit=200',
    '/api/audit-log/export?format=csv',
    '/console/',
    '/console/models',
    '/reference',
    '/openapi.json',
    '/metrics',
    '/health',
    '/ready',
  ]
  const admin = [
    '/model-providers',
    '/model-providers/keyed',
    '/model-providers/oauth',
    '/model-providers/aws',
    '/model-prices',
    '/users',
    '/audit-log?limit=200',
    '/audit-log/export?format=json',
    '/providers',
  ]
  const read = [
    ...(await Promise.all(paths.map((path) => window.get(path)))),
    ...(await Promise.all(admin.map((path) => gateway.admin('GET', path)))),
  ]
  expect(read.filter(({ status }) => status >= 500)).toEqual([])
  return read.map(({ text, headers }) => `${JSON.stringify([...headers])} ${text}`)
}

async function rowsOf({ deps }: ListeningGateway): Promise<string[]> {
  const tables = await deps.db.read.introspection.getTables()
  const rows = await Promise.all(
    tables.map(async ({ name }) => {
      const all = await deps.db.read
        .selectFrom(name as 'agent')
        .selectAll()
        .execute()
      return all.map((row) => `${name} ${JSON.stringify(row)}`)
    }),
  )
  return rows.flat()
}

function leaks(secrets: Map<string, string>, texts: readonly string[]): string[] {
  return [...secrets].flatMap(([name, secret]) => {
    const found = texts.find((text) => spellings(secret).some((spelling) => text.includes(spelling)))
    return found === undefined ? [] : [`${name}: ${found.slice(0, 300)}`]
  })
}

test.each([
  ['sqlite', 'debug'],
  ['sqlite', 'trace'],
  ['postgres', 'debug'],
  ['postgres', 'trace'],
] as const)(
  'of all that models know, nothing secret is left anywhere: %s, at %s',
  async (kind, level) => {
    const masterKey = Buffer.from(canary('master').slice(0, 32)).toString('base64')
    const agentMail = canary('am')
    const gateway = await startListeningGateway(
      {
        DATABASE_URL: await databaseUrl(kind),
        LOG_LEVEL: level,
        MASTER_KEYS: `m1:${masterKey}`,
        AGENTMAIL_API_KEY: agentMail,
        // Nobody listens there.
        AGENTMAIL_BASE_URL: 'http://127.0.0.1:9',
        CHAT_TIMEOUT: '20s',
      },
      kind,
    )
    ends.push(() => gateway.stop())
    const secrets = new Map([
      ['master key', masterKey],
      ['AgentMail key', agentMail],
      ['admin key', ADMIN_KEY],
      ['key of a provider of OpenAI’s', 'sk-acme-canary-0123456789'],
      ['key of a provider of Anthropic’s', 'sk-ant-canary-0123456789'],
      ...(kind === 'postgres' ? [['password of the database', DATABASE_PASSWORD] as const] : []),
    ])
    const { answers, ada } = await drive(gateway, secrets)
    expect(secrets.size).toBeGreaterThan(20)

    expect(answers.length).toBeGreaterThan(200)
    // What was wrong with a call may be told in the words of who sent it: they know them.
    const theirs = new Set(['prompt', 'idempotent body', 'key in an address', 'wrong key'])
    const notTheirs = new Map([...secrets].filter(([name]) => !theirs.has(name)))
    expect(leaks(notTheirs, answers)).toEqual([])
    expect(leaks(secrets, await settings(gateway, ada.window))).toEqual([])
    const rows = await rowsOf(gateway)
    expect(rows.filter((row) => row.startsWith('usage_record ')).length).toBeGreaterThan(100)
    expect(rows.some((row) => row.startsWith('idempotency_key '))).toBe(true)
    expect(leaks(secrets, rows)).toEqual([])
    expect(
      leaks(
        secrets,
        databaseFiles(gateway.databaseUrl).map(({ bytes }) => bytes.toString('latin1')),
      ),
    ).toEqual([])
    expect(gateway.logged.length).toBeGreaterThan(200)
    expect(leaks(secrets, gateway.logged)).toEqual([])
  },
  120_000,
)
