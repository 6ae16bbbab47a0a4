import type { Deps } from '../context.ts'
import { ApiError } from '../http/errors.ts'
import { discover } from './discovery.ts'
import type { EffectiveProvider } from './effective-provider.ts'
import { fillPlaceholders } from './providers/placeholders.ts'

/** Where a provider is spoken to, for one connection: placeholders are filled, and discovery has been asked. */
export interface Endpoints {
  /** Pinned: whom id_tokens and callbacks must name. It may hold the placeholder of the provider's `issuer_claim`. */
  issuer?: string | undefined
  authorization: string
  token: string
  revocation?: string | undefined
  introspection?: string | undefined
  userinfo?: string | undefined
  jwks?: string | undefined
  /** RFC 9207 §3: every callback names the issuer. */
  issParameter: boolean
}

/** Throws `provider_misconfigured` for one that has no OAuth endpoints; what discovery throws besides. */
export async function endpointsOf(
  deps: Pick<Deps, 'providerDocuments'>,
  { provider, clientId }: EffectiveProvider,
  parameters: Readonly<Record<string, string>>,
): Promise<Endpoints> {
  if (provider.kind !== 'oauth2')
    throw new ApiError('provider_misconfigured', `${provider.label} has no OAuth endpoints`)
  const values = { ...parameters, ...(clientId !== null && { client_id: clientId }) }
  const filled = (text: string | undefined) => (text === undefined ? undefined : fillPlaceholders(text, values))
  const { issuer } = provider
  const isComplete = provider.authorization_url !== undefined && provider.token_url !== undefined
  const found = issuer === undefined || isComplete ? undefined : await discover(deps, issuer)

  const authorization = filled(provider.authorization_url) ?? found?.authorization_endpoint
  const token = filled(provider.token_url) ?? found?.token_endpoint
  if (authorization === undefined || token === undefined)
    throw new ApiError('provider_misconfigured', `${provider.label} has no authorization or token endpoint`)
  return {
    issuer,
    authorization,
    token,
    revocation: filled(provider.revocation_url) ?? found?.revocation_endpoint,
    introspection: found?.introspection_endpoint,
    userinfo: filled(provider.userinfo_url) ?? found?.userinfo_endpoint,
    jwks: filled(provider.jwks_uri) ?? found?.jwks_uri,
    issParameter: provider.iss_parameter ?? found?.authorization_response_iss_parameter_supported ?? false,
  }
}

/** The key set of a provider whose issuer is known, asking discovery where the entry does not say. */
export async function jwksOf(deps: Pick<Deps, 'providerDocuments'>, { issuer, jwks }: Endpoints) {
  if (jwks !== undefined || issuer === undefined || issuer.includes('{')) return jwks
  return (await discover(deps, issuer)).jwks_uri
}
