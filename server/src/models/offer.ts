import type { Deps, PersonPrincipal } from '../context.ts'
import { listModelProviders, type ModelProviderRow } from '../storage/model-providers.ts'
import { findModelRate } from '../storage/model-rate.ts'
import { findPerson } from '../storage/persons.ts'
import { listProviderKeys } from '../storage/provider-keys.ts'
import { breakerName } from './attempts.ts'
import { operationsOf } from './model-operations.ts'
import type { ModelEntry, ModelProviderSettings, ProviderKind } from './provider-settings.ts'

type BreakerState = 'closed' | 'open' | 'half_open'

/** `GET /api/models`: who serves which models, how well, and whether there is a key to call them with. No key is read. */
export async function listOffer(deps: Deps, person: PersonPrincipal) {
  const [rows, keys, payer] = await Promise.all([
    listModelProviders(deps.db.read),
    listProviderKeys(deps.db.read, person.id),
    findPerson(deps.db.read, person.id),
  ])
  const own = new Set(keys.map(({ provider_id }) => provider_id))
  const ownerId = payer?.payment_method === 'byok' ? person.id : undefined
  return { data: rows.map((row) => offerOf(deps, row, own.has(row.provider_id), ownerId)), next_cursor: null }
}

/** `ownerId`: of whoever calls by their own keys, whose failures are their own. */
function offerOf(deps: Deps, row: ModelProviderRow, hasOwnKey: boolean, ownerId: string | undefined) {
  const { provider_id: id, kind, enabled, settings, secrets_sealed: sealed } = row
  const models = (JSON.parse(settings) as ModelProviderSettings).models.map((entry) => ({
    id: entry.id,
    operations: [...operationsOf(entry)],
    breaker: breakerOf(deps, id, entry, ownerId),
  }))
  return {
    id,
    kind: kind as ProviderKind,
    enabled: enabled === 1,
    has_platform_key: sealed !== null,
    has_own_key: hasOwnKey,
    breaker: worstOf(models.map(({ breaker }) => breaker)),
    models,
  }
}

/** In this process, which is one of those that calls go through. */
function breakerOf(
  { modelBreakers, now }: Deps,
  providerId: string,
  { id, upstream_model }: ModelEntry,
  ownerId: string | undefined,
): BreakerState {
  return modelBreakers.known(breakerName(providerId, upstream_model ?? id, ownerId))?.state(now()) ?? 'closed'
}

const BY_HARM: readonly BreakerState[] = ['open', 'half_open']

const worstOf = (states: readonly BreakerState[]) => BY_HARM.find((state) => states.includes(state)) ?? 'closed'

/** `GET /api/limits`: how many calls a person may make, and can still make now. */
export async function limitsOf({ db, now, config }: Deps, { id }: PersonPrincipal) {
  const perMinute = config.modelCallsPerMinute
  const { remaining, resetMs } = await findModelRate(db.read, id, perMinute, now())
  return { requests_per_minute: perMinute, remaining, reset_ms: Math.ceil(resetMs) }
}
