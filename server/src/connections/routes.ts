import { createRoute, z } from '@hono/zod-openapi'
import type { Deps } from '../context.ts'
import { strictJsonBody } from '../http/json-body.ts'
import { jsonRoutes, reply } from '../http/json-routes.ts'
import { ListQuery } from '../http/listing.ts'
import { errors, ok } from '../http/openapi-errors.ts'
import { IdParam, jsonBody, pageOf, type Security } from '../http/route-schemas.ts'
import { checkConnection, endConnection, listConnections } from './connections.ts'
import { ConnectionRequest, requestConnection } from './request-connection.ts'
import { Confirmation, confirmConnection } from './session-binding.ts'
import { tokenRoutes } from './token-routes.ts'

const CALLER: Security = [{ accessToken: [] }, { apiKey: [] }]
const connections = { tags: ['Connections'], security: CALLER }

const Connection = z
  .object({
    connection_id: z.string(),
    status: z.enum(['pending', 'active', 'failed']),
    reason: z.enum(['denied', 'expired', 'exchange_failed', 'invalid_id_token', 'reauth_required']).optional(),
    provider_name: z.string(),
    user_id: z.string(),
    account: z.string().optional(),
    scopes: z.array(z.string()),
    expires_at: z.string().optional(),
    created_at: z.string(),
  })
  .openapi('Connection')
const Requested = z.object({
  authUrl: z.string(),
  state: z.string(),
  scopes: z.array(z.string()),
  provider_id: z.string(),
  connection_id: z.string(),
})
const IdempotencyKey = z.object({
  'idempotency-key': z
    .string()
    .regex(/^[\x21-\x7e]{1,255}$/, 'must be 1 to 255 visible ASCII characters')
    .optional(),
})

const routes = {
  request: createRoute({
    method: 'post',
    path: '/v1/request-connection',
    ...connections,
    summary: 'Ask a person to connect an account',
    description: 'Send them to `authUrl`. With `connection_id`, a connection is made again under the same id.',
    request: { headers: IdempotencyKey, ...jsonBody(ConnectionRequest) },
    responses: { 201: ok(Requested, 'Where the person goes'), ...errors(400, 401, 403, 404, 422, 503) },
  }),
  check: createRoute({
    method: 'get',
    path: '/v1/check-connection/{id}',
    ...connections,
    summary: 'How a connection stands',
    request: { params: IdParam },
    responses: { 200: ok(Connection, 'The connection'), ...errors(401, 403, 404) },
  }),
  list: createRoute({
    method: 'get',
    path: '/v1/connections',
    ...connections,
    summary: 'List connections',
    request: { query: ListQuery.extend({ user_id: z.string().max(200).optional() }) },
    responses: { 200: ok(pageOf(Connection), 'A page of connections, oldest first'), ...errors(401, 403) },
  }),
  confirm: createRoute({
    method: 'post',
    path: '/v1/connections/{id}/confirm',
    ...connections,
    summary: 'Confirm the session that a person came back to',
    description: 'For a connection that was asked for with a `session_challenge`: it is active from here on.',
    middleware: strictJsonBody,
    request: { params: IdParam, ...jsonBody(Confirmation) },
    responses: { 200: ok(Connection, 'The connection'), ...errors(400, 401, 403, 404, 422) },
  }),
  end: createRoute({
    method: 'delete',
    path: '/v1/connections/{id}',
    ...connections,
    summary: 'End a connection',
    description: 'Its tokens are gone at once; the provider is asked to revoke them too.',
    request: { params: IdParam },
    responses: {
      200: ok(z.object({ revoked_upstream: z.boolean() }), 'It is over'),
      ...errors(401, 403, 404),
    },
  }),
}

/** Connections, for whoever has a credential of ours. */
export function connectionRoutes(deps: Deps) {
  return jsonRoutes()
    .openapi(routes.request, async (c) => {
      const { 'idempotency-key': key } = c.req.valid('header')
      return reply(c, await requestConnection(deps, c.req.valid('json'), key, c.get('principal')), 201)
    })
    .openapi(routes.check, async (c) =>
      reply(c, await checkConnection(deps, c.req.valid('param').id, c.get('principal'))),
    )
    .openapi(routes.list, async (c) => {
      const { limit, cursor, user_id: userId } = c.req.valid('query')
      return reply(c, await listConnections(deps, { limit, cursor, userId }, c.get('principal')))
    })
    .openapi(routes.confirm, async (c) => {
      const { id } = c.req.valid('param')
      return reply(c, await confirmConnection(deps, id, c.req.valid('json'), c.get('principal')))
    })
    .openapi(routes.end, async (c) => reply(c, await endConnection(deps, c.req.valid('param').id, c.get('principal'))))
    .route('/', tokenRoutes(deps))
}
