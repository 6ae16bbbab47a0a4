import { requireOrganizationAdmin } from '../accounts/roles.ts'
import type { Deps, Principal } from '../context.ts'
import { ApiError } from '../http/errors.ts'
import { type ConnectionRow, findConnection } from '../storage/connections.ts'
import { type Permission, permissionOf } from './grants.ts'
import { mcpServerOf } from './mcp-servers/provider-name.ts'

/** Whether a caller has to do with connections at all. Throws `insufficient_scope` or `forbidden`. */
export function requireConnectionsCaller(principal: Principal): void {
  if (principal.kind === 'outside')
    throw new ApiError(
      'forbidden',
      'Connections are for agents and people of this server, not for tokens of another issuer',
    )
  if (principal.kind !== 'person' || principal.credential.kind === 'session') return
  const { scope, clientId } = principal.credential
  // An app that a person approved spends their budget; it does not act at their providers.
  if (clientId !== null) throw new ApiError('forbidden', 'The key of an app opens no connections')
  // Who manages the organization by a key manages its connections too.
  if (!scope.split(' ').some((token) => token === 'connections' || token === 'manage'))
    throw new ApiError('insufficient_scope', 'The API key needs the scope connections')
}

/** The connection, or the one 404 for those that are unknown, somebody else's, or not open to the caller. */
export async function requireConnection(
  deps: Pick<Deps, 'db'>,
  connectionId: string,
  principal: Principal,
): Promise<ConnectionRow> {
  return (await reachConnection(deps, connectionId, principal)).connection
}

export interface Reached {
  connection: ConnectionRow
  permission: Permission
}

/** The same, with what the caller may do with it. */
export async function reachConnection(
  { db }: Pick<Deps, 'db'>,
  connectionId: string,
  principal: Principal,
): Promise<Reached> {
  const connection = await findConnection(db.read, connectionId)
  const permission = connection && (await permissionOf(db.read, principal, connection))
  if (!connection || !permission) throw unknownConnection()
  return { connection, permission }
}

export function unknownConnection(): ApiError {
  return new ApiError('not_found', 'There is no such connection')
}

/** Ending a connection, or asking its person again, is for people and for the agent that made it. */
export function requireMaker(principal: Principal, connection: ConnectionRow): void {
  // What an administrator has authorized for all is theirs to end.
  if (mcpServerOf(connection.provider_name) !== undefined) requireOrganizationAdmin(principal)
  if (principal.kind === 'agent' && connection.made_by !== principal.id)
    throw new ApiError('forbidden', 'Another agent made this connection; its organization has the say over it')
}
