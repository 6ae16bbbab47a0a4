import type { Context } from 'hono'
import { createMiddleware } from 'hono/factory'
import { isAdminKey } from '../accounts/admin-key.ts'
import type { Deps, Env } from '../context.ts'
import { same } from '../crypto/key-ring.ts'
import { createNetworkList } from '../http/client-address.ts'
import { ApiError } from '../http/errors.ts'
import { header } from '../http/node-request.ts'
import { failAttempt } from '../identity/failed-attempts.ts'
import { PRINCIPAL_HEADER, readPrincipal } from './principal-header.ts'

/** Lets in whoever has one of the broker's keys, from where the operator expects them. */
export function requireBrokerKey(deps: Deps) {
  const refuseStrangers = createNetworkDoor(deps)
  return createMiddleware<Env>(async (c, next) => {
    refuseStrangers(c)
    await checkBrokerKey(deps, c)
    await next()
  })
}

/** Lets in gateways, each call for the caller whom it names. */
export function requireGateway(deps: Deps) {
  const refuseStrangers = createNetworkDoor(deps)
  return createMiddleware<Env>(async (c, next) => {
    refuseStrangers(c)
    await checkBrokerKey(deps, c)
    const principal = readPrincipal(header(c, PRINCIPAL_HEADER) ?? '')
    if (c.req.path.startsWith('/api/admin/') && principal.kind !== 'operator')
      throw new ApiError('forbidden', 'This is for administrators')
    c.set('principal', principal)
    await next()
  })
}

function createNetworkDoor({ config }: Deps): (c: Context<Env>) => void {
  const { allowedCidrs } = config.broker
  const isExpected = createNetworkList(allowedCidrs)
  return (c) => {
    if (allowedCidrs.length > 0 && !isExpected(c.get('address')))
      throw new ApiError('forbidden', 'The broker is not for callers from your network (BROKER_ALLOWED_CIDRS)')
  }
}

const NAME = 'broker'

/** Any of several keys, so that one can be replaced while the other is in use. */
async function checkBrokerKey(deps: Deps, c: Context<Env>): Promise<void> {
  const key = header(c, 'x-api-key')
  const error = new ApiError('unauthorized', "Send one of the broker's keys as X-API-Key")
  if (key === undefined) throw error
  if (isBrokerKey(deps, key)) return
  await failAttempt(deps, { name: NAME, address: c.get('address'), error })
}

/** Constant time: every key is looked at, and by its keyed hash. */
function isBrokerKey({ config, ring, adminKeyHash }: Deps, key: string): boolean {
  const { keys } = config.broker
  if (keys.length === 0) return isAdminKey(ring, key, adminKeyHash)
  const given = ring.hash('broker_key', key)
  return keys.map((one) => same(ring.hash('broker_key', one), given)).includes(true)
}
