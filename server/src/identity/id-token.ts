import type { Deps } from '../context.ts'
import type { NewGrant } from '../storage/grants.ts'
import { acrOf, amrOf } from './assurance.ts'
import { profileClaims, type SignInSubject, subjectId } from './sign-in-subject.ts'

interface SignIn {
  grant: NewGrant
  subject: SignInSubject
  scope: string
  nonce: string | null | undefined
}

/** OIDC Core §2. */
export function signIdToken(deps: Deps, { grant, subject, scope, nonce }: SignIn, now: number): string {
  const iat = Math.floor(now / 1000)
  return deps.signingKeys.sign('JWT', {
    iss: deps.config.issuer,
    sub: subjectId(subject),
    aud: grant.client_id,
    iat,
    exp: iat + deps.config.lifetimes.idToken,
    auth_time: Math.floor(grant.auth_time / 1000),
    ...(nonce && { nonce }),
    acr: acrOf(grant.level),
    amr: amrOf(grant.level),
    sid: grant.grant_id,
    ...(grant.model !== null && { model: grant.model }),
    ...profileClaims(deps, subject, scope),
  })
}
