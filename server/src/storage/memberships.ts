import type { ExpressionBuilder } from 'kysely'
import type { Db } from './database.ts'
import type { PersonRow } from './persons.ts'
import type { MembershipTable, Role, Schema } from './schema.ts'

/** A member whose membership is in force: their own doing, or of an address that they have proved. */
export async function findMemberByEmail(db: Db, orgId: string, email: string): Promise<PersonRow | undefined> {
  return db
    .selectFrom('membership')
    .innerJoin('person', 'person.user_id', 'membership.user_id')
    .selectAll('person')
    .where('membership.org_id', '=', orgId)
    .where('person.email', '=', email)
    .where((e) => e.or([e('membership.needs_proof', '=', 0), e('person.email_verified_at', 'is not', null)]))
    .executeTakeFirst()
}

/** What somebody else made counts only once the person has proved the address. */
const inForce = (e: ExpressionBuilder<Schema, 'membership' | 'person'>) =>
  e.or([e('membership.needs_proof', '=', 0), e('person.email_verified_at', 'is not', null)])

export interface MemberRow {
  user_id: string
  name: string
  email: string
  email_verified_at: number | null
  registered_at: number | null
  role: Role
  needs_proof: number
  created_at: number
}

const members = (db: Db, orgId: string) =>
  db
    .selectFrom('membership')
    .innerJoin('person', 'person.user_id', 'membership.user_id')
    .select([
      'person.user_id',
      'person.name',
      'person.email',
      'person.email_verified_at',
      'person.registered_at',
      'membership.role',
      'membership.needs_proof',
      'membership.created_at',
    ])
    .where('membership.org_id', '=', orgId)

/** Everybody in an organization, those who have yet to prove their address too. Oldest first. */
export async function listMembers(
  db: Db,
  orgId: string,
  limit: number,
  after?: { created_at: number; id: string },
): Promise<MemberRow[]> {
  let query = members(db, orgId).orderBy('membership.created_at').orderBy('membership.user_id').limit(limit)
  if (after)
    query = query.where((e) =>
      e(e.refTuple('membership.created_at', 'membership.user_id'), '>', e.tuple(after.created_at, after.id)),
    )
  return query.execute()
}

export async function findMember(db: Db, orgId: string, userId: string): Promise<MemberRow | undefined> {
  return members(db, orgId).where('membership.user_id', '=', userId).executeTakeFirst()
}

/** What somebody is in an organization; undefined: nothing there. */
export async function findRole(db: Db, orgId: string, userId: string): Promise<Role | undefined> {
  const row = await db
    .selectFrom('membership')
    .innerJoin('person', 'person.user_id', 'membership.user_id')
    .select('membership.role')
    .where('membership.org_id', '=', orgId)
    .where('membership.user_id', '=', userId)
    .where(inForce)
    .executeTakeFirst()
  return row?.role
}

export interface OwnOrganization {
  org_id: string
  name: string
  role: Role
}

const ownOrganizations = (db: Db) =>
  db
    .selectFrom('membership')
    .innerJoin('person', 'person.user_id', 'membership.user_id')
    .innerJoin('organization', 'organization.org_id', 'membership.org_id')
    .select(['organization.org_id', 'organization.name', 'membership.role'])
    .where(inForce)
    .orderBy('membership.created_at')
    .orderBy('membership.org_id')

/** The organizations in which a person has a say. Oldest membership first. */
export async function listOrganizationsOf(db: Db, userId: string): Promise<OwnOrganization[]> {
  return ownOrganizations(db).where('membership.user_id', '=', userId).execute()
}

/** The same of many people at once. */
export async function listOrganizationsOfPeople(
  db: Db,
  userIds: readonly string[],
): Promise<(OwnOrganization & { user_id: string })[]> {
  if (userIds.length === 0) return []
  return ownOrganizations(db).select('membership.user_id').where('membership.user_id', 'in', userIds).execute()
}

/**
 * Where what a person does is told: the organization that they work in by default. Who is in none is one by themselves,
 * whose events only the operator reads.
 */
export async function findHome(db: Db, userId: string): Promise<string> {
  const home = await db
    .selectFrom('person')
    .innerJoin('membership', (join) =>
      join.onRef('membership.user_id', '=', 'person.user_id').onRef('membership.org_id', '=', 'person.org_id'),
    )
    .select('membership.org_id')
    .where('person.user_id', '=', userId)
    .where(inForce)
    .executeTakeFirst()
  return home?.org_id ?? userId
}

