import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { inject } from 'vitest'
import { createApp } from '../src/app.ts'
import { readConfig } from '../src/config.ts'
import type { Deps } from '../src/context.ts'
import { createLogger } from '../src/http/log.ts'
import { type Outside, openWorld } from '../src/world.ts'

export const DATABASES = ['sqlite', 'postgres'] as const
export type DatabaseKind = (typeof DATABASES)[number]

export const ISSUER = 'http://localhost:4000'
export const ADMIN_KEY = 'admin-key-of-the-tests-0123456789'
export const CALLBACK = 'https://shop.example/callback'
export const MASTER_KEYS = `m1:${Buffer.alloc(32, 7).toString('base64')}`

export interface Answer {
  status: number
  headers: Headers
  text: string
  // biome-ignore lint/suspicious/noExplicitAny: tests look at answers as a client would, without a schema.
  body: any
}

export interface Credentials {
  client_id: string
  client_secret: string
}

export interface AgentCredentials {
  agent_id: string
  agent_secret: string
}

export type TestServer = Awaited<ReturnType<typeof startServer>>
export type Browser = ReturnType<TestServer['browser']>
export type Person = Awaited<ReturnType<TestServer['person']>>
export type Params = Record<string, string | string[]>

/** A fresh database of the kind asked for, and what to do with it afterwards. */
export async function freshDatabase(kind: DatabaseKind): Promise<{ url: string; drop(): Promise<void> }> {
  if (kind === 'sqlite') {
    const directory = mkdtempSync(join(tmpdir(), 'auth-agent-test-'))
    return {
      url: `sqlite:${join(directory, 'test.db')}`,
      drop: async () => rmSync(directory, { recursive: true, force: true }),
    }
  }
  const base = inject('postgresUrl')
  const name = `test_${randomBytes(8).toString('hex')}`
  await postgresAdmin(base, `create database ${name}`)
  return { url: `${base}/${name}`, drop: () => postgresAdmin(base, `drop database if exists ${name} with (force)`) }
}

async function postgresAdmin(base: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: `${base}/postgres` })
  await client.connect()
  await client.query(statement)
  await client.end()
}

