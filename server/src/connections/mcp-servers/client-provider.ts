import type { Deps } from '../../context.ts'
import { findMcpClient } from '../../storage/mcp-clients.ts'
import type { OAuthClient } from '../effective-provider.ts'
import type { OAuthProvider } from '../providers/provider.ts'

/** An authorization server, as it was found for one MCP server. */
export interface ClientSettings {
  issuer: string
  iss_parameter: boolean
  authorization_url: string
  token_url: string
  revocation_url?: string
  jwks_uri?: string
  token_endpoint_auth_method: OAuthProvider['token_endpoint_auth_method']
  /** RFC 8707: what tokens are asked for, and good at. */
  resource: string
  /** Where the MCP server is. */
  url: string
}

/** Our client at the authorization server of an MCP server, as a provider of its own. */
export async function findMcpProvider(
  { db }: Pick<Deps, 'db'>,
  providerName: string,
): Promise<OAuthClient | undefined> {
  const row = await findMcpClient(db.read, providerName)
  if (!row) return undefined
  return {
    provider: mcpProvider(row.provider_name, row.server_name, JSON.parse(row.settings), row.enabled === 1),
    clientId: row.client_id,
    clientSecretSealed: row.client_secret_sealed,
  }
}

export function mcpProvider(
  name: string,
  serverName: string,
  { resource, url, ...found }: ClientSettings,
  enabled: boolean,
): OAuthProvider {
  return {
    name,
    label: `the MCP server ${serverName}`,
    kind: 'oauth2',
    ...found,
    token_request: 'form',
    scopes: [],
    scope_separator: ' ',
    pkce: true,
    // RFC 8707 §2: at the authorization endpoint and at the token endpoint, each time.
    authorization_params: { resource },
    token_params: { resource },
    refresh_params: { resource },
    refresh: 'rotating',
    // Nothing is sent to one that is switched off.
    api_base_url: enabled ? url : '',
    source: { url: '' },
  }
}
