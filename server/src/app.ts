import { OpenAPIHono } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { except } from 'hono/combine'
import { usersAdminRoutes } from './accounts/admin-routes.ts'
import { apiKeyAdminRoutes, apiKeyRoutes } from './accounts/api-key-routes.ts'
import { accountRoutes, authRoutes } from './accounts/routes.ts'
import { verifyRoutes } from './accounts/verify.ts'
import { auditAdminRoutes, auditRoutes } from './audit/routes.ts'
import { requireBrokerKey } from './connections/broker-door.ts'
import { browserAtBroker, CALLER_PATHS, callerAtBroker } from './connections/broker-forward.ts'
import type { BrokerLink } from './connections/broker-link.ts'
import { brokerRoutes } from './connections/broker-routes.ts'
import { callbackRoutes } from './connections/callback.ts'
import { connectionGrantRoutes } from './connections/connection-grant-routes.ts'
import { mcpResource, protectedResourceRoutes } from './connections/mcp/protected-resource.ts'
import { mcpRoutes, refuseUnlistedOrigins } from './connections/mcp/routes.ts'
import { mcpAuthorizationRoutes } from './connections/mcp-servers/authorization-routes.ts'
import { mcpServerRoutes } from './connections/mcp-servers/routes.ts'
import { organizationConnectionRoutes } from './connections/organization-routes.ts'
import { providerAdminRoutes } from './connections/provider-routes.ts'
import { connectionRoutes } from './connections/routes.ts'
import { webhookRoutes } from './connections/webhook-routes.ts'
import { consoleRoutes } from './console.ts'
import type { Deps, Env } from './context.ts'
import { requireAdmin, requirePerson, requirePrincipal } from './door.ts'
import { answerFailures } from './failures.ts'
import { healthRoutes } from './health.ts'
import { corsFor, openCors } from './http/cors.ts'
import { edge } from './http/edge.ts'
import { ApiError } from './http/errors.ts'
import { strictJsonBody } from './http/json-body.ts'
import { agentAdminRoutes, agentRoutes } from './identity/agent-routes.ts'
import { headCheck } from './identity/audit-heads.ts'
import { clientAdminRoutes, clientRoutes } from './identity/client-routes.ts'
import { discoveryRoutes, identityRoutes } from './identity/routes.ts'
import { signInAdminRoutes, signInRoutes } from './identity/sign-in-routes.ts'
import { fuelAdminRoutes, fuelRoutes } from './models/fuel/routes.ts'
import { PLAYGROUND_CHAT, personModelRoutes } from './models/person-routes.ts'
import { modelProviderRoutes } from './models/provider-routes.ts'
import { modelRefusals, modelRoutes } from './models/routes.ts'
import { referenceRoutes } from './reference.ts'
import { isClientOrigin } from './storage/clients.ts'

export type App = ReturnType<typeof createApp>

/** Web origins may call these from a browser, without credentials: the rest answers no cross-origin page. */
const OPEN_TO_ORIGINS = ['/.well-known/*', '/token', '/oauth/token', '/revoke', '/userinfo']

/** Below /api, everything asks who is there but these; each has its own way to ask, or is for everyone. */
const WITHOUT_PERSON = [
  '/api/admin/*',
  '/api/agent/*',
  '/api/auth/*',
  '/api/account/providers',
  '/api/check-status',
  '/api/check-status/*',
  '/api/health',
  // One invitation is called that; what can be done to invitations is not.
  (c: Context) => c.req.method === 'GET' && c.req.path === '/api/invitations/by-token',
  // A browser that comes back brings what proves it; what is published is for everybody.
  '/api/mcp/oauth/:server/callback',
  '/api/mcp/oauth/:server/client-metadata',
  '/api/oauth/verify',
  '/api/stats',
]

