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

/** Open to the web origins that the operator listed. */
export function listedCors(origins: readonly string[]) {
  return createMiddleware<Env>(async (c, next): Promise<Response | undefined> => {
    const origin = header(c, 'origin')
    if (origin !== undefined && origins.includes(origin)) {
      if (isPreflight(c)) return preflightAnswer(c, origin)
      allowOrigin(c, origin)
    }
    await next()
    return undefined
  })
}

function isPreflight(c: Context<Env>): boolean {
  return c.req.method === 'OPTIONS' && header(c, 'access-control-request-method') !== undefined
}

function preflightAnswer(c: Context<Env>, origin: string): Response {
  c.set('answered', true)
  return new Response(null, {
    status: 204,
    headers: {
      'Access-Control-Allow-Origin': origin,
      'Access-Control-Allow-Methods': 'GET, POST, PUT, DELETE, OPTIONS',
      'Access-Control-Allow-Headers': 'Authorization, Content-Type, DPoP, X-Request-Id',
      'Access-Control-Max-Age': '86400',
      Vary: 'Origin',
      'X-Request-Id': c.get('requestId'),
    },
  })
}

function allowOrigin(c: Context<Env>, origin: string): void {
  c.set('extraHeaders', {
    ...c.get('extraHeaders'),
    'Access-Control-Allow-Origin': origin,
    'Access-Control-Expose-Headers': 'WWW-Authenticate, X-Request-Id',
    ...(origin !== '*' && { Vary: 'Origin' }),
  })
}
