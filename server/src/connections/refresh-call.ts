import type { Deps } from '../context.ts'
import type { CallOutcome } from '../resilience/breaker.ts'
import type { EffectiveProvider } from './effective-provider.ts'
import { type Endpoints, endpointsOf } from './endpoints.ts'
import { withIntrospectedEnd } from './introspection.ts'
import { findProvider } from './provider-registry.ts'
import type { OAuthProvider } from './providers/provider.ts'
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
  const values: Record<string, string> = JSON.parse(row.parameters)
  const client = { ...effective, provider: effective.provider }
  try {
    const endpoints = await endpointsOf(deps, effective, values)
    return await throughBreaker(deps, endpoints.token, () => request(deps, client, { endpoints, values, refreshToken }))
  } catch (thrown) {
    return faultOrThrow(thrown)
  }
}

interface Asked {
  endpoints: Endpoints
  values: Record<string, string>
  refreshToken: string
}

async function request(
  deps: Deps,
  client: EffectiveProvider & { provider: OAuthProvider },
  { endpoints, values, refreshToken }: Asked,
): Promise<RefreshAnswer> {
  const { provider } = client
  const parameters = { grant_type: 'refresh_token', refresh_token: refreshToken }
  try {
    const { token: url, introspection } = endpoints
    const raw = await requestTokens(deps, client, { url, parameters, values, timeoutMs: TIMEOUT_MS })
    const read = readTokenResponse(raw, provider.refresh_response ?? provider.response, provider, deps.now())
    if (read.kind === 'refused') return faultOfRefusal(read, provider)
    if (read.endIsKnown || introspection === undefined) return read
    return { kind: 'tokens', tokens: await withIntrospectedEnd(deps, client, introspection, read.tokens) }
  } catch (thrown) {
    return faultOrThrow(thrown)
  }
}

/** A server that is out is left alone for a while, whatever number of connections is due; of a slow tenant, others know nothing. */
async function throughBreaker(
  { providerBreakers, now }: Deps,
  url: string,
  ask: () => Promise<RefreshAnswer>,
): Promise<RefreshAnswer> {
  const breaker = providerBreakers(new URL(url).host)
  const leave = breaker.enter(now())
  if (!leave)
    return { kind: 'unavailable', why: 'it fails for others', answered: true, retryAfterMs: breaker.waitMs(now()) }
  let outcome: CallOutcome = 'neutral'
  try {
    const answer = await ask()
    outcome = outcomeOf(answer)
    return answer
  } finally {
    leave(outcome, now())
  }
}

/** That our client is wrong, or that we ask too often, is no outage. */
function outcomeOf(answer: RefreshAnswer): CallOutcome {
  if (answer.kind === 'tokens' || answer.kind === 'dead') return 'success'
  return answer.kind === 'unavailable' && answer.isOutage ? 'failure' : 'neutral'
}

function faultOrThrow(thrown: unknown): RefreshFault {
  const fault = faultOfFailure(thrown)
  if (!fault) throw thrown
  return fault
}
