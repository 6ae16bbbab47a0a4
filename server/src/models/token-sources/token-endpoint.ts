import type { Deps } from '../../context.ts'
import { OutboundFailed, OutboundRefused } from '../../http/outbound/failure.ts'
import { type Token, TokenFailed } from './token-source.ts'

const TIMEOUT_MS = 10_000
const MAX_BYTES = 256 * 1024
/** RFC 6749 §5.1 leaves `expires_in` out at will: soon enough for whatever was meant. */
const UNTOLD_LIFE_S = 300
/** What is said to live longer is asked for every day all the same. */
const MAX_LIFE_S = 86_400

export type TokenRequestWorld = Pick<Deps, 'now' | 'outbound'>

export interface TokenRequest {
  url: string
  headers?: Record<string, string>
  parameters: Record<string, string>
}

export interface EndpointAnswer {
  status: number
  text: string
  retryAfterMs: number | undefined
}

/** Asks a token endpoint for an access token. RFC 6749 §4.4, RFC 7523 §2.1. Throws `TokenFailed`. */
export async function requestToken(world: TokenRequestWorld, request: TokenRequest): Promise<Token> {
  const askedAt = world.now()
  const answer = await postForm(world, request)
  const body = parseObject(answer.text)
  if (answer.status !== 200) throw refusal(answer, textOf(body.error))
  const value = textOf(body.access_token)
  // A header must hold it; anything else cannot be a token (RFC 6750 §2.1).
  if (value === undefined || !/^[\x21-\x7e]+$/.test(value))
    throw new TokenFailed('misconfigured', 'The token endpoint answers 200 without an access token')
  return { value, expiresAt: askedAt + lifeSeconds(body.expires_in) * 1000 }
}

/** Secrets go in the body, or a header: never in the URL. Throws `TokenFailed` where there is no answer. */
export async function postForm(
  { outbound, now }: TokenRequestWorld,
  { url, headers = {}, parameters }: TokenRequest,
): Promise<EndpointAnswer> {
  try {
    const response = await outbound.fetch(url, {
      method: 'POST',
      headers: { accept: 'application/json', ...headers, 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams(parameters).toString(),
      timeoutMs: TIMEOUT_MS,
      maxBytes: MAX_BYTES,
    })
    const retryAfterMs = readRetryAfter(response.headers.get('retry-after'), now())
    return { status: response.status, text: await response.text(), retryAfterMs }
  } catch (thrown) {
    if (thrown instanceof OutboundRefused) throw new TokenFailed('misconfigured', thrown.message)
    if (thrown instanceof OutboundFailed) throw new TokenFailed('unavailable', thrown.message)
    throw thrown
  }
}

/** RFC 6749 §5.2, and what passes by itself (RFC 9110 §15). Of the provider's own words, only what cannot be a secret. */
function refusal({ status, retryAfterMs }: EndpointAnswer, error: string | undefined): TokenFailed {
  const said = error !== undefined && /^[a-z_]{1,40}$/.test(error) ? `${status} ${error}` : String(status)
  const passes = isPassing(status) || PASSING_ERRORS.has(error ?? '')
  return new TokenFailed(
    passes ? 'unavailable' : 'misconfigured',
    `The token endpoint answers ${said}`,
    passes ? retryAfterMs : undefined,
  )
}

const PASSING_ERRORS: ReadonlySet<string> = new Set(['temporarily_unavailable', 'server_error', 'slow_down'])

export function isPassing(status: number): boolean {
  return status === 408 || status === 425 || status === 429 || status >= 500
}

function lifeSeconds(expiresIn: unknown): number {
  const seconds = Number(expiresIn)
  return seconds > 0 ? Math.min(seconds, MAX_LIFE_S) : UNTOLD_LIFE_S
}

/** RFC 9110 §10.2.3. Milliseconds from now, an hour at most: nobody is waited for longer than somebody looks. */
function readRetryAfter(header: string | null, now: number): number | undefined {
  if (header === null) return undefined
  const ms = /^\d{1,9}$/.test(header.trim()) ? Number(header) * 1000 : Date.parse(header) - now
  return ms > 0 ? Math.min(ms, 3_600_000) : undefined
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}
