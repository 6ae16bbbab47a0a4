import type { OAuthProvider, TokenAnswer } from '../../src/connections/providers/provider.ts'
import { type Saying, tokenAnswer } from './answer-shape.ts'
import type { Answer } from './faults.ts'
import { issuerOf, signIdToken } from './id-tokens.ts'
import type { Family } from './issued-tokens.ts'
import { sampleOf } from './loopback.ts'
import {
  type Asked,
  bodyOf,
  checkAdded,
  checkClient,
  checkHeaders,
  checkVerifier,
  refuseUnless,
} from './request-checks.ts'
import { json, type OAuthWorld } from './world.ts'

/** RFC 6749 §4.1.3. */
export async function exchange(world: OAuthWorld, asked: Asked): Promise<Answer> {
  const { entry, issued } = world
  const body = tokenRequest(world, asked, entry.token_params)
  refuseUnless(body.get('grant_type') === 'authorization_code', 'unsupported_grant_type', 'this grant is not offered')
  const code = issued.redeem(body.get('code'))
  refuseUnless(
    body.get('redirect_uri') === code.redirectUri,
    'invalid_grant',
    'redirect_uri is not the one of the code',
  )
  checkVerifier(code.challenge, body)
  const shape = entry.response ?? {}
  const refreshToken = entry.refresh === 'none' ? undefined : issued.issueRefreshToken(code.family)
  const saying = await sayingOf(world, shape, { family: code.family, refreshToken, nonce: code.family.nonce })
  return json(200, tokenAnswer(shape, entry, { ...saying, account: world.account }))
}

/** RFC 6749 §6. */
export async function refresh(world: OAuthWorld, asked: Asked): Promise<Answer> {
  const { entry, issued, habits } = world
  const body = tokenRequest(world, asked, entry.refresh_params)
  refuseUnless(entry.refresh !== 'none', 'unsupported_grant_type', 'this provider refreshes nothing')
  const rules = {
    rotates: entry.refresh === 'rotating',
    leewayMs: habits.leewayS * 1000,
    revokesFamily: habits.revokesFamily,
  }
  const family = issued.useRefreshToken(body.get('refresh_token'), rules)
  const refreshToken = rules.rotates || habits.newerRefreshToken ? issued.issueRefreshToken(family) : undefined
  const shape = entry.refresh_response ?? entry.response ?? {}
  return json(200, tokenAnswer(shape, entry, await sayingOf(world, shape, { family, refreshToken, nonce: undefined })))
}

/** What is the same for both grants. */
function tokenRequest({ entry, client }: OAuthWorld, asked: Asked, added: OAuthProvider['token_params']) {
  refuseUnless(asked.method === 'POST', 'invalid_request', 'token requests are made by POST')
  refuseUnless(asked.url.search === '', 'invalid_request', 'parameters are in the address')
  const body = bodyOf(asked, entry.token_request)
  checkClient(entry.token_endpoint_auth_method, asked, body, client)
  checkHeaders(entry.api_headers, asked)
  checkAdded(added, body, entry.token_request)
  return body
}

interface Given {
  family: Family
  refreshToken: string | undefined
  /** Of the authorization request; undefined at a refresh. */
  nonce: string | undefined
}

async function sayingOf(
  world: OAuthWorld,
  shape: TokenAnswer,
  { family, refreshToken, nonce }: Given,
): Promise<Saying> {
  const { habits, issued } = world
  const { value: accessToken, expiresAt } = issued.issueAccessToken(family, habits.lifetimeS * 1000)
  const expiresIn = habits.expiresIn === undefined && shape.expires_in !== null ? habits.lifetimeS : habits.expiresIn
  return {
    accessToken,
    refreshToken: habits.omitRefreshToken ? undefined : refreshToken,
    idToken: habits.omitIdToken ? undefined : await idTokenOf(world, family, nonce),
    scopes: habits.omitScope ? [] : family.scopes,
    expiresIn: expiresIn ?? undefined,
    expiresAt,
    tokenType: habits.tokenType,
  }
}

/** OpenID Connect Core §2; §12.2: that of a refresh needs no nonce. */
async function idTokenOf(
  world: OAuthWorld,
  { scopes }: Family,
  nonce: string | undefined,
): Promise<string | undefined> {
  const { entry, habits, account, client, now } = world
  if (!habits.unaskedIdToken && (entry.issuer === undefined || !scopes.includes('openid'))) return undefined
  const seconds = Math.floor(now() / 1000)
  const { issuer_claim } = entry
  return signIdToken(
    {
      iss: issuerOf(entry) ?? world.origin,
      aud: client.client_id,
      sub: account.id,
      email: account.label,
      iat: seconds,
      exp: seconds + 3600,
      ...(nonce !== undefined && { nonce }),
      ...(issuer_claim && { [issuer_claim.name]: sampleOf(issuer_claim.pattern) }),
      ...habits.claims,
    },
    habits.signer,
  )
}
