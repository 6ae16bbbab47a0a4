import type { Selectable } from 'kysely'
import type { Position } from '../http/listing.ts'
import type { Db } from './database.ts'
import type { ConnectionGrantTable } from './schema.ts'

export type ConnectionGrantRow = Selectable<ConnectionGrantTable>

export async function insertConnectionGrant(trx: Db, grant: ConnectionGrantRow): Promise<void> {
  await trx.insertInto('connection_grant').values(grant).execute()
}

export function findConnectionGrant(db: Db, grantId: string): Promise<ConnectionGrantRow | undefined> {
  return db.selectFrom('connection_grant').selectAll().where('grant_id', '=', grantId).executeTakeFirst()
}

/** All of some connections. */
export function listGrantsOfConnections(db: Db, connectionIds: readonly string[]): Promise<ConnectionGrantRow[]> {
  return db.selectFrom('connection_grant').selectAll().where('connection_id', 'in', connectionIds).execute()
}

export interface ConnectionGrantFilter {
  orgId: string
  connectionId?: string | undefined
  agentId?: string | undefined
}

/** Oldest first. */
export function listConnectionGrants(
  db: Db,
  { orgId, connectionId, agentId }: ConnectionGrantFilter,
  limit: number,
  after?: Position,
): Promise<ConnectionGrantRow[]> {
  let query = db.selectFrom('connection_grant').selectAll().where('org_id', '=', orgId)
  if (connectionId !== undefined) query = query.where('connection_id', '=', connectionId)
  if (agentId !== undefined) query = query.where('agent_id', '=', agentId)
  if (after)
    query = query.where((e) =>
      e.or([
        e('created_at', '>', after.created_at),
        e.and([e('created_at', '=', after.created_at), e('grant_id', '>', after.id)]),
      ]),
    )
  return query.orderBy('created_at').orderBy('grant_id').limit(limit).execute()
}

/** True for one caller only. */
export async function deleteConnectionGrant(trx: Db, grantId: string): Promise<boolean> {
  const deleted = await trx.deleteFrom('connection_grant').where('grant_id', '=', grantId).executeTakeFirst()
  return deleted.numDeletedRows === 1n
}
