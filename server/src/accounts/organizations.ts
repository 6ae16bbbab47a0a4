import type { Deps, PersonPrincipal, Principal } from '../context.ts'
import { ApiError } from '../http/errors.ts'
import { listOrganizationsOf } from '../storage/memberships.ts'
import { findOrganization, setOrganizationName } from '../storage/organizations.ts'
import { updatePerson } from '../storage/persons.ts'
import { setSessionOrganization } from '../storage/sessions.ts'
import { requireSession } from './me.ts'
import { createOrganization } from './registration.ts'
import { requireOrganizationAdmin } from './roles.ts'

const MOST = 100

export type OrganizationView = Awaited<ReturnType<typeof getOrganization>>

export async function getOrganization({ db }: Deps, orgId: string) {
  const organization = await findOrganization(db.read, orgId)
  if (!organization) throw new ApiError('not_found', 'There is no such organization')
  const { org_id: id, name, created_at } = organization
  return { id, name, created_at: new Date(created_at).toISOString() }
}

export async function renameOrganization(deps: Deps, principal: Principal, name: string): Promise<OrganizationView> {
  requireOrganizationAdmin(principal)
  const { orgId, id: actor } = principal
  await deps.db.write(async ({ trx, record }) => {
    await setOrganizationName(trx, orgId, name)
    record({ at: deps.now(), org_id: orgId, actor, action: 'organization.renamed', target: orgId, detail: { name } })
  })
  return getOrganization(deps, orgId)
}

/** Another organization. The browser stays where it is, unless that is nowhere. */
export async function foundOrganization(
  deps: Deps,
  principal: PersonPrincipal,
  name: string,
): Promise<OrganizationView> {
  const { sessionId } = requireSession(principal)
  const now = deps.now()
  const orgId = await deps.db.write(async (work) => {
    const own = await listOrganizationsOf(work.trx, principal.id)
    if (own.length >= MOST) throw new ApiError('conflict', `You are in ${MOST} organizations already; leave one first`)
    const made = await createOrganization(deps, work, principal.id, name, now)
    if (!own.some(({ org_id }) => org_id === principal.orgId)) {
      await setSessionOrganization(work.trx, sessionId, made)
      await updatePerson(work.trx, principal.id, { org_id: made })
    }
    return made
  })
  return getOrganization(deps, orgId)
}
