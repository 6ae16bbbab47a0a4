import type { Insertable, Selectable } from 'kysely'
import type { Db } from './database.ts'
import { prepared } from './prepared.ts'
import type { Role, SessionTable } from './schema.ts'

export type SessionRow = Selectable<SessionTable>

/** A session that is alive, who it is of, and their place in the organization that it works in. */
export interface SignedIn {
  session_id: string
  token_hash: string
  org_id: string
  authenticated_at: number
  updated_at: number
  expires_at: number
  user_id: string
  name: string
  email: string
  email_verified_at: number | null
  /** Null: they are no member there. */
  role: Role | null
  needs_proof: number | null
}

const signedIn = prepared<{ tokenHash: string; now: number }, SignedIn>((db, param) =>
  db
    .selectFrom('session')
    .innerJoin('person', 'person.user_id', 'session.user_id')
    .leftJoin('membership', (join) =>
      join
        .onRef('membership.user_id', '=', 'session.user_id')
        .on((e) => e('membership.org_id', '=', e.fn.coalesce('session.org_id', 'person.org_id'))),
    )
    .select([
      'session.session_id',
      'session.token_hash',
      'session.authenticated_at',
      'session.updated_at',
      'session.expires_at',
      'person.user_id',
      'person.name',
      'person.email',
      'person.email_verified_at',
      'membership.role',
      'membership.needs_proof',
    ])
    .select((e) => e.fn.coalesce('session.org_id', 'person.org_id').as('org_id'))
    .where('session.token_hash', '=', param('tokenHash'))
    .where('session.expires_at', '>', param('now'))
    .where('person.registered_at', 'is not', null)
    .where('person.disabled_at', 'is', null),
)

/** By the hashes that the token has under each key of the ring. */
export async function findSignedIn(db: Db, hashes: readonly string[], now: number): Promise<SignedIn | undefined> {
  for (const tokenHash of hashes) {
    const { rows } = await signedIn(db, { tokenHash, now })
    if (rows[0]) return rows[0]
  }
  return undefined
}

export async function findSessionByToken(db: Db, hashes: readonly string[]): Promise<SessionRow | undefined> {
  return db.selectFrom('session').selectAll().where('token_hash', 'in', hashes).executeTakeFirst()
}

/** Youngest first. */
export async function listSessions(db: Db, userId: string): Promise<SessionRow[]> {
  return db
    .selectFrom('session')
    .selectAll()
    .where('user_id', '=', userId)
    .orderBy('created_at', 'desc')
    .orderBy('session_id')
    .execute()
}

export async function insertSession(trx: Db, session: Insertable<SessionTable>): Promise<void> {
  await trx.insertInto('session').values(session).execute()
}

/** True for the one caller that renewed it: the same day's other requests find it renewed. */
export async function renewSession(
  trx: Db,
  { session_id, updated_at }: Pick<SessionRow, 'session_id' | 'updated_at'>,
  changes: Pick<SessionRow, 'token_hash' | 'updated_at' | 'expires_at'>,
): Promise<boolean> {
  const renewed = await trx
    .updateTable('session')
    .set(changes)
    .where('session_id', '=', session_id)
    .where('updated_at', '=', updated_at)
    .executeTakeFirst()
  return renewed.numUpdatedRows === 1n
}

/** True while the session is there. */
export async function setSessionAuthenticated(trx: Db, sessionId: string, at: number): Promise<boolean> {
  const set = await trx
    .updateTable('session')
    .set({ authenticated_at: at })
    .where('session_id', '=', sessionId)
    .executeTakeFirst()
  return set.numUpdatedRows === 1n
}

export async function setSessionOrganization(trx: Db, sessionId: string, orgId: string): Promise<void> {
  await trx.updateTable('session').set({ org_id: orgId }).where('session_id', '=', sessionId).execute()
}

/** Of a person who left an organization: their browsers go on in another. */
export async function moveSessions(trx: Db, userId: string, from: string, to: string): Promise<void> {
  await trx
    .updateTable('session')
    .set({ org_id: to })
    .where('user_id', '=', userId)
    .where('org_id', '=', from)
    .execute()
}

export type EndedSession = Pick<SessionRow, 'session_id' | 'user_id'>

export async function deleteSessionByToken(trx: Db, hashes: readonly string[]): Promise<EndedSession[]> {
  return trx.deleteFrom('session').where('token_hash', 'in', hashes).returning(['session_id', 'user_id']).execute()
}

/** One of a person's own. */
export async function deleteSession(trx: Db, userId: string, sessionId: string): Promise<boolean> {
  const deleted = await trx
    .deleteFrom('session')
    .where('user_id', '=', userId)
    .where('session_id', '=', sessionId)
    .executeTakeFirst()
  return deleted.numDeletedRows === 1n
}

/** All of a person's, but the one they look from. */
export async function deleteSessionsOf(trx: Db, userId: string, except?: string): Promise<EndedSession[]> {
  let query = trx.deleteFrom('session').where('user_id', '=', userId)
  if (except !== undefined) query = query.where('session_id', '!=', except)
  return query.returning(['session_id', 'user_id']).execute()
}
