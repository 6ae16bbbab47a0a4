import type { ProviderKey } from '../../fuel.ts'
import { KIND_LABELS, type OfferedModels } from '../../models.ts'

/** Where a key is, or could be. */
export interface KeyPlace {
  id: string
  /** What it is, or why a key is of no use there. */
  about: string
  key: ProviderKey | undefined
}

/** Those that serve, and those that are gone while a key of theirs is still kept. */
export function keyPlaces(providers: readonly OfferedModels[], keys: readonly ProviderKey[]): KeyPlace[] {
  const keyAt = (id: string) => keys.find(({ provider_id }) => provider_id === id)
  const gone = keys.filter(({ provider_id }) => !providers.some(({ id }) => id === provider_id))
  return [
    ...providers
      .filter(({ enabled, has_own_key }) => enabled || has_own_key)
      .map(({ id, kind, enabled }) => ({
        id,
        about: enabled ? KIND_LABELS[kind] : `${KIND_LABELS[kind]}, switched off`,
        key: keyAt(id),
      })),
    ...gone.map((key) => ({ id: key.provider_id, about: 'Not served here', key })),
  ]
}
