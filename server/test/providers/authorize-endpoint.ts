import type { OAuthProvider } from '../../src/connections/providers/provider.ts'
import type { Answer } from './faults.ts'
import { issuerOf } from './id-tokens.ts'
import type { Family } from './issued-tokens.ts'
import { type Asked, challengeOf, checkAdded, refuseUnless, scopesOf, single } from './request-checks.ts'
import type { OAuthWorld } from './world.ts'

/** RFC 6749 §4.1.1. Whoever asks in another way than the entry says gets a page, and no code. */
export function authorize({ entry, client, redirectUris, habits, issued }: OAuthWorld, asked: Asked): Answer {
  const query = single(asked.url.searchParams)
  refuseUnless(asked.method === 'GET', 'invalid_request', 'authorization requests are made by GET')
  refuseUnless(query.get('client_id') === client.client_id, 'unauthorized_client', 'this is not the client')
  const redirectUri = query.get('redirect_uri') ?? ''
  refuseUnless(redirectUris.has(redirectUri), 'invalid_request', `redirect_uri "${redirectUri}" is not registered`)
  refuseUnless(query.get('response_type') === 'code', 'unsupported_response_type', 'response_type must be code')
  const state = query.get('state') ?? ''
  refuseUnless(state.length >= 22, 'invalid_request', 'state has less than 128 bits')
  for (const name of ['client_secret', 'code_verifier'])
    refuseUnless(!query.has(name), 'invalid_request', `${name} is in the address`)
  checkAdded(entry.authorization_params, query, 'form')
  const scopes = scopesOf(entry, query)
  const challenge = challengeOf(entry, query)
  const nonce = query.get('nonce')
  const wantsNonce = entry.issuer !== undefined && scopes.includes('openid')
  refuseUnless(!wantsNonce || nonce, 'invalid_request', 'there is no nonce')

  const family: Family = { scopes, nonce, revoked: false }
  const outcome: Record<string, string> = habits.denies
    ? { error: 'access_denied', error_description: 'The person said no' }
    : { code: issued.issueCode({ family, redirectUri, challenge }), ...callbackOf(entry) }
  const said = { ...outcome, state, ...(entry.iss_parameter && { iss: issuerOf(entry) ?? '' }), ...habits.callback }
  return { status: 302, headers: { location: withQuery(redirectUri, said) }, body: '' }
}

const callbackOf = ({ callback_params = [] }: OAuthProvider) =>
  Object.fromEntries(callback_params.map((name) => [name, `${name}-4711`]))

function withQuery(address: string, said: Readonly<Record<string, string | null>>): string {
  const url = new URL(address)
  for (const [name, value] of Object.entries(said)) if (value !== null) url.searchParams.set(name, value)
  return url.href
}
