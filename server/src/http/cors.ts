import type { Context } from 'hono'
import { createMiddleware } from 'hono/factory'
import type { Env } from '../context.ts'
import { header } from './node-request.ts'

/** Open to every web origin, without credentials: what browsers of websites call (OAuth 2.1 §3.2, OIDC Discovery). */
export const openCors = createMiddleware<Env>(async (c, next): Promise<Response | undefined> => {
  if (isPreflight(c)) return preflightAnswer(c, '*')
  allowOrigin(c, '*')
  await next()
  return undefined
})

/** Open to those web origins, whatever method and headers their clients have: who calls is told by a token, never a cookie. */
export function corsFor(isAllowed: (origin: string) => Promise<boolean>) {
  return createMiddleware<Env>(async (c, next): Promise<Response | undefined> => {
    const origin = header(c, 'origin')
    if (origin !== undefined && (await isAllowed(origin))) {
      if (isPreflight(c)) return preflightAnswer(c, origin, header(c, 'access-control-request-headers'))
      allowOrigin(c, origin)
    }
    await next()
    return undefined
  })
}

function isPreflight(c: Context<Env>): boolean {
  return c.req.method === 'OPTIONS' && header(c, 'access-control-request-method') !== undefined
}

const ALLOWED_HEADERS = 'Authorization, Content-Type, DPoP, X-Request-Id'
/** RFC 9110 §5.1, in a list. */
const HEADER_NAMES = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+(\s*,\s*[!#$%&'*+.^_`|~0-9A-Za-z-]+)*$/

function preflightAnswer(c: Context<Env>, origin: string, asked = ALLOWED_HEADERS): Response {
  c.set('answered', true)
  return new Response(null, {
    status: 204,
    headers: {
      'Access-Control-Allow-Origin': origin,
      'Access-Control-Allow-Methods': 'GET, POST, PUT, PATCH, DELETE, OPTIONS',
      'Access-Control-Allow-Headers': HEADER_NAMES.test(asked) ? asked : ALLOWED_HEADERS,
      'Access-Control-Max-Age': '86400',
      Vary: 'Origin, Access-Control-Request-Headers',
      'X-Request-Id': c.get('requestId'),
    },
  })
}

function allowOrigin(c: Context<Env>, origin: string): void {
  c.set('extraHeaders', {
    ...c.get('extraHeaders'),
    'Access-Control-Allow-Origin': origin,
    'Access-Control-Expose-Headers': origin === '*' ? 'WWW-Authenticate, X-Request-Id' : '*, WWW-Authenticate',
    ...(origin !== '*' && { Vary: 'Origin' }),
  })
}
