import { createRoute } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { isAdminKey } from '../accounts/admin-key.ts'
import type { Deps, Env } from '../context.ts'
import { same } from '../crypto/key-ring.ts'
import { ApiError } from '../http/errors.ts'
import { jsonRoutes, reply } from '../http/json-routes.ts'
import { header } from '../http/node-request.ts'
import { errors, ok } from '../http/openapi-errors.ts'
import { IdParam } from '../http/route-schemas.ts'
import { failAttempt } from '../identity/failed-attempts.ts'
import { findConnection } from '../storage/connections.ts'
import { createCallLimits } from './call-limits.ts'
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
    responses: { 200: ok(TokenView, 'The new token'), ...errors(400, 401, 404, 409, 429, 503) },
  }),
}

/** The broker's own door, for gateways: guarded by its key, whatever stands in front. */
export function brokerRoutes(deps: Deps) {
  const limits = createCallLimits(deps)
  const table = jsonRoutes()
  table.openapi(routes.refresh, async (c) => {
    await requireBrokerKey(deps, c)
    const { id } = c.req.valid('param')
    const connection = await findConnection(deps.db.read, id)
    if (!connection) throw unknownConnection()
    limits.takeRefresh(BROKER, id)
    const usable = await refreshedTokens(deps, connection)
    await noteUse(deps, BROKER, usable.row, 'connection.token_read')
    return reply(c, tokenView(usable))
  })
  return table
}

/** Any of several keys, so that one can be replaced while the other is in use. */
async function requireBrokerKey(deps: Deps, c: Context<Env>): Promise<void> {
  const key = header(c, 'x-api-key')
  const refusal = new ApiError('unauthorized', "Send one of the broker's keys as X-API-Key")
  if (key === undefined) throw refusal
  if (isBrokerKey(deps, key)) return
  await failAttempt(deps, { name: BROKER.id, address: c.get('address'), error: refusal })
}

/** Constant time: every key is looked at, and by its keyed hash. */
function isBrokerKey({ config, ring, adminKeyHash }: Deps, key: string): boolean {
  const keys = config.brokerApiKeys
  if (keys.length === 0) return isAdminKey(ring, key, adminKeyHash)
  const given = ring.hash('broker_key', key)
  return keys.map((one) => same(ring.hash('broker_key', one), given)).includes(true)
}
