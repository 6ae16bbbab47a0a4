import type { Deps } from '../context.ts'
import { ApiError } from '../http/errors.ts'
import { allowedTo, refuseOtherModels } from './allowed-models.ts'
import type { Candidate } from './attempts.ts'
import { type Budget, budgetFor } from './budget.ts'
import { rateHeaders, takeCall, takeCallIn } from './call-rate.ts'
import { candidatesOf } from './candidates.ts'
import { insufficientCredits, newReservation, type Reservation, reserveIn } from './fuel/reservations.ts'
import type { ModelRequest } from './model-request.ts'
import type { Payer } from './payer.ts'
import type { Models, ServedModel } from './registry.ts'

/** A call as it came. */
export interface KnownCall {
  request: ModelRequest
  payer: Payer
  requestId: string
  /** Epoch milliseconds. */
  startedAt: number
}

/** What it takes to make a call. */
interface Plan {
  budget: Budget
  /** In the order in which they are asked. */
  candidates: Candidate[]
}

/** A call that may be made. */
export interface Admitted extends Plan {
  reservation: Reservation
  /** What the caller is told of their limit. */
  headers: Record<string, string>
}

/** Between the look at the balance and the reservation, others may take from it. */
const TRIES = 3

/**
 * Takes one of the person's calls a minute and sets aside what the call may cost, in one transaction: a call waits for the
 * database once before it is sent on. Less is set aside where others were quicker, as long as an answer can come of it.
 * A call that cannot be made for what it asks counts as well.
 */
export async function admit(deps: Deps, call: KnownCall): Promise<Admitted> {
  const { payer } = call
  let headers: Record<string, string> | undefined
  for (let triesLeft = TRIES; ; triesLeft--) {
    const plan = await planOf(deps, call).catch(async (thrown: unknown) => {
      headers ??= await takeCall(deps, payer)
      throw thrown
    })
    const reservation = newReservation(deps, recordOf(call), plan.budget.payable)
    // Nothing is told of it before a later write is on the disk, and what a dead machine forgets was never settled.
    const { rate, isCovered } = await deps.db.write(
      async ({ trx }) => {
        const rate = headers ? undefined : await takeCallIn(deps, trx, payer)
        return { rate, isCovered: rate?.allowed !== false && (await reserveIn(trx, reservation)) }
      },
      { until: 'committed' },
    )
    headers ??= rate && rateHeaders(deps, rate)
    if (isCovered) return { ...plan, reservation, headers: headers ?? {} }
    if (triesLeft === 1)
      throw await insufficientCredits(deps, payer.userId, {
        neededNano: reservation.amountNano,
        names: plan.budget.payable[0]?.names,
      })
  }
}

async function planOf(deps: Deps, { request, payer, ...names }: KnownCall): Promise<Plan> {
  const models = await deps.models.current()
  const budget = await budgetFor(deps, request, requireModel(deps, models, request, payer), models.prices, payer)
  return { budget, candidates: await candidatesOf(deps, request, payer, budget, names) }
}

/** The model that is asked for, and those that may stand in. Throws `model_not_found`. */
export function requireModel({ config }: Deps, models: Models, request: ModelRequest, payer: Payer): ServedModel[] {
  refuseOtherModels(request, payer)
  const { model } = request
  const usual = config.chat.defaultModel ?? models.first ?? ''
  const found = models.find(model === '' ? usual : model, allowedTo(payer))
  if (found.length === 0)
    throw new ApiError(
      'model_not_found',
      `There is no model ${model === '' ? 'that serves calls without a name' : model}; GET /v1/models lists those there are`,
      { param: 'model' },
    )
  return config.chat.fallbackEnabled ? found : found.slice(0, 1)
}

function recordOf({ request: { operation, model }, payer, requestId }: KnownCall) {
  return {
    request_id: requestId,
    user_id: payer.userId,
    org_id: payer.orgId,
    client_id: payer.clientId,
    agent_id: payer.agentId,
    key_id: payer.keyId,
    operation,
    model_asked: model,
    payment_method: payer.paymentMethod,
  }
}
