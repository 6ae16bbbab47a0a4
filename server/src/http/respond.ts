import type { Context } from 'hono'
import { HTTPException } from 'hono/http-exception'
import type { Env } from '../context.ts'
import { anthropicError, describeError, openAiError } from './error-shapes.ts'
import { ApiError, RedirectError } from './errors.ts'
import { header } from './node-request.ts'

/** RFC 6749 §5.1: answers with tokens, and about them, are kept by nobody. */
export const NO_STORE = { 'Cache-Control': 'no-store', Pragma: 'no-cache' } as const

/** What every answer of ours says, whatever it holds. */
const EVERY_ANSWER = {
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
} as const

type Status = 200 | 201 | 204 | 303 | 304 | ApiError['status']

/** One object of headers per answer: what the server can write out without building a `Headers`. */
export function respond(
  c: Context<Env>,
  body: string | Uint8Array<ArrayBuffer> | null,
  status: Status,
  headers: Record<string, string>,
): Response {
  c.set('answered', true)
  return new Response(body, {
    status,
    headers: { ...EVERY_ANSWER, ...c.get('extraHeaders'), 'X-Request-Id': c.get('requestId'), ...headers },
  })
}

export function json(
  c: Context<Env>,
  body: object,
  status: Status = 200,
  headers: Record<string, string> = NO_STORE,
): Response {
  return respond(c, JSON.stringify(body), status, { 'Content-Type': 'application/json', ...headers })
}

/** `cookies` are whole Set-Cookie values. */
export function jsonWithCookies(c: Context<Env>, body: object, cookies: readonly string[]): Response {
  return respondWithCookies(c, JSON.stringify(body), 200, { ...NO_STORE, 'Content-Type': 'application/json' }, cookies)
}

export function noContent(c: Context<Env>): Response {
  return respond(c, null, 204, NO_STORE)
}

/** A text that is the same for everyone, with its validator: metadata, keys. */
export function cacheable(c: Context<Env>, body: string, type: string, etag: string, maxAge: number): Response {
  const headers = { 'Cache-Control': `public, max-age=${maxAge}`, ETag: etag }
  if (header(c, 'if-none-match') === etag) return respond(c, null, 304, headers)
  return respond(c, body, 200, { 'Content-Type': type, ...headers })
}

/** RFC 9700 §4.12: 303, so that a POST with credentials is never sent on. `cookies` are whole Set-Cookie values. */
export function seeOther(c: Context<Env>, location: string, cookies: readonly string[] = []): Response {
  return respondWithCookies(c, null, 303, { ...NO_STORE, Location: location }, cookies)
}

export interface PageOptions {
  status?: Status
  /** Whole Set-Cookie values. */
  cookies?: readonly string[]
  headers?: Record<string, string>
}

/** HTML of ours: framed by nobody (RFC 9700 §4.16), running and loading nothing but what carries the nonce. */
export function page(
  c: Context<Env>,
  html: string,
  { status = 200, cookies = [], ...options }: PageOptions = {},
): Response {
  const headers = {
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Security-Policy': contentSecurityPolicy(c.get('nonce')),
    'X-Frame-Options': 'DENY',
    'Permissions-Policy': 'camera=(), microphone=(), geolocation=(), payment=()',
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Resource-Policy': 'same-origin',
  }
  return respondWithCookies(c, html, status, { ...NO_STORE, ...headers, ...options.headers }, cookies)
}

