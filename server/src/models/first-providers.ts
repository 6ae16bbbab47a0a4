import { findProvider } from '@pydantic/genai-prices'
import { ConfigError, type ProviderVariable } from '../config.ts'
import type { Deps } from '../context.ts'
import { ApiError } from '../http/errors.ts'
import { claimModelsRevision, findModelsRevision, insertModelProvider } from '../storage/model-providers.ts'
import { checkedProvider } from './provider-administration.ts'
import { NewModelProvider } from './provider-settings.ts'

type Variables = Deps['config']['providerVariables']

/** Providers of models from the environment, once: as soon as anybody has made or changed one, theirs is the say. */
export async function openFirstProviders(deps: Deps): Promise<void> {
  const described = describedBy(deps.config.providerVariables)
  if (described.length === 0 || (await findModelsRevision(deps.db.read)) !== '') return
  const at = deps.now()
  const tried = await Promise.allSettled(described.map((one, place) => rowOf(deps, one, at + place)))
  const rows = wholeOf(tried)
  await deps.db.write(async ({ trx, record }) => {
    if (!(await claimModelsRevision(trx, deps.random(12).toString('hex')))) return
    for (const row of rows) {
      await insertModelProvider(trx, row)
      const event = { at, org_id: deps.orgId, actor: 'environment', action: 'model_provider.created' }
      record({ ...event, target: row.provider_id })
    }
  })
}

/** All of them. Throws `ConfigError` with everything that is wrong with any. */
function wholeOf<T>(tried: readonly PromiseSettledResult<T>[]): T[] {
  const failures = tried.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []))
  const other = failures.find((failure) => !(failure instanceof ConfigError))
  if (other) throw other
  if (failures.length > 0) throw new ConfigError(failures.flatMap(({ faults }) => faults))
  return tried.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
}

/** A provider as the environment describes it, and the variable that says there is one. */
interface Described {
  variable: ProviderVariable
  describe(): object
}

/** Throws `ConfigError` with what is missing. */
async function rowOf(deps: Deps, { variable, describe }: Described, place: number) {
  const parsed = NewModelProvider.safeParse(describe())
  if (!parsed.success)
    throw new ConfigError(parsed.error.issues.map(({ path, message }) => fault(variable, path.join('.'), message)))
  try {
    return (await checkedProvider(deps, parsed.data, {}, { created_at: place, place })).row
  } catch (thrown) {
    if (!(thrown instanceof ApiError)) throw thrown
    throw new ConfigError(Object.entries(thrown.fields ?? {}).map(([field, why]) => fault(variable, field, why)))
  }
}

const fault = (variable: string, field: string, why: string) =>
  `${variable} describes a provider of models that cannot be: ${field} ${why}`

function describedBy(variables: Variables): Described[] {
  return Object.entries(DESCRIBE).flatMap(([name, describe]) => {
    const variable = name as ProviderVariable
    const value = variables[variable]
    return value === undefined ? [] : [{ variable, describe: () => describe(value, variables) }]
  })
}

