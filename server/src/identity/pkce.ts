import { sha256 } from '../crypto/jws.ts'
import { same } from '../crypto/key-ring.ts'
import { ApiError } from '../http/errors.ts'

/** RFC 7636 §4.1, §4.2: 43 to 128 of ALPHA / DIGIT / "-" / "." / "_" / "~". */
const UNRESERVED_43_TO_128 = /^[A-Za-z0-9\-._~]{43,128}$/

export function isCodeChallenge(challenge: string): boolean {
  return UNRESERVED_43_TO_128.test(challenge)
}

/** RFC 7636 §4.6, S256. */
export function verifyChallenge(verifier: string, challenge: string): void {
  if (!UNRESERVED_43_TO_128.test(verifier))
    throw new ApiError('invalid_request', 'The code_verifier must have 43 to 128 unreserved characters')
  if (!same(sha256(verifier), challenge))
    throw new ApiError('invalid_grant', 'The code_verifier does not fit the code_challenge')
}
