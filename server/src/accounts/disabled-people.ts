import type { Deps, Principal } from '../context.ts'
import { ApiError } from '../http/errors.ts'
import { listAgentsOf } from '../storage/agents.ts'
import { denyOpenRequests } from '../storage/authorization-requests.ts'
import type { Db, Work } from '../storage/database.ts'
import { revokeGrantsOf, revokeGrantsOfPerson } from '../storage/grants.ts'
import { countAdmins, findHome, findRole, listOrganizationsOf } from '../storage/memberships.ts'
import { lockOrganization } from '../storage/organizations.ts'
import { setPersonDisabled } from '../storage/persons.ts'
import { deleteSessionsOf } from '../storage/sessions.ts'
import { organizationTopic, requestTopic } from '../storage/topics.ts'
import { isByAdminKey } from './admin-key.ts'
import { recordEnded } from './tables/session.ts'
import { getUser, type UserView } from './users.ts'

/**
 * Out everywhere at once, with what acts for them: sessions, sign-ins at websites, API keys, agents, and tokens of another
 * issuer, which may be valid for long. Keys and agents are kept, and work again when the person is enabled.
 */
export async function disablePerson(deps: Deps, principal: Principal, userId: string): Promise<UserView> {
  if (userId === principal.id)
    throw new ApiError('conflict', 'You cannot disable yourself; ask another administrator, or use the admin key')
  await getUser(deps, principal.orgId, userId)
  const now = deps.now()
  await deps.db.write(async (work) => {
    const { trx, record } = work
    // Whoever changes who runs the server waits for whoever does so now.
    await lockOrganization(trx, deps.orgId)
    if (!(await setPersonDisabled(trx, userId, now))) return
    if (!isByAdminKey(principal)) await requireAnOperator(trx, deps.orgId, userId)
    record({
      at: now,
      org_id: await findHome(trx, userId),
      actor: principal.id,
      action: 'person.disabled',
      target: userId,
    })
    await recordEnded(work, await deleteSessionsOf(trx, userId), now, { by: 'person.disabled' })
    await revokeGrantsOfPerson(trx, userId, 'person_disabled', now)
    await stopAgents(work, userId, now)
    // What they have open looks again whether they may.
    for (const { org_id } of await listOrganizationsOf(trx, userId)) work.notify(organizationTopic(org_id))
  })
  return getUser(deps, principal.orgId, userId)
}

export async function enablePerson(deps: Deps, principal: Principal, userId: string): Promise<UserView> {
  await getUser(deps, principal.orgId, userId)
  const now = deps.now()
  await deps.db.write(async ({ trx, record }) => {
    if (!(await setPersonDisabled(trx, userId, null))) return
    record({
      at: now,
      org_id: await findHome(trx, userId),
      actor: principal.id,
      action: 'person.enabled',
      target: userId,
    })
  })
  return getUser(deps, principal.orgId, userId)
}

/** After the change, so that it is undone where nobody would be left to run the server but who holds the admin key. */
async function requireAnOperator(trx: Db, orgId: string, userId: string): Promise<void> {
  if ((await findRole(trx, orgId, userId)) === 'admin' && (await countAdmins(trx, orgId)) === 0)
    throw new ApiError('last_admin', 'Nobody else could run the server then; make somebody else an administrator first')
}

/** What their agents have signed in to, and are about to. */
async function stopAgents({ trx, notify }: Work, userId: string, now: number): Promise<void> {
  for (const agentId of await listAgentsOf(trx, userId)) {
    await revokeGrantsOf(trx, { agent_id: agentId }, 'person_disabled', now)
    for (const request of await denyOpenRequests(trx, { agent_id: agentId })) {
      notify(requestTopic(request.request_id))
      notify(organizationTopic(request.org_id))
    }
  }
}
