import { type Selectable, sql, type Updateable } from 'kysely'
import type { Position } from '../http/listing.ts'
import type { Db } from './database.ts'
import { prepared } from './prepared.ts'
import type { ConnectionTable } from './schema.ts'

export type ConnectionRow = Selectable<ConnectionTable>

type Given = 'connection_id' | 'org_id' | 'user_ref' | 'provider_name' | 'made_by' | 'status' | 'scopes' | 'parameters'

/** A row of which nothing was refreshed, used or refused yet. */
export function newConnection(given: Pick<ConnectionRow, Given> & Partial<ConnectionRow>, now: number): ConnectionRow {
  return {
    reason: null,
    pending_until: null,
    account_id: null,
    account_label: null,
    generation: 0,
    tokens_sealed: null,
    previous_sealed: null,
    previous_until: null,
    expires_at: null,
    lease_owner: null,
    lease_until: null,
    intent_at: null,
    failures: 0,
    fault: null,
    next_attempt_at: null,
    refreshed_at: null,
    last_used_at: null,
    last_used_by: null,
    created_at: now,
    updated_at: now,
    ...given,
  }
}

export async function insertConnection(trx: Db, connection: ConnectionRow): Promise<void> {
  await trx.insertInto('connection').values(connection).execute()
}

const byId = prepared<{ connectionId: string }, ConnectionRow>((db, param) =>
  db.selectFrom('connection').selectAll().where('connection_id', '=', param('connectionId')),
)

export async function findConnection(db: Db, connectionId: string): Promise<ConnectionRow | undefined> {
  return (await byId(db, { connectionId })).rows[0]
}

export interface ConnectionFilter {
  orgId: string
  userRef?: string | undefined
}

function connectionsOf(db: Db, { orgId, userRef }: ConnectionFilter) {
  const query = db.selectFrom('connection').selectAll().where('org_id', '=', orgId)
  return userRef === undefined ? query : query.where('user_ref', '=', userRef)
}

/** Oldest first. */
export function listConnections(
  db: Db,
  filter: ConnectionFilter,
  limit: number,
  after?: Position,
): Promise<ConnectionRow[]> {
  let query = connectionsOf(db, filter)
  if (after)
    query = query.where((e) =>
      e.or([
        e('created_at', '>', after.created_at),
        e.and([e('created_at', '=', after.created_at), e('connection_id', '>', after.id)]),
      ]),
    )
  return query.orderBy('created_at').orderBy('connection_id').limit(limit).execute()
}

export type Consented = Pick<Updateable<ConnectionTable>, 'scopes' | 'account_id' | 'account_label' | 'parameters'> & {
  tokens_sealed: string
  expires_at: number | null
}

/**
 * What a person's consent brought, in the place of whatever was there: a refresh that is under way for the tokens before
 * has lost its generation. True when the connection still was as it was read.
 */
export async function activateConnection(
  trx: Db,
  { connection_id, generation }: Pick<ConnectionRow, 'connection_id' | 'generation'>,
  consented: Consented,
  now: number,
): Promise<boolean> {
  const updated = await trx
    .updateTable('connection')
    .set({
      ...consented,
      status: 'active',
      reason: null,
      pending_until: null,
      generation: generation + 1,
      previous_sealed: null,
      previous_until: null,
      lease_owner: null,
      lease_until: null,
      intent_at: null,
      failures: 0,
      next_attempt_at: null,
      // Tells of refreshes; these tokens are the first of a consent.
      refreshed_at: null,
      fault: null,
      updated_at: now,
    })
    .where('connection_id', '=', connection_id)
    .where('generation', '=', generation)
    .executeTakeFirst()
  return updated.numUpdatedRows === 1n
}

/** True when it was waiting for its first tokens: one that has some loses nothing by a consent that was not given. */
export async function failPendingConnection(
  trx: Db,
  connectionId: string,
  reason: NonNullable<ConnectionTable['reason']>,
  now: number,
): Promise<boolean> {
  const updated = await trx
    .updateTable('connection')
    .set({ status: 'failed', reason, pending_until: null, updated_at: now })
    .where('connection_id', '=', connectionId)
    .where('status', '=', 'pending')
    .executeTakeFirst()
  return updated.numUpdatedRows === 1n
}

/** A person is asked once more for a connection that has no tokens yet. */
export async function reopenConnection(trx: Db, connectionId: string, until: number, now: number): Promise<void> {
  await trx
    .updateTable('connection')
    .set({ status: 'pending', reason: null, pending_until: until, updated_at: now })
    .where('connection_id', '=', connectionId)
    .where('tokens_sealed', 'is', null)
    .execute()
}