function contentSecurityPolicy(nonce: string): string {
  return [
    "default-src 'none'",
    `style-src 'nonce-${nonce}'`,
    `script-src 'nonce-${nonce}'`,
    "connect-src 'self'",
    "img-src 'self' data:",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ')
}

/** The first cookie goes with the other headers; only a second one needs a list, which a plain object cannot hold. */
function respondWithCookies(
  c: Context<Env>,
  body: string | null,
  status: Status,
  headers: Record<string, string>,
  [first, ...others]: readonly string[],
): Response {
  const response = respond(c, body, status, { ...headers, ...(first !== undefined && { 'Set-Cookie': first }) })
  for (const cookie of others) response.headers.append('Set-Cookie', cookie)
  return response
}

/** Anything thrown becomes an ApiError; what we did not expect becomes a bare server_error. */
export function toApiError(thrown: unknown): ApiError {
  if (thrown instanceof ApiError) return thrown
  // The router's own refusals, such as of a broken percent-encoding.
  if (thrown instanceof HTTPException && thrown.status < 500)
    return new ApiError('invalid_request', 'The request is malformed')
  return new ApiError(
    'server_error',
    'Something went wrong on our side; try again, and tell us the request id if it stays',
    {
      cause: thrown,
    },
  )
}

/** How a failure is told to a person in a browser: given by `app.ts`, since pages are above this room. */
export type ErrorPage = (c: Context<Env>, error: ApiError) => string

/** The one place that turns a failure into HTTP: back to the website, a page, OpenAI's shape, or RFC 6749 §5.2. */
export function respondError(c: Context<Env>, error: ApiError, issuer: string, errorPage: ErrorPage): Response {
  if (error instanceof RedirectError) return seeOther(c, errorRedirect(error, issuer))
  if (readsPages(c)) return page(c, errorPage(c, error), { status: error.status, headers: error.headers })
  return json(c, errorBody(c, error), error.status, { ...NO_STORE, ...modelHeaders(c, error), ...error.headers })
}

/** RFC 6749 §4.1.2.1 and RFC 9207 §2. */
function errorRedirect({ code, message, redirectUri, state }: RedirectError, issuer: string): string {
  const parameters = { error: code, error_description: message, ...(state !== undefined && { state }), iss: issuer }
  return appendQuery(redirectUri, parameters)
}

/** The redirect URI with parameters added; a query of its own is kept as it stands (RFC 6749 §3.1.2). */
export function appendQuery(uri: string, parameters: Record<string, string>): string {
  const query = Object.entries(parameters).map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
  return `${uri}${uri.includes('?') ? '&' : '?'}${query.join('&')}`
}

const PAGES = new Set(['/authorize', '/oauth/authorize', '/authorize/resume', '/authorize/person'])

function readsPages(c: Context<Env>): boolean {
  return PAGES.has(c.req.path) || wantsHtml(c)
}

/** A browser that navigates, as against a program that would rather have JSON. */
export function wantsHtml(c: Context<Env>): boolean {
  const accept = header(c, 'accept')
  return accept?.includes('text/html') === true && !c.req.path.startsWith('/v1/')
}

/** Below /v1, only the connections speak OAuth's dialect; the models speak OpenAI's. */
const CONNECTIONS = /^\/v1\/(request-connection|check-connection|connections|token|refresh|proxy)(\/|$)/

/** Where callers speak Anthropic's dialect, and where those do that name its version. */
const MESSAGES = /^\/v1\/(openai\/)?(v1\/)?messages(\/|$)/
const MODELS = /^\/v1\/(openai\/)?(v1\/)?models(\/|$)/

export function dialectOf(c: Context<Env>): 'anthropic' | 'openai' | 'oauth' {
  const { path } = c.req
  if (MESSAGES.test(path)) return 'anthropic'
  if (MODELS.test(path) && header(c, 'anthropic-version') !== undefined) return 'anthropic'
  return path.startsWith('/v1/') && !CONNECTIONS.test(path) ? 'openai' : 'oauth'
}

function errorBody(c: Context<Env>, error: ApiError): object {
  const dialect = dialectOf(c)
  if (dialect === 'anthropic') return anthropicError(error, c.get('requestId'))
  if (dialect === 'openai') return openAiError(error)
  const body = describeError(error)
  return c.req.path.startsWith('/api/agent/') ? { success: false, ...body } : body
}

/** Of what a client did wrong, these may come out otherwise the next time. */
const PASSING = [408, 409, 429]

/** What the official clients of models look for. */
function modelHeaders(c: Context<Env>, { status }: ApiError): Record<string, string> {
  const dialect = dialectOf(c)
  if (dialect === 'oauth') return {}
  return {
    ...(dialect === 'anthropic' && { 'Request-Id': c.get('requestId') }),
    ...(status < 500 && !PASSING.includes(status) && { 'x-should-retry': 'false' }),
  }
}
