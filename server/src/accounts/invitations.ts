import { z } from '@hono/zod-openapi'
import type { Deps, PersonPrincipal, Principal } from '../context.ts'
import { newId, newSecret } from '../crypto/ids.ts'
import { ApiError } from '../http/errors.ts'
import { listCursor, nextCursor } from '../http/listing.ts'
import {
  acceptInvitation as acceptRow,
  deleteInvitation,
  deleteInvitationsTo,
  findOpenInvitation,
  type InvitationRow,
  insertInvitation,
  listOpenInvitations,
} from '../storage/invitations.ts'
import { findMemberByEmail, putMembership } from '../storage/memberships.ts'
import { findOrganization, lockOrganization } from '../storage/organizations.ts'
import { invitationsBy, mailTo, takeAttempt } from './attempts.ts'
import { EmailAddress } from './auth-schemas.ts'
import { queueMail } from './mail.ts'
import { invitationMail } from './mail-templates.ts'
import { enterOrganization, requireSession } from './me.ts'
import { requireOrganizationAdmin } from './roles.ts'

const LIFETIME_MS = 7 * 86_400_000
const PURPOSE = 'invitation'

export const NewInvitation = z.object({ email: EmailAddress, role: z.enum(['admin', 'member', 'viewer']) })

export async function listInvitations(deps: Deps, principal: Principal, limit: number, cursor: string | undefined) {
  requireOrganizationAdmin(principal)
  const rows = await listOpenInvitations(deps.db.read, principal.orgId, deps.now(), limit + 1, listCursor(cursor))
  return {
    data: rows.slice(0, limit).map(viewOf),
    next_cursor: nextCursor(rows, limit, ({ created_at, invitation_id }) => ({ created_at, id: invitation_id })),
  }
}

/** Asks somebody to join, by a mailed link. Also in the answer, this once: for who passes it on by other means. */
export async function invite(deps: Deps, principal: Principal, { email, role }: z.output<typeof NewInvitation>) {
  requireOrganizationAdmin(principal)
  const { db, ring, random, config } = deps
  const { orgId, id: actor } = principal
  if (await findMemberByEmail(db.read, orgId, email))
    throw new ApiError('conflict', 'They are a member of this organization already')
  await takeAttempt(deps, [mailTo(email), ...(principal.kind === 'person' ? [invitationsBy(actor)] : [])])

  const now = deps.now()
  const token = newSecret(random, 'ait')
  const invitation: InvitationRow = {
    invitation_id: newId(random, 'inv'),
    org_id: orgId,
    email,
    role,
    token_hash: ring.hash(PURPOSE, token),
    invited_by: actor,
    created_at: now,
    expires_at: now + LIFETIME_MS,
    accepted_at: null,
  }
  const link = `${config.issuer}/console/invitation?token=${token}`
  const organization = await findOrganization(db.read, orgId)
  const content = invitationMail({
    organizationName: organization?.name ?? '',
    inviter: principal.kind === 'person' ? `${principal.name} (${principal.email})` : 'The operator',
    role,
    url: link,
    expiresAt: invitation.expires_at,
  })
  await db.write(async (work) => {
    // Of several at once to one address, the last alone stands.
    await lockOrganization(work.trx, orgId)
    await deleteInvitationsTo(work.trx, orgId, email)
    await insertInvitation(work.trx, invitation)
    await queueMail(deps, work, { to: email, ...content })
    const { invitation_id: target } = invitation
    work.record({ at: now, org_id: orgId, actor, action: 'invitation.created', target, detail: { email, role } })
  })
  return { ...viewOf(invitation), link }
}

export async function withdrawInvitation(deps: Deps, principal: Principal, id: string): Promise<void> {
  requireOrganizationAdmin(principal)
  const { orgId, id: actor } = principal
  await deps.db.write(async ({ trx, record }) => {
    if (!(await deleteInvitation(trx, orgId, id)))
      throw new ApiError('not_found', 'There is no such invitation; it may have been accepted')
    record({ at: deps.now(), org_id: orgId, actor, action: 'invitation.withdrawn', target: id })
  })
}

/** What the holder of a link is asked. */
export async function readInvitation({ db, ring, now }: Deps, token: string) {
  const invitation = await findOpenInvitation(db.read, ring.hashes(PURPOSE, token), now())
  if (!invitation) throw gone()
  const { organization_name, email, role, expires_at } = invitation
  return { organization_name, email, role, expires_at: new Date(expires_at).toISOString() }
}

/** The person who was invited joins, and this browser works there from now on. */
export async function acceptInvitation(deps: Deps, principal: PersonPrincipal, token: string) {
  requireSession(principal)
  const now = deps.now()
  const orgId = await deps.db.write(async ({ trx, record }) => {
    const invitation = await findOpenInvitation(trx, deps.ring.hashes(PURPOSE, token), now)
    if (!invitation) throw gone()
    const { invitation_id, org_id, email, role } = invitation
    // A link that went astray is not an invitation of who finds it.
    if (email !== principal.email)
      throw new ApiError('forbidden', `The invitation is for ${email}; sign in with that address`)
    if (!(await acceptRow(trx, invitation_id, now))) throw gone()
    // Who got in another way meanwhile keeps the role that they were given there.
    if (!(await findMemberByEmail(trx, org_id, email)))
      await putMembership(trx, { org_id, user_id: principal.id, role, needs_proof: 0, created_at: now })
    const event = { at: now, org_id, actor: principal.id }
    record({ ...event, action: 'invitation.accepted', target: invitation_id })
    record({ ...event, action: 'organization.member_added', target: principal.id, detail: { role } })
    return org_id
  })
  return enterOrganization(deps, principal, orgId)
}

function gone(): ApiError {
  return new ApiError('invitation_gone', 'The invitation has expired or was used already; ask for a new one')
}

function viewOf({ invitation_id, email, role, created_at, expires_at }: InvitationRow) {
  return {
    invitation_id,
    email,
    role,
    created_at: new Date(created_at).toISOString(),
    expires_at: new Date(expires_at).toISOString(),
  }
}
