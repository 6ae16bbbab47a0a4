import { OpenAPIHono } from '@hono/zod-openapi'
import { auditRoutes } from './audit/routes.ts'
import type { Deps, Env } from './context.ts'
import { requireAdmin, requirePrincipal } from './door.ts'
import { errorPage } from './error-page.ts'
import { healthRoutes } from './health.ts'
import { listedCors, openCors } from './http/cors.ts'
import { edge } from './http/edge.ts'
import { ApiError } from './http/errors.ts'
import { strictJsonBody } from './http/json-body.ts'
import { createMethodTable } from './http/method-table.ts'
import { respondError, toApiError } from './http/respond.ts'
import { identityAdminRoutes } from './identity/admin-routes.ts'
import { headCheck } from './identity/audit-heads.ts'
import { discoveryRoutes, identityRoutes } from './identity/routes.ts'
import { referenceRoutes } from './reference.ts'
import { isUnavailable } from './storage/unavailable.ts'

export type App = ReturnType<typeof createApp>

/** Web origins may call these from a browser, without credentials: the rest answers no cross-origin page. */
const OPEN_TO_ORIGINS = ['/.well-known/*', '/token', '/oauth/token', '/revoke', '/userinfo']

/** Composition only: what stands at which path, who guards it, and the one place that answers for failure. */
export function createApp(deps: Deps) {
  const app = new OpenAPIHono<Env>()
  app.use('*', edge(deps))
  for (const path of OPEN_TO_ORIGINS) app.use(path, openCors)
  app.use('/v1/*', listedCors(deps.config.corsOrigins), requirePrincipal(deps))
  app.use('/api/admin/*', requireAdmin(deps), strictJsonBody)

  // In the order that the reference shows them.
  app.route('/', identityRoutes(deps))
  app.route('/', discoveryRoutes(deps))
  const routes = app
    .route('/api/admin', identityAdminRoutes(deps))
    .route('/api/admin', auditRoutes(deps, headCheck(deps.signingKeys)))
  app.route('/', healthRoutes(deps))
  app.route('/', referenceRoutes(deps, app))

  const methodsOf = createMethodTable(app.routes)
  app.notFound((c) => {
    const methods = methodsOf(c.req.path)
    if (methods.length > 0)
      throw new ApiError('method_not_allowed', `${c.req.path} takes ${methods.join(', ')}`, {
        headers: { Allow: methods.join(', ') },
      })
    throw new ApiError('not_found', 'There is nothing at this address')
  })
  app.onError((thrown, c) => {
    const error = isUnavailable(thrown) ? unavailable(thrown) : toApiError(thrown)
    if (error.status >= 500)
      deps.log.error({ request_id: c.get('requestId'), error: error.cause ?? error }, error.message)
    return respondError(c, error, deps.config.issuer, errorPage)
  })
  return routes
}

function unavailable(cause: Error): ApiError {
  return new ApiError('temporarily_unavailable', 'The database cannot be reached; nothing was changed, try again', {
    cause,
    headers: { 'Retry-After': '1' },
  })
}
