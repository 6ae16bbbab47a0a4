import { z } from 'zod'
import type { Deps } from '../../context.ts'
import { isProviderUrl } from '../provider-settings.ts'
import { firstPublished, misconfigured, toPublishedFault } from './published.ts'

/** Called by us, or shown to a person; braces are what our own entries have placeholders in. */
const endpoint = z
  .string()
  .max(2048)
  .refine(isProviderUrl)
  .refine((url) => !/[{}]/.test(url))
const words = z.array(z.string().max(200)).max(200)

/** RFC 8414 §2, OpenID Connect Discovery §3, RFC 7591, RFC 9207; client ID metadata documents as MCP has them. */
const Metadata = z.object({
  issuer: endpoint,
  authorization_endpoint: endpoint,
  token_endpoint: endpoint,
  registration_endpoint: endpoint.optional(),
  revocation_endpoint: endpoint.optional(),
  jwks_uri: endpoint.optional(),
  code_challenge_methods_supported: words.optional(),
  token_endpoint_auth_methods_supported: words.optional(),
  authorization_response_iss_parameter_supported: z.boolean().optional(),
  client_id_metadata_document_supported: z.boolean().optional(),
})
export type AuthorizationServer = z.output<typeof Metadata>

/** How an authorization server is spoken to, by its own word. Throws for one that is not as safe as MCP demands. */
export async function findAuthorizationServer(
  deps: Pick<Deps, 'outbound'>,
  issuer: string,
): Promise<AuthorizationServer> {
  if (!isProviderUrl(issuer)) throw misconfigured('It names an authorization server that cannot be called')
  const found = await firstPublished(deps, placesOf(issuer), Metadata)
  if (!found) throw misconfigured(`${new URL(issuer).host} publishes no metadata of an authorization server`)
  // RFC 8414 §3.3. A slash at the end of a bare host is no other issuer.
  if (new URL(found.issuer).href !== new URL(issuer).href)
    throw misconfigured('The metadata of the authorization server is that of another issuer')
  if (!found.code_challenge_methods_supported?.includes('S256'))
    throw misconfigured('The authorization server does not say that it takes PKCE with S256: it is not used without')
  await checkEndpoints(deps, found)
  return found
}

/** RFC 8414 §3.1, and where OpenID Connect has it. */
function placesOf(issuer: string): string[] {
  const { origin, pathname } = new URL(issuer)
  const path = pathname.replace(/\/$/, '')
  return [
    `${origin}/.well-known/oauth-authorization-server${path}`,
    `${origin}/.well-known/openid-configuration${path}`,
    ...(path === '' ? [] : [`${origin}${path}/.well-known/openid-configuration`]),
  ]
}

async function checkEndpoints({ outbound }: Pick<Deps, 'outbound'>, found: AuthorizationServer): Promise<void> {
  const { authorization_endpoint, token_endpoint, registration_endpoint, revocation_endpoint, jwks_uri } = found
  try {
    for (const url of [authorization_endpoint, token_endpoint, registration_endpoint, revocation_endpoint, jwks_uri])
      if (url !== undefined) await outbound.check(url)
  } catch (thrown) {
    throw toPublishedFault(thrown)
  }
}
