import type { Deps } from '../context.ts'
import type { KeyRing } from '../crypto/key-ring.ts'
import type { ModelProviderRow } from '../storage/model-providers.ts'
import type { ModelProviderSettings, ProviderKind, ProviderSecrets } from './provider-settings.ts'

/** Where models are had, with what opens it. */
export interface ModelProvider {
  id: string
  kind: ProviderKind
  enabled: boolean
  settings: ModelProviderSettings
  secrets: ProviderSecrets
  /** Epoch milliseconds. */
  createdAt: number
}

/** What a provider's secrets are bound to. */
export const modelSecretsRecord = (id: string) => `model_provider.secrets:${id}`

export function sealSecrets(ring: KeyRing, id: string, secrets: ProviderSecrets): string | null {
  return Object.keys(secrets).length === 0 ? null : ring.seal(JSON.stringify(secrets), modelSecretsRecord(id))
}

export function readProvider({ ring }: Pick<Deps, 'ring'>, row: ModelProviderRow): ModelProvider {
  const { provider_id: id, kind, enabled, settings, secrets_sealed: sealed } = row
  return {
    id,
    kind: kind as ProviderKind,
    enabled: enabled === 1,
    createdAt: row.created_at,
    settings: JSON.parse(settings),
    secrets: sealed === null ? {} : JSON.parse(ring.unseal(sealed, modelSecretsRecord(id))),
  }
}
