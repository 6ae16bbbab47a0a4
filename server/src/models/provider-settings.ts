import { z } from 'zod'
import { LOOPBACK_HOSTS } from '../config.ts'
import { OAuth2Client } from './token-sources/client-credentials.ts'
import { ServiceAccount } from './token-sources/service-account.ts'
import { AwsKeys } from './token-sources/static-keys.ts'
import { WebIdentity } from './token-sources/web-identity.ts'

/** How a provider is spoken to. */
export const PROVIDER_KINDS = [
  'openai',
  'openai-compatible',
  'anthropic',
  'azure-openai',
  'bedrock',
  'vertex',
  'claude-cli',
  'ccrouter',
  'droid',
] as const
export type ProviderKind = (typeof PROVIDER_KINDS)[number]

export const isProviderKind = (text: string): text is ProviderKind => PROVIDER_KINDS.some((kind) => kind === text)

const text = (max: number) => z.string().trim().min(1, 'must not be empty').max(max)
const url = z
  .string()
  .max(2048)
  .refine(isUpstreamUrl, 'must be an https URL without user name, query and fragment (http on loopback only)')
  .transform((given) => given.replace(/\/+$/, ''))

function isUpstreamUrl(given: string): boolean {
  if (!/^[\x21-\x5b\x5d-\x7e]+$/.test(given) || !URL.canParse(given)) return false
  const { protocol, hostname, username, password, search, hash } = new URL(given)
  if (username || password || search || hash) return false
  return protocol === 'https:' || (protocol === 'http:' && LOOPBACK_HOSTS.has(hostname))
}

const patience = z.int().min(100).max(3_600_000).optional()

/** USD for a million tokens. */
const usd = z.number().min(0).max(100_000)

export const ModelEntry = z.object({
  /** As callers name it; `claude-*` stands for all that begin so. */
  id: z
    .string()
    .regex(/^[\w.:/@+-]{1,200}\*?$/, 'must be a name of letters, digits and ._:/@+-, perhaps with * at its end'),
  upstream_model: text(200).optional(),
  /** What it is for, where its name does not say it. */
  operations: z
    .array(z.enum(['chat', 'embeddings']))
    .min(1)
    .max(2)
    .optional(),
  price: z.object({ input_per_mtok: usd, output_per_mtok: usd, cached_input_per_mtok: usd.optional() }).optional(),
})
export type ModelEntry = z.output<typeof ModelEntry>

/** What is sealed, and never read back. */
const secrets = {
  api_key: text(10_000).optional(),
  oauth2: OAuth2Client.optional(),
  service_account: ServiceAccount.optional(),
  aws: z.union([WebIdentity, AwsKeys]).optional(),
}
export const ProviderSecrets = z.object(secrets)
export type ProviderSecrets = z.output<typeof ProviderSecrets>

const settings = {
  base_url: url.optional(),
  api_version: z
    .string()
    .regex(/^[\w.-]{1,50}$/, 'must be a version, such as 2024-10-21')
    .optional(),
  project: text(200).optional(),
  location: z
    .string()
    .regex(/^[a-z0-9-]{2,40}$/)
    .optional(),
  /** Of a program: its path, or its path and what it is always given. */
  command: z.union([text(1000), z.array(text(1000)).min(1).max(50)]).optional(),
  models: z.array(ModelEntry).min(1, 'must list a model').max(2000),
  /** Other models, as `provider/model`, that answer when this provider cannot. */
  fallback: z
    .array(z.string().regex(/^[a-z0-9][\w.-]*\/.{1,200}$/, 'must be provider/model'))
    .max(10)
    .optional(),
  /** To the first byte. */
  timeout_ms: patience,
  /** Until there is a connection; between two bytes; for a whole try. */
  connect_timeout_ms: patience,
  idle_timeout_ms: patience,
  total_timeout_ms: patience,
  /** Of a provider of OpenAI's shape: whether it has `/responses`, or is asked for them as chats. */
  responses: z.enum(['pass', 'translate']).optional(),
  /** Programs that run at a time. */
  max_concurrent: z.int().min(1).max(64).optional(),
}

const ProviderId = z
  .string()
  .trim()
  .regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, 'must be a short name of lower-case letters, digits, . - and _')

/** `POST /api/admin/model-providers`. */
export const NewModelProvider = z.object({
  id: ProviderId,
  kind: z.enum(PROVIDER_KINDS),
  ...settings,
  ...secrets,
  enabled: z.boolean().default(true),
})

/** PUT takes the same, whole, but for secrets: those that are left out stay, and null takes one away. */
export const ModelProviderChange = NewModelProvider.partial({ id: true, kind: true }).extend({
  api_key: secrets.api_key.nullable(),
  oauth2: secrets.oauth2.nullable(),
  service_account: secrets.service_account.nullable(),
  aws: secrets.aws.nullable(),
})

const Settings = z.object(settings)
/** What is said about a provider beside its secrets. */
export type ModelProviderSettings = z.output<typeof Settings>
