import * as client from 'openid-client'
import type { Provider } from './provider.ts'

export const SCOPE = 'openid profile email offline_access'

/** What a sign-in under way must remember until the browser comes back. */
export interface Login {
  codeVerifier: string
  nonce: string
  startedAt: number
}

/** Who signed in: claims of the id_token and of userinfo. Any of them may be missing. */
export interface Profile {
  sub: string
  iss?: string
  name?: string
  email?: string
  model?: string
  acr?: string
  auth_time?: number
  act_for?: { sub?: string; name?: string; email?: string }
}

export interface Visitor {
  profile: Profile
  scope: string
  refreshToken: string | undefined
  renewedAt?: Date
}

/** Authorization code with PKCE, state and nonce. RFC 6749 §4.1, RFC 7636, OpenID Connect Core §3.1. */
export async function beginSignIn(provider: Provider, redirectUri: string, now: number) {
  const codeVerifier = client.randomPKCECodeVerifier()
  const nonce = client.randomNonce()
  const state = client.randomState()
  const url = client.buildAuthorizationUrl(await provider(), {
    redirect_uri: redirectUri,
    scope: SCOPE,
    code_challenge: await client.calculatePKCECodeChallenge(codeVerifier),
    code_challenge_method: 'S256',
    nonce,
    state,
  })
  const login: Login = { codeVerifier, nonce, startedAt: now }
  return { url, state, login }
}

/** openid-client checks `iss` (RFC 9207), `state`, `nonce` and the id_token before it gives us anything. */
export async function finishSignIn(provider: Provider, callback: URL, state: string, login: Login): Promise<Visitor> {
  const config = await provider()
  const tokens = await client.authorizationCodeGrant(config, callback, {
    pkceCodeVerifier: login.codeVerifier,
    expectedState: state,
    expectedNonce: login.nonce,
    idTokenExpected: true,
  })
  const claims = tokens.claims() as Profile
  const userinfo = await client.fetchUserInfo(config, tokens.access_token, claims.sub)
  return {
    profile: { ...(userinfo as Profile), ...claims },
    scope: tokens.scope ?? SCOPE,
    refreshToken: tokens.refresh_token,
  }
}

/** Asks whether the session still stands, and rotates its refresh token. RFC 6749 §6. */
export async function renew(provider: Provider, visitor: Visitor, refreshToken: string, now: Date): Promise<void> {
  const tokens = await client.refreshTokenGrant(await provider(), refreshToken)
  visitor.refreshToken = tokens.refresh_token ?? refreshToken
  visitor.renewedAt = now
}

/** True when the provider refuses this session for good, false when it merely cannot answer now. */
export function isOver(error: unknown): boolean {
  return error instanceof client.ResponseBodyError && error.error === 'invalid_grant'
}

/** A revoked refresh token ends its grant. RFC 7009 §2.1. */
export async function revoke(provider: Provider, visitor: Visitor): Promise<void> {
  if (!visitor.refreshToken) return
  await client.tokenRevocation(await provider(), visitor.refreshToken, { token_type_hint: 'refresh_token' })
}
