import type { Context } from 'hono'
import type { Deps, Env } from '../context.ts'
import { bearerToken } from '../http/authorization.ts'
import { ApiError } from '../http/errors.ts'
import { refuseQuery } from '../http/form.ts'
import { header } from '../http/node-request.ts'
import { json } from '../http/respond.ts'
import { type AccessTokenClaims, isAccessTokenLive, isFor, verifyAccessToken } from './access-token.ts'
import { hasScope } from './scope.ts'
import { findSubject, profileClaims, subjectId } from './sign-in-subject.ts'

/** UserInfo endpoint. OIDC Core §5.3; the token in the header alone (RFC 6750 §2.3 is refused). */
export async function userinfo(deps: Deps, c: Context<Env>): Promise<Response> {
  refuseQuery(c)
  const claims = await authenticateBearer(deps, c)
  if (!hasScope(claims.scope, 'openid'))
    throw new ApiError('insufficient_scope', 'The token has no openid scope', {
      headers: { 'WWW-Authenticate': 'Bearer error="insufficient_scope", scope="openid"' },
    })

  const { sub } = claims
  const subject = await findSubject(
    deps.db.read,
    sub.startsWith('user_') ? { agent_id: null, user_id: sub } : { agent_id: sub, user_id: null },
  )
  if (!subject) throw invalidToken()
  return json(c, {
    sub: subjectId(subject),
    ...(claims.model && { model: claims.model }),
    ...profileClaims(deps, subject, claims.scope),
  })
}

async function authenticateBearer(deps: Deps, c: Context<Env>): Promise<AccessTokenClaims> {
  const authorization = header(c, 'authorization')
  // RFC 6750 §3.1: who brought nothing is told only how to come back.
  if (authorization === undefined)
    throw new ApiError('unauthorized', 'Send an access token', { headers: { 'WWW-Authenticate': 'Bearer' } })
  const now = deps.now()
  const token = bearerToken(authorization)
  const claims = token === undefined ? undefined : await verifyAccessToken(deps, token, now)
  // Law 9: a token that was made for somebody's API is not shown to us.
  const forClient = claims !== undefined && (isFor(claims, claims.client_id) || isFor(claims, deps.config.issuer))
  if (!forClient || !(await isAccessTokenLive(deps, claims, now))) throw invalidToken()
  return claims
}

export function invalidToken(): ApiError {
  return new ApiError(
    'invalid_token',
    'The access token is unknown, has expired, was revoked, or is meant for somebody else',
    {
      headers: { 'WWW-Authenticate': 'Bearer error="invalid_token"' },
    },
  )
}
