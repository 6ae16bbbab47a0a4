import { z } from 'zod'
import type { Config } from '../../config.ts'
import type { Deps } from '../../context.ts'
import { listMcpClients, type McpClientRow } from '../../storage/mcp-clients.ts'
import { mcpRedirectUri, sealClientSecret } from '../provider-registry.ts'
import type { OAuthProvider } from '../providers/provider.ts'
import { comingMoment } from '../token-response.ts'
import type { AuthorizationServer } from './authorization-server.ts'
import type { ClientSettings } from './client-provider.ts'
import { newProviderName } from './provider-name.ts'
import { ask, misconfigured } from './published.ts'
import type { McpServer } from './servers.ts'
import type { McpServerSecrets } from './settings.ts'

type AuthMethod = OAuthProvider['token_endpoint_auth_method']

/** What we are at an authorization server. */
interface Client {
  client_id: string
  client_secret?: string
  method: AuthMethod
  expires_at: number | null
}

export interface FoundClient {
  row: McpClientRow
  /** It is not stored yet. */
  isNew: boolean
}

/**
 * Our client for an MCP server: the one that its administrator entered, our client ID metadata document where that is
 * taken, else one that we register (RFC 7591) and keep.
 */
export async function clientFor(
  deps: Deps,
  server: McpServer,
  metadata: AuthorizationServer,
  { resource, secrets }: { resource: string; secrets: McpServerSecrets },
): Promise<FoundClient> {
  const { server_id } = server.row
  const found = settingsOf(server, metadata, resource)
  const ready = readyClient(deps.config, server, metadata, secrets)
  const all = await listMcpClients(deps.db.read, server_id, deps.now())
  const known = all.find((row) => isFor(row, found) && isClient(deps.config, row, ready))
  if (known) return { row: known, isNew: false }

  const client = ready ?? (await register(deps, server_id, metadata))
  const provider_name = newProviderName(deps.random, server_id)
  const row = {
    provider_name,
    server_id,
    settings: JSON.stringify({ ...found, token_endpoint_auth_method: client.method }),
    client_id: client.client_id,
    client_secret_sealed:
      client.client_secret === undefined ? null : sealClientSecret(deps.ring, provider_name, client.client_secret),
    expires_at: client.expires_at,
    created_at: deps.now(),
  }
  return { row, isNew: true }
}

type Found = Omit<ClientSettings, 'token_endpoint_auth_method'>

/** How it proves itself was agreed upon when it was registered. */
function isFor({ settings }: McpClientRow, found: Found): boolean {
  const { token_endpoint_auth_method: _, ...known }: ClientSettings = JSON.parse(settings)
  return JSON.stringify(known) === JSON.stringify(found)
}

/** The one that is ready, or one that was registered. */
function isClient(config: Config, { client_id, server_id }: McpClientRow, ready: Client | undefined): boolean {
  return ready ? client_id === ready.client_id : client_id !== clientMetadataUrl(config, server_id)
}

function settingsOf({ settings: { url = '' } }: McpServer, metadata: AuthorizationServer, resource: string): Found {
  const { issuer, authorization_endpoint, token_endpoint, revocation_endpoint, jwks_uri } = metadata
  return {
    issuer,
    iss_parameter: metadata.authorization_response_iss_parameter_supported ?? false,
    authorization_url: authorization_endpoint,
    token_url: token_endpoint,
    ...(revocation_endpoint !== undefined && { revocation_url: revocation_endpoint }),
    ...(jwks_uri !== undefined && { jwks_uri }),
    resource,
    url,
  }
}

/** One that needs no registration. */
function readyClient(
  config: Config,
  { row, settings }: McpServer,
  metadata: AuthorizationServer,
  { client_secret }: McpServerSecrets,
): Client | undefined {
  const client_id = settings.oauth?.client_id
  if (client_id !== undefined && client_secret !== undefined)
    return { client_id, client_secret, method: secretMethod(metadata), expires_at: null }
  if (client_id !== undefined) return { client_id, method: 'none', expires_at: null }
  const takesDocuments = metadata.client_id_metadata_document_supported === true && config.issuer.startsWith('https:')
  if (!takesDocuments) return undefined
  return { client_id: clientMetadataUrl(config, row.server_id), method: 'none', expires_at: null }
}

/** RFC 8414 §2: who says nothing takes Basic. */
function secretMethod({ token_endpoint_auth_methods_supported: ways }: AuthorizationServer): AuthMethod {
  const takesBasic = ways === undefined || ways.includes('client_secret_basic')
  return !takesBasic && ways.includes('client_secret_post') ? 'client_secret_post' : 'client_secret_basic'
}

function registeredMethod(metadata: AuthorizationServer): AuthMethod {
  const ways = metadata.token_endpoint_auth_methods_supported
  const hasSecrets = ways === undefined || ways.some((way) => /^client_secret_(basic|post)$/.test(way))
  return hasSecrets ? secretMethod(metadata) : 'none'
}

/** RFC 7591 §3.2.1. */
const Registered = z.object({
  client_id: z.string().min(1).max(2000),
  client_secret: z.string().min(1).max(10_000).optional(),
  /** Epoch seconds; 0: never. */
  client_secret_expires_at: z.number().optional(),
  token_endpoint_auth_method: z.enum(['client_secret_basic', 'client_secret_post', 'none']).optional(),
})

async function register(deps: Deps, serverId: string, metadata: AuthorizationServer): Promise<Client> {
  const { registration_endpoint: url } = metadata
  const asked = registeredMethod(metadata)
  if (url === undefined)
    throw misconfigured(
      'The authorization server registers nobody by itself: register a client there, and enter its id',
    )
  const { status, body } = await ask(deps, url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...clientMetadata(deps.config, serverId), token_endpoint_auth_method: asked }),
  })
  const read = Registered.safeParse(body)
  if ((status !== 201 && status !== 200) || !read.success)
    throw misconfigured(
      `The authorization server refused to register us (${status}); register a client there, and enter its id`,
    )
  const { client_id, client_secret, client_secret_expires_at: end, token_endpoint_auth_method } = read.data
  const method = client_secret === undefined ? 'none' : (token_endpoint_auth_method ?? asked)
  return {
    client_id,
    ...(client_secret !== undefined && { client_secret }),
    method,
    expires_at: comingMoment(end, deps.now()) ?? null,
  }
}

export function clientMetadataUrl({ issuer }: Pick<Config, 'issuer'>, serverId: string): string {
  return `${issuer}/api/mcp/oauth/${serverId}/client-metadata`
}

/** RFC 7591 §2: what we say of ourselves. */
export function clientMetadata(config: Pick<Config, 'issuer'>, serverId: string) {
  return {
    client_name: 'Auth Agent',
    client_uri: config.issuer,
    redirect_uris: [mcpRedirectUri(config, serverId)],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
  }
}
