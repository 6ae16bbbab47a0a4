import type { KeyPair } from '../agents/key-pair.ts'

/** The algorithm that a registered key signs with, where it is one of those that we make ourselves. */
export function algOf(jwk: Record<string, unknown> | null): KeyPair['alg'] | undefined {
  if (jwk === null) return undefined
  if (jwk.crv === 'Ed25519') return 'EdDSA'
  return jwk.crv === 'P-256' ? 'ES256' : undefined
}
