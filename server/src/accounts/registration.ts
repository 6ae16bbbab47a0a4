import type { Deps } from '../context.ts'
import { newId } from '../crypto/ids.ts'
import { revokeApiKeysOf } from '../storage/api-keys.ts'
import type { Work } from '../storage/database.ts'
import { revokeGrantsOfPerson } from '../storage/grants.ts'
import { findHome, hasOwnMembership, listOwnOrganizations, putMembership } from '../storage/memberships.ts'
import { insertOrganization } from '../storage/organizations.ts'
import { deletePasskeysOf } from '../storage/passkeys.ts'
import { findPerson, type PersonRow, setEmailVerified, updatePerson } from '../storage/persons.ts'
import { deleteSessionsOf } from '../storage/sessions.ts'
import { claimSetting } from '../storage/settings.ts'
import { deleteSocialAccounts } from '../storage/sign-in-accounts.ts'
import { retireAgents } from './retired-agents.ts'

type World = Pick<Deps, 'orgId' | 'random' | 'config'>

/** Held by the first person of all, who administers the operator's organization. */
export const FIRST_PERSON = 'first_person'

/** Gives a person an organization to work in, unless they have one: the first of all the operator's, everybody else their own. */
export async function settle(world: World, work: Work, person: PersonRow, now: number): Promise<void> {
  // Where an address must be proved first, the operator's organization must not go to who only claims one.
  if (world.config.requireEmailVerification && person.email_verified_at === null) return
  if (await hasOwnMembership(work.trx, person.user_id)) return
  const first = await claimSetting(work.trx, FIRST_PERSON, person.user_id)
  const orgId = first
    ? await enterAsAdmin(work, person.user_id, world.orgId, now)
    : await createOrganization(world, work, person.user_id, organizationNameOf(person.name), now)
  await updatePerson(work.trx, person.user_id, { org_id: orgId })
}

/** A new organization, administered by who makes it. */
export async function createOrganization(
  { random }: Pick<Deps, 'random'>,
  work: Work,
  userId: string,
  name: string,
  now: number,
): Promise<string> {
  const orgId = newId(random, 'org')
  await insertOrganization(work.trx, { org_id: orgId, name, created_at: now })
  work.record({ at: now, org_id: orgId, actor: userId, action: 'organization.created', target: orgId })
  return enterAsAdmin(work, userId, orgId, now)
}

export async function enterAsAdmin({ trx, record }: Work, userId: string, orgId: string, now: number): Promise<string> {
  await putMembership(trx, { org_id: orgId, user_id: userId, role: 'admin', needs_proof: 0, created_at: now })
  const detail = { role: 'admin' }
  record({ at: now, org_id: orgId, actor: userId, action: 'organization.member_added', target: userId, detail })
  return orgId
}

function organizationNameOf(name: string): string {
  const [first = ''] = name.trim().split(/\s+/)
  return first === '' ? 'My organization' : `${first.slice(0, 60)}’s organization`
}

/**
 * The person has shown that the address is theirs. From here on what others named them for is theirs too, so whoever else
 * may have signed up with the address before has to be out of it: by a mailed reset (`anew`) everything but the new
 * password goes, and the agents that they made are out of service.
 */
export async function proveAddress(
  world: World,
  work: Work,
  userId: string,
  now: number,
  { anew = false } = {},
): Promise<void> {
  if (!(await setEmailVerified(work.trx, userId, now))) return
  if (anew) {
    await deletePasskeysOf(work.trx, userId)
    await deleteSocialAccounts(work.trx, userId)
    await deleteSessionsOf(work.trx, userId)
    await revokeGrantsOfPerson(work.trx, userId, 'address_proved', now)
    await revokeApiKeysOf(work.trx, { userId, now })
    const own = { userId, heirId: userId, actor: userId, reason: 'address_proved', now }
    for (const orgId of await listOwnOrganizations(work.trx, userId)) await retireAgents(work, { ...own, orgId })
  }
  const person = await findPerson(work.trx, userId)
  if (!person) return
  if (person.registered_at !== null) await settle(world, work, person, now)
  const org_id = await findHome(work.trx, userId)
  work.record({ at: now, org_id, actor: userId, action: 'person.email_verified', target: userId })
}
