import type { Selectable } from 'kysely'
import type { AgentReach } from './agents.ts'
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
    user_id: param('user_id'),
    agent_org_id: param('agent_org_id'),
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

/** Whether an agent has ever signed in at a website. */
export async function hasGrant(db: Db, agentId: string, clientId: string): Promise<boolean> {
  const row = await db
    .selectFrom('auth_grant')
    .select('grant_id')
    .where('agent_id', '=', agentId)
    .where('client_id', '=', clientId)
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}

/** A live sign-in with the names that people know its parties by. */
export type NamedGrant = GrantRow & {
  client_name: string | null
  agent_name: string | null
  user_name: string | null
}

export interface GrantFilter {
  /** Absent: everywhere. */
  reach: AgentReach | undefined
  agentId?: string | undefined
  clientId?: string | undefined
}

/** Newest first, as their ids sort: the sign-ins that are alive, after the one named. */
export async function listActiveGrants(
  db: Db,
  { reach, agentId, clientId }: GrantFilter,
  now: number,
  limit: number,
  after?: string,
): Promise<NamedGrant[]> {
  let query = db
    .selectFrom('auth_grant')
    .leftJoin('client', 'client.client_id', 'auth_grant.client_id')
    .leftJoin('agent', 'agent.agent_id', 'auth_grant.agent_id')
    .leftJoin('person', 'person.user_id', 'auth_grant.user_id')
    .selectAll('auth_grant')
    .select(['client.client_name', 'agent.agent_name', 'person.name as user_name'])
    .where('auth_grant.revoked_at', 'is', null)
    .where('auth_grant.expires_at', '>', now)
    .orderBy('auth_grant.grant_id', 'desc')
    .limit(limit)
  if (reach)
    query = query.where((e) =>
      e.or([
        e('auth_grant.org_id', '=', reach.orgId),
        e('auth_grant.agent_org_id', '=', reach.orgId),
        ...(reach.userId === undefined ? [] : [e('agent.user_id', '=', reach.userId)]),
      ]),
    )
  if (agentId !== undefined) query = query.where('auth_grant.agent_id', '=', agentId)
  if (clientId !== undefined) query = query.where('auth_grant.client_id', '=', clientId)
  if (after !== undefined) query = query.where('auth_grant.grant_id', '<', after)
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
  if (revoked.numUpdatedRows !== 1n) return false
  await trx
    .updateTable('api_key')
    .set({ revoked_at: now })
    .where('grant_id', '=', grantId)
    .where('revoked_at', 'is', null)
    .execute()
  return true
}

/** Ends every sign-in of an agent, or at a client, or of one person at a client. How many. */
export async function revokeGrantsOf(
  trx: Db,
  by: { client_id: string; user_id?: string } | { agent_id: string },
  reason: string,
  now: number,
): Promise<number> {
  const [column, value] =
    'client_id' in by ? (['client_id', by.client_id] as const) : (['agent_id', by.agent_id] as const)
  let query = trx
    .updateTable('auth_grant')
    .set({ revoked_at: now, revoke_reason: reason })
    .where(column, '=', value)
    .where('revoked_at', 'is', null)
  if ('user_id' in by && by.user_id !== undefined) query = query.where('user_id', '=', by.user_id)
  const revoked = await query.executeTakeFirst()
  if ('client_id' in by) await revokeKeysOfApp(trx, by, now)
  return Number(revoked.numUpdatedRows)
}

/** Ends every sign-in of a person at whatever website. */
export async function revokeGrantsOfPerson(trx: Db, userId: string, reason: string, now: number): Promise<void> {
  await trx
    .updateTable('auth_grant')
    .set({ revoked_at: now, revoke_reason: reason })
    .where('user_id', '=', userId)
    .where('revoked_at', 'is', null)
    .execute()
}

/** The keys that an app got from sign-ins end with them. */
async function revokeKeysOfApp(trx: Db, by: { client_id: string; user_id?: string }, now: number): Promise<void> {
  let query = trx
    .updateTable('api_key')
    .set({ revoked_at: now })
    .where('client_id', '=', by.client_id)
    .where('revoked_at', 'is', null)
  if (by.user_id !== undefined) query = query.where('user_id', '=', by.user_id)
  await query.execute()
}
