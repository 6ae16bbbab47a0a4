import type { Deps } from '../context.ts'
import { findModelsRevision, listModelProviders, type ModelProviderRow } from '../storage/model-providers.ts'
import { listPriceOverrides, type PriceOverrideRow } from '../storage/price-overrides.ts'
import type { Backend } from './backend.ts'
import type { ModelEntry } from './provider-settings.ts'
import { type ModelProvider, readProvider } from './providers.ts'

/** A provider that calls can be sent to. */
export interface RunningProvider extends ModelProvider {
  backend: Backend
}

/** A model at a provider, as one call asks for it. */
export interface ServedModel {
  provider: RunningProvider
  entry: ModelEntry
  /** As callers may name it without doubt: `provider/model`. */
  name: string
  /** What the provider calls it. */
  upstreamModel: string
}

type MayCall = (model: ServedModel) => boolean

/** Who serves what, at one moment. */
export interface Models {
  providers: readonly RunningProvider[]
  /** What the operator says that models cost. */
  prices: readonly PriceOverrideRow[]
  /** The name of the first model; what stands for many is none. */
  first: string | undefined
  /**
   * The model that is meant by that name, and those that answer when its provider cannot, among those that may be called.
   * Empty: there is none.
   */
  find(name: string, mayCall?: MayCall): ServedModel[]
}

export interface ModelRegistry {
  /** As the last change of any process left it. */
  current(): Promise<Models>
  /** Throws `validation_failed` for a provider that could not run as it is set up. */
  check(provider: ModelProvider): void
  close(): Promise<void>
}

export type CreateBackend = (provider: ModelProvider) => Backend

type World = Pick<Deps, 'db' | 'ring' | 'log'>

/** Keeps what runs for each provider until that provider changes: connections, tokens, processes. */
export function createModelRegistry(deps: World, createBackend: CreateBackend): ModelRegistry {
  const running = new Map<string, { version: string; provider: RunningProvider }>()
  let known: { revision: string; models: Models } | undefined

  function start(provider: ModelProvider, version: string): RunningProvider {
    const before = running.get(provider.id)
    if (before?.version === version) return before.provider
    end(before?.provider)
    const started = { ...provider, backend: createBackend(provider) }
    running.set(provider.id, { version, provider: started })
    return started
  }

  function end(provider: RunningProvider | undefined): void {
    provider?.backend
      .close?.()
      .catch((error: unknown) => deps.log.warn({ error, provider: provider.id }, 'a provider could not be ended'))
  }

  /** One that cannot run takes no other with it. */
  function startedOf(row: ModelProviderRow): RunningProvider | undefined {
    try {
      const version = JSON.stringify([row.kind, row.enabled, row.settings, row.secrets_sealed])
      return start(readProvider(deps, row), version)
    } catch (error) {
      deps.log.error({ error, provider: row.provider_id }, 'a provider of models could not be started')
      return undefined
    }
  }

  return {
    async current() {
      const revision = await findModelsRevision(deps.db.read)
      if (known?.revision === revision) return known.models
      const [rows, prices] = [await listModelProviders(deps.db.read), await listPriceOverrides(deps.db.read)]
      for (const [id, { provider }] of running)
        if (!rows.some((row) => row.provider_id === id)) {
          end(provider)
          running.delete(id)
        }
      const providers = rows.flatMap((row) => startedOf(row) ?? [])
      known = {
        revision,
        models: createModels(
          providers.filter(({ enabled }) => enabled),
          prices,
        ),
      }
      return known.models
    },
    check: (provider) => void createBackend(provider),
    async close() {
      await Promise.all([...running.values()].map(({ provider }) => provider.backend.close?.()))
    },
  }
}

export function createModels(providers: readonly RunningProvider[], prices: readonly PriceOverrideRow[] = []): Models {
  const byId = new Map(providers.map((provider) => [provider.id, provider]))

  function one(name: string, mayCall: MayCall): ServedModel | undefined {
    const slash = name.indexOf('/')
    const named = slash < 0 ? undefined : byId.get(name.slice(0, slash))
    const there = named && at(named, name.slice(slash + 1))
    if (there && mayCall(there)) return there
    for (const provider of providers) {
      const exact = provider.settings.models.find(({ id }) => id === name)
      const model = exact && served(provider, exact, name)
      if (model && mayCall(model)) return model
    }
    return longest(providers.flatMap((provider) => prefixed(provider, name)).filter(mayCall))
  }

  const [first] = providers.flatMap(({ id, settings }) =>
    settings.models.flatMap((entry) => (entry.id.endsWith('*') ? [] : [`${id}/${entry.id}`])),
  )
  return {
    providers,
    prices,
    first,
    find(name, mayCall = () => true) {
      const primary = one(name, mayCall)
      if (!primary) return []
      const others = (primary.provider.settings.fallback ?? []).flatMap((other) => one(other, mayCall) ?? [])
      const all = [primary, ...others]
      return all.filter((model, at) => all.findIndex((other) => other.name === model.name) === at)
    },
  }
}

function at(provider: RunningProvider, name: string): ServedModel | undefined {
  const exact = provider.settings.models.find(({ id }) => id === name)
  return exact ? served(provider, exact, name) : longest(prefixed(provider, name))
}

/** Entries that end with `*` stand for all names that begin so. */
function prefixed(provider: RunningProvider, name: string): ServedModel[] {
  return provider.settings.models
    .filter(({ id }) => id.endsWith('*') && name.startsWith(id.slice(0, -1)))
    .map((entry) => served(provider, entry, name))
}

function longest(models: readonly ServedModel[]): ServedModel | undefined {
  return models.reduce<ServedModel | undefined>(
    (best, model) => (best && best.entry.id.length >= model.entry.id.length ? best : model),
    undefined,
  )
}

function served(provider: RunningProvider, entry: ModelEntry, name: string): ServedModel {
  return { provider, entry, name: `${provider.id}/${name}`, upstreamModel: entry.upstream_model ?? name }
}
