import type { Deps } from '../context.ts'
import { BackendFailed, type Dialect } from './backend.ts'
import type { ModelProvider } from './providers.ts'
import { clientCredentials } from './token-sources/client-credentials.ts'
import { serviceAccount } from './token-sources/service-account.ts'
import { signRequest } from './token-sources/sigv4.ts'
import { staticKeys } from './token-sources/static-keys.ts'
import { type AwsCredentials, TokenFailed, type TokenSource } from './token-sources/token-source.ts'
import { webIdentity } from './token-sources/web-identity.ts'

export type AuthorizationWorld = Pick<Deps, 'outbound' | 'now' | 'random' | 'log'>

export interface UnauthorizedRequest {
  url: URL
  /** All of them are sent. */
  headers: Readonly<Record<string, string>>
  body: string
  /** In the place of the provider's own credentials. */
  apiKey: string | undefined
  signal: AbortSignal
}

/** How calls to a provider are let in. */
export interface Authorization {
  /** Headers to send besides. Throws `BackendFailed` where an identity provider gives no token. */
  headers(request: UnauthorizedRequest): Promise<Record<string, string>>
  /** The upstream answered 401 to these. True where another try is worth it. */
  refused(sent: Readonly<Record<string, string>>): boolean
}

/** By whatever the operator gave; where that is nothing, calls go out as they are. */
export function authorizationFor(world: AuthorizationWorld, provider: ModelProvider, dialect: Dialect): Authorization {
  const own = ownAuthorization(world, provider, dialect)
  return {
    headers: async (request) =>
      request.apiKey === undefined ? own.headers(request) : keyHeaders(provider, dialect, request.apiKey),
    refused: own.refused,
  }
}

function ownAuthorization(world: AuthorizationWorld, provider: ModelProvider, dialect: Dialect): Authorization {
  const { oauth2, service_account: account, aws, api_key: key } = provider.secrets
  if (oauth2) return byToken(clientCredentials(world, provider.id, oauth2))
  if (account) return byToken(serviceAccount(world, provider.id, account))
  if (aws) return bySignature(world, aws.region, awsSource(world, provider.id, aws))
  return { headers: async () => (key === undefined ? {} : keyHeaders(provider, dialect, key)), refused: () => false }
}

function keyHeaders({ kind }: ModelProvider, dialect: Dialect, key: string): Record<string, string> {
  if (kind === 'azure-openai') return { 'api-key': key }
  return dialect === 'anthropic' ? { 'x-api-key': key } : { authorization: `Bearer ${key}` }
}

function byToken(source: TokenSource): Authorization {
  return {
    async headers({ signal }) {
      const { value } = await obtained(source.token(signal))
      return { authorization: `Bearer ${value}` }
    },
    refused({ authorization = '' }) {
      source.refused(authorization.slice('Bearer '.length))
      return true
    },
  }
}

type Aws = NonNullable<ModelProvider['secrets']['aws']>

function awsSource(world: AuthorizationWorld, name: string, aws: Aws): TokenSource<AwsCredentials> {
  return 'role_arn' in aws ? webIdentity(world, name, aws) : staticKeys(aws)
}

/** AWS's own way: each call is signed. */
function bySignature({ now }: AuthorizationWorld, region: string, source: TokenSource<AwsCredentials>): Authorization {
  let used: AwsCredentials | undefined
  return {
    async headers({ url, headers, body, signal }) {
      const { value: credentials } = await obtained(source.token(signal))
      used = credentials
      const signed = { method: 'POST', url, headers: { 'content-type': headers['content-type'] ?? '' }, body }
      return signRequest(signed, { credentials, region, service: 'bedrock', now: now() })
    },
    refused() {
      if (used) source.refused(used)
      return true
    },
  }
}

async function obtained<Value>(asking: Promise<{ value: Value }>): Promise<{ value: Value }> {
  try {
    return await asking
  } catch (thrown) {
    if (!(thrown instanceof TokenFailed)) throw thrown
    const { reason, retryAfterMs } = thrown
    throw new BackendFailed(reason === 'misconfigured' ? 'misconfigured' : 'connect', thrown.message, {
      ...(retryAfterMs !== undefined && { retryAfterMs }),
    })
  }
}
