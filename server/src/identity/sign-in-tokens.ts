import type { Deps } from '../context.ts'
import { newSecret } from '../crypto/ids.ts'
import type { NewGrant } from '../storage/grants.ts'
import { signAccessToken } from './access-token.ts'
import { acrOf } from './assurance.ts'
import type { BearerTokenResponse } from './grants/grant.ts'
import { signIdToken } from './id-token.ts'
import { audienceOf } from './resource.ts'
import { hasScope } from './scope.ts'
import { actFor, type SignInSubject, subjectId } from './sign-in-subject.ts'

interface Issue {
  grant: NewGrant
  subject: SignInSubject
  /** No more than the grant's. */
  scope: string
  resources: readonly string[]
  nonce?: string | null
  withRefreshToken: boolean
}

/** The tokens of a sign-in, made but not yet stored: the answer of a code exchange, or of a refresh. */
export function signInTokens(
  deps: Deps,
  { grant, subject, scope, resources, nonce, withRefreshToken }: Issue,
  now: number,
): BearerTokenResponse {
  const accessToken = signAccessToken(
    deps,
    {
      sub: subjectId(subject),
      aud: audienceOf(resources, grant.client_id),
      client_id: grant.client_id,
      scope,
      ...(grant.model !== null && { model: grant.model }),
      acr: acrOf(grant.level),
      auth_time: Math.floor(grant.auth_time / 1000),
      sid: grant.grant_id,
      ...(subject.kind === 'agent' && { act_for: actFor(deps, subject.agent, scope) }),
    },
    now,
  )
  return {
    access_token: accessToken,
    token_type: 'Bearer',
    expires_in: deps.config.lifetimes.accessToken,
    scope,
    ...(withRefreshToken && { refresh_token: newSecret(deps.random, 'rt') }),
    ...(hasScope(scope, 'openid') && { id_token: signIdToken(deps, { grant, subject, scope, nonce }, now) }),
  }
}

/** A refresh token's row: it lives 30 days from its issue, and never longer than its sign-in. */
export function refreshTokenRow(
  { config, ring }: Deps,
  token: string,
  grant: Pick<NewGrant, 'grant_id' | 'expires_at'>,
  now: number,
) {
  return {
    token_hash: ring.hash('refresh_token', token),
    grant_id: grant.grant_id,
    created_at: now,
    expires_at: Math.min(now + config.lifetimes.refreshToken * 1000, grant.expires_at),
  }
}