/** Some of those that nobody answered for in time. */
export function listUnanswered(db: Db, now: number, limit: number): Promise<ConnectionRow[]> {
  return db
    .selectFrom('connection')
    .selectAll()
    .where('status', '=', 'pending')
    .where('pending_until', '<=', now)
    .limit(limit)
    .execute()
}

/** True for one caller only. Its tokens and their data key go with the row. */
export async function deleteConnection(trx: Db, connectionId: string): Promise<boolean> {
  const deleted = await trx.deleteFrom('connection').where('connection_id', '=', connectionId).executeTakeFirst()
  return deleted.numDeletedRows === 1n
}

/** Newest first: what people look through. */
export function listNewestConnections(
  db: Db,
  filter: ConnectionFilter,
  limit: number,
  after?: Position,
): Promise<ConnectionRow[]> {
  let query = connectionsOf(db, filter)
  if (after)
    query = query.where((e) => e(e.refTuple('created_at', 'connection_id'), '<', e.tuple(after.created_at, after.id)))
  return query.orderBy('created_at', 'desc').orderBy('connection_id', 'desc').limit(limit).execute()
}

/** Who uses connections. Grants bind agents only. */
export interface ConnectionUser {
  orgId: string
  agentId?: string | undefined
}

/** Of the user's organization and, for an agent, made by it or not granted to others alone: those that have an account, or had. */
function usableBy(db: Db, { orgId, agentId }: ConnectionUser) {
  const query = db
    .selectFrom('connection')
    .where('org_id', '=', orgId)
    .where((e) => e.or([e('status', '=', 'active'), e('reason', '=', 'reauth_required')]))
  if (agentId === undefined) return query
  return query.where((e) => {
    const grants = e
      .selectFrom('connection_grant as g')
      .select('g.grant_id')
      .whereRef('g.connection_id', '=', 'connection.connection_id')
    return e.or([
      e('made_by', '=', agentId),
      e.not(e.exists(grants)),
      e.exists(grants.where('g.agent_id', '=', agentId)),
    ])
  })
}

/** Those that can be used, each with its place among those at its provider, and how many these are. */
function numbered(db: Db, user: ConnectionUser) {
  return usableBy(db, user)
    .selectAll('connection')
    .select([
      sql<number>`count(*) over (partition by provider_name)`.as('at_provider'),
      sql<number>`row_number() over (partition by provider_name order by created_at, connection_id)`.as('nth'),
    ])
    .as('numbered')
}

export type NumberedConnection = ConnectionRow & { at_provider: number; nth: number }

/** The oldest one that can be used, of each provider. */
export function listFirstUsable(db: Db, user: ConnectionUser): Promise<NumberedConnection[]> {
  return db.selectFrom(numbered(db, user)).selectAll().where('nth', '=', 1).execute()
}

/** Oldest first: those that can be used, at providers where they are several. */
export function listUsableAmongSeveral(
  db: Db,
  user: ConnectionUser,
  limit: number,
  after?: Position,
): Promise<NumberedConnection[]> {
  let query = db.selectFrom(numbered(db, user)).selectAll().where('at_provider', '>', 1)
  if (after)
    query = query.where((e) => e(e.refTuple('created_at', 'connection_id'), '>', e.tuple(after.created_at, after.id)))
  return query.orderBy('created_at').orderBy('connection_id').limit(limit).execute()
}

export interface UsableFilter {
  providerName: string
  userRef?: string | undefined
  /** What the id ends with. */
  idEnd?: string | undefined
}

/** Those that work first, then oldest first. */
export function listUsableAt(
  db: Db,
  user: ConnectionUser,
  { providerName, userRef, idEnd }: UsableFilter,
  limit: number,
): Promise<ConnectionRow[]> {
  let query = usableBy(db, user).selectAll('connection').where('provider_name', '=', providerName)
  if (userRef !== undefined) query = query.where('user_ref', '=', userRef)
  if (idEnd !== undefined) query = query.where('connection_id', 'like', `%${idEnd}`)
  return query.orderBy('status').orderBy('created_at').orderBy('connection_id').limit(limit).execute()
}

/** The latest one that somebody asked a person for, and that has no account yet. */
export function findUnconsented(
  db: Db,
  {
    made_by,
    org_id,
    provider_name,
    user_ref,
  }: Pick<ConnectionRow, 'made_by' | 'org_id' | 'provider_name' | 'user_ref'>,
): Promise<ConnectionRow | undefined> {
  return db
    .selectFrom('connection')
    .selectAll()
    .where('org_id', '=', org_id)
    .where('user_ref', '=', user_ref)
    .where('provider_name', '=', provider_name)
    .where('made_by', '=', made_by)
    .where('tokens_sealed', 'is', null)
    .orderBy('created_at', 'desc')
    .limit(1)
    .executeTakeFirst()
}