/** Composition only: what stands at which path, who guards it, and the one place that answers for failure. */
export function createApp(deps: Deps) {
  const app = new OpenAPIHono<Env>()
  app.route('/', modelRefusals(deps))
  app.use('*', edge(deps))
  for (const path of OPEN_TO_ORIGINS) app.use(path, openCors)
  app.use('/v1/*', corsFor(mayCallFromBrowser(deps)), requirePrincipal(deps))
  app.use(
    '/mcp',
    corsFor(async (origin) => deps.config.corsOrigins.includes(origin)),
    refuseUnlistedOrigins(deps),
    requirePrincipal(deps, mcpResource(deps.config)),
  )
  app.use('/api/admin/*', requireAdmin(deps))
  app.use('/api/*', except(WITHOUT_PERSON, requirePerson(deps)))
  if (deps.broker) leaveToBroker(app, deps.broker)
  else app.use('/connections/*', requireBrokerKey(deps))
  app.use('/v1/request-connection', strictJsonBody)
  app.use('/api/admin/*', strictJsonBody)
  // A call of a model may be larger, and is read by its own rules.
  app.use('/api/*', except([...WITHOUT_PERSON, `/api${PLAYGROUND_CHAT}`], strictJsonBody))

  // In the order that the reference shows them.
  app.route('/', identityRoutes(deps))
  app.route('/', discoveryRoutes(deps))
  app.route('/', protectedResourceRoutes(deps))
  app.route('/', verifyRoutes(deps))
  app.route('/api/auth', authRoutes(deps))
  const checkHead = headCheck(deps.signingKeys)
  const routes = app
    .route('/api', accountRoutes(deps))
    .route('/api', agentRoutes(deps))
    .route('/api', clientRoutes(deps))
    .route('/api', signInRoutes(deps))
    .route('/api', apiKeyRoutes(deps))
    .route('/api', organizationConnectionRoutes(deps))
    .route('/api', connectionGrantRoutes(deps))
    .route('/api', webhookRoutes(deps))
    .route('/api', mcpServerRoutes(deps))
    .route('/api', fuelRoutes(deps))
    .route('/api', personModelRoutes(deps))
    .route('/api', auditRoutes(deps, checkHead))
  app.route('/', connectionRoutes(deps))
  app.route('/', modelRoutes(deps))
  app.route('/', mcpRoutes(deps))
  app.route('/', callbackRoutes(deps))
  app.route('/', mcpAuthorizationRoutes(deps))
  app.route('/', brokerRoutes(deps))
  app.route('/api/admin', providerAdminRoutes(deps))
  app.route('/api/admin', modelProviderRoutes(deps))
  app.route('/api/admin', agentAdminRoutes(deps))
  app.route('/api/admin', clientAdminRoutes(deps))
  app.route('/api/admin', signInAdminRoutes(deps))
  app.route('/api/admin', usersAdminRoutes(deps))
  app.route('/api/admin', apiKeyAdminRoutes(deps))
  app.route('/api/admin', fuelAdminRoutes(deps))
  app.route('/api/admin', auditAdminRoutes(deps, checkHead))
  app.route('/', healthRoutes(deps))
  app.route('/', referenceRoutes(deps, app))
  app.route('/', consoleRoutes(deps))

  answerFailures(app, deps)
  return routes
}

/** Web origins that the operator listed, and those of registered websites. */
function mayCallFromBrowser({ config, db }: Deps): (origin: string) => Promise<boolean> {
  return async (origin) => config.corsOrigins.includes(origin) || (await isClientOrigin(db.read, origin))
}

/** A gateway's own routes of connections are in the reference only: before any of them is reached, the broker answers. */
function leaveToBroker(app: OpenAPIHono<Env>, broker: BrokerLink): void {
  for (const path of CALLER_PATHS) app.use(path, callerAtBroker(broker))
  app.use('/auth/*', browserAtBroker(broker))
  app.use('/api/mcp/oauth/:server/callback', browserAtBroker(broker))
  // The broker's own door is on a private network.
  app.use('/connections/*', () => {
    throw new ApiError('not_found', 'There is nothing at this address')
  })
}
