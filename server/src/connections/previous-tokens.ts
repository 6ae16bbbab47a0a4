import type { Deps } from '../context.ts'
import { openPreviousTokens } from './open-tokens.ts'
import { findProvider } from './provider-registry.ts'
import type { ActiveConnection } from './standing.ts'

/**
 * The refresh token before, while the provider documents that it takes a rotated-out one: what it gave last may never have
 * taken hold there. Elsewhere sending one again would end the grant (RFC 9700 §4.14.2).
 */
export async function previousRefreshToken(deps: Deps, row: ActiveConnection): Promise<string | undefined> {
  const { previous_sealed: sealed, refreshed_at } = row
  if (sealed === null || refreshed_at === null) return undefined
  const provider = (await findProvider(deps, row.provider_name))?.provider
  const leewayS = provider?.kind === 'oauth2' ? (provider.rotation_leeway_s ?? 0) : 0
  if (deps.now() - refreshed_at >= leewayS * 1000) return undefined
  return (await openPreviousTokens(deps, row, sealed)).refresh_token
}
