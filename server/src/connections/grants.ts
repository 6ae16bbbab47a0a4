import type { Principal } from '../context.ts'
import { type ConnectionGrantRow, listGrantsOfConnections } from '../storage/connection-grants.ts'
import type { ConnectionRow } from '../storage/connections.ts'
import type { Db } from '../storage/database.ts'
import { mcpServerOf } from './mcp-servers/provider-name.ts'

/** What a caller may do with a connection. */
export interface Permission {
  /** See the token itself, rather than have it used. */
  rawToken: boolean
  /** Calls to the provider's API that are covered, by the proxy; null: all. */
  limits: readonly Limit[] | null
}

/** What one grant covers; null: any. */
export interface Limit {
  methods: readonly string[] | null
  pathPrefix: string | null
}

const EVERYTHING: Permission = { rawToken: true, limits: null }
const BY_PROXY: Permission = { rawToken: false, limits: null }

/** Whether a call to the provider's API is covered. `path` is decoded, with its slash. */
export function allows({ limits }: Permission, method: string, path: string): boolean {
  return limits?.some((limit) => covers(limit, method, path)) ?? true
}

type Connection = Pick<ConnectionRow, 'connection_id' | 'org_id' | 'made_by' | 'provider_name'>

/** Undefined: the connection is not there, for this caller. */
export async function permissionOf(
  db: Db,
  principal: Principal,
  connection: Connection,
): Promise<Permission | undefined> {
  return (await permissionsOf(db, principal, [connection])).get(connection.connection_id)
}

/**
 * By connection; those that are not there for this caller are missing. Whoever made one may do everything; people of its
 * organization use it by the proxy, and so do its agents until grants name some of them: from then on those, and as far
 * as it says.
 */
export async function permissionsOf(
  db: Db,
  principal: Principal,
  connections: readonly Connection[],
): Promise<Map<string, Permission>> {
  const reached = connections.filter(({ org_id }) => org_id === principal.orgId)
  const isOwn = ({ made_by }: Connection) => principal.kind === 'operator' || made_by === principal.id
  const others = reached.filter((connection) => !isOwn(connection)).map(({ connection_id }) => connection_id)
  const isAsked = principal.kind === 'agent' && others.length > 0
  const grants = Map.groupBy(isAsked ? await listGrantsOfConnections(db, others) : [], (row) => row.connection_id)
  return new Map(
    reached.flatMap((connection) => {
      const permission = isOwn(connection) ? EVERYTHING : byGrants(principal, grants.get(connection.connection_id))
      // The token for an MCP server is the organization's, and is used by the proxy alone.
      const rawToken = permission?.rawToken === true && mcpServerOf(connection.provider_name) === undefined
      return permission ? [[connection.connection_id, { ...permission, rawToken }] as const] : []
    }),
  )
}

function byGrants({ id }: Principal, grants: readonly ConnectionGrantRow[] = []): Permission | undefined {
  if (grants.length === 0) return BY_PROXY
  const own = grants.filter(({ agent_id }) => agent_id === id)
  if (own.length === 0) return undefined
  return { rawToken: own.some(({ raw_token }) => raw_token === 1), limits: own.map(limitOf) }
}

function limitOf({ methods, path_prefix: pathPrefix }: ConnectionGrantRow): Limit {
  return { methods: methods === null ? null : JSON.parse(methods), pathPrefix }
}

function covers({ methods, pathPrefix }: Limit, method: string, path: string): boolean {
  if (methods !== null && !methods.includes(method)) return false
  return pathPrefix === null || isBelow(path, pathPrefix)
}

/** `/repos` covers itself and what is below it, not `/repositories`. */
function isBelow(path: string, prefix: string): boolean {
  const base = prefix.replace(/\/+$/, '')
  return path === base || path.startsWith(`${base}/`)
}
