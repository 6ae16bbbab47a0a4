import { type ExpressionBuilder, type Insertable, type Selectable, sql, type Updateable } from 'kysely'
import type { Db } from './database.ts'
import { prepared } from './prepared.ts'
import type { PersonTable, Role, Schema } from './schema.ts'

export type PersonRow = Selectable<PersonTable>

/** The row of that address, whoever made it first. */
export async function ensurePerson(trx: Db, person: Insertable<PersonTable>): Promise<PersonRow> {
  await trx
    .insertInto('person')
    .values(person)
    .onConflict((conflict) => conflict.column('email').doNothing())
    .execute()
  return trx.selectFrom('person').selectAll().where('email', '=', person.email).executeTakeFirstOrThrow()
}

export async function insertPerson(trx: Db, person: Insertable<PersonTable>): Promise<void> {
  await trx.insertInto('person').values(person).execute()
}

const byId = prepared<{ userId: string }, PersonRow>((db, param) =>
  db.selectFrom('person').selectAll().where('user_id', '=', param('userId')),
)

export async function findPerson(db: Db, userId: string): Promise<PersonRow | undefined> {
  return (await byId(db, { userId })).rows[0]
}

export async function findPersonByEmail(db: Db, email: string): Promise<PersonRow | undefined> {
  return db.selectFrom('person').selectAll().where('email', '=', email).executeTakeFirst()
}

/** True for the one sign-up that gets the address: it takes over a row that others made, or makes its own. */
export async function registerPerson(
  trx: Db,
  person: Insertable<PersonTable> & { registered_at: number },
): Promise<boolean> {
  const { user_id, org_id: _, email: __, created_at: ___, disabled_at: ____, ...registration } = person
  const registered = await trx
    .insertInto('person')
    .values(person)
    .onConflict((conflict) =>
      conflict
        .column('email')
        .doUpdateSet(registration)
        // Who was told another id must not get this row under it.
        .where('person.user_id', '=', user_id)
        .where('person.registered_at', 'is', null),
    )
    .executeTakeFirst()
  return registered.numInsertedOrUpdatedRows === 1n
}

/** True for the one that proves it. */
export async function setEmailVerified(trx: Db, userId: string, now: number): Promise<boolean> {
  const set = await trx
    .updateTable('person')
    .set({ email_verified_at: now, updated_at: now })
    .where('user_id', '=', userId)
    .where('email_verified_at', 'is', null)
    .executeTakeFirst()
  return set.numUpdatedRows === 1n
}

export async function updatePerson(
  trx: Db,
  userId: string,
  changes: Updateable<PersonTable>,
): Promise<PersonRow | undefined> {
  return trx.updateTable('person').set(changes).where('user_id', '=', userId).returningAll().executeTakeFirst()
}

/** True for the one that changes whether they may do anything. */
export async function setPersonDisabled(trx: Db, userId: string, at: number | null): Promise<boolean> {
  const set = await trx
    .updateTable('person')
    .set({ disabled_at: at })
    .where('user_id', '=', userId)
    .where('disabled_at', at === null ? 'is not' : 'is', null)
    .executeTakeFirst()
  return set.numUpdatedRows === 1n
}

export type PersonWithRole = PersonRow & { role: Role | null }

/** People, with their role in one organization, or none. */
const withRole = (db: Db, orgId: string) =>
  db
    .selectFrom('person')
    .leftJoin('membership', (join) =>
      join.onRef('membership.user_id', '=', 'person.user_id').on('membership.org_id', '=', orgId),
    )
    .selectAll('person')
    .select('membership.role')

export interface PeopleFilter {
  /** Words of their names and addresses, or an id. */
  about?: string | undefined
}

/** Oldest first. */
export async function listPeople(
  db: Db,
  orgId: string,
  { about = '' }: PeopleFilter,
  limit: number,
  after?: { created_at: number; id: string },
): Promise<PersonWithRole[]> {
  let query = withRole(db, orgId).orderBy('person.created_at').orderBy('person.user_id').limit(limit)
  for (const word of about.split(/\s+/).filter(Boolean)) query = query.where((e) => holds(e, word))
  if (after)
    query = query.where((e) =>
      e(e.refTuple('person.created_at', 'person.user_id'), '>', e.tuple(after.created_at, after.id)),
    )
  return query.execute()
}

/** Both sides in the database's own lower case: each knows another alphabet. */
function holds(e: ExpressionBuilder<Schema, 'person'>, word: string) {
  const pattern = `%${word.replaceAll(/[\\%_]/g, '\\$&')}%`
  const like = (column: 'name' | 'email') =>
    sql<boolean>`lower(${e.ref(`person.${column}`)}) like lower(cast(${pattern} as text)) escape '\\'`
  return e.or([like('name'), like('email'), e('person.user_id', '=', word)])
}

export async function findPersonWithRole(db: Db, orgId: string, userId: string): Promise<PersonWithRole | undefined> {
  return withRole(db, orgId).where('person.user_id', '=', userId).executeTakeFirst()
}
