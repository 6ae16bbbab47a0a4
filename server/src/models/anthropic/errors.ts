import { ApiError, type ErrorCode } from '../../http/errors.ts'
import { redact } from '../../http/redact.ts'
import { entryOf, isJson } from '../fields.ts'

/** Failures told within a stream have a type where others have a status. Both dialects' types. */
const STATUSES: Readonly<Record<string, number>> = {
  invalid_request_error: 400,
  authentication_error: 401,
  billing_error: 402,
  permission_error: 403,
  not_found_error: 404,
  conflict_error: 409,
  request_too_large: 413,
  rate_limit_error: 429,
  rate_limit_exceeded: 429,
  insufficient_quota: 402,
  timeout_error: 504,
  overloaded_error: 529,
}

/** Failures that are the caller's: told in the provider's words. */
const CALLERS: Readonly<Record<number, ErrorCode>> = {
  400: 'invalid_request',
  404: 'model_not_found',
  409: 'invalid_request',
  413: 'payload_too_large',
  415: 'invalid_request',
  422: 'invalid_request',
  429: 'rate_limit_exceeded',
}

/** Failures that are the provider's, or ours with the provider: told in our words, since theirs may hold anything. */
const PROVIDERS: Readonly<Record<number, [ErrorCode, string]>> = {
  408: ['upstream_timeout', 'The provider of the model took too long; try again, or ask for less'],
  503: ['upstream_unavailable', 'The provider of the model is overloaded; try again in a moment'],
  504: ['upstream_timeout', 'The provider of the model took too long; try again, or ask for less'],
  529: ['upstream_unavailable', 'The provider of the model is overloaded; try again in a moment'],
}

const OTHERWISE: [ErrorCode, string] = [
  'upstream_error',
  'The provider of the model failed; try again, and tell us the request id if it stays',
]

/** The failure that a provider answered with, in either dialect, as a failure of ours. */
export function upstreamError(status: number, body: unknown, retryAfter: string | null = null): ApiError {
  const told = readError(body)
  const options = { cause: { status, ...told }, headers: retryHeaders(retryAfter) }
  const code = CALLERS[status]
  if (!code) return new ApiError(...(PROVIDERS[status] ?? OTHERWISE), options)
  return new ApiError(code, told.message ?? `The provider of the model refused the request with ${status}`, {
    ...options,
    ...(told.param !== undefined && { param: told.param }),
  })
}

/** RFC 9110 §10.2.3, in seconds only: nothing else is passed on. */
function retryHeaders(retryAfter: string | null): Record<string, string> {
  return retryAfter !== null && /^\d{1,6}$/.test(retryAfter) ? { 'Retry-After': retryAfter } : {}
}

/** The failure that came in a stream, where its status would be too late. */
export function streamError(event: unknown): ApiError {
  const { type, code } = readError(event)
  return upstreamError(entryOf(STATUSES, type) ?? entryOf(STATUSES, code) ?? statusIn(code) ?? 500, event)
}

/** Routers between us and a provider tell its status as the code. */
function statusIn(code: unknown): number | undefined {
  return typeof code === 'number' && code >= 400 && code < 600 ? code : undefined
}

interface Told {
  type?: string
  code?: unknown
  message?: string
  param?: string
}

/** `{error: {…}}` in both dialects; some who speak OpenAI's shape leave out a level, or everything but a sentence. */
function readError(body: unknown): Told {
  const outer = isJson(body) ? body : {}
  if (typeof outer.error === 'string') return { message: safe(outer.error) }
  const { type, code, message, param } = isJson(outer.error) ? outer.error : outer
  return {
    ...(typeof type === 'string' && { type }),
    ...(code !== undefined && { code }),
    ...(typeof message === 'string' && { message: safe(message) }),
    ...(typeof param === 'string' && { param: safe(param) }),
  }
}

const MAX_MESSAGE = 1000

/** A provider may repeat what it was sent, the key included. */
function safe(message: string): string {
  return String(redact(message.slice(0, MAX_MESSAGE)))
}

export function brokenAnswer(what: string): ApiError {
  return new ApiError('upstream_error', `The provider of the model sent ${what}; try again`)
}
