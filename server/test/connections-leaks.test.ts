import { createHash, randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openFlowSecrets } from '../src/connections/flow-secrets.ts'
import { deliverDueWebhooks } from '../src/connections/webhook-delivery.ts'
import { maintain } from '../src/maintenance.ts'
import { type ConnectionsServer, connectionsOf, startConnections } from './connection-flows.ts'
import { databaseFiles } from './database-files.ts'
import { spellings } from './everything.ts'
import { ADMIN_KEY, type Answer, DATABASES } from './harness.ts'
import { type IdentityProvider, type Said, type Seen, startIdentityProvider } from './identity-provider.ts'
import { query } from './spawned-server.ts'
import { startWebhookReceiver, type WebhookReceiver } from './webhook-receiver.ts'

const CLIENT_ID = 'our-client'
const CLIENT_SECRET = 'client-secret-canary/+&=0'
const BROKER_KEY = 'broker-key-canary-0123456789'
const API_KEY = 'upstream-api-key-canary-01'
const RETURN_URL = 'https://app.example.com/done'

/** Every way in which a provider may repeat what it was sent. */
const ECHOES: [string, (echo: string) => Said][] = [
  ['as the error', (echo) => said(400, { error: echo })],
  ['as the error, one word of it', (echo) => said(400, { error: echo.split(/[^\w-]+/).sort(byLength)[0] })],
  ['as a description', (echo) => said(400, { error: 'invalid_request', error_description: echo, error_uri: echo })],
  ['in headers', (echo) => ({ ...said(401, { error: 'invalid_client' }), headers: echoHeaders(echo) })],
  ['as a page', (echo) => ({ status: 500, headers: { 'content-type': 'text/html' }, body: `<pre>${echo}</pre>` })],
  ['as all it says', (echo) => ({ status: 200, headers: { 'content-type': 'text/plain' }, body: echo })],
  [
    'as a redirect',
    (echo) => ({ status: 302, headers: { location: `/login?was=${encodeURIComponent(echo)}` }, body: '' }),
  ],
]

const byLength = (a: string, b: string) => b.length - a.length
const said = (status: number, body: object): Said => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
})
const echoHeaders = (echo: string) => ({
  'content-type': 'application/json',
  'www-authenticate': `Bearer error_description="${encodeURIComponent(echo)}"`,
  'x-debug': Buffer.from(echo).toString('base64'),
  'retry-after': encodeURIComponent(echo),
})
const echoOf = ({ headers, body }: Seen) => `${body} ${headers.authorization ?? ''}`.trim()

