import type { Db } from './database.ts'

/** How many there are of what in an organization, in one question. */
export async function countOverview(db: Db, orgId: string, now: number) {
  const row = await db
    .selectNoFrom((e) => [
      e
        .selectFrom('agent')
        .select((c) => c.fn.countAll<number>().as('n'))
        .where('org_id', '=', orgId)
        .as('agents'),
      e
        .selectFrom('client')
        .select((c) => c.fn.countAll<number>().as('n'))
        .where('org_id', '=', orgId)
        .as('applications'),
      e
        .selectFrom('auth_grant')
        .select((c) => c.fn.countAll<number>().as('n'))
        .where((g) => g.or([g('org_id', '=', orgId), g('agent_org_id', '=', orgId)]))
        .where('revoked_at', 'is', null)
        .where('expires_at', '>', now)
        .as('live_sign_ins'),
      e
        .selectFrom('authorization_request')
        .select((c) => c.fn.countAll<number>().as('n'))
        .where('agent_org_id', '=', orgId)
        .where('status', '=', 'approval_required')
        .where('expires_at', '>', now)
        .as('pending_approvals'),
      e
        .selectFrom('auth_grant')
        .select((c) => c.fn.countAll<number>().as('n'))
        .where((g) => g.or([g('org_id', '=', orgId), g('agent_org_id', '=', orgId)]))
        .where('agent_id', 'is not', null)
        .as('signed_in_ever'),
    ])
    .executeTakeFirstOrThrow()
  return {
    agents: Number(row.agents),
    applications: Number(row.applications),
    live_sign_ins: Number(row.live_sign_ins),
    pending_approvals: Number(row.pending_approvals),
    signed_in_ever: Number(row.signed_in_ever),
  }
}
