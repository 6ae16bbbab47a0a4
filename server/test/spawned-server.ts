import { type ChildProcess, spawn } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { afterAll } from 'vitest'
import {
  ADMIN_KEY,
  type AgentCredentials,
  type Answer,
  answerOf,
  authorizePath,
  type Credentials,
  encode,
  ISSUER,
  newPkce,
} from './harness.ts'

const SOURCES = join(import.meta.dirname, '../src')
export const MASTER_KEYS = `m1:${Buffer.alloc(32, 7).toString('base64')}`
export const OTHER_KEY = Buffer.alloc(32, 8).toString('base64')
const START_MS = 20_000

type Params = Record<string, string | string[]>
type Env = Record<string, string>

export interface Exit {
  code: number | null
  signal: NodeJS.Signals | null
}

/** One of our programs in a process of its own. */
export interface Program {
  pid: number
  stdout(): string
  stderr(): string
  exited: Promise<Exit>
  signal(name: NodeJS.Signals): void
}

/** A whole server in a process of its own, and how to speak to it. */
export type SpawnedServer = Awaited<ReturnType<typeof served>>

const running = new Set<ChildProcess>()
/** A test that fails leaves its processes behind; none outlives its file. */
afterAll(() => {
  for (const child of running) child.kill('SIGKILL')
})

/** Runs a file of server/src, or a script given whole, with nothing of our own environment. */
export function runProgram(what: { file: string; args?: string[] } | { script: string }, env: Env = {}): Program {
  const args = 'script' in what ? ['--input-type=module', '--eval', what.script] : [join(SOURCES, what.file)]
  return follow(spawn(process.execPath, [...args, ...(('args' in what && what.args) || [])], processOptions(env)))
}

/** The same, with files that cannot grow beyond so many blocks of 512 bytes, as on a disk that is full. */
export function runOnFullDisk(file: string, blocks: number, env: Env): Program {
  const script = `ulimit -f ${blocks}; exec "$0" "$@"`
  return follow(spawn('/bin/sh', ['-c', script, process.execPath, join(SOURCES, file)], processOptions(env)))
}

function processOptions(env: Env) {
  return {
    cwd: tmpdir(),
    env: { PATH: process.env.PATH ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'] as ['ignore', 'pipe', 'pipe'],
  }
}

function follow(child: ReturnType<typeof spawn>): Program {
  running.add(child)
  const said = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const)
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      said[name] += text
    })
  const exited = new Promise<Exit>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => {
      running.delete(child)
      resolve({ code, signal })
    })
  })
  return {
    pid: child.pid ?? 0,
    stdout: () => said.stdout,
    stderr: () => said.stderr,
    exited,
    signal: (name) => void child.kill(name),
  }
}

export function serverEnv(databaseUrl: string, env: Env = {}): Env {
  const all = { ISSUER, PORT: '0', DATABASE_URL: databaseUrl, MASTER_KEYS, ADMIN_API_KEY: ADMIN_KEY, ...env }
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== ''))
}

/** Starts a server and waits until it can serve. An empty variable is left out. */
export async function spawnServer(databaseUrl: string, env: Env = {}, args: string[] = []) {
  return served(runProgram({ file: 'main.ts', args }, serverEnv(databaseUrl, env)))
}

/** Waits until a server, however it was started, can serve. */
export async function served(program: Program) {
  const url = await Promise.race([
    eventually(async () => /"url":"([^"]+)"/.exec(program.stdout())?.[1], START_MS),
    program.exited.then(({ code }) => {
      throw new Error(`The server ended with ${code}: ${program.stderr()}`)
    }),
  ])
  const client = speakTo(url)
  await eventually(async () => (await client.request('/ready')).status === 200, START_MS)
  const end = (signal: NodeJS.Signals) => {
    program.signal(signal)
    return program.exited
  }
  return { ...program, ...client, url, stop: () => end('SIGTERM'), kill: () => end('SIGKILL') }
}

