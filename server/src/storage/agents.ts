import type { Insertable, Selectable, Updateable } from 'kysely'
import type { Db } from './database.ts'
import { prepared } from './prepared.ts'
import type { AgentSecretTable, AgentTable, PersonTable } from './schema.ts'

export type AgentRow = Selectable<AgentTable>
/** An agent with the person it acts for. */
export type AgentWithOwner = AgentRow &
  Pick<PersonTable, 'email' | 'email_verified_at'> & { user_name: string; owner_disabled_at: number | null }
export type SecretRow = Pick<AgentSecretTable, 'secret_id' | 'secret_hash' | 'last_four' | 'created_at' | 'expires_at'>

const withOwner = (db: Db) =>
  db
    .selectFrom('agent')
    .innerJoin('person', 'person.user_id', 'agent.user_id')
    .selectAll('agent')
    .select([
      'person.email',
      'person.email_verified_at',
      'person.name as user_name',
      'person.disabled_at as owner_disabled_at',
    ])

const byId = prepared<{ agentId: string }, AgentWithOwner>((db, param) =>
  withOwner(db).where('agent.agent_id', '=', param('agentId')),
)

export async function findAgent(db: Db, agentId: string): Promise<AgentWithOwner | undefined> {
  return (await byId(db, { agentId })).rows[0]
}

const withSecrets = prepared<{ agentId: string; now: number }, AgentWithOwner & { secret_hash: string | null }>(
  (db, param) =>
    withOwner(db)
      .leftJoin('agent_secret as secret', (join) =>
        join
          .onRef('secret.agent_id', '=', 'agent.agent_id')
          .on((e) => e.or([e('secret.expires_at', 'is', null), e('secret.expires_at', '>', param('now'))])),
      )
      .select('secret.secret_hash')
      .where('agent.agent_id', '=', param('agentId')),
)

/** An agent with the hashes of its live secrets, in one question. */
export async function findAgentWithSecrets(
  db: Db,
  agentId: string,
  now: number,
): Promise<{ agent: AgentWithOwner | undefined; secretHashes: string[] }> {
  const { rows } = await withSecrets(db, { agentId, now })
  return { agent: rows[0], secretHashes: rows.flatMap(({ secret_hash }) => secret_hash ?? []) }
}

const liveSecrets = prepared<{ agentId: string; now: number }, SecretRow>((db, param) =>
  db
    .selectFrom('agent_secret')
    .select(['secret_id', 'secret_hash', 'last_four', 'created_at', 'expires_at'])
    .where('agent_id', '=', param('agentId'))
    .where((e) => e.or([e('expires_at', 'is', null), e('expires_at', '>', param('now'))]))
    .orderBy('created_at', 'desc'),
)

export async function listAgentSecrets(db: Db, agentId: string, now: number): Promise<SecretRow[]> {
  return (await liveSecrets(db, { agentId, now })).rows
}

/** Out of service, by itself or with the person it acts for. */
export function isDisabled({ disabled_at, owner_disabled_at }: AgentWithOwner): boolean {
  return disabled_at !== null || owner_disabled_at !== null
}

/** Whose agents: those of an organization, and those that act for a person wherever they are. */
export interface AgentReach {
  orgId: string
  userId: string | undefined
}

/** Oldest first, `limit` at most, after the one named by the cursor. */
export async function listAgents(
  db: Db,
  reach: AgentReach | undefined,
  limit: number,
  after?: { created_at: number; id: string },
): Promise<(AgentWithOwner & { last_sign_in_at: number | null })[]> {
  let query = withOwner(db)
    .select((e) =>
      e
        .selectFrom('auth_grant')
        .select((g) => g.fn.max('auth_grant.auth_time').as('at'))
        .whereRef('auth_grant.agent_id', '=', 'agent.agent_id')
        .as('last_sign_in_at'),
    )
    .orderBy('agent.created_at')
    .orderBy('agent.agent_id')
    .limit(limit)
  if (reach)
    query = query.where((e) =>
      e.or([
        e('agent.org_id', '=', reach.orgId),
        ...(reach.userId === undefined ? [] : [e('agent.user_id', '=', reach.userId)]),
      ]),
    )
  if (after)
    query = query.where((e) =>
      e(e.refTuple('agent.created_at', 'agent.agent_id'), '>', e.tuple(after.created_at, after.id)),
    )
  return query.execute()
}

/** When an agent last signed in anywhere. */
export async function findLastSignIn(db: Db, agentId: string): Promise<number | null> {
  const row = await db
    .selectFrom('auth_grant')
    .select((e) => e.fn.max('auth_time').as('at'))
    .where('agent_id', '=', agentId)
    .executeTakeFirst()
  return row?.at ?? null
}

export async function insertAgent(trx: Db, agent: Insertable<AgentTable>): Promise<void> {
  await trx.insertInto('agent').values(agent).execute()
}

export async function insertAgentSecret(trx: Db, secret: AgentSecretTable): Promise<void> {
  await trx.insertInto('agent_secret').values(secret).execute()
}

/** Lets every live secret of an agent end at `at`, if it would not end before. */
export async function expireAgentSecrets(trx: Db, agentId: string, at: number): Promise<void> {
  await trx
    .updateTable('agent_secret')
    .set({ expires_at: at })
    .where('agent_id', '=', agentId)
    .where((e) => e.or([e('expires_at', 'is', null), e('expires_at', '>', at)]))
    .execute()
}

export async function updateAgent(trx: Db, agentId: string, changes: Updateable<AgentTable>): Promise<boolean> {
  const updated = await trx.updateTable('agent').set(changes).where('agent_id', '=', agentId).executeTakeFirst()
  return updated.numUpdatedRows === 1n
}

/** The ids of those that act for a person, in whatever organization. */
export async function listAgentsOf(db: Db, userId: string): Promise<string[]> {
  const rows = await db.selectFrom('agent').select('agent_id').where('user_id', '=', userId).execute()
  return rows.map(({ agent_id }) => agent_id)
}

/** Those of a person in an organization: out of service, without their keys, and another's. Their ids. */
export async function retireAgentsOf(
  trx: Db,
  { orgId, userId, heirId, now }: { orgId: string; userId: string; heirId: string; now: number },
): Promise<string[]> {
  const retired = await trx
    .updateTable('agent')
    .set({ user_id: heirId, disabled_at: now, tokens_not_before: now, jwk: null, updated_at: now })
    .where('org_id', '=', orgId)
    .where('user_id', '=', userId)
    .returning('agent_id')
    .execute()
  return retired.map(({ agent_id }) => agent_id)
}

export async function deleteAgent(trx: Db, agentId: string): Promise<boolean> {
  const deleted = await trx.deleteFrom('agent').where('agent_id', '=', agentId).executeTakeFirst()
  return deleted.numDeletedRows === 1n
}

export async function countAgents(db: Db): Promise<number> {
  const row = await db
    .selectFrom('agent')
    .select((e) => e.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow()
  return Number(row.count)
}