/** In the order in which a bare name looks for them. */
const DESCRIBE: Partial<Record<ProviderVariable, (value: string, variables: Variables) => object>> = {
  OPENAI_API_KEY: (api_key) => ({
    id: 'openai',
    kind: 'openai',
    api_key,
    models: models(openAiNames(), ['gpt-*', 'o1*', 'o3*', 'o4*', 'text-embedding-*']),
  }),
  ANTHROPIC_API_KEY: (api_key) => ({
    id: 'anthropic',
    kind: 'anthropic',
    api_key,
    models: models(claudeNames(), ['claude-*']),
  }),
  AZURE_OPENAI_ENDPOINT: (base_url, variables) => ({
    id: 'azure',
    kind: 'azure-openai',
    base_url,
    oauth2: clientOf(variables, 'AZURE'),
    // Deployments have the names that their owner gave them: mostly those of the models.
    models: models([], ['gpt-*', 'o1*', 'o3*', 'o4*', 'text-embedding-*']),
  }),
  AWS_BEDROCK_REGION: (region, variables) => ({
    id: 'bedrock',
    kind: 'bedrock',
    base_url: variables.AWS_BEDROCK_ENDPOINT,
    aws: { region, ...awsOf(variables) },
    models: models(
      namesOf('aws').filter((name) => name.startsWith('openai.')),
      [
        'openai.*',
        'amazon.*',
        'anthropic.*',
        'deepseek.*',
        'meta.*',
        'mistral.*',
        'qwen.*',
        'us.*',
        'eu.*',
        'global.*',
      ],
    ),
  }),
  GCP_VERTEX_PROJECT: (project, variables) => ({
    id: 'vertex',
    kind: 'vertex',
    project,
    location: variables.GCP_VERTEX_LOCATION ?? 'global',
    base_url: variables.GCP_VERTEX_ENDPOINT,
    ...vertexCredentials(variables),
    models: [
      ...namesOf('google')
        .filter((name) => /^gemini-[2-9]/.test(name) && !NO_TEXT.test(name))
        .map((id) => ({ id, upstream_model: `google/${id}` })),
      { id: 'google/*' },
    ],
  }),
  CCROUTER_PATH: (path) => ({
    id: 'ccrouter',
    kind: 'ccrouter',
    ...ccrouterAt(path),
    models: models(claudeNames(), []),
  }),
  DROID_PATH: (command, { FACTORY_API_KEY: api_key }) => ({
    id: 'droid',
    kind: 'droid',
    command,
    api_key,
    models: models([...namesOf('openai').filter((name) => /^gpt-[5-9][\w.-]*$/.test(name)), ...claudeNames()], []),
  }),
}

/** CCRouter's own command runs what stands in a prompt: its gateway is spoken to, by HTTP or by Claude Code. */
function ccrouterAt(path: string): { base_url: string } | { command: string } {
  if (/^https?:/.test(path)) return { base_url: path }
  return /(^|[/])ccr$/.test(path) ? { base_url: 'http://127.0.0.1:3456' } : { command: path }
}

function clientOf(variables: Variables, prefix: 'AZURE' | 'AWS_BEDROCK' | 'GCP_VERTEX') {
  return {
    token_url: variables[`${prefix}_TOKEN_ENDPOINT`],
    client_id: variables[`${prefix}_CLIENT_ID`],
    client_secret: variables[`${prefix}_CLIENT_SECRET`],
    scope: variables[`${prefix}_SCOPE`],
  }
}

function awsOf(variables: Variables) {
  const role_arn = variables.AWS_BEDROCK_ROLE_ARN
  if (role_arn !== undefined) return { role_arn, oauth2: clientOf(variables, 'AWS_BEDROCK') }
  return {
    access_key_id: variables.AWS_BEDROCK_ACCESS_KEY_ID,
    secret_access_key: variables.AWS_BEDROCK_SECRET_ACCESS_KEY,
    session_token: variables.AWS_BEDROCK_SESSION_TOKEN,
  }
}

/** The key file of a service account, as text; or a client at a token endpoint. */
function vertexCredentials(variables: Variables): object {
  const account = variables.GCP_VERTEX_SERVICE_ACCOUNT
  if (account === undefined) return { oauth2: clientOf(variables, 'GCP_VERTEX') }
  try {
    return { service_account: JSON.parse(account) }
  } catch {
    throw new ConfigError(['GCP_VERTEX_SERVICE_ACCOUNT must be the JSON of a key file, not the path to it'])
  }
}

function models(names: readonly string[], patterns: readonly string[]): { id: string }[] {
  return [...names, ...patterns].map((id) => ({ id }))
}

/** What the catalogue of prices knows there. */
function namesOf(providerId: string): string[] {
  return findProvider({ providerId })?.models.map(({ id }) => id) ?? []
}

/** Models that are not called by what we offer. */
const NO_TEXT = /audio|image|instruct|live|realtime|transcribe|tts|vision/

function openAiNames(): string[] {
  return namesOf('openai').filter(
    (name) => /^(gpt-[4-9]|o[1-9]|text-embedding-)[\w.-]*$/.test(name) && !NO_TEXT.test(name),
  )
}

function claudeNames(): string[] {
  return namesOf('anthropic').filter((name) => /^claude-[a-z]+-\d/.test(name))
}
