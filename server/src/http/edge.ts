import { createMiddleware } from 'hono/factory'
import { routePath } from 'hono/route'
import type { Deps, Env } from '../context.ts'
import { ApiError } from './errors.ts'
import { header } from './node-request.ts'

const REQUEST_ID = /^[A-Za-z0-9_-]{8,128}$/
const HSTS = 'max-age=31536000; includeSubDomains'

/** What happens to every request: it gets a name and an address, and its end is logged and measured. */
export function edge(deps: Pick<Deps, 'config' | 'random' | 'clientAddress' | 'log' | 'metrics' | 'draining'>) {
  const https = deps.config.issuer.startsWith('https:')
  const always = https ? { 'Strict-Transport-Security': HSTS } : {}

  return createMiddleware<Env>(async (c, next) => {
    const started = performance.now()
    const given = header(c, 'x-request-id')
    const requestId = given && REQUEST_ID.test(given) ? given : deps.random(12).toString('hex')
    c.set('requestId', requestId)
    c.set('extraHeaders', deps.draining.aborted ? { ...always, Connection: 'close' } : always)
    c.set('address', deps.clientAddress(c.env?.incoming?.socket?.remoteAddress, header(c, 'x-forwarded-for')))
    c.set('nonce', deps.random(16).toString('base64url'))

    // What goes through to a provider is never held here, so that its size is the provider's affair.
    const passesThrough = c.req.path.startsWith('/v1/proxy/')
    if (!passesThrough && Number(header(c, 'content-length') ?? 0) > deps.config.bodyLimitBytes)
      throw new ApiError('payload_too_large', `The body is larger than ${deps.config.bodyLimitBytes} bytes`)
    c.set('bodyMs', deps.config.requestTimes.bodyMs)
    // RFC 9110 §10.1.1: whoever asks first waits for this before they send the body.
    if (header(c, 'expect')?.toLowerCase() === '100-continue') c.env?.outgoing?.writeContinue()
    await next().catch((thrown: unknown) => {
      // Hono hands only errors to its error handler; anything else would leave as a bare 500.
      throw thrown instanceof Error ? thrown : new Error('Something that is no error was thrown', { cause: thrown })
    })

    // Answers that are not made by `respond` (streams, the router's own) lack the headers of every answer.
    if (!c.get('answered')) {
      c.res.headers.set('X-Request-Id', requestId)
      c.res.headers.set('X-Content-Type-Options', 'nosniff')
      c.res.headers.set('Referrer-Policy', 'no-referrer')
      for (const [name, value] of Object.entries(c.get('extraHeaders') ?? {})) c.res.headers.set(name, value)
    }
    const ms = performance.now() - started
    const route = routePath(c, -1)
    deps.metrics.requests.observe({ method: c.req.method, route, status: c.res.status }, ms / 1000)
    deps.log.info(
      {
        request_id: requestId,
        method: c.req.method,
        route,
        status: c.res.status,
        ms: Math.round(ms * 10) / 10,
        address: c.get('address'),
      },
      'request',
    )
  })
}
