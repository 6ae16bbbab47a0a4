import { createLocalJWKSet, decodeJwt, errors, type JSONWebKeySet, type JWTPayload, jwtVerify } from 'jose'
import type { Deps } from '../context.ts'
import type { OAuthProvider } from './providers/provider.ts'

/** Asymmetric only: with a symmetric one, whoever knows the public key could sign (RFC 8725 §2.1). */
const ALGS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519']
const TOLERANCE_S = 60

export interface Expected {
  /** From the provider's configuration, never from the token; `issuer_claim` says how its placeholder is filled. */
  issuer: string
  issuerClaim: OAuthProvider['issuer_claim']
  jwksUri: string
  clientId: string
  /** Undefined: none was sent. */
  nonce: string | undefined
}

/** The id_token of a provider is not what it must be. The message says why, for the log. */
export class InvalidIdTokenError extends Error {
  override readonly name = 'InvalidIdTokenError'
}

/** OpenID Connect Core §3.1.3.7. Throws an `InvalidIdTokenError`. */
export async function verifyIdToken(deps: Deps, idToken: string, expected: Expected): Promise<JWTPayload> {
  const now = deps.now()
  const options = {
    algorithms: ALGS,
    audience: expected.clientId,
    issuer: issuerOf(idToken, expected),
    requiredClaims: ['sub', 'exp', 'iat'],
    clockTolerance: TOLERANCE_S,
    currentDate: new Date(now),
  }
  const verify = (keys: object) => jwtVerify(idToken, createLocalJWKSet(keys as JSONWebKeySet), options)
  const { providerDocuments } = deps
  try {
    const { payload } = await verify(await providerDocuments.read(expected.jwksUri)).catch(async (error: unknown) => {
      // The provider may have a new key.
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error
      return verify(await providerDocuments.reread(expected.jwksUri))
    })
    checkClaims(payload, expected, now)
    return payload
  } catch (cause) {
    if (cause instanceof errors.JOSEError || cause instanceof TypeError)
      throw new InvalidIdTokenError(cause.message, { cause })
    throw cause
  }
}

function checkClaims({ aud, azp, iat = 0, nonce }: JWTPayload, expected: Expected, now: number): void {
  if (azp !== undefined ? azp !== expected.clientId : Array.isArray(aud) && aud.length > 1)
    throw new InvalidIdTokenError('It was issued to another client (azp)')
  if (iat * 1000 > now + TOLERANCE_S * 1000) throw new InvalidIdTokenError('It was issued in the future (iat)')
  if (expected.nonce !== undefined && nonce !== expected.nonce)
    throw new InvalidIdTokenError('It belongs to another sign-in (nonce)')
}

/** Where the issuer differs by tenant, the token says which; all else of it is pinned. */
function issuerOf(idToken: string, { issuer, issuerClaim }: Expected): string {
  if (!issuerClaim) return issuer
  let value: unknown
  try {
    value = decodeJwt(idToken)[issuerClaim.name]
  } catch (cause) {
    throw new InvalidIdTokenError('It is no JWT', { cause })
  }
  if (typeof value !== 'string' || !new RegExp(`^(?:${issuerClaim.pattern})$`).test(value))
    throw new InvalidIdTokenError(`Its ${issuerClaim.name} cannot be part of the issuer`)
  return issuer.replace(`{${issuerClaim.name}}`, value)
}
