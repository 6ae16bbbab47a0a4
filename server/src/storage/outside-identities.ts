import type { Db } from './database.ts'
import { prepared } from './prepared.ts'
import type { OutsideIdentityTable, OutsideOrganizationTable } from './schema.ts'

export interface OutsideKey {
  issuer: string
  subject: string
  /** As in `outside_organization`. */
  outsideId: string
}

/** Who an issuer's subject is here. */
export interface KnownOutside {
  user_id: string
  org_id: string
  disabled_at: number | null
}

const known = prepared<OutsideKey, KnownOutside>((db, param) =>
  db
    .selectFrom('outside_identity')
    .innerJoin('outside_organization', 'outside_organization.issuer', 'outside_identity.issuer')
    .innerJoin('person', 'person.user_id', 'outside_identity.user_id')
    .select(['outside_identity.user_id', 'outside_organization.org_id', 'person.disabled_at'])
    .where('outside_identity.issuer', '=', param('issuer'))
    .where('outside_identity.subject', '=', param('subject'))
    .where('outside_organization.outside_id', '=', param('outsideId')),
)

/** Undefined where either is seen for the first time. */
export async function findOutsideIdentity(db: Db, key: OutsideKey): Promise<KnownOutside | undefined> {
  return (await known(db, key)).rows[0]
}

/** True for the one that makes it, whatever races; `user_id` is of whoever did. */
export async function claimOutsideIdentity(
  trx: Db,
  identity: OutsideIdentityTable,
): Promise<{ made: boolean; user_id: string }> {
  const inserted = await trx
    .insertInto('outside_identity')
    .values(identity)
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst()
  if (inserted.numInsertedOrUpdatedRows === 1n) return { made: true, user_id: identity.user_id }
  const { user_id } = await trx
    .selectFrom('outside_identity')
    .select('user_id')
    .where('issuer', '=', identity.issuer)
    .where('subject', '=', identity.subject)
    .executeTakeFirstOrThrow()
  return { made: false, user_id }
}

/** The same of an organization. */
export async function claimOutsideOrganization(
  trx: Db,
  organization: OutsideOrganizationTable,
): Promise<{ made: boolean; org_id: string }> {
  const inserted = await trx
    .insertInto('outside_organization')
    .values(organization)
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst()
  if (inserted.numInsertedOrUpdatedRows === 1n) return { made: true, org_id: organization.org_id }
  const { org_id } = await trx
    .selectFrom('outside_organization')
    .select('org_id')
    .where('issuer', '=', organization.issuer)
    .where('outside_id', '=', organization.outside_id)
    .executeTakeFirstOrThrow()
  return { made: false, org_id }
}
