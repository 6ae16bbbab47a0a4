import type { ProviderKind } from './provider-settings.ts'
import type { ModelProvider } from './providers.ts'

/** Where a provider is, when nobody says otherwise: with `/v1` for OpenAI's shapes, as the official clients have it. */
const USUAL: Partial<Record<ProviderKind, string>> = {
  openai: 'https://api.openai.com/v1',
  anthropic: 'https://api.anthropic.com',
  ccrouter: 'http://127.0.0.1:3456',
}

/** What calls go below; '' for a program, or where something is missing. */
export function baseUrlOf({ kind, settings, secrets }: ModelProvider): string {
  const { base_url: base, location, project } = settings
  if (base !== undefined) return base
  if (kind === 'vertex' && location && project) {
    const host = location === 'global' ? 'aiplatform.googleapis.com' : `${location}-aiplatform.googleapis.com`
    return `https://${host}/v1/projects/${project}/locations/${location}/endpoints/openapi`
  }
  if (kind === 'bedrock' && secrets.aws) return `https://bedrock-runtime.${secrets.aws.region}.amazonaws.com/openai/v1`
  return USUAL[kind] ?? ''
}

/** All that is called from here, by the field that says it. */
export function addressesOf(provider: ModelProvider): Record<string, string> {
  const { oauth2, service_account: account, aws } = provider.secrets
  const all = {
    base_url: baseUrlOf(provider),
    'oauth2.token_url': oauth2?.token_url,
    'service_account.token_uri': account?.token_uri,
    ...(aws && 'role_arn' in aws && { 'aws.sts_url': aws.sts_url, 'aws.oauth2.token_url': aws.oauth2.token_url }),
  }
  return Object.fromEntries(Object.entries(all).flatMap(([field, url]) => (url ? [[field, url]] : [])))
}

/** CCRouter's gateway is spoken to by HTTP, or by Claude Code that is pointed at it where a command is named. */
export function isProgram({ kind, settings }: Pick<ModelProvider, 'kind' | 'settings'>): boolean {
  return kind === 'claude-cli' || kind === 'droid' || (kind === 'ccrouter' && settings.command !== undefined)
}

/** What is missing, or does not go together, by field. */
export function faultsOf(provider: ModelProvider): Record<string, string> {
  const { kind, settings, secrets } = provider
  const faults: Record<string, string> = {}
  const { aws } = secrets
  if (!isProgram(provider) && baseUrlOf(provider) === '') faults.base_url = `is required for ${kind}`
  if (kind === 'azure-openai' && settings.base_url === undefined)
    faults.base_url = 'is required: the endpoint of the resource, such as https://name.openai.azure.com'
  if (kind === 'vertex' && settings.base_url === undefined && !(settings.project && settings.location))
    faults.project = 'and location are required, or base_url'
  if (kind === 'bedrock' && !aws && secrets.api_key === undefined) faults.aws = 'or api_key is required'
  if (settings.responses === 'pass' && (isProgram(provider) || ['anthropic', 'ccrouter'].includes(kind)))
    faults.responses = 'must be translate, or left out: there are none there'
  const names = settings.models.map(({ id }) => id)
  if (new Set(names).size !== names.length) faults.models = 'names a model twice'
  return faults
}
