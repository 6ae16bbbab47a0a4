import type { Context } from 'hono'
import { createMiddleware } from 'hono/factory'
import type { Env } from '../context.ts'
import { ApiError } from '../http/errors.ts'
import { OutboundFailed, OutboundRefused } from '../http/outbound/failure.ts'
import type { Outbound } from '../http/outbound.ts'
import type { BrokerLink } from './broker-link.ts'
import { PRINCIPAL_HEADER, writePrincipal } from './principal-header.ts'

/** Longer than a refresh that waits for another one (`connections/refresh.ts`). */
const HEADERS_MS = 90_000
/** What streams through is timed by the broker, which knows what it is. */
const ANSWER_MS = 3_700_000

/** What the connections' own credentials are at a gateway; the broker gets its key and the caller's name in their place. */
const NOT_SENT = ['authorization', 'x-api-key', 'cookie', 'forwarded', 'x-forwarded-for', PRINCIPAL_HEADER]

/** Has the broker answer, for the caller whom the door has let in. */
export function callerAtBroker({ url, key, outbound }: BrokerLink) {
  return createMiddleware<Env>((c) => {
    const headers = sentHeaders(c)
    headers.set('x-api-key', key)
    headers.set(PRINCIPAL_HEADER, writePrincipal(c.get('principal')))
    return answerOf(outbound, url, c, headers)
  })
}

/** Has the broker answer a browser that comes back from a provider: it brings what proves it, and no caller. */
export function browserAtBroker({ url, outbound }: BrokerLink) {
  return createMiddleware<Env>((c) => {
    const headers = sentHeaders(c)
    const cookie = c.req.header('cookie')
    if (cookie !== undefined) headers.set('cookie', cookie)
    return answerOf(outbound, url, c, headers)
  })
}

function sentHeaders(c: Context<Env>): Headers {
  const headers = new Headers(c.req.raw.headers)
  for (const name of NOT_SENT) headers.delete(name)
  headers.set('x-request-id', c.get('requestId'))
  headers.set('x-forwarded-for', c.get('address'))
  return headers
}

async function answerOf(outbound: Outbound, brokerUrl: string, c: Context<Env>, headers: Headers): Promise<Response> {
  const { pathname, search } = new URL(c.req.url)
  const { method, body, signal } = c.req.raw
  try {
    const response = await outbound.stream(`${brokerUrl}${pathname}${search}`, {
      method,
      headers,
      body,
      signal,
      timeoutMs: ANSWER_MS,
      headersTimeoutMs: HEADERS_MS,
      idleTimeoutMs: ANSWER_MS,
    })
    // What this edge says of every answer; a proxied one has been stripped of its provider's.
    for (const [name, value] of Object.entries(c.get('extraHeaders') ?? {})) response.headers.set(name, value)
    c.set('answered', true)
    return response
  } catch (cause) {
    if (cause instanceof OutboundRefused && cause.reason === 'bad_request')
      throw new ApiError('invalid_request', 'The method, a header or the body is not valid', { cause })
    if (cause instanceof OutboundFailed || cause instanceof OutboundRefused) throw unreachable(cause)
    throw cause
  }
}

function unreachable(cause: Error): ApiError {
  return new ApiError('temporarily_unavailable', 'The broker of connections cannot be reached now; try again', {
    cause,
    headers: { 'Retry-After': '1' },
  })
}

/** What a gateway leaves to its broker, for whom its own doors have let in. */
export const CALLER_PATHS = [
  '/v1/request-connection',
  '/v1/check-connection/*',
  '/v1/connections/*',
  '/v1/token/*',
  '/v1/refresh/*',
  '/v1/proxy/*',
  '/mcp',
  '/api/admin/providers/*',
  '/api/connections/*',
  '/api/connection-grants/*',
  '/api/providers',
  '/api/webhooks/*',
  '/api/v1/mcp/servers/*',
  '/api/mcp/oauth/:server/start',
] as const
