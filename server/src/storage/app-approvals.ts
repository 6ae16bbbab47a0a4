import type { Selectable } from 'kysely'
import type { Db } from './database.ts'
import type { AppApprovalTable } from './schema.ts'

export type AppApprovalRow = Selectable<AppApprovalTable>

/** What a person has approved of an app, and not withdrawn. */
export async function findAppApproval(
  db: Db,
  { userId, clientId }: { userId: string; clientId: string },
): Promise<AppApprovalRow | undefined> {
  return db
    .selectFrom('app_approval')
    .selectAll()
    .where('user_id', '=', userId)
    .where('client_id', '=', clientId)
    .where('withdrawn_at', 'is', null)
    .executeTakeFirst()
}

/** A new yes takes the place of an old one, whether that was withdrawn or for less. */
export async function setAppApproval(
  trx: Db,
  approval: Pick<AppApprovalRow, 'user_id' | 'client_id' | 'scope' | 'approved_at'>,
): Promise<void> {
  await trx
    .insertInto('app_approval')
    .values({ ...approval, withdrawn_at: null })
    .onConflict((conflict) =>
      conflict
        .columns(['user_id', 'client_id'])
        .doUpdateSet({ scope: approval.scope, approved_at: approval.approved_at, withdrawn_at: null }),
    )
    .execute()
}

/** True for the one that withdrew it. */
export async function withdrawAppApproval(
  trx: Db,
  { userId, clientId, now }: { userId: string; clientId: string; now: number },
): Promise<boolean> {
  const withdrawn = await trx
    .updateTable('app_approval')
    .set({ withdrawn_at: now })
    .where('user_id', '=', userId)
    .where('client_id', '=', clientId)
    .where('withdrawn_at', 'is', null)
    .executeTakeFirst()
  return withdrawn.numUpdatedRows === 1n
}

/** The apps that a person has approved, the newest first, with how many keys each holds. */
export async function listApprovedApps(db: Db, userId: string, now: number) {
  return db
    .selectFrom('app_approval')
    .innerJoin('client', 'client.client_id', 'app_approval.client_id')
    .selectAll('app_approval')
    .select(['client.client_name', 'client.redirect_uris'])
    .select((e) =>
      e
        .selectFrom('api_key')
        .select((k) => k.fn.countAll<number>().as('n'))
        .whereRef('api_key.client_id', '=', 'app_approval.client_id')
        .whereRef('api_key.user_id', '=', 'app_approval.user_id')
        .where('api_key.revoked_at', 'is', null)
        .where((k) => k.or([k('api_key.expires_at', 'is', null), k('api_key.expires_at', '>', now)]))
        .as('live_keys'),
    )
    .where('app_approval.user_id', '=', userId)
    .where('app_approval.withdrawn_at', 'is', null)
    .orderBy('app_approval.approved_at', 'desc')
    .execute()
}

/** The people who have approved an app, the newest first, after the one named. */
export async function listAppUsers(
  db: Db,
  clientId: string,
  limit: number,
  after?: { created_at: number; id: string },
) {
  let query = db
    .selectFrom('app_approval')
    .innerJoin('person', 'person.user_id', 'app_approval.user_id')
    .selectAll('app_approval')
    .select(['person.name', 'person.email', 'person.email_verified_at'])
    .where('app_approval.client_id', '=', clientId)
    .orderBy('app_approval.approved_at', 'desc')
    .orderBy('app_approval.user_id', 'desc')
    .limit(limit)
  if (after)
    query = query.where((e) =>
      e(e.refTuple('app_approval.approved_at', 'app_approval.user_id'), '<', e.tuple(after.created_at, after.id)),
    )
  return query.execute()
}
