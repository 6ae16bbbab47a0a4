import { createRoute, z } from '@hono/zod-openapi'
import type { Deps } from '../context.ts'
import { jsonRoutes } from '../http/json-routes.ts'
import { errors, ok } from '../http/openapi-errors.ts'
import { IdParam, type Security } from '../http/route-schemas.ts'
import { proxy } from './proxy.ts'
import { refresh, token } from './token.ts'

const CALLER: Security = [{ accessToken: [] }, { apiKey: [] }]
const table = { tags: ['Connections'], security: CALLER, request: { params: IdParam } }

export const TokenView = z
  .object({
    access_token: z.string(),
    token_type: z.string(),
    expires_at: z.string().nullable(),
    scope: z.string(),
    id_token: z.string().optional(),
  })
  .openapi('ConnectionToken')

const FAILURES = errors(401, 403, 404, 409, 429, 503)

const routes = {
  token: createRoute({
    method: 'get',
    path: '/v1/token/{id}',
    ...table,
    summary: 'Read the access token of a connection',
    description: 'Refreshed when it is within 5 minutes of its end. 409 `connection_pending` or `reauth_required`.',
    responses: { 200: ok(TokenView, 'The token'), ...FAILURES },
  }),
  refresh: createRoute({
    method: 'post',
    path: '/v1/refresh/{id}',
    ...table,
    summary: 'Refresh the access token of a connection',
    description: 'Calls within 10 seconds share one refresh at the provider.',
    responses: { 200: ok(TokenView, 'The new token'), ...errors(400), ...FAILURES },
  }),
}

/** Tokens and the proxy, for agents and API keys: below the guard of /v1. */
export function tokenRoutes(deps: Deps) {
  const table = jsonRoutes()
  table.openapi(routes.token, (c) => token(deps, c, c.req.valid('param').id) as never)
  table.openapi(routes.refresh, (c) => refresh(deps, c, c.req.valid('param').id) as never)
  table.all('/v1/proxy/:id', (c) => proxy(deps, c, c.req.param('id')))
  table.all('/v1/proxy/:id/*', (c) => proxy(deps, c, c.req.param('id')))
  return table
}
