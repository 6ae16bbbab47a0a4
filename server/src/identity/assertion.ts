import { createLocalJWKSet, type JSONWebKeySet, type JWTPayload, jwtVerify } from 'jose'
import type { Deps } from '../context.ts'
import { claimJti } from '../storage/used-jtis.ts'

/** Asymmetric only: `none` and the HS family cannot be talked into (RFC 8725 §3.1). */
export const ASSERTION_ALGS = ['ES256', 'ES384', 'EdDSA', 'Ed25519', 'RS256', 'PS256']

const MAX_SKEW_S = 30

interface Expected {
  /** Whose assertion it must be: its `iss` and `sub`. */
  subject: string
  keys: JSONWebKeySet
  /** The `typ` values that it may carry; undefined is none. What was signed for one use must not pass for another (RFC 8725 §3.11). */
  types: readonly (string | undefined)[]
  /** Seconds from iat to exp at most. */
  maxLifetime: number
}

/** The claims of a JWT that its subject signed for us alone, not long ago, and not used before. RFC 7523 §3, RFC 8725. */
export async function verifyAssertion(
  { config, now: clock }: Deps,
  jwt: string,
  expected: Expected,
): Promise<(JWTPayload & { jti: string; exp: number }) | undefined> {
  const now = clock()
  try {
    const { payload, protectedHeader } = await jwtVerify(jwt, createLocalJWKSet(expected.keys), {
      algorithms: ASSERTION_ALGS,
      issuer: expected.subject,
      subject: expected.subject,
      audience: config.issuer,
      currentDate: new Date(now),
      clockTolerance: MAX_SKEW_S,
      requiredClaims: ['exp', 'iat', 'jti'],
    })
    const { aud, exp = 0, iat = 0, jti } = payload
    // A list of audiences, or the token endpoint's URL, could be replayed elsewhere.
    if (aud !== config.issuer || !isJti(jti) || !expected.types.includes(protectedHeader.typ)) return undefined
    if (exp - iat > expected.maxLifetime || iat > now / 1000 + MAX_SKEW_S) return undefined
    return { ...payload, jti, exp }
  } catch {
    return undefined
  }
}

/** Stored to be known again, which Postgres cannot do with a NUL. */
function isJti(jti: unknown): jti is string {
  return typeof jti === 'string' && jti !== '' && jti.length <= 256 && !jti.includes('\0')
}

/** Uses an assertion up. False when it was used before, in whatever process. */
export function useAssertion(
  { db }: Deps,
  issuer: string,
  { jti, exp }: { jti: string; exp: number },
): Promise<boolean> {
  return db.write(({ trx }) => claimJti(trx, { issuer, jti, expires_at: (exp + MAX_SKEW_S) * 1000 }))
}
