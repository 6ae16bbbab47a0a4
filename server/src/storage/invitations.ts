import type { Selectable } from 'kysely'
import type { Db } from './database.ts'
import type { InvitationTable } from './schema.ts'

export type InvitationRow = Selectable<InvitationTable>

const open = (db: Db, now: number) =>
  db
    .selectFrom('invitation')
    .innerJoin('organization', 'organization.org_id', 'invitation.org_id')
    .selectAll('invitation')
    .select('organization.name as organization_name')
    .where('invitation.accepted_at', 'is', null)
    .where('invitation.expires_at', '>', now)

/** One that can still be accepted. */
export async function findOpenInvitation(
  db: Db,
  hashes: readonly string[],
  now: number,
): Promise<(InvitationRow & { organization_name: string }) | undefined> {
  return open(db, now).where('invitation.token_hash', 'in', hashes).executeTakeFirst()
}

/** Oldest first. */
export async function listOpenInvitations(
  db: Db,
  orgId: string,
  now: number,
  limit: number,
  after?: { created_at: number; id: string },
): Promise<InvitationRow[]> {
  let query = open(db, now)
    .where('invitation.org_id', '=', orgId)
    .orderBy('invitation.created_at')
    .orderBy('invitation.invitation_id')
    .limit(limit)
  if (after)
    query = query.where((e) =>
      e(e.refTuple('invitation.created_at', 'invitation.invitation_id'), '>', e.tuple(after.created_at, after.id)),
    )
  return query.execute()
}

export async function insertInvitation(trx: Db, invitation: InvitationRow): Promise<void> {
  await trx.insertInto('invitation').values(invitation).execute()
}

/** True for the one that accepts it. */
export async function acceptInvitation(trx: Db, invitationId: string, now: number): Promise<boolean> {
  const accepted = await trx
    .updateTable('invitation')
    .set({ accepted_at: now })
    .where('invitation_id', '=', invitationId)
    .where('accepted_at', 'is', null)
    .where('expires_at', '>', now)
    .executeTakeFirst()
  return accepted.numUpdatedRows === 1n
}

/** One that nobody has accepted. */
export async function deleteInvitation(trx: Db, orgId: string, invitationId: string): Promise<boolean> {
  const deleted = await trx
    .deleteFrom('invitation')
    .where('org_id', '=', orgId)
    .where('invitation_id', '=', invitationId)
    .where('accepted_at', 'is', null)
    .executeTakeFirst()
  return deleted.numDeletedRows === 1n
}

/** A new invitation to an address takes the place of the ones before it. */
export async function deleteInvitationsTo(trx: Db, orgId: string, email: string): Promise<void> {
  await trx
    .deleteFrom('invitation')
    .where('org_id', '=', orgId)
    .where('email', '=', email)
    .where('accepted_at', 'is', null)
    .execute()
}
