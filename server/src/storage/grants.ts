import type { Selectable } from 'kysely'
import type { Db } from './database.ts'
import { prepared } from './prepared.ts'
import type { GrantTable } from './schema.ts'

export type GrantRow = Selectable<GrantTable>
export type NewGrant = Omit<GrantRow, 'revoked_at' | 'revoke_reason'>

const insert = prepared<NewGrant, unknown>((db, param) =>
  db.insertInto('auth_grant').values({
    grant_id: param('grant_id'),
    org_id: param('org_id'),
    client_id: param('client_id'),
    agent_id: param('agent_id'),
    request_id: param('request_id'),
    scope: param('scope'),
    resource: param('resource'),
    model: param('model'),
    level: param('level'),
    auth_time: param('auth_time'),
    created_at: param('created_at'),
    expires_at: param('expires_at'),
  }),
)

export async function insertGrant(trx: Db, grant: NewGrant): Promise<void> {
  await insert(trx, grant)
}

const byId = prepared<{ grantId: string }, GrantRow>((db, param) =>
  db.selectFrom('auth_grant').selectAll().where('grant_id', '=', param('grantId')),
)

export async function findGrant(db: Db, grantId: string): Promise<GrantRow | undefined> {
  return (await byId(db, { grantId })).rows[0]
}

/** Newest first, as their ids sort: the sign-ins that are alive, after the one named. */
export async function listActiveGrants(db: Db, now: number, limit: number, after?: string): Promise<GrantRow[]> {
  let query = db
    .selectFrom('auth_grant')
    .selectAll()
    .where('revoked_at', 'is', null)
    .where('expires_at', '>', now)
    .orderBy('grant_id', 'desc')
    .limit(limit)
  if (after !== undefined) query = query.where('grant_id', '<', after)
  return query.execute()
}

/** True for the caller that ended it. */
export async function revokeGrant(trx: Db, grantId: string, reason: string, now: number): Promise<boolean> {
  const revoked = await trx
    .updateTable('auth_grant')
    .set({ revoked_at: now, revoke_reason: reason })
    .where('grant_id', '=', grantId)
    .where('revoked_at', 'is', null)
    .executeTakeFirst()
  return revoked.numUpdatedRows === 1n
}

/** Ends every sign-in of an agent, or at a client. How many. */
export async function revokeGrantsOf(
  trx: Db,
  by: { client_id: string } | { agent_id: string },
  reason: string,
  now: number,
): Promise<number> {
  const [column, value] =
    'client_id' in by ? (['client_id', by.client_id] as const) : (['agent_id', by.agent_id] as const)
  const revoked = await trx
    .updateTable('auth_grant')
    .set({ revoked_at: now, revoke_reason: reason })
    .where(column, '=', value)
    .where('revoked_at', 'is', null)
    .executeTakeFirst()
  return Number(revoked.numUpdatedRows)
}
