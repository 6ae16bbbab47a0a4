import type { Deps } from '../context.ts'
import { type AgentWithOwner, findAgent, isDisabled } from '../storage/agents.ts'
import type { Db } from '../storage/database.ts'
import type { GrantRow } from '../storage/grants.ts'
import { findPerson, type PersonRow } from '../storage/persons.ts'
import type { ActFor } from './access-token.ts'
import { hasScope } from './scope.ts'

/** Who signs in at a website: an agent, or a person. */
export type SignInSubject = { kind: 'agent'; agent: AgentWithOwner } | { kind: 'person'; person: PersonRow }

/** Whoever a sign-in is of, if they may still sign in. */
export async function findSubject(
  db: Db,
  { agent_id: agentId, user_id: userId }: Pick<GrantRow, 'agent_id' | 'user_id'>,
): Promise<SignInSubject | undefined> {
  if (agentId !== null) {
    const agent = await findAgent(db, agentId)
    return agent && !isDisabled(agent) ? { kind: 'agent', agent } : undefined
  }
  const person = userId === null ? undefined : await findPerson(db, userId)
  return person?.disabled_at === null ? { kind: 'person', person } : undefined
}

export function subjectId(subject: SignInSubject): string {
  return subject.kind === 'agent' ? subject.agent.agent_id : subject.person.user_id
}

/** An address is told only when its holder may be believed to have it. */
function mayTellEmail({ config }: Pick<Deps, 'config'>, verifiedAt: number | null, scope: string): boolean {
  return hasScope(scope, 'email') && (verifiedAt !== null || !config.requireEmailVerification)
}

/** The agent's person, as the scopes let a website know. */
export function actFor(deps: Pick<Deps, 'config'>, agent: AgentWithOwner, scope: string): ActFor {
  return {
    sub: agent.user_id,
    ...(mayTellEmail(deps, agent.email_verified_at, scope) && { email: agent.email }),
    ...(hasScope(scope, 'profile') && { name: agent.user_name }),
  }
}

/** Claims about who signed in, for the ID token and /userinfo. OIDC Core §5.1, §5.4. */
export function profileClaims(
  deps: Pick<Deps, 'config'>,
  subject: SignInSubject,
  scope: string,
): Record<string, unknown> {
  return subject.kind === 'agent' ? agentClaims(deps, subject.agent, scope) : personClaims(deps, subject.person, scope)
}

function agentClaims(deps: Pick<Deps, 'config'>, agent: AgentWithOwner, scope: string) {
  const owner = actFor(deps, agent, scope)
  return {
    ...(hasScope(scope, 'profile') && { name: agent.agent_name ?? agent.user_name }),
    ...(owner.email !== undefined && { email: owner.email, email_verified: agent.email_verified_at !== null }),
    act_for: owner,
  }
}

function personClaims(deps: Pick<Deps, 'config'>, person: PersonRow, scope: string) {
  return {
    ...(hasScope(scope, 'profile') && { name: person.name, ...(person.image !== null && { picture: person.image }) }),
    ...(mayTellEmail(deps, person.email_verified_at, scope) && {
      email: person.email,
      email_verified: person.email_verified_at !== null,
    }),
  }
}
