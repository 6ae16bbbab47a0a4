import type { Deps } from '../context.ts'
import { ApiError } from '../http/errors.ts'
import { type AuthorizationRequestRow, findAuthorizationRequest, setCode } from '../storage/authorization-requests.ts'
import { notifyConsoles } from './request-status.ts'

/**
 * The code of an authenticated request, for the browser that is bound to it. The code is not stored: it is derived from
 * the browser's secret, so that the same browser gets the same code again, and nobody else, not even from our database.
 */
export async function issueCode(deps: Deps, request: AuthorizationRequestRow, browserSecret: string): Promise<string> {
  const now = deps.now()
  const staleBefore = now - deps.config.lifetimes.code * 1000
  if (request.code_hash !== null && request.code_issued_at !== null && request.code_issued_at > staleBefore) {
    const keyId = request.code_hash.slice(0, request.code_hash.indexOf(':'))
    return codeOf(deps, request, browserSecret, request.code_issued_at, keyId)
  }

  const code = codeOf(deps, request, browserSecret, now)
  const codeHash = deps.ring.hash('code', code)
  const issued = await deps.db.write(async (work) => {
    const won = await setCode(work.trx, { requestId: request.request_id, codeHash, now, staleBefore })
    if (won) notifyConsoles(work, request)
    return won
  })
  if (issued) return code

  // Somebody else did, at the same time: the page and its agent may both ask.
  const latest = await findAuthorizationRequest(deps.db.read, request.request_id)
  if (latest?.status !== 'authenticated' || latest.code_issued_at === request.code_issued_at)
    throw new ApiError('request_completed', 'The sign-in is over')
  return issueCode(deps, latest, browserSecret)
}

function codeOf(
  { ring }: Deps,
  request: AuthorizationRequestRow,
  browserSecret: string,
  issuedAt: number,
  keyId?: string,
): string {
  return `code_${ring.derive('code', [request.request_id, browserSecret, String(issuedAt)], keyId)}`
}

/** The way back to the website with the code. RFC 6749 §4.1.2, RFC 9207 §2. */
export function codeParameters(
  { config }: Deps,
  { state }: AuthorizationRequestRow,
  code: string,
): Record<string, string> {
  return { code, ...(state !== null && { state }), iss: config.issuer }
}
