import { ApiError } from '../http/errors.ts'
import { OutboundFailed, OutboundRefused } from '../http/outbound/failure.ts'
import type { OAuthProvider } from './providers/provider.ts'
import { type Refused, toldOfRefusal } from './token-response.ts'

/** What it means that a refresh brought no tokens. `why` is for the log: it repeats nothing that may hold a secret. */
export type RefreshFault =
  /** The refresh token is dead: only the person can help. */
  | { kind: 'dead' }
  /** Ours, or the provider's: it is mended without the person. */
  | { kind: 'misconfigured'; why: string }
  /** It passes. Not `answered`: the provider may have given new tokens all the same. `isOutage`: others meet it too. */
  | { kind: 'unavailable'; why: string; answered: boolean; isOutage?: boolean; retryAfterMs?: number }

type Dialect = Pick<OAuthProvider, 'dead_refresh_statuses' | 'dead_refresh_errors'>

/** Beside what a provider documents: RFC 6749 §5.2, and 403 of whoever read RFC 9110 more than that. */
const DEAD_STATUSES = [400, 401, 403]
/** OpenID Connect Core §3.1.2.6: said at the token endpoint, they want the person too. */
const DEAD_ERRORS = ['invalid_grant', 'interaction_required', 'login_required', 'consent_required']
const PASSING_ERRORS = ['temporarily_unavailable', 'server_error', 'slow_down', 'rate_limit_exceeded']

/** Reads a refusal of the token endpoint. */
export function faultOfRefusal(refused: Refused, dialect: Dialect): RefreshFault {
  const { status, error, retryAfterMs } = refused
  const why = toldOfRefusal(refused)
  const passes = status === 408 || status === 425 || status === 429 || status >= 500
  if (passes || PASSING_ERRORS.includes(error))
    return {
      kind: 'unavailable',
      why,
      answered: true,
      isOutage: status >= 500,
      ...(retryAfterMs !== undefined && { retryAfterMs }),
    }
  const isDead = [...DEAD_ERRORS, ...(dialect.dead_refresh_errors ?? [])].includes(error)
  // Some tell of every failure with 200.
  const counts = status < 300 || [...DEAD_STATUSES, ...(dialect.dead_refresh_statuses ?? [])].includes(status)
  return isDead && counts ? { kind: 'dead' } : { kind: 'misconfigured', why }
}

/** Nothing was sent, so nothing was done. */
const NOT_SENT: readonly string[] = ['dns', 'connect', 'tls']

/** Reads what was thrown on the way to an answer. Undefined: it has nothing to do with the provider. */
export function faultOfFailure(thrown: unknown): RefreshFault | undefined {
  if (thrown instanceof OutboundRefused) return { kind: 'misconfigured', why: thrown.message }
  if (thrown instanceof OutboundFailed)
    return { kind: 'unavailable', why: thrown.message, answered: NOT_SENT.includes(thrown.reason), isOutage: true }
  if (!(thrown instanceof ApiError)) return undefined
  // Of discovery: the token endpoint was not asked.
  if (thrown.code === 'provider_misconfigured') return { kind: 'misconfigured', why: thrown.message }
  if (thrown.code === 'provider_unavailable') return { kind: 'unavailable', why: thrown.message, answered: true }
  return undefined
}
