import type { Deps } from '../context.ts'
import { newSecret } from '../crypto/ids.ts'
import type { AgentWithOwner } from '../storage/agents.ts'
import type { GrantRow } from '../storage/grants.ts'
import { signAccessToken } from './access-token.ts'
import { actFor } from './act-for.ts'
import { acrOf } from './assurance.ts'
import type { TokenResponse } from './grants/grant.ts'
import { signIdToken } from './id-token.ts'
import { audienceOf } from './resource.ts'
import { hasScope } from './scope.ts'

interface Issue {
  grant: Omit<GrantRow, 'revoked_at' | 'revoke_reason'>
  agent: AgentWithOwner
  /** No more than the grant's. */
  scope: string
  resources: readonly string[]
  nonce?: string | null
  withRefreshToken: boolean
}

/** The tokens of a sign-in, made but not yet stored: the answer of a code exchange, or of a refresh. */
export function signInTokens(
  deps: Deps,
  { grant, agent, scope, resources, nonce, withRefreshToken }: Issue,
  now: number,
): TokenResponse {
  const accessToken = signAccessToken(
    deps,
    {
      sub: agent.agent_id,
      aud: audienceOf(resources, grant.client_id),
      client_id: grant.client_id,
      scope,
      model: grant.model,
      acr: acrOf(grant.level),
      auth_time: Math.floor(grant.auth_time / 1000),
      sid: grant.grant_id,
      act_for: actFor(deps, agent, scope),
    },
    now,
  )
  const signIn = {
    clientId: grant.client_id,
    grantId: grant.grant_id,
    agent,
    scope,
    model: grant.model,
    level: grant.level,
    authTime: grant.auth_time,
    nonce: nonce ?? null,
  }
  return {
    access_token: accessToken,
    token_type: 'Bearer',
    expires_in: deps.config.lifetimes.accessToken,
    scope,
    ...(withRefreshToken && { refresh_token: newSecret(deps.random, 'rt') }),
    ...(hasScope(scope, 'openid') && { id_token: signIdToken(deps, signIn, now) }),
  }
}

/** A refresh token's row: it lives 30 days from its issue, and never longer than its sign-in. */
export function refreshTokenRow(
  { config, ring }: Deps,
  token: string,
  grant: Pick<GrantRow, 'grant_id' | 'expires_at'>,
  now: number,
) {
  return {
    token_hash: ring.hash('refresh_token', token),
    grant_id: grant.grant_id,
    created_at: now,
    expires_at: Math.min(now + config.lifetimes.refreshToken * 1000, grant.expires_at),
  }
}
