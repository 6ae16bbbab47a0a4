import { z } from 'zod'
import { cachedToken, type TokenWorld } from './cached-token.ts'
import { requestToken, type TokenRequest, type TokenRequestWorld } from './token-endpoint.ts'
import type { TokenSource } from './token-source.ts'

/** A client of ours at somebody's identity provider (contract, Models: `oauth2`). */
export const OAuth2Client = z.object({
  token_url: z.url({ protocol: /^https?$/, error: 'must be the URL of the token endpoint' }).max(2000),
  client_id: z.string().min(1, 'must not be empty').max(500),
  client_secret: z.string().min(1, 'must not be empty').max(4000),
  scope: z.string().max(2000).optional(),
  /** Azure and most others take either. */
  token_endpoint_auth_method: z.enum(['client_secret_post', 'client_secret_basic']).default('client_secret_post'),
})
export type OAuth2Client = z.output<typeof OAuth2Client>

/** RFC 6749 §4.4. */
export function clientCredentials(
  world: TokenWorld & TokenRequestWorld,
  name: string,
  client: OAuth2Client,
): TokenSource {
  return cachedToken(world, name, () => requestToken(world, tokenRequest(client)))
}

function tokenRequest({ token_url: url, scope, ...client }: OAuth2Client): TokenRequest {
  const { client_id, client_secret, token_endpoint_auth_method: method } = client
  const parameters = { grant_type: 'client_credentials', ...(scope !== undefined && { scope }) }
  return method === 'client_secret_basic'
    ? { url, parameters, headers: { authorization: basicAuthorization(client_id, client_secret) } }
    : { url, parameters: { ...parameters, client_id, client_secret } }
}

/** RFC 6749 §2.3.1: both halves are form-encoded. */
function basicAuthorization(id: string, secret: string): string {
  const encoded = [id, secret].map((half) => new URLSearchParams([['', half]]).toString().slice(1)).join(':')
  return `Basic ${Buffer.from(encoded).toString('base64')}`
}
