import { z } from 'zod'
import { requireMember } from '../accounts/roles.ts'
import type { Deps, Principal } from '../context.ts'
import { ApiError } from '../http/errors.ts'
import { formOf } from '../http/form.ts'
import { findAuthorizationRequestByCode } from '../storage/authorization-requests.ts'
import { revokeGrant } from '../storage/grants.ts'
import { findOwnClient } from './clients.ts'
import { authorizationCode } from './grants/authorization-code.ts'
import type { TokenResponse } from './grants/grant.ts'
import { isCodeChallenge } from './pkce.ts'
import { testRedirectUri } from './redirect-uri.ts'
import { notifySignIn } from './request-status.ts'

/** `POST /api/clients/:id/test-sign-in`: the console made the PKCE pair, and keeps the verifier. */
export const TestSignIn = z.object({
  code_challenge: z.string().refine(isCodeChallenge, 'must have 43 to 128 unreserved characters'),
  state: z.string().min(1).max(200),
})
export const TestExchange = z.object({ code: z.string().min(1).max(500), code_verifier: z.string().min(1).max(200) })

export async function beginTestSignIn(
  deps: Deps,
  clientId: string,
  { code_challenge, state }: z.output<typeof TestSignIn>,
  principal: Principal,
): Promise<{ authorize_url: string }> {
  requireMember(principal)
  const client = await findOwnClient(deps, clientId, principal)
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: client.client_id,
    redirect_uri: testRedirectUri(deps.config),
    code_challenge,
    code_challenge_method: 'S256',
    state,
  })
  return { authorize_url: `${deps.config.issuer}/authorize?${query}` }
}

/** Does what the website's server would do with the code, tells what it would have learned, and takes it all back. */
export async function endTestSignIn(
  deps: Deps,
  clientId: string,
  { code, code_verifier }: z.output<typeof TestExchange>,
  principal: Principal,
) {
  requireMember(principal)
  const client = await findOwnClient(deps, clientId, principal)
  const hashes = deps.ring.hashes('code', code)
  const begun = await findAuthorizationRequestByCode(deps.db.read, hashes)
  if (begun?.redirect_uri !== testRedirectUri(deps.config))
    throw new ApiError('invalid_grant', 'The code is not of a test sign-in')

  const caller = { kind: 'client' as const, id: client.client_id, orgId: client.org_id, client }
  const form = formOf([
    ['code', code],
    ['code_verifier', code_verifier],
  ])
  const now = deps.now()
  const answer = await authorizationCode(deps, caller, form, now)
  await takeBack(deps, hashes, now)
  return shownOf(answer)
}

async function takeBack(deps: Deps, codeHashes: readonly string[], now: number): Promise<void> {
  const request = await findAuthorizationRequestByCode(deps.db.read, codeHashes)
  const grantId = request?.grant_id
  if (!request || !grantId) return
  await deps.db.write(async (work) => {
    await revokeGrant(work.trx, grantId, 'test_sign_in', now)
    notifySignIn(work, request)
  })
}

/** The claims; never the tokens. */
function shownOf(answer: TokenResponse) {
  if ('user_info' in answer) {
    const { token_type, scope, user_info } = answer
    return { token_type, expires_in: 0, scope, claims: { user_info }, id_claims: null }
  }
  const { token_type, expires_in, scope, access_token, id_token } = answer
  return {
    token_type,
    expires_in,
    scope,
    claims: claimsOf(access_token),
    id_claims: id_token === undefined ? null : claimsOf(id_token),
  }
}

function claimsOf(jwt: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString())
}