/** Speaks to a server as websites, agents and browsers would. */
export function speakTo(url: string) {
  async function request(path: string, init: RequestInit = {}): Promise<Answer> {
    const address = path.startsWith('http') ? path.replace(ISSUER, url) : `${url}${path}`
    return answerOf(await fetch(address, { redirect: 'manual', ...init }))
  }

  const send = (type: string, path: string, body: string, headers: Env) =>
    request(path, { method: 'POST', headers: { 'content-type': type, ...headers }, body })
  const post = (path: string, params: Params, headers: Env = {}) =>
    send('application/x-www-form-urlencoded', path, encode(params), headers)
  const postJson = (path: string, body: unknown, headers: Env = {}) =>
    send('application/json', path, JSON.stringify(body), headers)

  async function admin(method: string, path: string, body?: object): Promise<Answer> {
    return request(`/api/admin${path}`, {
      method,
      headers: { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    })
  }

  async function expected(status: number, answer: Promise<Answer>) {
    const { status: got, text, body } = await answer
    if (got !== status) throw new Error(`${got} instead of ${status}: ${text}`)
    return body
  }

  const client = (overrides: object = {}): Promise<Credentials> =>
    expected(
      201,
      admin('POST', '/clients', {
        client_name: 'Shop',
        redirect_uris: ['https://shop.example/callback'],
        token_endpoint_auth_method: 'client_secret_post',
        ...overrides,
      }),
    )
  const agent = (overrides: object = {}): Promise<AgentCredentials> =>
    expected(201, admin('POST', '/agents', { user_email: 'ada@example.com', user_name: 'Ada Lovelace', ...overrides }))

  /** Opens the waiting page in a browser of its own. */
  async function open({ client_id }: Credentials) {
    const pkce = newPkce()
    const page = await request(authorizePath(client_id, pkce))
    if (page.status !== 200) throw new Error(`authorize: ${page.status} ${page.text}`)
    const cookie = page.headers.getSetCookie().map((line) => line.split(';')[0] ?? '')
    return { requestId: /req_[a-z0-9]+/.exec(page.text)?.[0] ?? '', verifier: pkce.verifier, cookie: cookie.join('; ') }
  }

  const authenticate = (requestId: string, agent: AgentCredentials) =>
    postJson('/api/agent/authenticate', {
      request_id: requestId,
      agent_id: agent.agent_id,
      agent_secret: agent.agent_secret,
      model: 'gpt-5',
    })
  const status = ({ requestId, cookie }: OpenedRequest) =>
    request(`/api/check-status?request_id=${requestId}`, { headers: { cookie } })

  /** A sign-in up to the code that the website gets. */
  async function code(credentials: Credentials, agent: AgentCredentials) {
    const opened = await open(credentials)
    await expected(200, authenticate(opened.requestId, agent))
    const { code } = await expected(200, status(opened))
    return { ...opened, code: code as string }
  }

  const exchange = (credentials: Credentials, { code, verifier }: { code: string; verifier: string }) =>
    post('/token', { grant_type: 'authorization_code', code, code_verifier: verifier, ...own(credentials) })
  const refresh = (credentials: Credentials, token: string) =>
    post('/token', { grant_type: 'refresh_token', refresh_token: token, ...own(credentials) })
  const introspect = (credentials: Credentials, token: string) => post('/introspect', { token, ...own(credentials) })
  const revoke = (credentials: Credentials, token: string) => post('/revoke', { token, ...own(credentials) })

  /** A whole sign-in. */
  async function tokens(credentials: Credentials, agent: AgentCredentials): Promise<Tokens> {
    return expected(200, exchange(credentials, await code(credentials, agent)))
  }

  return {
    request,
    post,
    postJson,
    admin,
    client,
    agent,
    open,
    authenticate,
    status,
    code,
    exchange,
    refresh,
    introspect,
    revoke,
    tokens,
    listen: (opened: OpenedRequest) => listenTo(url, opened),
  }
}

const own = ({ client_id, client_secret }: Credentials) => ({ client_id, client_secret })

export interface OpenedRequest {
  requestId: string
  cookie: string
}

export interface Tokens {
  access_token: string
  refresh_token: string
}

/** An open status stream: what it told, and when. */
async function listenTo(url: string, { requestId, cookie }: OpenedRequest) {
  const aborter = new AbortController()
  const response = await fetch(`${url}/api/check-status/stream?request_id=${requestId}`, {
    headers: { cookie },
    signal: aborter.signal,
  })
  const told = new Map<string, number>()
  const ended = read().catch(() => {})

  async function read() {
    let rest = ''
    for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      rest += chunk
      for (const [, status = ''] of rest.matchAll(/"status":"(\w+)"/g))
        if (!told.has(status)) told.set(status, performance.now())
      rest = rest.slice(rest.lastIndexOf('\n') + 1)
    }
  }

  return {
    response,
    /** When it told of a status. */
    hears: (status: string, ms = 5000) => eventually(async () => told.get(status), ms),
    /** Resolves when the server ends it. */
    ended,
    close: () => aborter.abort(),
  }
}

