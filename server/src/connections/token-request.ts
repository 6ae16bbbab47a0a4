import type { Deps } from '../context.ts'
import type { EffectiveProvider } from './effective-provider.ts'
import { filledProvider } from './filled-provider.ts'
import { openClientSecret } from './provider-registry.ts'
import type { OAuthProvider } from './providers/provider.ts'
import type { RawAnswer } from './token-response.ts'

/** RFC 6749 §5.1 fits into a page; whoever sends more means no good. */
const MAX_BYTES = 1024 * 1024

interface TokenRequest {
  url: string
  /** `grant_type` and what belongs to it. They win over what the catalogue adds. */
  parameters: Readonly<Record<string, string>>
  /** Of the connection: what the provider's placeholders stand for. */
  values: Readonly<Record<string, string>>
  timeoutMs: number
}

/**
 * Asks a token endpoint in the way that this provider wants it, the exchange like the refresh (RFC 6749 §4.1.3, §6).
 * Throws `OutboundRefused` and `OutboundFailed` where there is no answer.
 */
export async function requestTokens(
  deps: Pick<Deps, 'outbound' | 'ring' | 'db' | 'now' | 'orgId'>,
  effective: EffectiveProvider & { provider: OAuthProvider },
  { url, parameters, values, timeoutMs }: TokenRequest,
): Promise<RawAnswer> {
  const clientId = effective.clientId ?? ''
  const provider = filledProvider(effective, values)
  const secret = (await openClientSecret(deps, effective)) ?? ''
  const client = authenticateBy(provider.token_endpoint_auth_method, clientId, secret)
  const extra = parameters.grant_type === 'refresh_token' ? provider.refresh_params : provider.token_params
  const all = { ...extra, ...parameters, ...client.parameters }
  const asJson = provider.token_request === 'json'

  const response = await deps.outbound.fetch(url, {
    method: 'POST',
    headers: {
      accept: 'application/json',
      ...provider.api_headers,
      ...client.headers,
      'content-type': asJson ? 'application/json' : 'application/x-www-form-urlencoded',
    },
    body: asJson ? JSON.stringify(all) : formOf(all),
    timeoutMs,
    maxBytes: MAX_BYTES,
  })
  return { status: response.status, retryAfter: response.headers.get('retry-after'), text: await response.text() }
}

interface ClientProof {
  headers: Record<string, string>
  parameters: Record<string, string>
}

/** RFC 6749 §2.3.1. */
export function authenticateBy(
  method: OAuthProvider['token_endpoint_auth_method'],
  id: string,
  secret: string,
): ClientProof {
  if (method === 'client_secret_basic')
    return { headers: { authorization: basicOf(formEncoded(id), formEncoded(secret)) }, parameters: {} }
  if (method === 'client_secret_post') return { headers: {}, parameters: { client_id: id, client_secret: secret } }
  return { headers: {}, parameters: { client_id: id } }
}

export function basicOf(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
}

function formOf(parameters: Readonly<Record<string, string | number>>): string {
  const form = new URLSearchParams()
  for (const [name, value] of Object.entries(parameters)) form.append(name, String(value))
  return form.toString()
}

function formEncoded(text: string): string {
  return new URLSearchParams([['', text]]).toString().slice(1)
}
