import type { Deps } from '../context.ts'
import type { ConnectionRow } from '../storage/connections.ts'
import { tokenHeader } from './account.ts'
import type { EffectiveProvider } from './effective-provider.ts'
import { endpointsOf } from './endpoints.ts'
import { filledProvider } from './filled-provider.ts'
import { memberAt } from './json-path.ts'
import { findProvider, openClientSecret } from './provider-registry.ts'
import type { OAuthProvider, Revocation } from './providers/provider.ts'
import { authenticateBy } from './token-request.ts'
import { type Tokens, unsealTokens } from './vault.ts'

const TIMEOUT_MS = 10_000

/** RFC 7009, for a provider about which nothing else is known. */
const STANDARD: Revocation = { method: 'rfc7009', token: 'refresh_token', auth: 'client' }

/** How the client proves itself where the token endpoint's way is not this endpoint's. */
const OWN_WAY: Partial<Record<Revocation['auth'], OAuthProvider['token_endpoint_auth_method']>> = {
  basic: 'client_secret_basic',
  post: 'client_secret_post',
}

/** Asks the provider once to forget what it gave. True when it says that it did: the connection ends here anyway. */
export async function revokeUpstream(
  deps: Deps,
  connection: ConnectionRow,
  /** Where its provider has ended with it. */
  effective?: EffectiveProvider,
): Promise<boolean> {
  const { tokens_sealed: sealed, provider_name: provider } = connection
  if (sealed === null) return false
  try {
    return await revokeTokens(deps, {
      provider,
      parameters: JSON.parse(connection.parameters),
      tokens: unsealTokens(deps, connection, sealed),
      ...(effective && { effective }),
    })
  } catch (error) {
    deps.log.warn({ provider, error }, 'the tokens of a connection that ended cannot be opened, nor revoked')
    return false
  }
}

interface Revoked {
  provider: string
  /** Of the provider's placeholders. */
  parameters: Record<string, string>
  tokens: Tokens
  /** As it was, of a provider that is gone. */
  effective?: EffectiveProvider
}

/** The same for tokens that are in hand. */
export async function revokeTokens(
  deps: Deps,
  { provider, parameters, tokens, effective: known }: Revoked,
): Promise<boolean> {
  try {
    const found = known ?? (await findProvider(deps, provider))
    if (found?.provider.kind !== 'oauth2') return false
    const effective = { ...found, provider: found.provider }
    const { revocation: url } = await endpointsOf(deps, effective, parameters)
    if (url === undefined) return false
    const { init, query } = await revocationCall(deps, effective, tokens)
    const headers = { ...filledProvider(effective, parameters).api_headers, ...init.headers }
    const response = await deps.outbound.fetch(withQuery(url, query), { ...init, headers, timeoutMs: TIMEOUT_MS })
    return response.ok && !isFailure(effective.provider, await response.text())
  } catch (error) {
    deps.log.warn({ provider, error }, 'a connection ended without the provider knowing')
    return false
  }
}

/** Some answer a failure with 200, and say so inside. */
function isFailure({ response }: OAuthProvider, text: string): boolean {
  if (response?.ok === undefined) return false
  try {
    return memberAt(JSON.parse(text), response.ok) === false
  } catch {
    return true
  }
}

function withQuery(url: string, query: Record<string, string>): string {
  const target = new URL(url)
  for (const [name, value] of Object.entries(query)) target.searchParams.set(name, value)
  return target.href
}

async function revocationCall(deps: Deps, effective: EffectiveProvider & { provider: OAuthProvider }, tokens: Tokens) {
  const { provider } = effective
  const { method, token, auth, parameter = 'token' } = provider.revocation ?? STANDARD
  const isRefresh = token === 'refresh_token' && tokens.refresh_token !== undefined
  const value = isRefresh ? tokens.refresh_token : tokens.access_token
  const named: Record<string, string> = parameter === null || value === undefined ? {} : { [parameter]: value }
  const proof = await proofOf(deps, effective, auth, tokens)
  const hint = isRefresh ? 'refresh_token' : 'access_token'
  if (method === 'get_query')
    return { init: { method: 'GET', headers: proof.headers }, query: { ...named, ...proof.parameters } }
  if (method === 'rfc7009')
    return {
      init: {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded', ...proof.headers },
        body: new URLSearchParams({
          ...named,
          ...(provider.revocation ? {} : { token_type_hint: hint }),
          ...proof.parameters,
        }).toString(),
      },
      query: {},
    }
  const verb = method === 'delete' ? 'DELETE' : 'POST'
  const said = { ...named, ...proof.parameters }
  const headers = { accept: 'application/json', ...proof.headers }
  // The token in the header says it all: no body rather than an empty one.
  if (Object.keys(said).length === 0) return { init: { method: verb, headers }, query: {} }
  const body = JSON.stringify(said)
  return { init: { method: verb, headers: { 'content-type': 'application/json', ...headers }, body }, query: {} }
}

/** How the call says who makes it. */
async function proofOf(
  deps: Deps,
  effective: EffectiveProvider & { provider: OAuthProvider },
  auth: Revocation['auth'],
  tokens: Tokens,
): Promise<{ headers: Record<string, string>; parameters: Record<string, string> }> {
  const { provider, clientId } = effective
  if (auth === 'none') return { headers: {}, parameters: {} }
  if (auth === 'bearer') return { headers: tokenHeader(provider.api_token, tokens), parameters: {} }
  if (auth === 'client_id') return { headers: {}, parameters: { client_id: clientId ?? '' } }
  const method = OWN_WAY[auth] ?? provider.token_endpoint_auth_method
  return authenticateBy(method, clientId ?? '', (await openClientSecret(deps, effective)) ?? '')
}
