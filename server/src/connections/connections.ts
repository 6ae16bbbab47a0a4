import { requireMember } from '../accounts/roles.ts'
import type { Deps, Principal } from '../context.ts'
import { listCursor, nextCursor, type Page } from '../http/listing.ts'
import {
  deleteConnection,
  failPendingConnection,
  listConnections as listRows,
  listUnanswered,
} from '../storage/connections.ts'
import { connectionTopic, organizationTopic } from '../storage/topics.ts'
import { permissionsOf } from './grants.ts'
import { requireConnection, requireConnectionsCaller, requireMaker, unknownConnection } from './policy.ts'
import { revokeUpstream } from './revocation.ts'
import { type ConnectionView, connectionView } from './views.ts'
import { announce } from './webhooks.ts'

/** How it stands. Opens nothing that is sealed, and asks nobody. */
export async function checkConnection(deps: Deps, connectionId: string, principal: Principal): Promise<ConnectionView> {
  requireConnectionsCaller(principal)
  return connectionView(await requireConnection(deps, connectionId, principal), deps.now())
}

export interface ConnectionsQuery {
  limit: number
  cursor: string | undefined
  userId: string | undefined
}

/** Those that the caller may use, oldest first. A page may be short of what others use. */
export async function listConnections(
  deps: Deps,
  { limit, cursor, userId }: ConnectionsQuery,
  principal: Principal,
): Promise<Page<ConnectionView>> {
  requireConnectionsCaller(principal)
  const filter = { orgId: principal.orgId, userRef: userId }
  const rows = await listRows(deps.db.read, filter, limit + 1, listCursor(cursor))
  const shown = rows.slice(0, limit)
  const permissions = await permissionsOf(deps.db.read, principal, shown)
  const now = deps.now()
  return {
    data: shown
      .filter(({ connection_id }) => permissions.has(connection_id))
      .map((connection) => connectionView(connection, now)),
    next_cursor: nextCursor(rows, limit, ({ created_at, connection_id }) => ({ created_at, id: connection_id })),
  }
}

/** Ends it here at once, then asks the provider to forget it too. */
export async function endConnection(
  deps: Deps,
  connectionId: string,
  principal: Principal,
): Promise<{ revoked_upstream: boolean }> {
  requireConnectionsCaller(principal)
  requireMember(principal)
  const connection = await requireConnection(deps, connectionId, principal)
  requireMaker(principal, connection)
  const now = deps.now()
  await deps.db.write(async ({ trx, record, notify }) => {
    if (!(await deleteConnection(trx, connectionId))) throw unknownConnection()
    record({
      at: now,
      org_id: connection.org_id,
      actor: principal.id,
      action: 'connection.deleted',
      target: connectionId,
      detail: { provider: connection.provider_name },
    })
    notify(connectionTopic(connectionId))
    notify(organizationTopic(connection.org_id))
  })
  return { revoked_upstream: await revokeUpstream(deps, connection) }
}

const ROUND = 500

/** Writes down what nobody answered in time. */
export async function expireUnanswered(deps: Pick<Deps, 'db' | 'now' | 'random'>): Promise<void> {
  const now = deps.now()
  for (const connection of await listUnanswered(deps.db.read, now, ROUND))
    await deps.db.write(async (work) => {
      const { trx, record, notify } = work
      const { connection_id, org_id, provider_name } = connection
      if (!(await failPendingConnection(trx, connection_id, 'expired', now))) return
      const detail = { provider: provider_name, reason: 'expired' }
      record({ at: now, org_id, actor: 'auth-agent', action: 'connection.refused', target: connection_id, detail })
      await announce(deps, work, 'connection.failed', { ...connection, status: 'failed', reason: 'expired' })
      notify(connectionTopic(connection_id))
      notify(organizationTopic(org_id))
    })
}
