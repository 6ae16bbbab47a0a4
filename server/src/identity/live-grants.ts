import { reaches, requireMember, requireOwner } from '../accounts/roles.ts'
import type { Deps, Principal } from '../context.ts'
import { ApiError } from '../http/errors.ts'
import { idCursor, nextCursor } from '../http/listing.ts'
import { findAgent } from '../storage/agents.ts'
import { findAuthorizationRequest } from '../storage/authorization-requests.ts'
import type { Db } from '../storage/database.ts'
import { findGrant, type GrantRow, listActiveGrants, type NamedGrant, revokeGrant } from '../storage/grants.ts'
import { agentReach, isOwnerOf } from './agents.ts'
import { acrOf } from './assurance.ts'
import { notifySignIn } from './request-status.ts'

interface Query {
  agent_id?: string | undefined
  client_id?: string | undefined
  limit: number
  cursor?: string | undefined
}

/** The sign-ins that are alive: which agent, or person, is in at which website. */
export async function listGrants({ db, now }: Deps, query: Query, principal: Principal) {
  const { limit } = query
  const filter = { reach: agentReach(principal), agentId: query.agent_id, clientId: query.client_id }
  const rows = await listActiveGrants(db.read, filter, now(), limit + 1, idCursor(query.cursor))
  return {
    data: rows.slice(0, limit).map(viewOf),
    next_cursor: nextCursor(rows, limit, ({ grant_id }) => ({ id: grant_id })),
  }
}

/** Ends one sign-in: by the organization of the website, that of the agent, or the agent's owner. */
export async function endGrant({ db, now: clock }: Deps, grantId: string, principal: Principal): Promise<void> {
  const now = clock()
  await db.write(async (work) => {
    const grant = await findGrant(work.trx, grantId)
    if (!grant) throw unknownGrant(grantId)
    await requireSay(work.trx, grant, principal)
    if (!(await revokeGrant(work.trx, grantId, 'revoked_by_owner', now))) return
    work.record({
      at: now,
      org_id: grant.agent_org_id ?? grant.org_id,
      actor: principal.id,
      action: 'grant.revoked',
      target: grantId,
      client_id: grant.client_id,
      agent_id: grant.agent_id,
      request_id: grant.request_id,
      detail: { reason: 'revoked_by_owner' },
    })
    const request = await findAuthorizationRequest(work.trx, grant.request_id)
    if (request) notifySignIn(work, request)
  })
}

/** A website's people may end what is at their website; an agent's sign-in elsewhere is its owner's, and the administrators'. */
async function requireSay(db: Db, grant: GrantRow, principal: Principal): Promise<void> {
  if (reaches(principal, grant.org_id)) return requireMember(principal)
  const agent = grant.agent_id === null ? undefined : await findAgent(db, grant.agent_id)
  if (!agent || !(reaches(principal, agent.org_id) || isOwnerOf(principal, agent))) throw unknownGrant(grant.grant_id)
  if (!isOwnerOf(principal, agent)) requireOwner(principal, agent.user_id)
}

function unknownGrant(grantId: string): ApiError {
  return new ApiError('not_found', `There is no sign-in ${grantId.slice(0, 64)}`)
}

function viewOf(grant: NamedGrant) {
  return {
    grant_id: grant.grant_id,
    client_id: grant.client_id,
    client_name: grant.client_name ?? grant.client_id,
    agent_id: grant.agent_id,
    agent_name: grant.agent_name,
    user_id: grant.user_id,
    user_name: grant.user_name,
    request_id: grant.request_id,
    scope: grant.scope,
    model: grant.model,
    acr: acrOf(grant.level),
    created_at: new Date(grant.created_at).toISOString(),
    expires_at: new Date(grant.expires_at).toISOString(),
  }
}
