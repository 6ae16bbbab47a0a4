import { OpenAPIHono } from '@hono/zod-openapi'
import { requireBrokerKey, requireGateway } from './connections/broker-door.ts'
import { CALLER_PATHS } from './connections/broker-forward.ts'
import { brokerRoutes } from './connections/broker-routes.ts'
import { callbackRoutes } from './connections/callback.ts'
import { connectionGrantRoutes } from './connections/connection-grant-routes.ts'
import { mcpRoutes } from './connections/mcp/routes.ts'
import { mcpAuthorizationRoutes } from './connections/mcp-servers/authorization-routes.ts'
import { mcpServerRoutes } from './connections/mcp-servers/routes.ts'
import { organizationConnectionRoutes } from './connections/organization-routes.ts'
import { PRINCIPAL_HEADER } from './connections/principal-header.ts'
import { providerAdminRoutes } from './connections/provider-routes.ts'
import { connectionRoutes } from './connections/routes.ts'
import { webhookRoutes } from './connections/webhook-routes.ts'
import type { Deps, Env } from './context.ts'
import { requireAdmin } from './door.ts'
import { answerFailures } from './failures.ts'
import { healthRoutes } from './health.ts'
import { edge } from './http/edge.ts'
import { strictJsonBody } from './http/json-body.ts'
import { referenceRoutes } from './reference.ts'

/** `serve -- --only broker`: the one room of connections, whose callers are gateways, and browsers from a provider. */
export function createBrokerApp(deps: Deps): OpenAPIHono<Env> {
  const app = new OpenAPIHono<Env>()
  app.use('*', edge(deps))
  app.use('/connections/*', requireBrokerKey(deps))
  const gateway = requireGateway(deps)
  const admin = requireAdmin(deps)
  // The operator may come here too; everybody else comes through a gateway.
  for (const path of CALLER_PATHS)
    app.use(path, (c, next) =>
      c.req.path.startsWith('/api/admin/') && c.req.header(PRINCIPAL_HEADER) === undefined
        ? admin(c, next)
        : gateway(c, next),
    )
  app.use('/v1/request-connection', strictJsonBody)
  app.use('/api/*', strictJsonBody)

  app.route('/', connectionRoutes(deps))
  app.route('/', mcpRoutes(deps))
  app.route('/', callbackRoutes(deps))
  app.route('/', mcpAuthorizationRoutes(deps))
  app.route('/', brokerRoutes(deps))
  app.route('/api', organizationConnectionRoutes(deps))
  app.route('/api', connectionGrantRoutes(deps))
  app.route('/api', webhookRoutes(deps))
  app.route('/api', mcpServerRoutes(deps))
  app.route('/api/admin', providerAdminRoutes(deps))
  app.route('/', healthRoutes(deps))
  app.route('/', referenceRoutes(deps, app))
  answerFailures(app, deps)
  return app
}
