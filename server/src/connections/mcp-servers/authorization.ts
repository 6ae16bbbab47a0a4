import type { Deps, Principal } from '../../context.ts'
import { ApiError } from '../../http/errors.ts'
import { deleteMcpClients, insertMcpClient } from '../../storage/mcp-clients.ts'
import { moveMcpConnection } from '../../storage/mcp-servers.ts'
import { newBrowserSecret } from '../browser-binding.ts'
import { newConsentRequest, type RequestedConnection } from '../consent-request.ts'
import { findProvider } from '../provider-registry.ts'
import { mcpServersUrl } from '../return-url.ts'
import { revokeUpstream } from '../revocation.ts'
import { findAuthorizationServer } from './authorization-server.ts'
import { mcpProvider } from './client-provider.ts'
import { clientFor } from './client-registration.ts'
import { findProtectedResource, type ProtectedResource } from './protected-resource.ts'
import { misconfigured } from './published.ts'
import {
  changedMeanwhile,
  connectionOf,
  endMcpConnection,
  type McpServer,
  openMcpSecrets,
  requireAdministrator,
  requireMcpServer,
} from './servers.ts'

export interface BegunAuthorization extends RequestedConnection {
  /** Of the browser that began it; undefined: the one that opens the link is held to it. */
  browserSecret: string | undefined
}

/** Begins an administrator's consent for an MCP server, with whatever has to be found out about it first. */
export async function beginAuthorization(
  deps: Deps,
  serverId: string,
  principal: Principal,
): Promise<BegunAuthorization> {
  requireAdministrator(principal)
  const server = await requireMcpServer(deps.db.read, principal, serverId)
  requireAuthorizable(server)
  deps.callLimits.takeRefresh(principal, serverId)
  const secrets = await openMcpSecrets(deps, server.row)
  const resource = await protectedResourceOf(deps, server, secrets.headers)
  const metadata = await findAuthorizationServer(deps, issuerOf(server, resource))
  const client = await clientFor(deps, server, metadata, { resource: resource.resource, secrets })

  const before = await connectionOf(deps.db.read, server.row)
  const known = before?.provider_name === client.row.provider_name ? before : undefined
  const browserSecret = isInBrowser(principal) ? newBrowserSecret(deps) : undefined
  const { answer, write } = await newConsentRequest(
    deps,
    {
      client: {
        provider: mcpProvider(client.row.provider_name, server.row.name, JSON.parse(client.row.settings), true),
        clientId: client.row.client_id,
        clientSecretSealed: client.row.client_secret_sealed,
      },
      parameters: {},
      scopes: server.settings.oauth?.scopes ?? [...resource.scopes],
      userRef: serverId,
      account: undefined,
      known,
      returnUrl: mcpServersUrl(deps.config),
      sessionChallenge: undefined,
      browserBound: true,
      browserSecret,
      startsAt: deps.config.issuer,
    },
    principal,
  )
  // What was consented to by another client, or at another authorization server, ends here.
  const ended = known ? undefined : before
  const endedProvider = ended && (await findProvider(deps, ended.provider_name))
  await deps.db.write(async (work) => {
    await write(work)
    // From here on nobody else changes the server, or takes it away.
    if (!(await moveMcpConnection(work.trx, server.row, answer.connection_id))) throw changedMeanwhile()
    if (client.isNew) {
      // Those before are of no use any more.
      await deleteMcpClients(work.trx, serverId)
      await insertMcpClient(work.trx, client.row)
    }
    if (ended) await endMcpConnection(work, ended)
    work.record({
      at: deps.now(),
      org_id: server.row.org_id,
      actor: principal.id,
      action: 'mcp_server.authorization_started',
      target: serverId,
      detail: { issuer: metadata.issuer, resource: resource.resource, scopes: answer.scopes },
    })
  })
  if (ended) await revokeUpstream(deps, ended, endedProvider)
  return { ...answer, browserSecret }
}

function requireAuthorizable({ row, settings }: McpServer): void {
  if (settings.auth !== 'oauth')
    throw new ApiError('conflict', 'It is not authorized by OAuth; change its auth to oauth first')
  if (row.enabled === 0) throw new ApiError('conflict', 'It is disabled; enable it first')
}

/** What it says of itself; of one that says nothing, its address, where somebody has entered who lets callers in. */
async function protectedResourceOf(
  deps: Deps,
  { settings }: McpServer,
  headers: Record<string, string>,
): Promise<ProtectedResource> {
  const url = settings.url ?? ''
  const found = await findProtectedResource(deps, url, headers)
  if (found) return found
  if (settings.oauth?.authorization_server === undefined)
    throw misconfigured('It does not say who authorizes callers (RFC 9728); enter its authorization server')
  return { resource: url, authorizationServers: [], scopes: [] }
}

/** The one that an administrator entered, else the first that the server names. */
function issuerOf({ settings }: McpServer, { authorizationServers: [first] }: ProtectedResource): string {
  const issuer = settings.oauth?.authorization_server ?? first
  if (issuer === undefined) throw misconfigured('It names no authorization server; enter one')
  return issuer
}

/** Who is signed in here is in the browser that will come back; a program is not. */
function isInBrowser(principal: Principal): boolean {
  return principal.kind === 'person' && principal.credential.kind === 'session'
}
