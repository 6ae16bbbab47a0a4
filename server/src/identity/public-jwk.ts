import { createPublicKey } from 'node:crypto'
import { z } from 'zod'

const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']
const MIN_RSA_BITS = 2048
/** Those of ES256 and ES384 (RFC 7518 §3.4). */
const CURVES: ReadonlySet<string> = new Set(['P-256', 'P-384'])

/** An asymmetric public key (RFC 7517) that assertions can be verified with. */
export const PublicJwk = z.record(z.string(), z.unknown()).transform((jwk, ctx) => {
  const fault = jwkFault(jwk)
  if (fault) ctx.addIssue(fault)
  return jwk
})

/** RFC 7517 §5. */
export const PublicJwks = z.object({ keys: z.array(PublicJwk).min(1).max(10) })

function jwkFault(jwk: Record<string, unknown>): string | undefined {
  if (PRIVATE_MEMBERS.some((member) => member in jwk)) return 'must be a public key: leave the private members out'
  try {
    const { asymmetricKeyType, asymmetricKeyDetails } = createPublicKey({ key: jwk as never, format: 'jwk' })
    if (asymmetricKeyType === 'rsa' && (asymmetricKeyDetails?.modulusLength ?? 0) < MIN_RSA_BITS)
      return `must have at least ${MIN_RSA_BITS} bits`
    if (asymmetricKeyType === 'ec' && !CURVES.has(String(jwk.crv))) return 'must be on the curve P-256 or P-384'
    return ['ec', 'ed25519', 'rsa'].includes(asymmetricKeyType ?? '') ? undefined : 'must be an EC, Ed25519 or RSA key'
  } catch {
    return 'must be a JWK (RFC 7517) of kty EC, OKP or RSA'
  }
}
