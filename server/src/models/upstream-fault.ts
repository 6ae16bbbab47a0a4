import { ApiError } from '../http/errors.ts'
import type { CallOutcome } from '../resilience/breaker.ts'
import { streamError, upstreamError } from './anthropic/errors.ts'
import { type BackendAnswer, BackendFailed } from './backend.ts'
import type { Json } from './fields.ts'
import type { ServedModel } from './registry.ts'

/** Why a try brought no answer. */
export interface UpstreamFault {
  /** What the caller is told, should nobody else answer. */
  error: ApiError
  /** For the log. */
  why: string
  /** What it says about the provider. */
  outcome: CallOutcome
  /** Whether another provider may do better. */
  goesOn: boolean
  /** A stream that broke before anything came of it. */
  isBrokenStream?: boolean
}

/** Where its own key is wrong, or ours: no other provider is asked in its place, since somebody has to mend it. */
const REFUSED = [401, 402, 403]
const MAX_RETRY_S = 3600

/** A provider answered, with a failure. `apiKey` is the caller's own, where the call went out with it. */
export function faultOfStatus(
  answer: BackendAnswer,
  body: unknown,
  served: ServedModel,
  apiKey: string | undefined,
): UpstreamFault {
  const { status, headers } = answer
  const why = `${served.provider.id} answered ${status}`
  if (REFUSED.includes(status)) return { error: refusedBy(apiKey), why, outcome: 'neutral', goesOn: false }
  const told = upstreamError(status, body)
  const error = withoutSecrets(
    told,
    secretsOf(answer, served),
    told.status === 429 || told.status === 503 ? retryHeaders(headers) : {},
  )
  const isOutage = error.status >= 500
  return { error, why, outcome: isOutage ? 'failure' : 'neutral', goesOn: isOutage || status === 429 }
}

/** The failure that a provider told in the midst of its stream. */
export function errorOfStream(told: Json, answer: BackendAnswer, served: ServedModel): ApiError {
  return withoutSecrets(streamError(told), secretsOf(answer, served))
}

/** What the call went out with. A program has the provider's key in its environment. */
function secretsOf({ secrets = [] }: BackendAnswer, { provider }: ServedModel): string[] {
  const { api_key: key } = provider.secrets
  return key === undefined ? [...secrets] : [...secrets, key]
}

/** A provider may repeat what it was sent. Its own words are not kept beside ours, so that nothing logs them. */
function withoutSecrets(
  { code, message, param }: ApiError,
  secrets: readonly string[],
  headers: Record<string, string> = {},
): ApiError {
  const clean = (text: string) => secrets.reduce((left, secret) => left.replaceAll(secret, '[redacted]'), text)
  return new ApiError(code, clean(message), { ...(param !== undefined && { param: clean(param) }), headers })
}

function refusedBy(apiKey: string | undefined): ApiError {
  return new ApiError(
    'upstream_error',
    apiKey === undefined
      ? 'The provider of the model does not let us in; the operator has to mend it'
      : 'The provider of the model refuses your own key; set another one',
  )
}

function retryHeaders(headers: Headers): Record<string, string> {
  const said = [Number(headers.get('retry-after-ms')), Number(headers.get('retry-after')) * 1000]
  const ms = Math.min(MAX_RETRY_S * 1000, Math.ceil(said.find((one) => Number.isFinite(one) && one > 0) ?? 1000))
  return { 'Retry-After': String(Math.ceil(ms / 1000)), 'retry-after-ms': String(ms) }
}

/** There is no answer. */
export function faultOfFailure(thrown: unknown): UpstreamFault {
  if (!(thrown instanceof BackendFailed)) throw thrown
  const { reason, message: why, retryAfterMs } = thrown
  if (reason === 'timeout') return { error: upstreamError(504, undefined), why, outcome: 'failure', goesOn: true }
  if (reason === 'misconfigured')
    return {
      error: new ApiError('upstream_error', 'The provider of the model cannot be called; the operator has to mend it'),
      why,
      outcome: 'neutral',
      goesOn: true,
    }
  if (reason === 'overloaded') {
    const seconds = Math.max(1, Math.ceil((retryAfterMs ?? 1000) / 1000))
    const error = new ApiError('upstream_unavailable', `The model is busy; try again in ${seconds} s`, {
      headers: { 'Retry-After': String(seconds) },
    })
    return { error, why, outcome: 'neutral', goesOn: true }
  }
  const error = new ApiError('upstream_error', 'The provider of the model cannot be reached; try again')
  return { error, why, outcome: 'failure', goesOn: true }
}
