import { createRoute } from '@hono/zod-openapi'
import type { Deps } from '../context.ts'
import { ApiError } from '../http/errors.ts'
import { jsonRoutes, reply } from '../http/json-routes.ts'
import { errors, ok } from '../http/openapi-errors.ts'
import { IdParam } from '../http/route-schemas.ts'
import { findConnection } from '../storage/connections.ts'
import { mcpServerOf } from './mcp-servers/provider-name.ts'
import { unknownConnection } from './policy.ts'
import { noteUse, tokenView } from './token.ts'
import { TokenView } from './token-routes.ts'
import { refreshedTokens } from './usable-tokens.ts'

const BROKER = { id: 'broker', kind: 'operator' } as const

const routes = {
  refresh: createRoute({
    method: 'post',
    path: '/connections/{id}/refresh',
    tags: ['Connections'],
    security: [{ brokerKey: [] }],
    summary: 'Refresh the access token of a connection, at the broker',
    request: { params: IdParam },
    responses: { 200: ok(TokenView, 'The new token'), ...errors(400, 401, 403, 404, 409, 429, 503) },
  }),
}

/** The broker's own routes, below the guard of its key. */
export function brokerRoutes(deps: Deps) {
  const table = jsonRoutes()
  table.openapi(routes.refresh, async (c) => {
    const { id } = c.req.valid('param')
    const connection = await findConnection(deps.db.read, id)
    if (!connection) throw unknownConnection()
    if (mcpServerOf(connection.provider_name) !== undefined)
      throw new ApiError('forbidden', 'The token for an MCP server is used by the proxy alone')
    deps.callLimits.takeRefresh(BROKER, id)
    const usable = await refreshedTokens(deps, connection)
    await noteUse(deps, BROKER, usable.row, 'connection.token_read')
    return reply(c, tokenView(usable))
  })
  return table
}
