import type { Deps } from '../context.ts'
import type { AgentWithOwner } from '../storage/agents.ts'
import { profileClaims } from './act-for.ts'
import { acrOf, amrOf } from './assurance.ts'

interface SignIn {
  clientId: string
  grantId: string
  agent: AgentWithOwner
  scope: string
  model: string
  level: number
  /** Epoch milliseconds. */
  authTime: number
  nonce?: string | null
}

/** OIDC Core §2. */
export function signIdToken(deps: Deps, signIn: SignIn, now: number): string {
  const iat = Math.floor(now / 1000)
  return deps.signingKeys.sign('JWT', {
    iss: deps.config.issuer,
    sub: signIn.agent.agent_id,
    aud: signIn.clientId,
    iat,
    exp: iat + deps.config.lifetimes.idToken,
    auth_time: Math.floor(signIn.authTime / 1000),
    ...(signIn.nonce && { nonce: signIn.nonce }),
    acr: acrOf(signIn.level),
    amr: amrOf(signIn.level),
    sid: signIn.grantId,
    model: signIn.model,
    ...profileClaims(deps, signIn.agent, signIn.scope),
  })
}
