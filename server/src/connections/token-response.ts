import { memberAt, textAt } from './json-path.ts'
import type { OAuthProvider, TokenAnswer } from './providers/provider.ts'
import type { Tokens } from './vault.ts'

/** What a token endpoint answered, as it came. */
export interface RawAnswer {
  status: number
  /** The `Retry-After` header. */
  retryAfter?: string | null
  text: string
}

export type TokenResponse =
  /** `body` is for what this provider says beside: the account. `endIsKnown`: it, the token or the entry says when it ends. */
  | { kind: 'tokens'; tokens: Tokens; body: unknown; endIsKnown: boolean }
  /** `error` is one word of RFC 6749 §5.2 or the provider's own; `invalid_response` where there is none to be found. */
  | { kind: 'refused'; status: number; error: string; error_description?: string; retryAfterMs?: number }

export type Refused = Extract<TokenResponse, { kind: 'refused' }>

/** What may be logged of a refusal: whatever is no plain word may repeat what was sent. */
export function toldOfRefusal({ status, error }: Refused): string {
  return `${status} ${/^[a-z_]{1,40}$/.test(error) ? error : 'with an error of its own'}`
}

/** Reads an answer of the token endpoint, in whatever way the provider departs from RFC 6749 §5.1 and §5.2. */
export function readTokenResponse(
  answer: RawAnswer,
  shape: TokenAnswer | undefined,
  provider: Pick<OAuthProvider, 'expires_in_default_s'>,
  now: number,
): TokenResponse {
  const body = parseBody(answer.text)
  const error = errorOf(answer, shape, body)
  if (error !== undefined) return refused(answer, shape, body, error, now)
  const accessToken = textAt(body, shape?.access_token ?? 'access_token')
  if (answer.status >= 400 || accessToken === undefined) return refused(answer, shape, body, 'invalid_response', now)
  const said = {
    refresh_token: textAt(body, shape?.refresh_token ?? 'refresh_token'),
    id_token: textAt(body, 'id_token'),
    scope: scopeOf(body, shape),
  }
  const expires = {
    expires_in: memberAt(body, shape?.expires_in ?? 'expires_in'),
    expires_at: shape?.expires_at === undefined ? undefined : memberAt(body, shape.expires_at),
  }
  const told = expiryOf({ ...expires, accessToken }, provider, now)
  const expires_at = told ?? (said.refresh_token === undefined ? undefined : now + UNKNOWN_MS)
  const known = Object.entries({ ...said, expires_at }).filter(([, value]) => value !== undefined)
  return {
    kind: 'tokens',
    tokens: { access_token: accessToken, token_type: tokenType(body, shape), ...Object.fromEntries(known) },
    body,
    endIsKnown: told !== undefined,
  }
}

/** JSON, or the form that GitHub sends who forgets to ask for JSON. Undefined: neither. */
function parseBody(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return /^[\w.-]+=[^\s<>]*$/.test(text) ? Object.fromEntries(new URLSearchParams(text)) : undefined
  }
}

function errorOf({ status }: RawAnswer, shape: TokenAnswer | undefined, body: unknown): string | undefined {
  const error = textAt(body, shape?.error ?? 'error')
  if (shape?.ok !== undefined) return memberAt(body, shape.ok) === false ? (error ?? 'invalid_response') : undefined
  // GitHub and others tell of a failure with 200.
  return status >= 400 || textAt(body, shape?.access_token ?? 'access_token') === undefined ? error : undefined
}

