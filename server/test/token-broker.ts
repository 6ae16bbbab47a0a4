import { type DatabaseKind, startServer } from './harness.ts'
import { seedConnection, seedProvider, startTokenProvider } from './token-provider.ts'

export type Broker = Awaited<ReturnType<typeof startBroker>>

/** A server, a provider on loopback, an agent with its own token, and connections of it. */
export async function startBroker(
  kind: DatabaseKind = 'sqlite',
  settings: object = {},
  env: Record<string, string> = {},
) {
  const server = await startServer(kind, { EGRESS_ALLOW: '127.0.0.1', ...env })
  const provider = await startTokenProvider()
  await seedProvider(server.deps, provider.origin, settings)
  const agent = await server.agent()
  let own = { bearer: await bearerOf(agent), at: server.deps.now() }

  async function bearerOf({ agent_id, agent_secret }: { agent_id: string; agent_secret: string }): Promise<string> {
    const form = { grant_type: 'client_credentials', client_id: agent_id, client_secret: agent_secret }
    const { status, body, text } = await server.post('/token', form)
    if (status !== 200) throw new Error(`token: ${status} ${text}`)
    return `Bearer ${body.access_token}`
  }

  /** Of the agent. Its own token lives for an hour, and tests turn the clock. */
  async function authorization(): Promise<string> {
    const at = server.deps.now()
    if (at - own.at > 1_800_000) own = { bearer: await bearerOf(agent), at }
    return own.bearer
  }

  const call = async (method: string, path: string, init: RequestInit = {}) =>
    server.request(path, { ...init, method, headers: { authorization: await authorization(), ...init.headers } })

  return {
    ...server,
    provider,
    agentId: agent.agent_id,
    authorization,
    bearerOf,
    call,
    token: (id: string) => call('GET', `/v1/token/${id}`),
    refreshToken: (id: string) => call('POST', `/v1/refresh/${id}`),
    /** A connection of the agent whose token ends in so many seconds. */
    connection: (endsInS = -1, changes: Parameters<typeof seedConnection>[3] = {}) =>
      seedConnection(server.deps, agent.agent_id, provider.issue(server.deps.now() + endsInS * 1000), changes),
    async stop() {
      await provider.stop()
      await server.stop()
    },
  }
}
