import { createMiddleware } from 'hono/factory'
import type { Deps, Env, Principal } from '../context.ts'
import { networkOf } from '../http/client-address.ts'
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
 * every call has one event, or is counted in one where they are too many. In front of whatever may refuse.
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
    const caller = payer?.userId ?? principal?.id
    const whose = { caller: caller ?? networkOf(c.get('address')), isKnown: caller !== undefined }
    if (!deps.modelRefusals.admits({ event, ...whose })) return
    await deps.db
      .write(async ({ record }) => record(event))
      .catch((error: unknown) =>
        deps.log.error({ error, request_id: event.request_id }, 'a refusal was not written down'),
      )
  })
}

/** One event for all refusals of a caller that had none of their own. */
export async function tellCounted({ db, modelRefusals, now }: Pick<Deps, 'db' | 'modelRefusals' | 'now'>) {
  const counted = modelRefusals.take()
  if (counted.length === 0) return
  await db.write(async ({ record }) => {
    for (const { org_id, actor, target, ...detail } of counted)
      record({ at: now(), org_id, actor, target: target ?? null, action: 'model.refusals_counted', detail })
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
