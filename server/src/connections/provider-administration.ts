import type { z } from 'zod'
import type { Deps, Principal } from '../context.ts'
import { ApiError } from '../http/errors.ts'
import type { AuditEntry } from '../storage/database.ts'
import {
  deleteProvider as deleteRow,
  findProviderRow,
  insertProvider,
  type ProviderRow,
  updateProvider as updateRow,
} from '../storage/providers.ts'
import type { EffectiveProvider } from './effective-provider.ts'
import { effectiveProvider, listEffectiveProviders, redirectUriOf, sealClientSecret } from './provider-registry.ts'
import type { NewProvider, ProviderChanges, ProviderSettings } from './provider-settings.ts'

export type ProviderView = ReturnType<typeof viewOf>

/** Sets up a provider of the catalogue with our client there, or one of the operator's own. */
export async function createProvider(
  deps: Deps,
  { name, client_id, client_secret, ...settings }: z.output<typeof NewProvider>,
  principal: Principal,
): Promise<ProviderView> {
  const now = deps.now()
  const row: ProviderRow = {
    provider_name: name,
    settings: JSON.stringify(settings),
    client_id: client_id ?? null,
    client_secret_sealed: client_secret ? sealClientSecret(deps.ring, name, client_secret) : null,
    created_at: now,
    updated_at: now,
  }
  checkComplete(deps, row)
  await deps.db.write(async ({ trx, record }) => {
    if (!(await insertProvider(trx, row)))
      throw new ApiError('conflict', `The provider ${name} is set up already; change it with PUT`)
    record(eventOf(principal, 'provider.created', name, now))
  })
  return viewOf(deps, effectiveProvider(deps, row))
}

/** Those that are set up, then what else the catalogue has. */
export async function listProviders(deps: Deps): Promise<{ data: ProviderView[]; next_cursor: null }> {
  const known = await listEffectiveProviders(deps)
  return { data: known.map((provider) => viewOf(deps, provider)), next_cursor: null }
}

export async function updateProvider(
  deps: Deps,
  givenName: string,
  { client_id, client_secret, ...changes }: z.output<typeof ProviderChanges>,
  principal: Principal,
): Promise<ProviderView> {
  const now = deps.now()
  const name = givenName.toLowerCase()
  const row = await deps.db.write(async ({ trx, record }) => {
    const known = await findProviderRow(trx, name)
    if (!known) throw notSetUp(givenName)
    const settings = changedSettings(JSON.parse(known.settings), changes)
    const changed: ProviderRow = {
      ...known,
      settings: JSON.stringify(settings),
      ...(client_id !== undefined && { client_id }),
      ...(client_secret !== undefined && {
        client_secret_sealed: client_secret === null ? null : sealClientSecret(deps.ring, name, client_secret),
      }),
      updated_at: now,
    }
    checkComplete(deps, changed)
    await updateRow(trx, name, changed)
    const fields = [...Object.keys(changes), client_id && 'client_id', client_secret && 'client_secret'].filter(Boolean)
    record({ ...eventOf(principal, 'provider.updated', name, now), detail: { fields } })
    return changed
  })
  return viewOf(deps, effectiveProvider(deps, row))
}

function changedSettings(known: ProviderSettings, changes: object): ProviderSettings {
  const all = Object.entries({ ...known, ...changes })
  return Object.fromEntries(all.filter(([, value]) => value !== null && value !== undefined))
}

/** Its connections stay, and cannot be refreshed until it is set up again. */
export async function deleteProvider(deps: Deps, givenName: string, principal: Principal): Promise<void> {
  const name = givenName.toLowerCase()
  await deps.db.write(async ({ trx, record }) => {
    if (!(await deleteRow(trx, name))) throw notSetUp(givenName)
    record(eventOf(principal, 'provider.deleted', name, deps.now()))
  })
}

/** What a person can be sent to: with endpoints, and a client of ours. */
function checkComplete(deps: Pick<Deps, 'catalogue'>, row: ProviderRow): void {
  const { provider, clientId } = effectiveProvider(deps, row)
  if (provider.kind !== 'oauth2') return
  const fields: Record<string, string> = {}
  if (clientId === null) fields.client_id = 'is required'
  if (provider.issuer === undefined) {
    if (provider.authorization_url === undefined) fields.authorization_url = 'is required where there is no issuer'
    if (provider.token_url === undefined) fields.token_url = 'is required where there is no issuer'
  }
  const [first] = Object.entries(fields)
  if (first) throw new ApiError('validation_failed', `${first[0]}: ${first[1]}`, { fields })
}

function notSetUp(name: string): ApiError {
  return new ApiError('not_found', `No provider ${name.slice(0, 64)} is set up here`)
}

function eventOf(principal: Principal, action: string, name: string, at: number): AuditEntry {
  return { at, org_id: principal.orgId, actor: principal.id, action, target: name }
}

/** Everything but the secret. */
function viewOf(deps: Deps, { provider, clientId, clientSecretSealed }: EffectiveProvider) {
  return {
    name: provider.name,
    label: provider.label,
    kind: provider.kind,
    in_catalogue: deps.catalogue.has(provider.name),
    configured: clientId !== null || provider.kind === 'api_key',
    client_id: clientId,
    has_client_secret: clientSecretSealed !== null,
    redirect_uri: redirectUriOf(deps, provider.name),
    parameters: provider.parameters ?? [],
    api_base_url: provider.api_base_url,
    api_hosts: provider.api_hosts ?? [],
    ...(provider.kind === 'oauth2' && {
      issuer: provider.issuer ?? null,
      authorization_url: provider.authorization_url ?? null,
      token_url: provider.token_url ?? null,
      revocation_url: provider.revocation_url ?? null,
      userinfo_url: provider.userinfo_url ?? null,
      jwks_uri: provider.jwks_uri ?? null,
      token_endpoint_auth_method: provider.token_endpoint_auth_method,
      token_request: provider.token_request,
      scopes: provider.scopes,
      scope_separator: provider.scope_separator,
      pkce: provider.pkce,
      refresh: provider.refresh,
      authorization_params: provider.authorization_params ?? {},
      token_params: provider.token_params ?? {},
      refresh_params: provider.refresh_params ?? {},
    }),
  }
}
