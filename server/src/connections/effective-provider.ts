import type { OAuthProvider, Provider } from './providers/provider.ts'

/** A provider as this server knows it: the catalogue's entry, changed by what the operator said, and our client there. */
export interface EffectiveProvider {
  /** Placeholders are still in. */
  provider: Provider
  clientId: string | null
  clientSecretSealed: string | null
}

/** One that a person can be sent to. */
export type OAuthClient = EffectiveProvider & { provider: OAuthProvider; clientId: string }
