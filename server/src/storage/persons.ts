import type { Selectable } from 'kysely'
import type { Db } from './database.ts'
import type { PersonTable } from './schema.ts'

export type PersonRow = Selectable<PersonTable>

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
