import { type DatabaseKind, startServer } from './harness.ts'
import type { IdentityProvider } from './identity-provider.ts'

export type ConnectionsServer = Awaited<ReturnType<typeof startConnections>>

/** A whole server whose clock is right, for providers sign by the real one, and that may call loopback. */
export async function startConnections(kind: DatabaseKind = 'sqlite', env: Record<string, string> = {}) {
  const server = await startServer(kind, { EGRESS_ALLOW: '127.0.0.1', ...env })
  server.wait(Math.floor((Date.now() - server.deps.now()) / 1000))

  const call = (method: string, path: string, { token, body, headers = {} }: CallInit = {}) =>
    server.request(path, {
      method,
      headers: {
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })

  /** An agent of the first organization, with a token of its own for our API. */
  async function makeAgent(email = 'ada@example.com') {
    const agent = await server.agent({ user_email: email })
    return { ...agent, token: await tokenOf(agent) }
  }

  async function tokenOf({ agent_id, agent_secret }: { agent_id: string; agent_secret: string }): Promise<string> {
    const form = { grant_type: 'client_credentials', client_id: agent_id, client_secret: agent_secret }
    return (await server.post('/token', form)).body.access_token
  }

  return { ...server, call, makeAgent, tokenOf }
}

interface CallInit {
  token?: string
  body?: unknown
  headers?: Record<string, string>
}

export type Flows = ReturnType<typeof connectionsOf>

/** What an agent, and its person in a browser, do to connect an account at `idp`. */
export function connectionsOf(server: ConnectionsServer, idp: IdentityProvider, token: string, provider = 'idp') {
  const request = (body: object) =>
    server.call('POST', '/v1/request-connection', {
      token,
      body: { user_id: 'ada', provider_name: provider, scopes: ['openid', 'email'], ...body },
    })
  const callback = (query: URLSearchParams | Record<string, string>, at = provider) =>
    server.call('GET', `/auth/callback/${at}?${new URLSearchParams(query)}`)

  return {
    request,
    callback,
    check: (connectionId: string) => server.call('GET', `/v1/check-connection/${connectionId}`, { token }),
    /** From the request to the person who consented and came back. */
    async connect(body: object) {
      const requested = await request(body)
      if (requested.status !== 201) throw new Error(`request-connection: ${requested.status} ${requested.text}`)
      const answer = await callback(idp.consent(requested.body.authUrl))
      return { connection_id: requested.body.connection_id as string, requested: requested.body, answer }
    },
  }
}
