import type { Deps } from '../context.ts'
import { OutboundFailed, OutboundRefused } from '../http/outbound/failure.ts'
import { type AuthorizationWorld, authorizationFor } from './authorization.ts'
import {
  type Backend,
  type BackendAnswer,
  type BackendCall,
  BackendFailed,
  type Dialect,
  type Operation,
} from './backend.ts'
import { baseUrlOf } from './provider-addresses.ts'
import type { ProviderKind } from './provider-settings.ts'
import type { ModelProvider } from './providers.ts'

/** What Anthropic's API was when this was written; a caller may ask for another. */
const ANTHROPIC_VERSION = '2023-06-01'

const DIALECTS: Partial<Record<ProviderKind, Dialect>> = { anthropic: 'anthropic', ccrouter: 'anthropic' }

/** Those whose servers have chats alone, unless the operator says otherwise. */
const WITHOUT_RESPONSES: readonly ProviderKind[] = ['bedrock', 'vertex']

function operationsOf({ kind, settings }: ModelProvider, dialect: Dialect): Operation[] {
  if (dialect === 'anthropic') return ['messages']
  const responses = settings.responses ?? (WITHOUT_RESPONSES.includes(kind) ? 'translate' : 'pass')
  return ['chat', 'embeddings', ...(responses === 'pass' ? ['responses' as const] : [])]
}

/** A provider that is reached by HTTP, in the shape of OpenAI's API or of Anthropic's. */
export function createHttpBackend(world: AuthorizationWorld, provider: ModelProvider): Backend {
  const dialect = DIALECTS[provider.kind] ?? 'openai'
  const authorization = authorizationFor(world, provider, dialect)

  async function attempt(call: BackendCall) {
    const url = addressOf(provider, call)
    const body = JSON.stringify(call.body)
    const headers = { ...fixedHeaders(dialect, call), ...call.headers }
    const { apiKey, signal } = call
    const sent = await authorization.headers({ url: new URL(url), headers, body, apiKey, signal })
    const { status, headers: told, body: said } = await send(world, url, { ...headers, ...sent }, body, call)
    return { sent, answer: { status, headers: told, body: said, secrets: secretsIn(sent) } }
  }

  return {
    dialect,
    operations: operationsOf(provider, dialect),
    async call(call) {
      const { sent, answer } = await attempt(call)
      const isOurs = answer.status === 401 && call.apiKey === undefined
      // A token may have been taken back before its time: once more, with another.
      if (!isOurs || !authorization.refused(sent)) return answer
      await answer.body?.cancel()
      return (await attempt(call)).answer
    },
  }
}

/** A token with its scheme is a secret, and so it is without. */
function secretsIn(sent: Readonly<Record<string, string>>): string[] {
  return Object.values(sent)
    .flatMap((value) => [value, value.replace(/^\w+ /, '')])
    .filter(Boolean)
}

function fixedHeaders(dialect: Dialect, { stream, requestId }: BackendCall): Record<string, string> {
  return {
    'content-type': 'application/json',
    accept: stream ? 'text/event-stream, application/json' : 'application/json',
    'x-request-id': requestId,
    ...(dialect === 'anthropic' && { 'anthropic-version': ANTHROPIC_VERSION }),
  }
}

const PATHS: Record<BackendCall['operation'], string> = {
  chat: '/chat/completions',
  responses: '/responses',
  embeddings: '/embeddings',
  messages: '/v1/messages',
  count_tokens: '/v1/messages/count_tokens',
}

function addressOf(provider: ModelProvider, { operation, body }: BackendCall): string {
  const base = baseUrlOf(provider)
  if (provider.kind !== 'azure-openai') return `${base}${PATHS[operation]}`
  const { api_version: version } = provider.settings
  // Without a version, the endpoint that needs none, where a deployment is a model.
  if (version === undefined || operation === 'responses') return `${base}/openai/v1${PATHS[operation]}`
  const deployment = encodeURIComponent(String(body.model))
  return `${base}/openai/deployments/${deployment}${PATHS[operation]}?api-version=${version}`
}

async function send(
  { outbound }: Pick<Deps, 'outbound'>,
  url: string,
  headers: Record<string, string>,
  body: string,
  { signal, timeouts }: BackendCall,
): Promise<BackendAnswer> {
  try {
    return await outbound.stream(url, {
      method: 'POST',
      headers,
      body,
      signal,
      timeoutMs: timeouts.totalMs,
      connectTimeoutMs: timeouts.connectMs,
      headersTimeoutMs: timeouts.firstByteMs,
      idleTimeoutMs: timeouts.idleMs,
    })
  } catch (cause) {
    if (cause instanceof OutboundRefused) throw new BackendFailed('misconfigured', cause.message, { cause })
    if (cause instanceof OutboundFailed) throw new BackendFailed(reasonOf(cause), cause.message, { cause })
    throw cause
  }
}

function reasonOf({ reason }: OutboundFailed) {
  if (reason === 'timeout') return 'timeout'
  return reason === 'dns' || reason === 'connect' || reason === 'tls' ? 'connect' : 'reset'
}
