import type { Deps } from '../context.ts'
import { verifyCompact } from '../crypto/jws.ts'
import {
  findLiveAgentOrganization,
  isAgentTokenLive,
  isClientTokenLive,
  isSignInTokenLive,
} from '../storage/token-state.ts'

/** RFC 9068 §2.2, and whom the agent acts for. Times are epoch seconds. */
export interface AccessTokenClaims {
  iss: string
  sub: string
  aud: string | string[]
  client_id: string
  scope: string
  iat: number
  exp: number
  jti: string
  /** The model the agent says it runs on: its own word, not ours. */
  model?: string
  acr?: string
  auth_time?: number
  /** The sign-in this token came from (`auth_grant`). */
  sid?: string
  act_for?: ActFor
}

/** The person an agent acts for, as far as the scopes let a website know. */
export interface ActFor {
  sub: string
  email?: string
  name?: string
}

/** What varies between tokens; the rest is the same for all. */
export type AccessTokenGrant = Omit<AccessTokenClaims, 'iss' | 'iat' | 'exp' | 'jti'>

export function signAccessToken({ config, random, signingKeys }: Deps, grant: AccessTokenGrant, now: number): string {
  const iat = Math.floor(now / 1000)
  const claims: AccessTokenClaims = {
    iss: config.issuer,
    ...grant,
    iat,
    exp: iat + config.lifetimes.accessToken,
    jti: `${now.toString(36)}.${random(16).toString('base64url')}`,
  }
  return signingKeys.sign('at+jwt', claims)
}

/** A token is asked about again and again; its signature is checked once. Bounded, and holds nothing that decides by itself. */
const MAX_VERIFIED = 10_000
const verifiedBy = new WeakMap<object, Map<string, { kid: string; claims: AccessTokenClaims }>>()

/** The claims of an access token of ours that has not run out, whatever became of it since. RFC 9068 §4. */
export async function verifyAccessToken(
  deps: Deps,
  token: string,
  now: number,
): Promise<AccessTokenClaims | undefined> {
  const verified = verifiedTokens(deps)
  const known = verified.get(token)
  // The key must still be ours: a key that left takes its tokens along.
  if (known && !(await deps.signingKeys.find(known.kid))) return undefined
  const checked = known ?? (await checkSignature(deps, token))
  if (!checked || checked.claims.exp * 1000 <= now) return undefined
  if (!known) {
    if (verified.size >= MAX_VERIFIED) verified.clear()
    verified.set(token, checked)
  }
  return checked.claims
}

function verifiedTokens({ signingKeys }: Deps) {
  let verified = verifiedBy.get(signingKeys)
  if (!verified) {
    verified = new Map()
    verifiedBy.set(signingKeys, verified)
  }
  return verified
}

/** `typ` keeps an ID token from passing for an access token, and the reverse (RFC 8725 §3.11). */
async function checkSignature(deps: Deps, token: string) {
  const [header = '', payload = '', signature = '', ...rest] = token.split('.')
  if (!signature || rest.length > 0) return undefined
  const head = decodeJson(header)
  if (head?.typ !== 'at+jwt' || typeof head.kid !== 'string' || 'crit' in head) return undefined
  const key = await deps.signingKeys.find(head.kid)
  if (!key || head.alg !== key.alg || !verifyCompact(key.alg, key.publicKey, token)) return undefined
  const claims = decodeJson(payload) as unknown as AccessTokenClaims | undefined
  return claims?.iss === deps.config.issuer ? { kid: head.kid, claims } : undefined
}

function decodeJson(part: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString())
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

/** Whether everything an access token hangs on still stands: itself, and its sign-in, its agent or its client. */
export function isAccessTokenLive({ db }: Deps, claims: AccessTokenClaims, now: number): Promise<boolean> {
  const { jti, sid, sub } = claims
  if (sid !== undefined) return isSignInTokenLive(db.read, { jti, grantId: sid, now })
  if (sub.startsWith('agent_')) return isAgentTokenLive(db.read, { jti, agentId: sub, issuedAt: issuedAt(claims) })
  return isClientTokenLive(db.read, { jti, clientId: sub })
}

/** The organization of the agent that got this token for itself; undefined where the token stands no more. */
export async function organizationOfToken({ db }: Deps, claims: AccessTokenClaims): Promise<string | undefined> {
  const { jti, sub: agentId } = claims
  return findLiveAgentOrganization(db.read, { jti, agentId, issuedAt: issuedAt(claims) })
}

/** To the millisecond, where `iat` has seconds: what was made just after a revocation must not die with what was made before. */
function issuedAt({ jti }: AccessTokenClaims): number {
  return Number.parseInt(jti, 36)
}

/** An agent's token for our own API: what it got for itself, not what a website got of it. */
export function isOwnToken(claims: AccessTokenClaims, audiences: readonly string[]): boolean {
  const isFromSignIn = claims.sid !== undefined || claims.sub !== claims.client_id
  return !isFromSignIn && audiences.some((audience) => isFor(claims, audience))
}

export function isFor({ aud }: AccessTokenClaims, audience: string): boolean {
  return Array.isArray(aud) ? aud.includes(audience) : aud === audience
}
