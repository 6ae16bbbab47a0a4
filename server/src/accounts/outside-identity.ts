import type { Deps, OutsidePrincipal } from '../context.ts'
import { newId } from '../crypto/ids.ts'
import type { Work } from '../storage/database.ts'
import { insertOrganization } from '../storage/organizations.ts'
import {
  claimOutsideIdentity,
  claimOutsideOrganization,
  findOutsideIdentity,
  type KnownOutside,
  type OutsideKey,
} from '../storage/outside-identities.ts'
import { findPerson, insertPerson } from '../storage/persons.ts'
import { PersonName } from './auth-schemas.ts'
import type { OutsideClaims } from './trusted-issuers.ts'

/**
 * The principal of somebody whom an issuer vouches for. A person's row stands for them from first sight on, so that they
 * have a budget, keys and usage like anybody; they sign in nowhere, and are no member of any organization of ours.
 * Undefined for whom the operator disabled.
 */
export async function outsidePrincipal(deps: Deps, claims: OutsideClaims): Promise<OutsidePrincipal | undefined> {
  const key = keyOf(claims)
  const row = (await findOutsideIdentity(deps.db.read, key)) ?? (await seeFirst(deps, key, claims))
  if (row.disabled_at !== null) return undefined
  const { issuer, subject, role, permissions, email, impersonator } = claims
  return {
    kind: 'outside',
    id: row.user_id,
    orgId: row.org_id,
    role,
    permissions,
    issuer,
    subject,
    ...(email !== undefined && { email }),
    ...(impersonator !== undefined && { impersonator }),
  }
}

/** Who is in no organization is one by themselves: others of that issuer have nothing to do with them. */
function keyOf({ issuer, subject, organization }: OutsideClaims): OutsideKey {
  return { issuer, subject, outsideId: organization === undefined ? `sub:${subject}` : `org:${organization}` }
}

function seeFirst(deps: Deps, key: OutsideKey, claims: OutsideClaims): Promise<KnownOutside> {
  const now = deps.now()
  return deps.db.write(async (work) => {
    const org_id = await ensureOrganization(deps, work, key, claims, now)
    const user_id = await ensurePerson(deps, work, claims, org_id, now)
    // Known already, where they come from another organization of their issuer's.
    const person = await findPerson(work.trx, user_id)
    return { org_id, user_id, disabled_at: person?.disabled_at ?? null }
  })
}

async function ensureOrganization(
  { random }: Deps,
  { trx, record }: Work,
  { issuer, outsideId }: OutsideKey,
  claims: OutsideClaims,
  now: number,
): Promise<string> {
  const claim = { issuer, outside_id: outsideId, org_id: newId(random, 'org'), created_at: now }
  const { made, org_id } = await claimOutsideOrganization(trx, claim)
  if (!made) return org_id
  await insertOrganization(trx, { org_id, name: claims.organization ?? nameOf(claims), created_at: now })
  const detail = { issuer, outside_id: outsideId }
  record({ at: now, org_id, actor: issuer, action: 'organization.created', target: org_id, detail })
  return org_id
}

async function ensurePerson(
  { random }: Deps,
  { trx, record }: Work,
  claims: OutsideClaims,
  org_id: string,
  now: number,
): Promise<string> {
  const { issuer, subject, impersonator } = claims
  const claim = { issuer, subject, user_id: newId(random, 'user'), created_at: now }
  const { made, user_id } = await claimOutsideIdentity(trx, claim)
  if (!made) return user_id
  // Not the address that the issuer says: whoever proves that one to us is somebody else, as far as we know.
  const email = `${issuer}|${subject}`
  await insertPerson(trx, { user_id, org_id, email, name: nameOf(claims), created_at: now })
  const detail = { issuer, subject, ...(impersonator !== undefined && { impersonator }) }
  record({ at: now, org_id, actor: user_id, action: 'person.vouched_for', target: user_id, detail })
  return user_id
}

function nameOf({ name, email, subject }: OutsideClaims): string {
  return PersonName.safeParse(name ?? email).data ?? subject
}