function refused(answer: RawAnswer, shape: TokenAnswer | undefined, body: unknown, error: string, now: number) {
  const description = textAt(body, shape?.error_description ?? 'error_description')
  const retryAfterMs = readRetryAfter(answer.retryAfter, now)
  return {
    kind: 'refused' as const,
    status: answer.status,
    error,
    ...(description !== undefined && { error_description: description }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  }
}

/** RFC 9110 §10.2.3: seconds or a date. Milliseconds from now. */
export function readRetryAfter(header: string | null | undefined, now: number): number | undefined {
  if (!header) return undefined
  if (/^\d{1,9}$/.test(header.trim())) return Number(header) * 1000
  const date = Date.parse(header)
  return Number.isNaN(date) ? undefined : Math.max(0, date - now)
}

function scopeOf(body: unknown, shape: TokenAnswer | undefined): string | undefined {
  const scope = memberAt(body, shape?.scope ?? 'scope')
  if (Array.isArray(scope)) return scope.filter((item) => typeof item === 'string').join(' ')
  if (typeof scope !== 'string') return undefined
  return shape?.scope_form === 'comma' ? scope.split(',').join(' ') : scope
}

function tokenType(body: unknown, shape: TokenAnswer | undefined): string {
  const said = textAt(body, 'token_type')
  const isBearer = said === undefined || said.toLowerCase() === 'bearer' || said === shape?.token_type
  return isBearer ? 'Bearer' : said
}

interface Expiry {
  expires_in: unknown
  expires_at: unknown
  accessToken: string
}

/** A refreshable token about whose end nobody says anything: it is looked after every hour. */
const UNKNOWN_MS = 3_600_000
/** Nobody gives a token for longer; numbers above mean something else. */
const MAX_S = 400 * 86_400
const YEARS_50_MS = 50 * 365 * 86_400_000

/**
 * When the access token ends, epoch milliseconds; undefined: not that anybody knows. What is said counts, unless it makes
 * no sense (0, negative, a word, the past); then the token's own `exp`, then the provider's habit. A JWT ends by its `exp`
 * whatever is said later than that.
 */
export function expiryOf(
  { expires_in, expires_at, accessToken }: Expiry,
  { expires_in_default_s }: Pick<OAuthProvider, 'expires_in_default_s'>,
  now: number,
): number | undefined {
  const own = jwtExpiry(accessToken, now)
  const said = toCome(moment(expires_at) ?? lifetime(expires_in, now), now)
  if (said !== undefined) return own === undefined ? said : Math.min(own, said)
  if (own !== undefined) return own
  return expires_in_default_s === undefined ? undefined : now + expires_in_default_s * 1000
}

/**
 * As it can be kept: in whole milliseconds. Nobody gives what has ended: whoever says so has another clock, or means
 * something else.
 */
function toCome(at: number | undefined, now: number): number | undefined {
  const whole = Math.floor(at ?? 0)
  return whole > now ? whole : undefined
}

/** A moment to come that was told in seconds since 1970 (RFC 7519 §2), in milliseconds; undefined: none that is meant. */
export function comingMoment(seconds: unknown, now: number): number | undefined {
  return typeof seconds === 'number' && seconds * 1000 < now + YEARS_50_MS ? toCome(seconds * 1000, now) : undefined
}

function moment(value: unknown): number | undefined {
  const at = typeof value === 'string' ? Date.parse(value) : Number.NaN
  return Number.isNaN(at) ? undefined : at
}

function lifetime(value: unknown, now: number): number | undefined {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  if (typeof number !== 'number' || !Number.isFinite(number) || number <= 0) return undefined
  if (looksLikeMilliseconds(number)) return now + number
  if (number <= MAX_S) return now + number * 1000
  // A moment in place of a number of seconds; else milliseconds.
  for (const at of [number * 1000, number]) if (at > now - 86_400_000 && at < now + YEARS_50_MS) return at
  return number / 1000 <= MAX_S ? now + number : undefined
}

/** Long, in whole seconds, and not in whole days, as lifetimes of weeks are told. */
function looksLikeMilliseconds(number: number): boolean {
  return number >= 1e6 && number <= MAX_S && number % 1000 === 0 && number % 86_400 !== 0
}

function jwtExpiry(token: string, now: number): number | undefined {
  const [, payload = '', signature] = token.split('.')
  if (signature === undefined) return undefined
  try {
    const { exp } = JSON.parse(Buffer.from(payload, 'base64url').toString())
    return comingMoment(exp, now)
  } catch {
    return undefined
  }
}
