import { createMiddleware } from 'hono/factory'
import type { Deps, Env, Principal } from '../context.ts'
import { toApiError } from '../http/respond.ts'
import { isUnavailable } from '../storage/unavailable.ts'
import type { BackendCall } from './backend.ts'
import type { Payer } from './payer.ts'

/** What is known of a call of a model by now, for the event that tells of it. */
export interface CallSoFar {
  operation: BackendCall['operation']
  payer?: Payer
  /** As the caller named it. */
  model?: string
  /** The call writes its own event, however it ends. */
  isTold?: boolean
}

/**
 * Writes down each call of a model that came to nothing before anything was set aside for it, whoever refused it: so that
 * every call has one event. In front of whatever may refuse.
 */
export function tellRefusals(deps: Deps, operation: CallSoFar['operation']) {
  return createMiddleware<Env>(async (c, next) => {
    const call: CallSoFar = { operation }
    c.set('modelCall', call)
    await next()
    // While the database is out there is nowhere to write to.
    if (!c.error || call.isTold || isUnavailable(c.error)) return
    const { code, status } = toApiError(c.error)
    const principal: Principal | undefined = c.get('principal')
    const { payer, model } = call
    const event = {
      at: deps.now(),
      org_id: payer?.orgId ?? principal?.orgId ?? deps.orgId,
      actor: payer ? actorOf(payer) : (principal?.id ?? 'unknown'),
      action: 'model.refused',
      target: payer?.userId ?? null,
      client_id: payer?.clientId ?? null,
      agent_id: payer?.agentId ?? null,
      request_id: c.get('requestId'),
      detail: {
        operation,
        ...(model !== undefined && { model }),
        error: code,
        status,
        from: callerHash(deps, c.get('address')),
      },
    }
    await deps.db
      .write(async ({ record }) => record(event))
      .catch((error: unknown) =>
        deps.log.error({ error, request_id: event.request_id }, 'a refusal was not written down'),
      )
  })
}

/** As the audit log names who called. */
export function actorOf({ keyId, agentId, userId }: Payer): string {
  return keyId ?? agentId ?? userId
}

/** Tells callers of one address from others, and not which address that is. */
export function callerHash({ ring }: Pick<Deps, 'ring'>, address: string): string {
  return ring.hash('caller_address', address)
}
