import { z } from 'zod'
import { LOOPBACK_HOSTS } from '../config.ts'

/** What the protocol itself says there: configuration must not speak in its place. */
const OF_THE_AUTHORIZATION_REQUEST = [
  'response_type',
  'response_mode',
  'client_id',
  'client_secret',
  'redirect_uri',
  'state',
  'scope',
  'nonce',
  'code_challenge',
  'code_challenge_method',
  'request',
  'request_uri',
]
const OF_THE_TOKEN_REQUEST = [
  'grant_type',
  'code',
  'redirect_uri',
  'client_id',
  'client_secret',
  'code_verifier',
  'refresh_token',
]

const text = (max: number) => z.string().trim().min(1, 'must not be empty').max(max)

const parameters = (forbidden: readonly string[]) =>
  z
    .record(z.string().regex(/^[\w.\-[\]]{1,100}$/, 'must be a parameter name'), z.string().max(2000))
    .superRefine((given, ctx) => {
      for (const name of Object.keys(given))
        if (forbidden.includes(name.toLowerCase()))
          ctx.addIssue({ code: 'custom', message: `must not hold ${name}, which the protocol sets` })
    })

/** An address that we call or send people to; whether its host may be called is decided when it is called. */
const providerUrl = z
  .string()
  .max(2048)
  .refine(isProviderUrl, 'must be an https URL without user name and fragment (http on loopback only)')

export function isProviderUrl(url: string): boolean {
  if (!/^[\x21-\x5b\x5d-\x7e]+$/.test(url) || !URL.canParse(url)) return false
  const { protocol, hostname, username, password, hash } = new URL(url)
  if (username || password || hash) return false
  return protocol === 'https:' || (protocol === 'http:' && LOOPBACK_HOSTS.has(hostname))
}

const host = z.string().regex(/^[a-z0-9.-]{1,253}(:\d{1,5})?$/, 'must be a host, perhaps with a port')

const settings = {
  label: text(100).optional(),
  issuer: providerUrl.optional(),
  authorization_url: providerUrl.optional(),
  token_url: providerUrl.optional(),
  revocation_url: providerUrl.optional(),
  userinfo_url: providerUrl.optional(),
  jwks_uri: providerUrl.optional(),
  token_endpoint_auth_method: z.enum(['client_secret_basic', 'client_secret_post', 'none']).optional(),
  token_request: z.enum(['form', 'json']).optional(),
  scopes: z.array(text(500)).max(200).optional(),
  scope_separator: z.enum([' ', ',']).optional(),
  pkce: z.boolean().optional(),
  authorization_params: parameters(OF_THE_AUTHORIZATION_REQUEST).optional(),
  token_params: parameters(OF_THE_TOKEN_REQUEST).optional(),
  refresh_params: parameters(OF_THE_TOKEN_REQUEST).optional(),
  refresh: z.enum(['none', 'reusable', 'rotating']).optional(),
  rotation_leeway_s: z.int().min(0).max(86_400).optional(),
  expires_in_default_s: z.int().min(60).max(31_536_000).optional(),
  dead_refresh_statuses: z.array(z.int().min(400).max(499)).max(20).optional(),
  api_base_url: providerUrl.optional(),
  api_hosts: z.array(host).max(50).optional(),
}

const client = {
  client_id: text(1000).optional(),
  client_secret: text(10_000).nullable().optional(),
}

/** `POST /api/admin/providers`. */
export const NewProvider = z.object({
  name: z
    .string()
    .trim()
    .toLowerCase()
    .regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, 'must be a short name of letters, digits, - and _'),
  ...settings,
  ...client,
})

const Settings = z.object(settings)

/** What an operator says about a provider, beside its client. */
export type ProviderSettings = z.output<typeof Settings>

const nullable = Object.fromEntries(Object.entries(settings).map(([name, schema]) => [name, schema.nullable()])) as {
  [Name in keyof typeof settings]: z.ZodNullable<(typeof settings)[Name]>
}

/**
 * `PUT /api/admin/providers/{name}`: what is left out stays as it is; null takes back what the operator said, so that the
 * catalogue counts again.
 */
export const ProviderChanges = z.object({ ...nullable, ...client })
