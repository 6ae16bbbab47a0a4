import type { Selectable } from 'kysely'
import type { Db } from './database.ts'
import type { PersonTable } from './schema.ts'

export type PersonRow = Selectable<PersonTable>

export function findPerson(db: Db, userId: string): Promise<PersonRow | undefined> {
  return db.selectFrom('person').selectAll().where('user_id', '=', userId).executeTakeFirst()
}

/** By address; addresses are stored in lower case. */
export function findPersonByEmail(db: Db, orgId: string, email: string): Promise<PersonRow | undefined> {
  return db.selectFrom('person').selectAll().where('org_id', '=', orgId).where('email', '=', email).executeTakeFirst()
}

/** The row of that address, whoever made it first. */
export async function ensurePerson(trx: Db, person: PersonRow): Promise<PersonRow> {
  await trx
    .insertInto('person')
    .values(person)
    .onConflict((conflict) => conflict.columns(['org_id', 'email']).doNothing())
    .execute()
  return trx
    .selectFrom('person')
    .selectAll()
    .where('org_id', '=', person.org_id)
    .where('email', '=', person.email)
    .executeTakeFirstOrThrow()
}
