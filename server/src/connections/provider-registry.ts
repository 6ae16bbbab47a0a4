import type { Deps } from '../context.ts'
import type { KeyRing } from '../crypto/key-ring.ts'
import { findProviderRow, listProviderRows, type ProviderRow } from '../storage/providers.ts'
import type { EffectiveProvider } from './effective-provider.ts'
import { openSealed } from './integrity.ts'
import { findMcpProvider } from './mcp-servers/client-provider.ts'
import { mcpServerOf } from './mcp-servers/provider-name.ts'
import type { ProviderSettings } from './provider-settings.ts'
import type { OAuthProvider, Provider } from './providers/provider.ts'

type World = Pick<Deps, 'db' | 'catalogue'>

/** What a connection's tokens are refreshed, used and revoked by. */
export async function findProvider(world: World, name: string): Promise<EffectiveProvider | undefined> {
  return mcpServerOf(name) === undefined ? findOfferedProvider(world, name) : findMcpProvider(world, name)
}

/**
 * One that anybody may connect an account at: by its name in any case; undefined where neither the catalogue nor the
 * operator knows it.
 */
export async function findOfferedProvider(
  { db, catalogue }: World,
  name: string,
): Promise<EffectiveProvider | undefined> {
  const slug = name.trim().toLowerCase()
  const row = await findProviderRow(db.read, slug)
  const entry = catalogue.get(slug)
  if (row) return effectiveProvider({ catalogue }, row)
  return entry && { provider: entry, clientId: null, clientSecretSealed: null }
}

/** Those that the operator has set up, then what else the catalogue has. */
export async function listEffectiveProviders({ db, catalogue }: World): Promise<EffectiveProvider[]> {
  const configured = (await listProviderRows(db.read)).map((row) => effectiveProvider({ catalogue }, row))
  const names = new Set(configured.map(({ provider }) => provider.name))
  const others = [...catalogue.values()].filter(({ name }) => !names.has(name))
  return [...configured, ...others.map((provider) => ({ provider, clientId: null, clientSecretSealed: null }))]
}

export function effectiveProvider({ catalogue }: Pick<World, 'catalogue'>, row: ProviderRow): EffectiveProvider {
  const settings: ProviderSettings = JSON.parse(row.settings)
  const base = catalogue.get(row.provider_name) ?? customProvider(row.provider_name, row.created_at)
  return {
    provider: { ...base, ...settings } as Provider,
    clientId: row.client_id,
    clientSecretSealed: row.client_secret_sealed,
  }
}

/** What is not said about a provider of the operator's own is what can do no harm. */
function customProvider(name: string, createdAt: number): OAuthProvider {
  return {
    name,
    label: name,
    kind: 'oauth2',
    token_endpoint_auth_method: 'client_secret_basic',
    token_request: 'form',
    scopes: [],
    scope_separator: ' ',
    pkce: true,
    refresh: 'rotating',
    // Without one, there is nothing for the proxy to reach.
    api_base_url: '',
    source: { url: '', checked: new Date(createdAt).toISOString().slice(0, 10) },
  }
}

/** What a client secret of ours is bound to. */
export const clientSecretRecord = (name: string) => `provider.client_secret:${name}`

export function sealClientSecret(ring: KeyRing, name: string, secret: string): string {
  return ring.seal(secret, clientSecretRecord(name))
}

/** In the clear: only for the moment in which it is sent. Throws `integrity_error` for one that is not this provider's. */
export async function openClientSecret(
  deps: Pick<Deps, 'ring' | 'db' | 'now' | 'orgId'>,
  { provider: { name }, clientSecretSealed: sealed }: EffectiveProvider,
): Promise<string | undefined> {
  if (sealed === null) return undefined
  const about = { org_id: deps.orgId, target: name, provider: name }
  return openSealed(deps, about, () => deps.ring.unseal(sealed, clientSecretRecord(name)))
}

/** What the operator registers there, or we do at the authorization server of an MCP server. */
export function redirectUriOf({ config }: Pick<Deps, 'config'>, name: string): string {
  const serverId = mcpServerOf(name)
  if (serverId !== undefined) return mcpRedirectUri(config, serverId)
  return `${config.broker.publicUrl}/auth/callback/${name}`
}

export function mcpRedirectUri({ issuer }: Pick<Deps['config'], 'issuer'>, serverId: string): string {
  return `${issuer}/api/mcp/oauth/${serverId}/callback`
}
