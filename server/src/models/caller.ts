import type { Context } from 'hono'
import type { Deps, Env, Principal } from '../context.ts'
import { json } from '../http/respond.ts'
import { findRole } from '../storage/memberships.ts'
import { findPerson, type PersonRow } from '../storage/persons.ts'
import { type Payer, payerOf } from './payer.ts'

/**
 * `GET /v1/caller`: for whom this credential calls models. A server in between, such as one of Mastra, asks whose request
 * it has; so an app that somebody let in is told who they are, and nothing of the organization that they belong to.
 */
export async function describeCaller(deps: Deps, c: Context<Env>): Promise<Response> {
  const principal = c.get('principal')
  const payer = await payerOf(deps, principal)
  const person = await findPerson(deps.db.read, payer.userId)
  const { clientId, agentId, keyId } = payer
  return json(c, {
    user: { id: payer.userId, email: emailOf(principal, person), name: person?.name ?? null },
    agent_id: agentId,
    client_id: clientId,
    key_id: keyId,
    ...(clientId === null ? await membershipOf(deps, principal, payer) : { organization_id: null, role: null }),
  })
}

/** Whom an issuer elsewhere vouches for has no address here, but what it says. */
function emailOf(principal: Principal, person: PersonRow | undefined): string | null {
  return (principal.kind === 'outside' ? principal.email : person?.email) ?? null
}

async function membershipOf({ db }: Deps, principal: Principal, { orgId, userId }: Payer) {
  const role = principal.kind === 'outside' ? principal.role : await findRole(db.read, orgId, userId)
  return { organization_id: orgId, role: role ?? null }
}
