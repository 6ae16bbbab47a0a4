import { exportJWK, generateKeyPair, type JWTPayload, SignJWT, UnsecuredJWT } from 'jose'
import type { OAuthProvider } from '../../src/connections/providers/provider.ts'
import { sampleOf } from './loopback.ts'

const ALG = 'RS256'

/** One key for all doubles of a process: making one takes a while. */
const keys = generateKeyPair(ALG)
const strangers = generateKeyPair(ALG)

/** `stranger` signs by a key that is not in the set, `public_key` by HMAC with the public key as secret. */
export type Signer = 'provider' | 'stranger' | 'nobody' | 'public_key'

export async function keySet(): Promise<object> {
  const { publicKey } = await keys
  return { keys: [{ ...(await exportJWK(publicKey)), kid: 'double', alg: ALG, use: 'sig' }] }
}

export async function signIdToken(claims: JWTPayload, signer: Signer): Promise<string> {
  if (signer === 'nobody') return new UnsecuredJWT(claims).encode()
  const { privateKey, publicKey } = await (signer === 'stranger' ? strangers : keys)
  if (signer !== 'public_key')
    return new SignJWT(claims).setProtectedHeader({ alg: ALG, kid: 'double' }).sign(privateKey)
  const secret = new TextEncoder().encode(JSON.stringify(await exportJWK(publicKey)))
  return new SignJWT(claims).setProtectedHeader({ alg: 'HS256', kid: 'double' }).sign(secret)
}

/** Whom id_tokens and callbacks name, with the placeholder filled that the id_token speaks of. */
export function issuerOf({ issuer, issuer_claim }: OAuthProvider): string | undefined {
  return issuer_claim ? issuer?.replace(`{${issuer_claim.name}}`, sampleOf(issuer_claim.pattern)) : issuer
}