/** Whether they came to any organization by their own doing. */
export async function hasOwnMembership(db: Db, userId: string): Promise<boolean> {
  const row = await db
    .selectFrom('membership')
    .select('org_id')
    .where('user_id', '=', userId)
    .where('needs_proof', '=', 0)
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}

/** The organizations that they came to by their own doing. */
export async function listOwnOrganizations(db: Db, userId: string): Promise<string[]> {
  const rows = await db
    .selectFrom('membership')
    .select('org_id')
    .where('user_id', '=', userId)
    .where('needs_proof', '=', 0)
    .execute()
  return rows.map(({ org_id }) => org_id)
}

/** Puts somebody in an organization, in the place of what stood there before. */
export async function putMembership(trx: Db, membership: MembershipTable): Promise<void> {
  const { role, needs_proof } = membership
  await trx
    .insertInto('membership')
    .values(membership)
    .onConflict((conflict) => conflict.columns(['org_id', 'user_id']).doUpdateSet({ role, needs_proof }))
    .execute()
}

/** False when they are a member already. */
export async function insertMembership(trx: Db, membership: MembershipTable): Promise<boolean> {
  const inserted = await trx
    .insertInto('membership')
    .values(membership)
    .onConflict((conflict) => conflict.columns(['org_id', 'user_id']).doNothing())
    .executeTakeFirst()
  return inserted.numInsertedOrUpdatedRows === 1n
}

export async function setRole(trx: Db, orgId: string, userId: string, role: Role): Promise<boolean> {
  const set = await trx
    .updateTable('membership')
    .set({ role })
    .where('org_id', '=', orgId)
    .where('user_id', '=', userId)
    .executeTakeFirst()
  return set.numUpdatedRows === 1n
}

export async function deleteMembership(trx: Db, orgId: string, userId: string): Promise<boolean> {
  const deleted = await trx
    .deleteFrom('membership')
    .where('org_id', '=', orgId)
    .where('user_id', '=', userId)
    .executeTakeFirst()
  return deleted.numDeletedRows === 1n
}

/** Administrators whose membership is in force and who can sign in. */
export async function countAdmins(db: Db, orgId: string): Promise<number> {
  const row = await db
    .selectFrom('membership')
    .innerJoin('person', 'person.user_id', 'membership.user_id')
    .select((e) => e.fn.countAll<number>().as('count'))
    .where('membership.org_id', '=', orgId)
    .where('membership.role', '=', 'admin')
    .where('person.registered_at', 'is not', null)
    .where('person.disabled_at', 'is', null)
    .where(inForce)
    .executeTakeFirstOrThrow()
  return Number(row.count)
}

/** The people who answer for an organization, and whose word counts. */
export async function listAdmins(db: Db, orgId: string): Promise<PersonRow[]> {
  return db
    .selectFrom('membership')
    .innerJoin('person', 'person.user_id', 'membership.user_id')
    .selectAll('person')
    .where('membership.org_id', '=', orgId)
    .where('membership.role', '=', 'admin')
    .where((e) => e.or([e('membership.needs_proof', '=', 0), e('person.email_verified_at', 'is not', null)]))
    .execute()
}

/** Whether somebody is still a member, and what they came by is still good. */
export async function isStillMember(
  db: Db,
  { orgId, userId, credential, now }: { orgId: string; userId: string; credential: CameBy; now: number },
): Promise<boolean> {
  const member = db
    .selectFrom('membership')
    .innerJoin('person', 'person.user_id', 'membership.user_id')
    .select('membership.user_id')
    .where('person.disabled_at', 'is', null)
    .where('membership.org_id', '=', orgId)
    .where('membership.user_id', '=', userId)
  const still =
    credential.kind === 'session'
      ? member
          .innerJoin('session', 'session.user_id', 'membership.user_id')
          .where('session.session_id', '=', credential.sessionId)
          .where('session.expires_at', '>', now)
      : member
          .innerJoin('api_key', 'api_key.user_id', 'membership.user_id')
          .where('api_key.key_id', '=', credential.keyId)
          .where('api_key.revoked_at', 'is', null)
          .where((e) => e.or([e('api_key.expires_at', 'is', null), e('api_key.expires_at', '>', now)]))
  return (await still.executeTakeFirst()) !== undefined
}

type CameBy = { kind: 'session'; sessionId: string } | { kind: 'api_key'; keyId: string }
