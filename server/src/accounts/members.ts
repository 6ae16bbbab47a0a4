import type { Deps, Principal } from '../context.ts'
import { ApiError } from '../http/errors.ts'
import { listCursor, nextCursor } from '../http/listing.ts'
import { revokeApiKeysOf } from '../storage/api-keys.ts'
import type { Db, Work } from '../storage/database.ts'
import { deleteInvitationsTo } from '../storage/invitations.ts'
import {
  countAdmins,
  deleteMembership,
  findMember,
  listAdmins,
  listOrganizationsOf,
  listMembers as listRows,
  type MemberRow,
  setRole,
} from '../storage/memberships.ts'
import { lockOrganization } from '../storage/organizations.ts'
import { findPerson, updatePerson } from '../storage/persons.ts'
import type { Role } from '../storage/schema.ts'
import { moveSessions } from '../storage/sessions.ts'
import { organizationTopic } from '../storage/topics.ts'
import { retireAgents } from './retired-agents.ts'
import { requireOrganizationAdmin } from './roles.ts'

export type MemberView = ReturnType<typeof viewOf>

export async function listMembers(deps: Deps, principal: Principal, limit: number, cursor: string | undefined) {
  const rows = await listRows(deps.db.read, principal.orgId, limit + 1, listCursor(cursor))
  return {
    data: rows.slice(0, limit).map(viewOf),
    next_cursor: nextCursor(rows, limit, ({ created_at, user_id }) => ({ created_at, id: user_id })),
  }
}

export async function changeRole(deps: Deps, principal: Principal, userId: string, role: Role): Promise<MemberView> {
  requireOrganizationAdmin(principal)
  const { orgId } = principal
  return deps.db.write(async (work) => {
    const member = await lockedMember(work.trx, orgId, userId)
    await setRole(work.trx, orgId, userId, role)
    if (member.role === 'admin') await requireAnAdmin(work.trx, orgId)
    // What they have open shows what they may do now.
    work.notify(organizationTopic(orgId))
    record(deps, work, principal, 'organization.role_changed', userId, { from: member.role, to: role })
    return viewOf({ ...member, role })
  })
}

/** Their access ends at once. They may go themselves. */
export async function removeMember(deps: Deps, principal: Principal, userId: string): Promise<void> {
  if (principal.id !== userId) requireOrganizationAdmin(principal)
  const { orgId } = principal
  await deps.db.write(async (work) => {
    const member = await lockedMember(work.trx, orgId, userId)
    await deleteMembership(work.trx, orgId, userId)
    if (member.role === 'admin') await requireAnAdmin(work.trx, orgId)
    const now = deps.now()
    await revokeApiKeysOf(work.trx, { orgId, userId, now })
    // Else one that they have not used would bring them back.
    await deleteInvitationsTo(work.trx, orgId, member.email)
    const heirId = await heirOf(work.trx, principal, userId)
    await retireAgents(work, { orgId, userId, heirId, actor: principal.id, reason: 'member_removed', now })
    await goElsewhere(work.trx, orgId, userId)
    // What they have open looks again whether they may.
    work.notify(organizationTopic(orgId))
    record(deps, work, principal, 'organization.member_removed', userId, { role: member.role })
  })
}

/** Who answers for what somebody leaves behind: who removed them, else another administrator. */
async function heirOf(trx: Db, { kind, id, orgId }: Principal, userId: string): Promise<string> {
  if (kind === 'person' && id !== userId) return id
  return (await listAdmins(trx, orgId))[0]?.user_id ?? userId
}

/** To another organization of theirs, if there is one; else their sessions say that they are no member. */
async function goElsewhere(trx: Db, from: string, userId: string): Promise<void> {
  const [next] = await listOrganizationsOf(trx, userId)
  if (!next) return
  await moveSessions(trx, userId, from, next.org_id)
  if ((await findPerson(trx, userId))?.org_id === from) await updatePerson(trx, userId, { org_id: next.org_id })
}

/** Whoever changes who is in an organization waits for whoever does so now. */
async function lockedMember(trx: Db, orgId: string, userId: string): Promise<MemberRow> {
  await lockOrganization(trx, orgId)
  const member = await findMember(trx, orgId, userId)
  if (!member) throw new ApiError('not_found', 'There is no such member')
  return member
}

/** After the change, so that it is undone where nobody would be left. */
async function requireAnAdmin(trx: Db, orgId: string): Promise<void> {
  if ((await countAdmins(trx, orgId)) === 0)
    throw new ApiError('last_admin', 'The organization needs an administrator; make somebody else one first')
}

function record({ now }: Deps, work: Work, { id, orgId }: Principal, action: string, target: string, detail: object) {
  work.record({ at: now(), org_id: orgId, actor: id, action, target, detail: { ...detail } })
}

function viewOf(member: MemberRow) {
  const proved = member.email_verified_at !== null
  return {
    user_id: member.user_id,
    name: member.name,
    email: member.email,
    email_verified: proved,
    role: member.role,
    joined_at: new Date(member.created_at).toISOString(),
    pending: member.needs_proof === 1 && !proved,
  }
}
