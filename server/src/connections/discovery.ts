import { z } from 'zod'
import type { Deps } from '../context.ts'
import { ApiError } from '../http/errors.ts'
import { isProviderUrl } from './provider-settings.ts'

const Metadata = z.object({
  issuer: z.string(),
  // People are sent there by pages of ours: a script in the place of an address must not be one.
  authorization_endpoint: z.string().refine(isProviderUrl).optional(),
  token_endpoint: z.string().optional(),
  revocation_endpoint: z.string().optional(),
  introspection_endpoint: z.string().optional(),
  userinfo_endpoint: z.string().optional(),
  jwks_uri: z.string().optional(),
  authorization_response_iss_parameter_supported: z.boolean().optional(),
})

export type Metadata = z.output<typeof Metadata>

/** OpenID Connect Discovery §4. Throws `provider_misconfigured` for a document that is another issuer's (§4.3). */
export async function discover(
  { providerDocuments }: Pick<Deps, 'providerDocuments'>,
  issuer: string,
): Promise<Metadata> {
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
  const parsed = Metadata.safeParse(await providerDocuments.read(url))
  if (!parsed.success) throw new ApiError('provider_misconfigured', 'The discovery document of the provider is not one')
  if (parsed.data.issuer !== issuer)
    throw new ApiError('provider_misconfigured', 'The discovery document names another issuer than the provider has')
  return parsed.data
}
