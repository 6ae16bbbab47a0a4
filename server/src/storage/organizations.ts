import { sql } from 'kysely'
import type { Db } from './database.ts'
import type { OrganizationTable } from './schema.ts'

export async function findOrganization(db: Db, orgId: string): Promise<OrganizationTable | undefined> {
  return db.selectFrom('organization').selectAll().where('org_id', '=', orgId).executeTakeFirst()
}

export async function insertOrganization(trx: Db, organization: OrganizationTable): Promise<void> {
  await trx.insertInto('organization').values(organization).execute()
}

export async function setOrganizationName(trx: Db, orgId: string, name: string): Promise<boolean> {
  const set = await trx.updateTable('organization').set({ name }).where('org_id', '=', orgId).executeTakeFirst()
  return set.numUpdatedRows === 1n
}

/** Until this transaction ends, no other one that asks the same goes on: who counts its administrators counts alone. */
export async function lockOrganization(trx: Db, orgId: string): Promise<void> {
  await trx
    .updateTable('organization')
    .set({ org_id: sql.ref('org_id') })
    .where('org_id', '=', orgId)
    .execute()
}