describe.each(DATABASES)('what was secret, on %s', (kind) => {
  let server: ConnectionsServer
  let idp: IdentityProvider
  let token: string
  let receiver: WebhookReceiver
  /** By name, so that a leak says what it is. */
  const secrets = new Map<string, string>()
  /** What may be read by whoever asked for it, and nobody else. */
  const told = new Map<string, string>()
  const answers: Answer[] = []

  const admin = async (method: string, path: string, body?: object) =>
    kept(await server.call(method, path, { token: ADMIN_KEY, ...(body && { body }) }))
  const call = async (method: string, path: string, headers: Record<string, string> = {}) =>
    kept(await server.call(method, path, { token, headers }))

  function kept(answer: Answer): Answer {
    answers.push(answer)
    return answer
  }

  beforeAll(async () => {
    idp = await startIdentityProvider(CLIENT_ID)
    receiver = await startWebhookReceiver()
    server = await startConnections(kind, {
      ALLOWED_RETURN_DOMAINS: 'app.example.com',
      LOG_LEVEL: 'trace',
      BROKER_API_KEYS: BROKER_KEY,
      CONNECTION_REFRESHES_RPM: '1000',
    })
    const agent = await server.makeAgent()
    secrets.set('admin key', ADMIN_KEY).set('broker key', BROKER_KEY).set('client secret', CLIENT_SECRET)
    secrets.set('agent secret', agent.agent_secret).set('api key', API_KEY)
    await setUp('idp', { issuer: idp.issuer })
    await setUp('by-post', {
      authorization_url: `${idp.issuer}/authorize`,
      token_url: `${idp.issuer}/token`,
      userinfo_url: `${idp.issuer}/userinfo`,
      revocation_url: `${idp.issuer}/revoke`,
      api_base_url: `${idp.issuer}/api`,
      token_endpoint_auth_method: 'client_secret_post',
    })
    const hook = await admin('POST', '/api/webhooks', { url: receiver.url })
    answers.pop()
    secrets.set('webhook secret', hook.body.secret.slice('whsec_'.length))
    for (const provider of ['idp', 'by-post']) {
      token = await server.tokenOf(agent)
      secrets.set(`${provider} agent token`, token)
      await everything(provider)
    }
    await deliverDueWebhooks(server.deps)
    await maintain(server.deps)
  }, 120_000)
  afterAll(async () => {
    await server?.stop()
    await idp?.stop()
    await receiver?.stop()
  })

  const setUp = (name: string, settings: object) =>
    admin('POST', '/api/admin/providers', { name, client_id: CLIENT_ID, client_secret: CLIENT_SECRET, ...settings })

  /** Those that the provider counts are looked for by what they have in common. */
  function keep(kind: Map<string, string>, name: string, secret: string) {
    const common = secret.replace(/(?<=-canary-)\d+$/, '')
    kind.set(common === secret ? `${name} ${secret}` : name, common)
  }

  function learn(provider: string) {
    for (const { form, headers } of idp.seen) {
      for (const name of ['code', 'code_verifier', 'refresh_token'])
        if (form[name]) keep(secrets, `${provider} ${name}`, form[name])
      const bearer = /^Bearer (.+)/.exec(headers.authorization ?? '')?.[1]
      if (bearer) keep(told, `${provider} access_token`, bearer)
    }
  }

  /** Lets happen at one provider whatever can, rightly and wrongly. */
  async function everything(provider: string) {
    const at = connectionsOf(server, idp, token, provider)
    const behave = (how: object) => Object.assign(idp.behaviour, how)
    const connect = async (body: object = {}) => {
      const requested = kept(await at.request({ return_url: RETURN_URL, ...body }))
      secrets.set(`${provider} state ${requested.body.state}`, requested.body.state)
      answers.pop()
      kept(await at.callback(idp.consent(requested.body.authUrl)))
      return requested.body.connection_id as string
    }
    const read = async (id: string) => {
      for (const answer of [await call('GET', `/v1/token/${id}`), await call('POST', `/v1/refresh/${id}`)])
        for (const name of ['access_token', 'id_token'])
          if (answer.body[name]) keep(told, `${provider} ${name}`, answer.body[name])
    }

    const id = await connect()
    await read(id)
    server.wait(3310)
    await read(id)
    await call('POST', `/connections/${id}/refresh`, { 'x-api-key': BROKER_KEY })
    await call('POST', `/connections/${id}/refresh`, { 'x-api-key': `${BROKER_KEY}-wrong` })
    await admin('POST', `/api/connections/${id}/refresh`)
    await connect({ connection_id: id })
    const verifier = `session-verifier-canary-${randomBytes(24).toString('base64url')}`
    secrets.set(`${provider} session verifier`, verifier)
    const session_challenge = createHash('sha256').update(verifier).digest('base64url')
    const held = await connect({ session_challenge })
    await connect({ session_challenge })
    const path = `/v1/connections/${held}/confirm`
    kept(await server.call('POST', path, { token, body: { session_verifier: verifier.slice(0, 50) } }))
    kept(await server.call('POST', path, { token, body: { session_verifier: verifier } }))
    const idempotent = { 'idempotency-key': `key-${provider}` }
    const body = { user_id: 'ada', provider_name: provider, scopes: ['openid'] }
    const unanswered = await server.call('POST', '/v1/request-connection', { token, headers: idempotent, body })
    secrets.set(`${provider} state unanswered`, unanswered.body.state)
    const row = await server.deps.db.read
      .selectFrom('connection_flow')
      .selectAll()
      .where('connection_id', '=', unanswered.body.connection_id)
      .executeTakeFirstOrThrow()
    const flow = await openFlowSecrets(server.deps, row)
    secrets.set(`${provider} verifier unanswered`, flow.verifier ?? '')

    for (const [, say] of ECHOES)
      for (const endpoint of ['/token', '/userinfo', '/jwks', '/revoke', '/api/x']) {
        idp.reset()
        const victim = await connect()
        learn(provider)
        idp.seen.length = 0
        behave({
          idToken: false,
          override: (asked: Seen) => (asked.path === endpoint ? say(echoOf(asked)) : undefined),
        })
        await connect()
        await call('POST', `/v1/refresh/${victim}`)
        await call('GET', `/v1/proxy/${victim}/x?secret=1`, { 'x-mine': '1' })
        await call('DELETE', `/v1/connections/${victim}`)
        learn(provider)
      }
    idp.reset()
    // The shortest text that a parser might quote.
    behave({
      idToken: false,
      override: ({ path, headers }: Seen) =>
        path === '/userinfo' ? { status: 200, body: headers.authorization?.replace('Bearer ', '') ?? '' } : undefined,
    })
    await connect()
    learn(provider)
    idp.reset()

    const denied = kept(await at.request({ return_url: RETURN_URL }))
    secrets.set(`${provider} state denied`, denied.body.state)
    answers.pop()
    const error_description = `${CLIENT_SECRET} ${denied.body.state}`
    kept(await at.callback({ state: denied.body.state, error: 'access_denied', error_description }))
    kept(await at.callback({ state: denied.body.state, code: 'code-canary-again' }))
    secrets.set(`${provider} code again`, 'code-canary-again')

    // The connection ends by itself: the provider has forgotten it.
    behave({ tokenStatus: 400, token: { error: 'invalid_grant', access_token: undefined } })
    await call('POST', `/v1/refresh/${id}`)
    learn(provider)
    idp.reset()
    for (const path of ['/v1/connections', `/v1/check-connection/${id}`]) await call('GET', path)
    for (const path of ['/api/connections', `/api/connections/${id}`, '/api/connection-grants', '/api/providers'])
      await admin('GET', `${path}`)
    for (const path of ['/api/admin/providers', '/api/webhooks', '/api/audit-log?limit=200', '/api/sign-ins'])
      await admin('GET', path)
    await admin('PUT', `/api/admin/providers/${provider}`, { label: 'Again', client_secret: CLIENT_SECRET })
  }

  const leaksIn = (text: string, ...kinds: ReadonlyMap<string, string>[]) =>
    kinds.flatMap((kind) =>
      [...kind].flatMap(([name, secret]) =>
        spellings(secret).some((spelling) => text.includes(spelling)) ? [name] : [],
      ),
    )

  test('was much, and of every kind', () => {
    const kinds = new Set([...secrets.keys(), ...told.keys()].map((name) => name.split(' ').slice(0, 2).join(' ')))
    for (const provider of ['idp', 'by-post'])
      for (const name of ['state', 'code', 'code_verifier', 'refresh_token', 'access_token'])
        expect(kinds).toContain(`${provider} ${name}`)
    expect(kinds).toContain('idp id_token')
    expect(answers.length).toBeGreaterThan(300)
    expect(receiver.heard.length).toBeGreaterThan(20)
  })

  const isGiven = ({ status, body }: Answer) => status === 200 && body?.access_token !== undefined

  test('stands in no answer, but tokens in those that give them', () => {
    expect(leaksIn(answers.find(isGiven)?.text ?? '', told)).not.toEqual([])
    for (const answer of answers) {
      const text = `${answer.text}\n${JSON.stringify([...answer.headers])}`
      const leaks = isGiven(answer) ? leaksIn(text, secrets) : leaksIn(text, secrets, told)
      expect([answer.status, leaks, leaks.length > 0 && text]).toEqual([answer.status, [], false])
    }
  })

  test('stands in no webhook', () => {
    expect(leaksIn(receiver.heard.map(({ text }) => text).join('\n'), secrets, told)).toEqual([])
  })

  test('stands in no line of the log at its finest, and in no metric', async () => {
    const lines = server.logged.filter((line) => leaksIn(line, secrets, told).length > 0)
    expect(lines.slice(0, 3)).toEqual([])
    const { text } = await server.call('GET', '/metrics')
    expect(leaksIn(text, secrets, told)).toEqual([])
    expect(text).not.toMatch(/(conn|agent|user)_[0-9a-z]{20}/)
  })

  test('stands nowhere in the audit log, which says what happened all the same', async () => {
    const { text } = await admin('GET', '/api/audit-log/export?format=json')
    expect(leaksIn(text, secrets, told)).toEqual([])
    for (const action of ['activated', 'recovered', 'refused', 'refreshed', 'token_read', 'used', 'deleted'])
      expect(text).toContain(`connection.${action}`)
  })

  test('lies nowhere on the disk', async () => {
    const lying = kind === 'sqlite' ? latin1Of(server) : await rowsOf(server)
    expect(lying.length).toBeGreaterThan(2)
    for (const text of lying) expect(leaksIn(text, secrets, told)).toEqual([])
  }, 120_000)
})

const latin1Of = ({ databaseUrl }: ConnectionsServer) =>
  databaseFiles(databaseUrl).map(({ bytes }) => bytes.toString('latin1'))

/** Every row of every table as a dump would have it. */
async function rowsOf({ deps, databaseUrl }: ConnectionsServer): Promise<string[]> {
  const tables = await deps.db.read.introspection.getTables()
  const texts = tables.map(async ({ name }) =>
    (await query(databaseUrl, `select t::text as text from "${name}" t`)).map(({ text }) => text).join('\n'),
  )
  return Promise.all(texts)
}
