import type { Deps } from '../context.ts'
import { endpointsOf } from './endpoints.ts'
import { findProvider } from './provider-registry.ts'
import { faultOfFailure, faultOfRefusal, type RefreshFault } from './refresh-fault.ts'
import type { ActiveConnection } from './standing.ts'
import { requestTokens } from './token-request.ts'
import { readTokenResponse } from './token-response.ts'
import type { Tokens } from './vault.ts'

/** Slow providers take 20 s, and giving up early may lose a token that was rotated. */
const TIMEOUT_MS = 30_000

export type RefreshAnswer = { kind: 'tokens'; tokens: Tokens } | RefreshFault

/** One refresh at the provider. RFC 6749 §6. Throws only what has nothing to do with the provider. */
export async function askForTokens(
  deps: Deps,
  row: ActiveConnection,
  refreshToken: string | undefined,
): Promise<RefreshAnswer> {
  const effective = await findProvider(deps, row.provider_name)
  if (effective?.provider.kind !== 'oauth2') return { kind: 'misconfigured', why: 'it is not configured any more' }
  if (refreshToken === undefined) return { kind: 'dead' }
  const { provider } = effective
  const values: Record<string, string> = JSON.parse(row.parameters)
  try {
    const { token: url } = await endpointsOf(deps, effective, values)
    const parameters = { grant_type: 'refresh_token', refresh_token: refreshToken }
    const raw = await requestTokens(
      deps,
      { ...effective, provider },
      { url, parameters, values, timeoutMs: TIMEOUT_MS },
    )
    const read = readTokenResponse(raw, provider.refresh_response ?? provider.response, provider, deps.now())
    return read.kind === 'tokens' ? read : faultOfRefusal(read, provider)
  } catch (thrown) {
    const fault = faultOfFailure(thrown)
    if (!fault) throw thrown
    return fault
  }
}
