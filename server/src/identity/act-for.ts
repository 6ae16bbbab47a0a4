import type { Deps } from '../context.ts'
import type { AgentWithOwner } from '../storage/agents.ts'
import type { ActFor } from './access-token.ts'
import { hasScope } from './scope.ts'

/** The agent's person, as the scopes let a website know. An address is told only when its owner may be believed to have it. */
export function actFor({ config }: Pick<Deps, 'config'>, agent: AgentWithOwner, scope: string): ActFor {
  const tellEmail = hasScope(scope, 'email') && (agent.email_verified_at !== null || !config.requireEmailVerification)
  return {
    sub: agent.user_id,
    ...(tellEmail && { email: agent.email }),
    ...(hasScope(scope, 'profile') && { name: agent.user_name }),
  }
}

/** Claims about the agent for the ID token and /userinfo. OIDC Core §5.1, §5.4. */
export function profileClaims(
  deps: Pick<Deps, 'config'>,
  agent: AgentWithOwner,
  scope: string,
): Record<string, unknown> {
  const owner = actFor(deps, agent, scope)
  return {
    ...(hasScope(scope, 'profile') && { name: agent.agent_name ?? agent.user_name }),
    ...(owner.email !== undefined && { email: owner.email, email_verified: agent.email_verified_at !== null }),
    act_for: owner,
  }
}
