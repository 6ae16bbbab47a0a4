import type { Principal } from '../context.ts'
import { type ConnectionGrantRow, listGrantsOfConnection } from '../storage/connection-grants.ts'
import type { ConnectionRow } from '../storage/connections.ts'
import type { Db } from '../storage/database.ts'

/** What a caller may do with a connection. */
export interface Permission {
  /** See the token itself, rather than have it used. */
  rawToken: boolean
  /** Call the provider's API through the proxy. `path` is decoded, with its slash. */
  allows(method: string, path: string): boolean
}

const EVERYTHING: Permission = { rawToken: true, allows: () => true }
const BY_PROXY: Permission = { rawToken: false, allows: () => true }

/**
 * Undefined: the connection is not there, for this caller. Whoever made it may do everything; people of its organization
 * use it by the proxy, and so do its agents until grants name some of them: from then on those, and as far as it says.
 */
export async function permissionOf(
  db: Db,
  principal: Principal,
  connection: Pick<ConnectionRow, 'connection_id' | 'org_id' | 'made_by'>,
): Promise<Permission | undefined> {
  if (connection.org_id !== principal.orgId) return undefined
  if (principal.kind === 'operator' || connection.made_by === principal.id) return EVERYTHING
  if (principal.kind === 'person') return BY_PROXY
  const grants = await listGrantsOfConnection(db, connection.connection_id)
  if (grants.length === 0) return BY_PROXY
  const own = grants.filter(({ agent_id }) => agent_id === principal.id)
  if (own.length === 0) return undefined
  return {
    rawToken: own.some(({ raw_token }) => raw_token === 1),
    allows: (method, path) => own.some((grant) => covers(grant, method, path)),
  }
}

function covers({ methods, path_prefix }: ConnectionGrantRow, method: string, path: string): boolean {
  if (methods !== null && !(JSON.parse(methods) as string[]).includes(method)) return false
  return path_prefix === null || isBelow(path, path_prefix)
}

/** `/repos` covers itself and what is below it, not `/repositories`. */
function isBelow(path: string, prefix: string): boolean {
  const base = prefix.replace(/\/+$/, '')
  return path === base || path.startsWith(`${base}/`)
}
