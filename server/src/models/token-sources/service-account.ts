import { createPrivateKey } from 'node:crypto'
import { SignJWT } from 'jose'
import { z } from 'zod'
import { cachedToken, type TokenWorld } from './cached-token.ts'
import { requestToken, type TokenRequestWorld } from './token-endpoint.ts'
import type { Token, TokenSource } from './token-source.ts'

const GRANT_TYPE = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
const VERTEX_SCOPE = 'https://www.googleapis.com/auth/cloud-platform'
const LIFE_S = 3600
/** RFC 7518 §3.3 wants it for RS256. */
const MIN_RSA_BITS = 2048

/** The key file of a service account, as Google hands it out. What else stands in it does not concern us. */
export const ServiceAccount = z.object({
  client_email: z.string().min(1, 'must not be empty').max(500),
  private_key: z.string().max(20_000).refine(isRsaKey, 'must be an RSA private key of at least 2048 bits in PEM'),
  private_key_id: z.string().max(500).optional(),
  token_uri: z
    .url({ protocol: /^https?$/, error: 'must be the URL of the token endpoint' })
    .max(2000)
    .default('https://oauth2.googleapis.com/token'),
  scope: z.string().max(2000).default(VERTEX_SCOPE),
})
export type ServiceAccount = z.output<typeof ServiceAccount>

/** RFC 7523 §2.1: the key signs for itself, and gets an access token. */
export function serviceAccount(
  world: TokenWorld & TokenRequestWorld,
  name: string,
  account: ServiceAccount,
): TokenSource {
  return cachedToken(world, name, () => exchangeAssertion(world, account))
}

async function exchangeAssertion(world: TokenRequestWorld, account: ServiceAccount): Promise<Token> {
  const { token_uri: url } = account
  const parameters = { grant_type: GRANT_TYPE, assertion: await signAssertion(account, world.now()) }
  return requestToken(world, { url, parameters })
}

function signAssertion(account: ServiceAccount, now: number): Promise<string> {
  const { client_email, private_key, private_key_id: kid, token_uri, scope } = account
  const iat = Math.floor(now / 1000)
  return new SignJWT({ scope })
    .setProtectedHeader({ alg: 'RS256', typ: 'JWT', ...(kid !== undefined && { kid }) })
    .setIssuer(client_email)
    .setSubject(client_email)
    .setAudience(token_uri)
    .setIssuedAt(iat)
    .setExpirationTime(iat + LIFE_S)
    .sign(createPrivateKey(private_key))
}

function isRsaKey(pem: string): boolean {
  try {
    const { asymmetricKeyType, asymmetricKeyDetails } = createPrivateKey(pem)
    return asymmetricKeyType === 'rsa' && (asymmetricKeyDetails?.modulusLength ?? 0) >= MIN_RSA_BITS
  } catch {
    return false
  }
}
