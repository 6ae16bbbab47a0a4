import type { JWTPayload } from 'jose'
import type { Deps } from '../context.ts'
import type { EffectiveProvider } from './effective-provider.ts'
import type { Endpoints } from './endpoints.ts'
import { textAt } from './json-path.ts'
import { fillPlaceholders } from './providers/placeholders.ts'
import type { HeaderPlace, OAuthProvider } from './providers/provider.ts'
import type { Tokens } from './vault.ts'

/** Whose account it is. Undefined: the provider does not say. */
export interface Account {
  /** What never changes about it. */
  id?: string | undefined
  /** What a person knows it by. */
  label?: string | undefined
}

interface Known {
  endpoints: Endpoints
  tokens: Tokens
  /** Of an id_token that was verified. */
  claims: JWTPayload | undefined
  /** The token endpoint's answer. */
  body: unknown
  parameters: Record<string, string>
}

const TIMEOUT_MS = 5000
const MAX_LABEL = 254

/** From the id_token, else as the provider's entry says, else from userinfo. A connection is good without it. */
export async function accountOf(
  deps: Deps,
  effective: EffectiveProvider & { provider: OAuthProvider },
  known: Known,
): Promise<Account> {
  const { claims, endpoints, tokens } = known
  if (claims?.sub !== undefined && labelOf(claims) !== undefined)
    return shortened({ id: claims.sub, label: labelOf(claims) })
  try {
    if (effective.provider.account) return shortened(await accountByEntry(deps, effective, known))
    if (endpoints.userinfo === undefined) return { id: claims?.sub, label: claims?.sub }
    const said = await ask(deps, endpoints.userinfo, { headers: { authorization: `Bearer ${tokens.access_token}` } })
    // OpenID Connect Core §5.3.2: an answer about somebody else is no answer.
    if (claims && textAt(said, 'sub') !== claims.sub) return { id: claims.sub, label: claims.sub }
    return shortened({ id: textAt(said, 'sub') ?? textAt(said, 'id'), label: labelOf(said) ?? textAt(said, 'sub') })
  } catch (error) {
    deps.log.info({ provider: effective.provider.name, error }, 'the account could not be asked for')
    return { id: claims?.sub, label: claims?.sub }
  }
}

function labelOf(said: unknown): string | undefined {
  return textAt(said, 'email') ?? textAt(said, 'preferred_username') ?? textAt(said, 'name') ?? textAt(said, 'login')
}

const shortened = ({ id, label }: Account): Account => ({
  id: id?.slice(0, MAX_LABEL),
  label: label?.slice(0, MAX_LABEL) ?? id?.slice(0, MAX_LABEL),
})

async function accountByEntry(
  deps: Deps,
  { provider, clientId }: EffectiveProvider & { provider: OAuthProvider },
  { tokens, body, parameters, claims }: Known,
): Promise<Account> {
  const { account, api_headers, api_token } = provider
  if (!account) return {}
  const read = (said: unknown) => ({ id: claims?.sub ?? textAt(said, account.id), label: textAt(said, account.label) })
  if (account.url === undefined) return read(body)
  const values = { ...parameters, ...(clientId !== null && { client_id: clientId }) }
  const filled = Object.entries({ ...api_headers, ...account.headers }).map(([name, value]) => [
    name.toLowerCase(),
    fillPlaceholders(value, values),
  ])
  const headers = {
    ...Object.fromEntries(filled),
    ...tokenHeader(api_token, tokens),
    ...(account.body !== undefined && { 'content-type': 'application/json' }),
  }
  const init = { method: account.method ?? 'GET', headers, ...(account.body !== undefined && { body: account.body }) }
  return read(await ask(deps, fillPlaceholders(account.url, values), init))
}

/** How a call to the API carries the token. */
export function tokenHeader(place: HeaderPlace | undefined, tokens: Tokens): Record<string, string> {
  const { header = 'authorization', prefix } = place ?? {}
  return { [header]: `${prefix ?? (place ? '' : 'Bearer ')}${tokens.access_token}` }
}

async function ask(deps: Deps, url: string, init: { method?: string; headers: Record<string, string>; body?: string }) {
  const headers = { accept: 'application/json', 'user-agent': 'auth-agent', ...init.headers }
  const response = await deps.outbound.fetch(url, { ...init, headers, timeoutMs: TIMEOUT_MS })
  const text = await response.text()
  if (!response.ok) throw new Error(`It answered ${response.status}`)
  return parsed(text)
}

/** The message of a `SyntaxError` quotes what could not be read: perhaps the token that we sent. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new Error('It answered with something that is no JSON')
  }
}
