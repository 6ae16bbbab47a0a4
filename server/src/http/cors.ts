import { createMiddleware } from 'hono/factory'
import type { Env } from '../context.ts'

/** Open to every web origin, without credentials: what browsers of websites call (OAuth 2.1 §3.2, OIDC Discovery). */
export const openCors = createMiddleware<Env>(async (c, next): Promise<Response | undefined> => {
  if (c.req.method === 'OPTIONS' && c.req.header('access-control-request-method')) {
    c.set('answered', true)
    return new Response(null, {
      status: 204,
      headers: {
        'Access-Control-Allow-Origin': '*',
        'Access-Control-Allow-Methods': 'GET, POST, OPTIONS',
        'Access-Control-Allow-Headers': 'Authorization, Content-Type, DPoP, X-Request-Id',
        'Access-Control-Max-Age': '86400',
        'X-Request-Id': c.var.requestId,
      },
    })
  }
  c.set('extraHeaders', {
    ...c.var.extraHeaders,
    'Access-Control-Allow-Origin': '*',
    'Access-Control-Expose-Headers': 'WWW-Authenticate, X-Request-Id',
  })
  await next()
  return undefined
})
