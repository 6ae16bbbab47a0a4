import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { Connection } from './connection.ts'
import { CookieJar } from './cookie-jar.ts'
import { databaseBytes } from './database-size.ts'
import { authorizationRequest } from './pkce.ts'
import { expectStatus, get, member, postJson, UnexpectedReply } from './request.ts'
import { freePort, type ServerProcess, startProcess } from './server-process.ts'
import type { Client, Granted, Side } from './side.ts'

const AGENTS = 16

export type Agent = { id: string; secret: string }
export type Subject = Side & { agents: Agent[]; databasePath: string; adminKey: string }

export type SubjectOptions = {
  folder: string
  redirectUri: string
  nodeOptions?: string[]
  env?: Record<string, string>
}

/** Our server as it runs in production, on a database of its own. */
export async function startSubject({
  folder,
  redirectUri,
  nodeOptions = [],
  env = {},
}: SubjectOptions): Promise<Subject> {
  const port = await freePort()
  const adminKey = randomBytes(32).toString('base64url')
  const databasePath = join(folder, 'bench.db')
  const server = await startProcess(port, {
    entry: new URL('../../server/src/main.ts', import.meta.url),
    nodeOptions,
    env: { ...environment(port, databasePath, adminKey), ...env },
    readyPath: '/ready',
  })
  try {
    const client = await registerClient(server, adminKey, redirectUri)
    const agents = await registerAgents(server, adminKey)
    return {
      name: 'auth-agent',
      server,
      endpoints: { token: '/token', introspection: '/introspect' },
      client,
      agents,
      databasePath,
      adminKey,
      signIn: (connection, of, index) => signIn(agents, connection, of, index),
      databaseBytes: () => databaseBytes(databasePath),
    }
  } catch (error) {
    await server.stop()
    throw error
  }
}

function environment(port: number, databasePath: string, adminKey: string): Record<string, string> {
  return {
    NODE_ENV: 'production',
    PORT: String(port),
    HOST: '127.0.0.1',
    ISSUER: `http://127.0.0.1:${port}`,
    DATABASE_URL: `sqlite:${databasePath}`,
    MASTER_KEYS: `bench:${randomBytes(32).toString('base64')}`,
    ADMIN_API_KEY: adminKey,
    LOG_LEVEL: 'warn',
  }
}

async function registerClient(server: ServerProcess, adminKey: string, redirectUri: string): Promise<Client> {
  const created = await create(server, adminKey, 'clients', {
    client_name: 'Bench',
    redirect_uris: [redirectUri],
    grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
    token_endpoint_auth_method: 'client_secret_basic',
  })
  return { id: created.client_id ?? '', secret: created.client_secret ?? '', redirectUri }
}

async function registerAgents(server: ServerProcess, adminKey: string): Promise<Agent[]> {
  const agents: Agent[] = []
  for (let index = 0; index < AGENTS; index++) {
    const created = await create(server, adminKey, 'agents', {
      user_email: 'ada@example.com',
      user_name: 'Ada',
      agent_name: `Agent ${index}`,
      same_browser: 'off',
    })
    agents.push({ id: created.agent_id ?? '', secret: created.agent_secret ?? '' })
  }
  return agents
}

async function create(
  server: ServerProcess,
  adminKey: string,
  kind: string,
  value: unknown,
): Promise<Record<string, string>> {
  const answer = await fetch(`http://127.0.0.1:${server.port}/api/admin/${kind}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json' },
    body: JSON.stringify(value),
  })
  const body = await answer.text()
  if (answer.status !== 201) throw new Error(`POST /api/admin/${kind}: ${answer.status} ${body}`)
  return JSON.parse(body)
}

/** What the website, the agent and a caller without a browser do, up to the code. */
async function signIn(agents: Agent[], connection: Connection, client: Client, index: number): Promise<Granted> {
  const request = await authorize(connection, client)
  await authenticate(connection, request, agents[index % agents.length])

  const target = `/api/check-status?request_id=${request.id}`
  const status = await connection.send(get(target, request.jar.headers('/api/check-status')))
  expectStatus(status, 200)
  if (member(status, 'state') !== request.state) throw new UnexpectedReply('the state of this request', status)
  return { code: member(status, 'code'), verifier: request.verifier }
}

export type Pending = { id: string; state: string; verifier: string; jar: CookieJar }

export async function authorize(connection: Connection, client: Client): Promise<Pending> {
  const { query, state, verifier } = authorizationRequest(client)
  const page = await connection.send(get(`/authorize?${query}`))
  expectStatus(page, 200)
  const jar = new CookieJar()
  jar.take(page)
  return { id: member(page, 'request_id'), state, verifier, jar }
}

export async function authenticate(connection: Connection, request: Pending, agent: Agent | undefined): Promise<void> {
  const path = '/api/agent/authenticate'
  const body = { request_id: request.id, agent_id: agent?.id, agent_secret: agent?.secret, model: 'claude-sonnet-4-5' }
  const reply = await connection.send(postJson(path, body, request.jar.headers(path)))
  expectStatus(reply, 200)
  if (member(reply, 'status') !== 'authenticated') throw new UnexpectedReply('an authenticated request', reply)
}
