import type { Context } from 'hono'
import type { Deps, Env, Principal } from '../context.ts'
import { json } from '../http/respond.ts'
import { findRole } from '../storage/memberships.ts'
import { findPerson, type PersonRow } from '../storage/persons.ts'
import { type Payer, payerOf } from './payer.ts'

/**
 * `GET /v1/caller`: for whom this credential calls models. A server in between, such as one of Mastra, asks whose request
 * it has; so an app that somebody let in is told who they are, as by `/api/oauth/verify`, and not where they belong.
 */
export async function describeCaller(deps: Deps, c: Context<Env>): Promise<Response> {
  const principal = c.get('principal')
  const payer = await payerOf(deps, principal)
  const person = await findPerson(deps.db.read, payer.userId)
  const { clientId, agentId, keyId } = payer
  const name = clientId === null ? (person?.name ?? null) : null
  return json(c, {
    user: { id: payer.userId, email: emailOf(deps, principal, person), name },
    agent_id: agentId,
    client_id: clientId,
    key_id: keyId,
    ...(clientId === null ? await membershipOf(deps, principal, payer) : { organization_id: null, role: null }),
  })
}

/** As in tokens, an address is told where its holder may be believed to have it; of others, what their issuer says. */
function emailOf({ config }: Deps, principal: Principal, person: PersonRow | undefined): string | null {
  if (principal.kind === 'outside') return principal.email ?? null
  const isBelieved = person && (person.email_verified_at !== null || !config.requireEmailVerification)
  return isBelieved ? person.email : null
}

async function membershipOf({ db }: Deps, principal: Principal, { orgId, userId }: Payer) {
  const role = principal.kind === 'outside' ? principal.role : await findRole(db.read, orgId, userId)
  return { organization_id: orgId, role: role ?? null }
}
