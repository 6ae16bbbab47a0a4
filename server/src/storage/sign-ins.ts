import { sql } from 'kysely'
import type { AgentReach } from './agents.ts'
import type { AuthorizationRequestRow } from './authorization-requests.ts'
import type { Db } from './database.ts'

/** A sign-in with the names of its parties, and when what it gave was ended. */
export type SignInRow = AuthorizationRequestRow & {
  client_name: string | null
  agent_name: string | null
  user_name: string | null
  decided_by_name: string | null
  revoked_at: number | null
  revoke_reason: string | null
}

export interface SignInFilter {
  /** Absent: everywhere. */
  reach: AgentReach | undefined
  status?: AuthorizationRequestRow['status'] | 'expired' | undefined
  agentId?: string | undefined
  clientId?: string | undefined
  requestId?: string | undefined
  /** Only those where a person was asked, and has or has not decided. */
  approval?: 'pending' | 'decided' | undefined
  now: number
}

/** Newest first, as their ids sort, after the one named. */
export async function listSignIns(
  db: Db,
  { reach, status, agentId, clientId, requestId, approval, now }: SignInFilter,
  limit: number,
  after?: string,
): Promise<SignInRow[]> {
  let query = db
    .selectFrom('authorization_request as request')
    .leftJoin('client', 'client.client_id', 'request.client_id')
    .leftJoin('agent', 'agent.agent_id', 'request.agent_id')
    .leftJoin('person', 'person.user_id', 'request.user_id')
    .leftJoin('person as decider', 'decider.user_id', 'request.decided_by')
    .leftJoin('auth_grant', 'auth_grant.grant_id', 'request.grant_id')
    .selectAll('request')
    .select([
      'client.client_name',
      'agent.agent_name',
      'person.name as user_name',
      'decider.name as decided_by_name',
      'auth_grant.revoked_at',
      'auth_grant.revoke_reason',
    ])
    .orderBy('request.request_id', 'desc')
    .limit(limit)
  if (reach)
    query = query.where((e) =>
      e.or([
        e('request.org_id', '=', reach.orgId),
        e('request.agent_org_id', '=', reach.orgId),
        ...(reach.userId === undefined
          ? []
          : [
              e(
                'request.agent_id',
                'in',
                e.selectFrom('agent').select('agent_id').where('agent.user_id', '=', reach.userId),
              ),
            ]),
      ]),
    )
  if (agentId !== undefined) query = query.where('request.agent_id', '=', agentId)
  if (clientId !== undefined) query = query.where('request.client_id', '=', clientId)
  if (requestId !== undefined) query = query.where('request.request_id', '=', requestId)
  if (after !== undefined) query = query.where('request.request_id', '<', after)
  if (approval !== undefined) query = query.where('request.approval_asked_at', 'is not', null)
  if (approval === 'pending')
    query = query.where('request.status', '=', 'approval_required').where('request.expires_at', '>', now)
  if (approval === 'decided')
    query = query.where((e) =>
      e.or([e('request.status', '!=', 'approval_required'), e('request.expires_at', '<=', now)]),
    )
  if (status === 'expired')
    query = query.where('request.status', 'not in', ['completed', 'denied']).where('request.expires_at', '<=', now)
  else if (status !== undefined) {
    query = query.where('request.status', '=', status)
    if (status !== 'completed' && status !== 'denied') query = query.where('request.expires_at', '>', now)
  }
  return query.execute()
}

export interface SignInDay {
  /** Whole days since 1970 in UTC. */
  day: number
  signed_in: number
  failed: number
}

const DAY_MS = 86_400_000

/** How many sign-ins an organization saw each day, from the first id on: those that got in, and those that were refused. */
export async function countSignInsByDay(db: Db, orgId: string, firstId: string): Promise<SignInDay[]> {
  const day = sql<number>`created_at / ${sql.lit(DAY_MS)}`
  const rows = await db
    .selectFrom('authorization_request')
    .select([
      day.as('day'),
      sql<number>`sum(case when status = 'completed' then 1 else 0 end)`.as('signed_in'),
      sql<number>`sum(case when status <> 'completed' and (failed_at is not null or status = 'denied') then 1 else 0 end)`.as(
        'failed',
      ),
    ])
    .where((e) => e.or([e('org_id', '=', orgId), e('agent_org_id', '=', orgId)]))
    .where('request_id', '>=', firstId)
    .groupBy(day)
    .execute()
  return rows.map((row) => ({ day: Number(row.day), signed_in: Number(row.signed_in), failed: Number(row.failed) }))
}