/** A whole server in this process, spoken to as a client would, with a clock that the test turns. */
export async function startServer(
  kind: DatabaseKind = 'sqlite',
  env: Record<string, string> = {},
  outside: Pick<Outside, 'providers'> = {},
) {
  const database = await freshDatabase(kind)
  const logged: string[] = []
  let time = Date.parse('2026-06-01T12:00:00Z')
  let people = 0
  const config = readConfig({
    ISSUER,
    DATABASE_URL: database.url,
    MASTER_KEYS,
    ADMIN_API_KEY: ADMIN_KEY,
    LOG_LEVEL: 'trace',
    ...env,
  })
  const world = await openWorld(config, {
    now: () => time,
    log: createLogger(config.logLevel, { write: (line) => logged.push(line) }),
    ...outside,
  })
  const { deps } = world
  const app = createApp(deps)

  /** `address` is where the call seems to come from. */
  async function request(path: string, init: RequestInit = {}, address?: string): Promise<Answer> {
    const url = path.startsWith('http') ? path : `${ISSUER}${path}`
    const peer = address === undefined ? {} : { incoming: { socket: { remoteAddress: address } } }
    return answerOf(await app.request(url, { redirect: 'manual', ...init }, peer))
  }

  async function post(path: string, params: Params, headers: Record<string, string> = {}): Promise<Answer> {
    return request(path, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
      body: encode(params),
    })
  }

  async function postJson(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    return request(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    })
  }

  async function admin(method: string, path: string, body?: unknown): Promise<Answer> {
    return request(`/api/admin${path}`, {
      method,
      headers: { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
  }

  async function created(path: string, body: object) {
    const answer = await admin('POST', path, body)
    if (answer.status !== 201) throw new Error(`POST ${path}: ${answer.status} ${answer.text}`)
    return answer.body
  }

  const client = (overrides: object = {}): Promise<Credentials & Record<string, unknown>> =>
    created('/clients', { client_name: 'Shop', redirect_uris: [CALLBACK], ...overrides })
  const agent = (overrides: object = {}): Promise<AgentCredentials & Record<string, unknown>> =>
    created('/agents', { user_email: 'ada@example.com', user_name: 'Ada Lovelace', ...overrides })

  /** A browser as far as cookies go. */
  function browser() {
    const jar = new Map<string, string>()
    return {
      jar,
      cookies: () => [...jar].map(([name, value]) => `${name}=${value}`).join('; '),
      async get(path: string, headers: Record<string, string> = {}): Promise<Answer> {
        const answer = await request(path, { headers: { cookie: this.cookies(), ...headers } })
        keep(jar, answer.headers)
        return answer
      },
      post(path: string, params: Params, headers: Record<string, string> = {}): Promise<Answer> {
        return post(path, params, { cookie: this.cookies(), ...headers })
      },
      postJson(path: string, body: unknown): Promise<Answer> {
        return postJson(path, body, { cookie: this.cookies() })
      },
      /** A call as the console makes it. */
      async send(method: string, path: string, body?: unknown): Promise<Answer> {
        const answer = await request(path, {
          method,
          headers: {
            cookie: this.cookies(),
            origin: new URL(ISSUER).origin,
            ...(body !== undefined && { 'content-type': 'application/json' }),
          },
          ...(body !== undefined && { body: JSON.stringify(body) }),
        })
        keep(jar, answer.headers)
        return answer
      },
      /** Opens the waiting page. */
      async open(clientId: string, params: Params = {}): Promise<Opened> {
        const pkce = newPkce()
        const page = await this.get(authorizePath(clientId, pkce, params))
        return { page, pkce, requestId: /req_[a-z0-9]+/.exec(page.text)?.[0] ?? '' }
      },
    }
  }

  /** Somebody who has just signed up, in their browser. Each from an address of their own: sign-ups are counted. */
  async function person({ name, email, password = 'correct horse battery' }: NewPerson) {
    const window = browser()
    const address = `198.51.100.${people++ % 250}`
    const headers = { 'content-type': 'application/json' }
    const body = JSON.stringify({ name, email, password })
    const answer = await request('/api/auth/sign-up/email', { method: 'POST', headers, body }, address)
    if (answer.status !== 200) throw new Error(`sign-up: ${answer.status} ${answer.text}`)
    keep(window.jar, answer.headers)
    return Object.assign(window, { id: answer.body.user.id as string, email, password })
  }

  const authenticate = (
    requestId: string,
    agent: AgentCredentials,
    extra: object = {},
    headers: Record<string, string> = {},
  ) =>
    postJson(
      '/api/agent/authenticate',
      { request_id: requestId, agent_id: agent.agent_id, agent_secret: agent.agent_secret, model: 'gpt-5', ...extra },
      headers,
    )

  /** A sign-in up to the code that the website gets. */
  async function code(credentials: Credentials, agent: AgentCredentials, params: Params = {}) {
    const window = browser()
    const { requestId, pkce } = await window.open(credentials.client_id, params)
    const authenticated = await authenticate(requestId, agent, {}, { cookie: window.cookies() })
    if (authenticated.status !== 200) throw new Error(`authenticate: ${authenticated.status} ${authenticated.text}`)
    const status = await window.get(`/api/check-status?request_id=${requestId}`)
    return { code: status.body.code as string, verifier: pkce.verifier, requestId, window, status: status.body }
  }

  const exchange = (credentials: Credentials, code: { code: string; verifier: string }, extra: Params = {}) =>
    post('/token', {
      grant_type: 'authorization_code',
      code: code.code,
      code_verifier: code.verifier,
      client_id: credentials.client_id,
      client_secret: credentials.client_secret,
      ...extra,
    })

  /** A whole sign-in. */
  async function tokens(credentials: Credentials, agent: AgentCredentials, params: Params = {}) {
    const answer = await exchange(credentials, await code(credentials, agent, params))
    if (answer.status !== 200) throw new Error(`token: ${answer.status} ${answer.text}`)
    return answer.body as { access_token: string; refresh_token: string; id_token: string; scope: string }
  }

  const refresh = (credentials: Credentials, refreshToken: string, extra: Params = {}) =>
    post('/token', { grant_type: 'refresh_token', refresh_token: refreshToken, ...secretPost(credentials), ...extra })
  const introspect = (credentials: Credentials, token: string) =>
    post('/introspect', { token, ...secretPost(credentials) })

  return {
    deps: deps as Deps,
    app,
    config,
    databaseUrl: database.url,
    logged,
    request,
    post,
    postJson,
    admin,
    client,
    agent,
    browser,
    person,
    authenticate,
    code,
    exchange,
    tokens,
    refresh,
    introspect,
    /** Turns the clock on by so many seconds. */
    wait(seconds: number) {
      time += seconds * 1000
    },
    /** As a server does that is told to stop. */
    drain: () => world.drain(),
    async stop() {
      world.drain()
      await world.close()
      await database.drop()
    },
  }
}

export interface NewPerson {
  name: string
  email: string
  password?: string
}

export interface Opened {
  page: Answer
  pkce: Pkce
  requestId: string
}

export interface Pkce {
  verifier: string
  challenge: string
}

/** The secret in the body, as a client may send it that chose no other way. */
export function secretPost({ client_id, client_secret }: Credentials): Params {
  return { client_id, client_secret }
}

export function basic(id: string, secret: string): Record<string, string> {
  const encoded = `${encodeURIComponent(id)}:${encodeURIComponent(secret)}`
  return { authorization: `Basic ${Buffer.from(encoded).toString('base64')}` }
}

export function newPkce(): Pkce {
  const verifier = randomBytes(32).toString('base64url')
  return { verifier, challenge: createHash('sha256').update(verifier).digest('base64url') }
}

export function authorizePath(clientId: string, pkce: Pkce, params: Params = {}): string {
  return `/authorize?${encode({
    response_type: 'code',
    client_id: clientId,
    redirect_uri: CALLBACK,
    code_challenge: pkce.challenge,
    code_challenge_method: 'S256',
    state: 'state-1',
    ...params,
  })}`
}

/** Where a redirect leads. */
export function locationOf(answer: Answer): URL {
  if (answer.status !== 303) throw new Error(`not a redirect: ${answer.status} ${answer.text}`)
  return new URL(answer.headers.get('location') ?? '')
}

/** Form-encodes; a list repeats its name, an empty list leaves it out. */
export function encode(params: Params): string {
  const pairs = Object.entries(params).flatMap(([name, value]) =>
    [value].flat().map((one) => [name, one] as [string, string]),
  )
  return new URLSearchParams(pairs).toString()
}

export function claimsOf(jwt: string) {
  return JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString())
}

export function headerOf(jwt: string) {
  return JSON.parse(Buffer.from(jwt.split('.')[0] ?? '', 'base64url').toString())
}

export async function answerOf(response: Response): Promise<Answer> {
  const text = await response.text()
  const isJson = response.headers.get('content-type')?.includes('json')
  return {
    status: response.status,
    headers: response.headers,
    text,
    body: isJson && text !== '' ? JSON.parse(text) : undefined,
  }
}

function keep(jar: Map<string, string>, headers: Headers): void {
  for (const cookie of headers.getSetCookie()) {
    const [pair = '', ...attributes] = cookie.split('; ')
    const [name = '', value = ''] = pair.split(/=(.*)/s)
    if (attributes.includes('Max-Age=0')) jar.delete(name)
    else jar.set(name, value)
  }
}
