import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { sealClientSecret } from '../src/connections/provider-registry.ts'
import { sealTokens, type Tokens } from '../src/connections/vault.ts'
import type { Deps } from '../src/context.ts'
import { newId } from '../src/crypto/ids.ts'
import { type ConnectionRow, insertConnection, newConnection } from '../src/storage/connections.ts'
import { insertProvider } from '../src/storage/providers.ts'

export const CLIENT_SECRET = 'canary-client-secret-0123456789'

/** What the token endpoint says in the place of tokens. */
export interface Odd {
  status: number
  body?: string | object
  headers?: Record<string, string>
}

export type TokenProvider = Awaited<ReturnType<typeof startTokenProvider>>

/** A provider that rotates refresh tokens and ends their family when an old one comes back; and an API behind it. */
export async function startTokenProvider() {
  /** Refresh token -> what became of it. */
  const live = new Map<string, { family: string; rotatedAt?: number }>()
  const dead = new Set<string>()
  const accessTokens = new Set<string>()
  const requests: { form: URLSearchParams; headers: IncomingMessage['headers'] }[] = []

  const provider = {
    origin: '',
    requests,
    /** How often a refresh token came back that was rotated out. */
    reuses: 0,
    leewayMs: 0,
    delayMs: 0,
    lifetimeS: 3600 as unknown,
    /** Said for the next refreshes, in order; then for all while `always` is set. */
    odd: [] as (Odd | 'hang up')[],
    always: undefined as Odd | undefined,
    omit: [] as string[],
    /** Called with each refresh before it is answered, but after it was done. */
    onRotated: async () => {},
    api: (async (request, response) => {
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify({ method: request.method, url: request.url, headers: request.headers }))
    }) as (request: IncomingMessage, response: ServerResponse) => Promise<void> | void,
    accepts: (authorization: string | undefined) => accessTokens.has(authorization?.replace('Bearer ', '') ?? ''),
    /** The first tokens of a family. */
    issue(expiresAt: number, family = randomBytes(4).toString('hex')): Tokens {
      const refreshToken = `canary-refresh-${randomBytes(12).toString('base64url')}`
      const accessToken = `canary-access-${randomBytes(12).toString('base64url')}`
      live.set(refreshToken, { family })
      accessTokens.add(accessToken)
      return {
        access_token: accessToken,
        refresh_token: refreshToken,
        token_type: 'Bearer',
        scope: 'read',
        expires_at: expiresAt,
      }
    },
    revokeAccess: () => accessTokens.clear(),
    stop: () =>
      new Promise((resolve) => {
        server.close(resolve)
        server.closeAllConnections()
      }),
  }

  async function token(request: IncomingMessage, response: ServerResponse) {
    const form = new URLSearchParams(await textOf(request))
    requests.push({ form, headers: request.headers })
    await sleep(provider.delayMs)
    const odd = provider.odd.shift() ?? provider.always
    if (odd === 'hang up') return void request.socket.destroy()
    if (odd) return say(response, odd)

    const given = form.get('refresh_token') ?? ''
    const known = live.get(given)
    const isLate = known?.rotatedAt !== undefined && Date.now() - known.rotatedAt > provider.leewayMs
    if (isLate) {
      provider.reuses++
      dead.add(known.family)
    }
    if (!known || dead.has(known.family)) return say(response, { status: 400, body: { error: 'invalid_grant' } })
    known.rotatedAt ??= Date.now()
    const { expires_at: _, ...next } = provider.issue(0, known.family)
    await provider.onRotated()
    const body = Object.entries({ ...next, expires_in: provider.lifetimeS })
    say(response, { status: 200, body: Object.fromEntries(body.filter(([name]) => !provider.omit.includes(name))) })
    if (provider.omit.includes('refresh_token')) delete known.rotatedAt
  }

  const server = createServer((request, response) => {
    const answer = request.url === '/token' ? token(request, response) : provider.api(request, response)
    Promise.resolve(answer).catch(() => response.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  provider.origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return provider
}

function say(response: ServerResponse, { status, body = '', headers = {} }: Odd) {
  response.writeHead(status, {
    'content-type': typeof body === 'string' ? 'text/html' : 'application/json',
    ...headers,
  })
  response.end(typeof body === 'string' ? body : JSON.stringify(body))
}

export async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

type Storing = Pick<Deps, 'db' | 'ring' | 'random' | 'now' | 'orgId'>

/** As the operator would set it up. */
export async function seedProvider(deps: Storing, origin: string, settings: object = {}, name = 'acme'): Promise<void> {
  const row = {
    provider_name: name,
    settings: JSON.stringify({
      authorization_url: `${origin}/authorize`,
      token_url: `${origin}/token`,
      api_base_url: `${origin}/api`,
      ...settings,
    }),
    client_id: 'client-1',
    client_secret_sealed: sealClientSecret(deps.ring, name, CLIENT_SECRET),
    created_at: deps.now(),
    updated_at: deps.now(),
  }
  await deps.db.write(({ trx }) => insertProvider(trx, row))
}

/** A connection as a person's consent leaves it. */
export async function seedConnection(
  deps: Storing,
  madeBy: string,
  tokens: Tokens,
  changes: Partial<ConnectionRow> = {},
): Promise<string> {
  const record = { connection_id: newId(deps.random, 'conn'), org_id: deps.orgId, generation: 1 }
  const row = newConnection(
    {
      ...record,
      user_ref: 'user-1',
      provider_name: 'acme',
      made_by: madeBy,
      status: 'active',
      scopes: '["read"]',
      parameters: '{}',
      tokens_sealed: sealTokens(deps, record, tokens),
      expires_at: tokens.expires_at ?? null,
      ...changes,
    },
    deps.now(),
  )
  await deps.db.write(({ trx }) => insertConnection(trx, row))
  return row.connection_id
}
