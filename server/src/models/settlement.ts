import { NANO_PER_CENT } from '../accounts/credits.ts'
import type { Deps } from '../context.ts'
import { ApiError } from '../http/errors.ts'
import type { Work } from '../storage/database.ts'
import { findSpendable } from '../storage/ledger.ts'
import type { Admitted, KnownCall } from './admission.ts'
import { NobodyAnswered, type Tried } from './attempts.ts'
import type { TimeLimit } from './call-time.ts'
import { type Hold, NOTHING_YET, type Outcome, type Progress, settle } from './fuel/reservations.ts'
import { costIn, type Metered } from './meter.ts'
import { actorOf } from './refusals.ts'
import type { GivenAnswer, RepeatableCall } from './repeated-call.ts'

/** One call of a model while it is under way. */
export interface Call extends KnownCall, Admitted {
  /** Where the caller may send it again. */
  repeatable: RepeatableCall | undefined
  /** Stands for the caller's address. */
  from: string
  /** Aborted when the caller goes away. */
  gone: AbortSignal
  held: Hold
  time: TimeLimit
}

export interface Cost {
  chargedNano: number
  spendableNano: number
}

/** How a call ended, and what its caller is given again. */
interface End {
  status: Outcome['status']
  ttftMs?: number
  error?: ApiError | undefined
  given?: ((cost: Cost) => GivenAnswer) | undefined
}

/** What the call came to, taken and written down once, with its one event of the audit log. */
export async function settled(
  deps: Deps,
  call: Call,
  tried: Pick<Tried, 'attempts' | 'upstream'>,
  metered: Metered,
  { status, ttftMs, error, given }: End,
): Promise<Cost> {
  const price = call.budget.priceOf(tried.upstream.served)
  const progress = { ...progressOf(tried, metered), ttft_ms: ttftMs ?? null }
  const outcome = { ...progress, status, estimated: metered.estimated }
  return settleAs(deps, call, outcome, costIn(metered, price), error, given)
}

export function progressOf({ attempts, upstream }: Pick<Tried, 'attempts' | 'upstream'>, { usage }: Metered): Progress {
  const { input_tokens, cached_tokens, cache_write_tokens, output_tokens, reasoning_tokens } = usage
  return {
    model_served: upstream.served.upstreamModel,
    provider: upstream.served.provider.id,
    attempts,
    input_tokens,
    cached_tokens,
    cache_write_tokens,
    output_tokens,
    reasoning_tokens,
    ttft_ms: null,
  }
}

/** Nobody answered, or the caller went away before anybody did: it costs nothing, and is written down. */
export async function failed(deps: Deps, call: Call, thrown: unknown): Promise<unknown> {
  const isGone = call.gone.aborted
  const nobody = thrown instanceof NobodyAnswered ? thrown : undefined
  const error = nobody?.error ?? (thrown instanceof ApiError ? thrown : undefined)
  const outcome = {
    ...NOTHING_YET,
    estimated: false,
    status: isGone ? ('client_closed' as const) : ('failed' as const),
    attempts: nobody?.attempts ?? 0,
    model_served: nobody?.last?.upstreamModel ?? null,
    provider: nobody?.last?.provider.id ?? null,
  }
  await settleAs(deps, call, outcome, 0, error)
  if (!error) return isGone ? new ApiError('invalid_request', 'The caller went away') : thrown
  return withHeaders(error, { ...call.headers, 'x-auth-agent-attempts': String(outcome.attempts) })
}

function withHeaders(error: ApiError, headers: Record<string, string>): ApiError {
  const { code, message, param, cause } = error
  return new ApiError(code, message, { cause, ...(param && { param }), headers: { ...headers, ...error.headers } })
}

async function settleAs(
  deps: Deps,
  call: Call,
  outcome: Omit<Outcome, 'duration_ms'>,
  costNano: number,
  error: ApiError | undefined,
  given?: End['given'],
): Promise<Cost> {
  const now = deps.now()
  const { reservation, repeatable, payer } = call
  const ended = { ...outcome, duration_ms: now - call.startedAt }
  call.held.letGo()
  call.time.stop()
  return deps.db.write(async (work) => {
    const done = await settle(deps, work, reservation, ended, costNano, now)
    const chargedNano = done?.chargedNano ?? 0
    tell(work, call, ended, chargedNano, error, now)
    const cost = { chargedNano, spendableNano: done?.spendableNano ?? (await findSpendable(work.trx, payer.userId)) }
    // With the money, so that a call is never paid and forgotten.
    if (repeatable) await (given ? repeatable.keep(work.trx, given(cost)) : repeatable.forget(work.trx))
    return cost
  })
}

function tell(
  { record }: Work,
  { payer, request, requestId, from }: Call,
  outcome: Outcome,
  costNano: number,
  error: ApiError | undefined,
  now: number,
): void {
  record({
    at: now,
    org_id: payer.orgId,
    actor: actorOf(payer),
    action: 'model.called',
    target: payer.userId,
    client_id: payer.clientId,
    agent_id: payer.agentId,
    request_id: requestId,
    detail: {
      operation: request.operation,
      model: request.model,
      served: outcome.model_served,
      provider: outcome.provider,
      attempts: outcome.attempts,
      status: outcome.status,
      ...(error && { error: error.code }),
      input_tokens: outcome.input_tokens,
      output_tokens: outcome.output_tokens,
      cost_nano: costNano,
      ttft_ms: outcome.ttft_ms,
      duration_ms: outcome.duration_ms,
      from,
    },
  })
}

/** What the caller is told of what they paid, and have. */
export function moneyHeaders({ chargedNano, spendableNano }: Cost): Record<string, string> {
  return {
    'x-auth-agent-cost-cents': String(chargedNano / NANO_PER_CENT),
    'x-auth-agent-credits-remaining': String(spendableNano / NANO_PER_CENT),
  }
}