/** What a client was told of a sign-in, as far as it got. */
interface SignIn {
  opened: OpenedRequest
  authenticated?: boolean
  tokens?: Tokens
}

type Client = ReturnType<typeof speakTo>
const STORM_WIDTH = 8

/** Many sign-ins and refreshes at once, until the server is gone or the storm is stopped; and what was promised in it. */
export function startStorm(server: Client, client: Credentials, agent: AgentCredentials) {
  const signIns: SignIn[] = []
  let stopped = false
  const over = Promise.all(
    Array.from({ length: STORM_WIDTH }, async () => {
      while (!stopped) await signInAndRefresh(server, client, agent, signIns)
    }).map((one) => one.catch(endOfServer)),
  )

  return {
    over,
    stop() {
      stopped = true
      return over
    },
    completed: () => signIns.filter(({ tokens }) => tokens).length,
    /** Promises that were not kept. To be asked within 30 s, while lost refreshes can be asked again. */
    async broken(after: Client, databaseUrl: string): Promise<unknown[]> {
      const broken: unknown[] = await query(databaseUrl, HALF_WRITTEN)
      const issued = await query(databaseUrl, `select request_id from audit_event where action = 'token.issued'`)
      const recorded = new Set(issued.map(({ request_id }) => request_id))
      for (const { opened, authenticated, tokens } of signIns) {
        if (tokens && !recorded.has(opened.requestId)) broken.push(['not in the audit log', opened.requestId])
        if (tokens) {
          const { status, text } = await after.refresh(client, tokens.refresh_token)
          if (status !== 200) broken.push(['refresh', status, text])
        } else if (authenticated) {
          const { status } = (await after.status(opened)).body
          if (status !== 'authenticated' && status !== 'completed') broken.push(['authenticated', status])
        }
      }
      return broken
    },
  }
}

/** Requests that were completed without a grant and its refresh token. */
const HALF_WRITTEN = `select r.request_id from authorization_request r
  left join auth_grant g on g.grant_id = r.grant_id left join refresh_token t on t.grant_id = g.grant_id
  where r.status = 'completed' and t.token_hash is null`

/** An answer of 503 ends this sign-in, any other failure the test. */
async function signInAndRefresh(server: Client, client: Credentials, agent: AgentCredentials, signIns: SignIn[]) {
  const opened = await server.open(client).catch((error: Error) => {
    if (!error.message.includes('503')) throw error
  })
  if (!opened) return sleep(20)
  const signIn: SignIn = { opened }
  signIns.push(signIn)
  if (!isDone(await server.authenticate(opened.requestId, agent))) return
  signIn.authenticated = true
  const status = await server.status(opened)
  if (!isDone(status)) return
  let answer = await server.exchange(client, { code: status.body.code, verifier: opened.verifier })
  for (let refreshes = 0; refreshes < 4 && isDone(answer); refreshes++) {
    signIn.tokens = answer.body
    answer = await server.refresh(client, answer.body.refresh_token)
  }
}

function isDone({ status, text }: Answer): boolean {
  if (status !== 200 && status !== 503) throw new Error(`${status}: ${text}`)
  return status === 200
}

/** fetch fails with a TypeError when there is nobody. */
function endOfServer(error: unknown): void {
  if (!(error instanceof TypeError)) throw error
}

/** Asks again and again until the answer is yes, and gives that answer. */
export async function eventually<T>(ask: () => Promise<T | false | undefined>, ms: number): Promise<T> {
  const giveUpAt = performance.now() + ms
  for (;;) {
    const answer = await ask().catch(() => undefined)
    if (answer) return answer
    if (performance.now() > giveUpAt) throw new Error(`Not within ${ms} ms: ${ask}`)
    await sleep(5)
  }
}

/** Looks into the database past the server. */
// biome-ignore lint/suspicious/noExplicitAny: rows have the columns that the statement names.
export async function query(databaseUrl: string, statement: string): Promise<any[]> {
  if (databaseUrl.startsWith('sqlite:')) {
    const handle = new DatabaseSync(databaseUrl.slice('sqlite:'.length), { readOnly: true })
    try {
      return handle.prepare(statement).all()
    } finally {
      handle.close()
    }
  }
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    return (await client.query(statement)).rows
  } finally {
    await client.end()
  }
}
