import { createRoute, z } from '@hono/zod-openapi'
import type { Deps } from '../context.ts'
import { jsonRoutes, reply, replyEmpty } from '../http/json-routes.ts'
import { ListQuery } from '../http/listing.ts'
import { errors, ok } from '../http/openapi-errors.ts'
import { ADMIN, IdParam, jsonBody, PERSON, pageOf, type Security } from '../http/route-schemas.ts'
import { Rotation } from './agents.ts'
import { listAppUsers } from './app-approvals.ts'
import {
  ClientChanges,
  createClient,
  deleteClient,
  getClient,
  listClients,
  NewClient,
  rotateClientSecret,
  updateClient,
} from './clients.ts'
import { redirectUriFault } from './redirect-uri.ts'
import { Secret } from './secret-schema.ts'
import { beginTestSignIn, endTestSignIn, TestExchange, TestSignIn } from './test-sign-in.ts'

const Client = z
  .object({
    client_id: z.string(),
    client_name: z.string(),
    redirect_uris: z.array(z.string()),
    grant_types: z.array(z.string()),
    scope: z.string(),
    token_endpoint_auth_method: z.string(),
    jwks: z.record(z.string(), z.unknown()).nullable(),
    resources: z.array(z.string()).nullable(),
    subjects: z.array(z.enum(['agent', 'user'])),
    access_token_format: z.enum(['jwt', 'api_key']),
    promotional_credits: z.int(),
    promotional_credits_expire_in: z.int().nullable(),
    promotional_excluded_models: z.array(z.string()),
    min_level: z.int(),
    resource_server: z.boolean(),
    created_at: z.string(),
    updated_at: z.string(),
    secrets: z.array(Secret).optional(),
  })
  .openapi('Client')

const AppUser = z
  .object({
    user_id: z.string(),
    name: z.string(),
    email: z.string().nullable(),
    scope: z.string(),
    approved_at: z.string(),
    withdrawn_at: z.string().nullable(),
    usage: z.object({ requests: z.int(), cost_cents: z.number() }).nullable(),
  })
  .openapi('AppUser')
const Claims = z.record(z.string(), z.unknown())

const documented = (security: Security) => ({ tags: ['Clients'], security })

const routesFor = (clients: ReturnType<typeof documented>) => ({
  createClient: createRoute({
    method: 'post',
    path: '/clients',
    ...clients,
    summary: 'Register a website',
    description: 'The `client_secret` in the answer is never shown again.',
    request: jsonBody(NewClient),
    responses: {
      201: ok(Client.extend({ client_secret: z.string().optional() }), 'The client, with its secret'),
      ...errors(401, 403, 409, 422),
    },
  }),
  listClients: createRoute({
    method: 'get',
    path: '/clients',
    ...clients,
    summary: 'List websites',
    request: { query: ListQuery },
    responses: { 200: ok(pageOf(Client), 'A page of clients, oldest first'), ...errors(401, 403) },
  }),
  getClient: createRoute({
    method: 'get',
    path: '/clients/{id}',
    ...clients,
    summary: 'One website',
    request: { params: IdParam },
    responses: { 200: ok(Client, 'The client'), ...errors(401, 403, 404) },
  }),
  updateClient: createRoute({
    method: 'put',
    path: '/clients/{id}',
    ...clients,
    summary: 'Change a website',
    description: 'Fields that are left out stay as they are. New redirect URIs end the sign-ins that are under way.',
    request: { params: IdParam, ...jsonBody(ClientChanges) },
    responses: { 200: ok(Client, 'The client as it is now'), ...errors(401, 403, 404, 422) },
  }),
  deleteClient: createRoute({
    method: 'delete',
    path: '/clients/{id}',
    ...clients,
    summary: 'Delete a website',
    description: 'Every sign-in at it ends at once.',
    request: { params: IdParam },
    responses: { 204: { description: 'It is gone' }, ...errors(401, 403, 404) },
  }),
  rotateClient: createRoute({
    method: 'post',
    path: '/clients/{id}/rotate',
    ...clients,
    summary: 'Give a website a new secret',
    description: 'The secrets it has live on for `overlap` seconds (default 0).',
    request: { params: IdParam, ...jsonBody(Rotation) },
    responses: {
      200: ok(Client.extend({ client_secret: z.string() }), 'The client, with its new secret'),
      ...errors(401, 403, 404, 409, 422),
    },
  }),
  listUsers: createRoute({
    method: 'get',
    path: '/clients/{id}/users',
    ...clients,
    summary: 'The people who approved an app',
    description: 'With what they use through it, where they allowed `usage-tracking`, and nothing else of theirs.',
    request: { params: IdParam, query: ListQuery },
    responses: { 200: ok(pageOf(AppUser), 'A page of people, newest first'), ...errors(401, 403, 404) },
  }),
})

