import type { Deps, Principal } from '../../context.ts'
import { ApiError } from '../../http/errors.ts'
import { type ConnectionRow, deleteConnection, findConnection } from '../../storage/connections.ts'
import type { Db, Work } from '../../storage/database.ts'
import { findMcpServer, type McpServerRow } from '../../storage/mcp-servers.ts'
import { connectionTopic, organizationTopic } from '../../storage/topics.ts'
import { openSealed } from '../integrity.ts'
import { mcpRedirectUri } from '../provider-registry.ts'
import { standingOf } from '../views.ts'
import type { McpServerSecrets, McpServerSettings } from './settings.ts'

/** What the secrets of a server are bound to. */
export const mcpSecretsRecord = (orgId: string, serverId: string) => `mcp_server.secrets:${orgId}:${serverId}`

/** An MCP server of somebody else's, as an organization has set it up. */
export interface McpServer {
  row: McpServerRow
  settings: McpServerSettings
}

export const serverOf = (row: McpServerRow): McpServer => ({ row, settings: JSON.parse(row.settings) })

/** One of the caller's organization, or the one 404. */
export async function requireMcpServer(db: Db, { orgId }: Principal, serverId: string): Promise<McpServer> {
  const row = await findMcpServer(db, orgId, serverId)
  if (!row) throw unknownMcpServer()
  return serverOf(row)
}

/** What they are, and who lets us in there, is for the organization's administrators, whatever door they come by. */
export function isAdministrator(principal: Principal): boolean {
  return principal.kind === 'operator' || (principal.kind === 'person' && principal.role === 'admin')
}

export function requireAdministrator(principal: Principal): void {
  if (!isAdministrator(principal)) throw new ApiError('forbidden', 'This is for administrators of the organization')
}

export function unknownMcpServer(): ApiError {
  return new ApiError('not_found', 'There is no such MCP server')
}

export function changedMeanwhile(): ApiError {
  return new ApiError('conflict', 'Somebody else changed or authorized it just now; look at it, and try again')
}

export function sealMcpSecrets(
  { ring }: Pick<Deps, 'ring'>,
  { org_id, server_id }: Pick<McpServerRow, 'org_id' | 'server_id'>,
  secrets: McpServerSecrets,
): string | null {
  const { headers, env, client_secret } = secrets
  const isEmpty = Object.keys({ ...headers, ...env }).length === 0 && client_secret === undefined
  return isEmpty ? null : ring.seal(JSON.stringify(secrets), mcpSecretsRecord(org_id, server_id))
}

/** In the clear: only for the moment in which they are used. Throws `UnsealError`. */
export function readMcpSecrets({ ring }: Pick<Deps, 'ring'>, row: McpServerRow): McpServerSecrets {
  if (row.secrets_sealed === null) return { headers: {}, env: {} }
  return JSON.parse(ring.unseal(row.secrets_sealed, mcpSecretsRecord(row.org_id, row.server_id)))
}

/** The same outside a transaction. Throws `integrity_error` for what is not this server's, and tells the audit log. */
export function openMcpSecrets(deps: Pick<Deps, 'ring' | 'db' | 'now'>, row: McpServerRow): Promise<McpServerSecrets> {
  const about = { org_id: row.org_id, target: row.server_id, provider: row.server_id }
  return openSealed(deps, about, () => readMcpSecrets(deps, row))
}

/** Where its tokens are, while there are any or somebody has been asked. */
export async function connectionOf(db: Db, { connection_id }: McpServerRow): Promise<ConnectionRow | undefined> {
  return connection_id === null ? undefined : findConnection(db, connection_id)
}

/** Ends it here; whoever waits for it learns of it. */
export async function endMcpConnection({ trx, notify }: Work, { connection_id, org_id }: ConnectionRow): Promise<void> {
  await deleteConnection(trx, connection_id)
  notify(connectionTopic(connection_id))
  notify(organizationTopic(org_id))
}

export const STATUSES = ['ready', 'authorization_required', 'disabled', 'command_not_allowed'] as const

type Status = (typeof STATUSES)[number]

/** Whether it can be used now. */
export function statusOf(
  deps: Pick<Deps, 'now' | 'config' | 'orgId'>,
  { row, settings }: McpServer,
  connection: ConnectionRow | undefined,
): Status {
  if (row.enabled === 0) return 'disabled'
  if (settings.transport === 'stdio') return mayRun(deps, { row, settings }) ? 'ready' : 'command_not_allowed'
  if (settings.auth !== 'oauth') return 'ready'
  const isActive = connection !== undefined && standingOf(connection, deps.now()).status === 'active'
  return isActive ? 'ready' : 'authorization_required'
}

/** Programs run on the machine of this server: only what its operator listed, for the operator's own organization. */
export function mayRun(
  { config, orgId }: Pick<Deps, 'config' | 'orgId'>,
  { row, settings: { command = '' } }: McpServer,
): boolean {
  return row.org_id === orgId && config.mcpStdioCommands.includes(command)
}

export interface McpTool {
  name: string
  description?: string
}

/** What everybody of the organization may know. */
export function listedView(deps: Deps, server: McpServer, connection: ConnectionRow | undefined) {
  const { row, settings } = server
  const status = statusOf(deps, server, connection)
  return {
    id: row.server_id,
    name: row.name,
    transport: settings.transport,
    ...(settings.url !== undefined && { url: withoutQuery(settings.url) }),
    auth: settings.auth,
    status,
    // By it, agents reach the server without a token of its own: `/v1/proxy/{connection_id}`.
    ...(status === 'ready' &&
      settings.transport !== 'stdio' &&
      connection && { connection_id: connection.connection_id }),
    ...(row.tools !== null && { tools: JSON.parse(row.tools) as McpTool[] }),
    tested_at: row.tested_at === null ? null : new Date(row.tested_at).toISOString(),
  }
}

/** A key stands in a query now and then. */
function withoutQuery(url: string): string {
  return url.replace(/\?.*$/s, '')
}

/** What administrators see besides: everything but secrets. */
export function administeredView(deps: Deps, server: McpServer, connection: ConnectionRow | undefined) {
  const { row, settings } = server
  const { url, oauth, command, args, timeout_ms, header_names, env_names, has_client_secret } = settings
  return {
    ...listedView(deps, server, connection),
    ...(url !== undefined && { url }),
    enabled: row.enabled === 1,
    header_names,
    ...(settings.auth === 'oauth' && {
      oauth: { ...oauth, has_client_secret },
      redirect_uri: mcpRedirectUri(deps.config, row.server_id),
      authorization: authorizationOf(deps, connection),
    }),
    ...(settings.transport === 'stdio' && { command, args: args ?? [], env_names }),
    ...(timeout_ms !== undefined && { timeout_ms }),
    created_at: new Date(row.created_at).toISOString(),
    updated_at: new Date(row.updated_at).toISOString(),
  }
}

function authorizationOf({ now }: Deps, connection: ConnectionRow | undefined) {
  if (!connection) return { status: 'none' as const }
  const { status, reason } = standingOf(connection, now())
  return {
    status,
    ...(reason !== null && { reason }),
    scopes: JSON.parse(connection.scopes) as string[],
    ...(connection.expires_at !== null && { expires_at: new Date(connection.expires_at).toISOString() }),
  }
}
