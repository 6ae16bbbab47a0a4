import type { z } from 'zod'
import type { Deps, Principal } from '../context.ts'
import { ApiError } from '../http/errors.ts'
import { OutboundRefused } from '../http/outbound/failure.ts'
import type { Work } from '../storage/database.ts'
import {
  deleteModelProvider,
  findModelProvider,
  insertModelProvider,
  listModelProviders,
  type ModelProviderRow,
  setModelsRevision,
  updateModelProvider,
} from '../storage/model-providers.ts'
import { addressesOf, faultsOf } from './provider-addresses.ts'
import type {
  ModelProviderChange,
  ModelProviderSettings,
  NewModelProvider,
  ProviderSecrets,
} from './provider-settings.ts'
import { type ModelProvider, readProvider, sealSecrets } from './providers.ts'

type Given = Omit<z.output<typeof ModelProviderChange>, 'id' | 'kind' | 'models' | 'enabled'> &
  Pick<z.output<typeof NewModelProvider>, 'id' | 'kind' | 'models' | 'enabled'>

export async function createModelProvider(deps: Deps, given: Given, principal: Principal) {
  const now = deps.now()
  const { row, provider } = await checkedProvider(deps, given, {}, { created_at: now, place: now })
  await deps.db.write(async (work) => {
    if (!(await insertModelProvider(work.trx, row)))
      throw new ApiError('conflict', `The provider ${given.id} is there already; change it with PUT`)
    await noteChange(deps, work, principal, 'model_provider.created', row.provider_id)
  })
  return viewOf(provider)
}

export async function listProviders(deps: Deps) {
  const rows = await listModelProviders(deps.db.read)
  return { data: rows.map((row) => viewOf(readProvider(deps, row))), next_cursor: null }
}

export async function getModelProvider(deps: Deps, id: string) {
  return viewOf(readProvider(deps, await requireRow(deps, id)))
}

/** The whole of it, but for secrets: those that are left out stay, and null takes one away. */
export async function replaceModelProvider(
  deps: Deps,
  id: string,
  change: z.output<typeof ModelProviderChange>,
  principal: Principal,
) {
  const before = await requireRow(deps, id)
  const known = readProvider(deps, before)
  const given: Given = {
    ...change,
    id,
    kind: change.kind ?? known.kind,
    models: change.models ?? known.settings.models,
    enabled: change.enabled ?? true,
  }
  const { row, provider } = await checkedProvider(deps, given, known.secrets, before)
  await deps.db.write(async (work) => {
    if (!(await updateModelProvider(work.trx, row))) throw unknownProvider(id)
    await noteChange(deps, work, principal, 'model_provider.updated', id)
  })
  return viewOf(provider)
}

export async function removeModelProvider(deps: Deps, id: string, principal: Principal): Promise<void> {
  await deps.db.write(async (work) => {
    if (!(await deleteModelProvider(work.trx, id))) throw unknownProvider(id)
    await noteChange(deps, work, principal, 'model_provider.deleted', id)
  })
}

async function requireRow({ db }: Deps, id: string): Promise<ModelProviderRow> {
  const row = await findModelProvider(db.read, id)
  if (!row) throw unknownProvider(id)
  return row
}

function unknownProvider(id: string): ApiError {
  return new ApiError('not_found', `There is no provider of models ${id.slice(0, 64)}`)
}

async function noteChange(deps: Deps, work: Work, principal: Principal, action: string, id: string): Promise<void> {
  await setModelsRevision(work.trx, deps.random(12).toString('hex'))
  work.record({ at: deps.now(), org_id: principal.orgId, actor: principal.id, action, target: id })
}

/** A dry run: what could not serve is refused, and what stood before goes on. Nobody is called yet. */
export async function checkedProvider(
  deps: Deps,
  { id, kind, enabled, api_key, oauth2, service_account, aws, ...settings }: Given,
  known: ProviderSecrets,
  { created_at, place }: Pick<ModelProviderRow, 'created_at' | 'place'>,
): Promise<{ row: ModelProviderRow; provider: ModelProvider }> {
  const given = { api_key, oauth2, service_account, aws }
  const said = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
  const kept = Object.entries({ ...known, ...said }).filter(([, value]) => value !== null)
  const secrets: ProviderSecrets = Object.fromEntries(kept)
  const provider: ModelProvider = {
    id,
    kind,
    enabled,
    settings: settings as ModelProviderSettings,
    secrets,
    createdAt: created_at,
  }
  const fields = { ...faultsOf(provider), ...(await refusedAddresses(deps, provider)) }
  const [first] = Object.entries(fields)
  if (first) throw new ApiError('validation_failed', `${first[0]}: ${first[1]}`, { fields })
  deps.models.check(provider)
  const row: ModelProviderRow = {
    provider_id: id,
    place,
    kind,
    enabled: enabled ? 1 : 0,
    settings: JSON.stringify(settings),
    secrets_sealed: sealSecrets(deps.ring, id, secrets),
    created_at,
    updated_at: deps.now(),
  }
  return { row, provider }
}

async function refusedAddresses({ outbound }: Deps, provider: ModelProvider): Promise<Record<string, string>> {
  const fields: Record<string, string> = {}
  for (const [field, url] of Object.entries(addressesOf(provider)))
    try {
      await outbound.check(url)
    } catch (thrown) {
      if (!(thrown instanceof OutboundRefused)) throw thrown
      fields[field] = 'is an address that is not called from here; the operator allows it with EGRESS_ALLOW'
    }
  return fields
}

/** Everything but the secrets. */
function viewOf({ id, kind, enabled, settings, secrets }: ModelProvider) {
  return { id, kind, enabled, ...settings, credentials: Object.keys(secrets) }
}