const checkRedirectUri = createRoute({
  method: 'get',
  path: '/redirect-uri',
  ...documented(PERSON),
  summary: 'Whether a redirect URI can be registered',
  request: { query: z.object({ redirect_uri: z.string().max(4096) }) },
  responses: {
    200: ok(z.object({ valid: z.boolean(), reason: z.string().optional() }), 'Yes, or why not'),
    ...errors(401, 403),
  },
})
const testSignIn = createRoute({
  method: 'post',
  path: '/clients/{id}/test-sign-in',
  ...documented(PERSON),
  summary: 'Begin a test sign-in',
  description: 'Comes back to the console rather than to the website.',
  request: { params: IdParam, ...jsonBody(TestSignIn) },
  responses: {
    201: ok(z.object({ authorize_url: z.string() }), 'Where to send the browser'),
    ...errors(401, 403, 404, 422),
  },
})
const testExchange = createRoute({
  method: 'post',
  path: '/clients/{id}/test-sign-in/exchange',
  ...documented(PERSON),
  summary: 'What the website would have learned',
  description: 'Exchanges the code of a test sign-in, shows the claims, and ends what it gave.',
  request: { params: IdParam, ...jsonBody(TestExchange) },
  responses: {
    200: ok(
      z.object({
        token_type: z.string(),
        expires_in: z.int(),
        scope: z.string(),
        claims: Claims,
        id_claims: Claims.nullable(),
      }),
      'The claims of the tokens, not the tokens',
    ),
    ...errors(400, 401, 403, 404, 422),
  },
})

/** Clients below /api/admin: of all organizations. */
export function clientAdminRoutes(deps: Deps) {
  return managed(deps, ADMIN)
}

/** Clients below /api: of the caller's organization. */
export function clientRoutes(deps: Deps) {
  return managed(deps, PERSON)
    .openapi(checkRedirectUri, async (c) => {
      const reason = redirectUriFault(c.req.valid('query').redirect_uri)
      return reply(c, { valid: reason === undefined, ...(reason !== undefined && { reason }) })
    })
    .openapi(testSignIn, async (c) => {
      const { id } = c.req.valid('param')
      return reply(c, await beginTestSignIn(deps, id, c.req.valid('json'), c.get('principal')), 201)
    })
    .openapi(testExchange, async (c) => {
      const { id } = c.req.valid('param')
      return reply(c, await endTestSignIn(deps, id, c.req.valid('json'), c.get('principal')))
    })
}

function managed(deps: Deps, security: Security) {
  const routes = routesFor(documented(security))
  return jsonRoutes()
    .openapi(routes.createClient, async (c) =>
      reply(c, await createClient(deps, c.req.valid('json'), c.get('principal')), 201),
    )
    .openapi(routes.listClients, async (c) => {
      const { limit, cursor } = c.req.valid('query')
      return reply(c, await listClients(deps, limit, cursor, c.get('principal')))
    })
    .openapi(routes.getClient, async (c) =>
      reply(c, await getClient(deps, c.req.valid('param').id, c.get('principal'))),
    )
    .openapi(routes.updateClient, async (c) => {
      const { id } = c.req.valid('param')
      return reply(c, await updateClient(deps, id, c.req.valid('json'), c.get('principal')))
    })
    .openapi(routes.deleteClient, async (c) => {
      await deleteClient(deps, c.req.valid('param').id, c.get('principal'))
      return replyEmpty(c)
    })
    .openapi(routes.rotateClient, async (c) => {
      const { id } = c.req.valid('param')
      return reply(c, await rotateClientSecret(deps, id, c.req.valid('json'), c.get('principal')))
    })
    .openapi(routes.listUsers, async (c) => {
      const { id } = c.req.valid('param')
      return reply(c, await listAppUsers(deps, id, c.req.valid('query'), c.get('principal')))
    })
}
