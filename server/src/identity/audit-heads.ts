import type { HeadCheck } from '../audit/verify.ts'
import { verifyCompact } from '../crypto/jws.ts'
import type { SigningKeys } from './signing-keys.ts'

const TYP = 'audit-head+jwt'

interface HeadClaims {
  chain: string
  seq: number
  hash: string
  iat: number
}

export function signHead(keys: SigningKeys, claims: HeadClaims): string {
  return keys.sign(TYP, claims)
}

export function headCheck(keys: SigningKeys): HeadCheck {
  return async ({ chain, seq, hash, signature }) => {
    const [header = '', payload = ''] = signature.split('.')
    try {
      const head = JSON.parse(Buffer.from(header, 'base64url').toString())
      const claims: HeadClaims = JSON.parse(Buffer.from(payload, 'base64url').toString())
      if (head.typ !== TYP || claims.chain !== chain || claims.seq !== seq || claims.hash !== hash) return false
      const key = await keys.find(head.kid, { retired: true })
      return key !== undefined && key.alg === head.alg && verifyCompact(key.alg, key.publicKey, signature)
    } catch {
      return false
    }
  }
}
