import type { Context } from 'hono'
import { NANO_PER_CENT } from '../accounts/credits.ts'
import type { Deps, Env } from '../context.ts'
import { ApiError } from '../http/errors.ts'
import { findSpendable } from '../storage/ledger.ts'
import { takeModelCall } from '../storage/model-rate.ts'
import { breakerName, type Candidate, NobodyAnswered, type Tried, tryCandidates, type Upstream } from './attempts.ts'
import type { Operation } from './backend.ts'
import { type Budget, budgetFor } from './budget.ts'
import { limitTime, type TimeLimit, timeoutsOf } from './call-time.ts'
import { keyOf } from './fuel/provider-keys.ts'
import { type Hold, hold, type Outcome, type Progress, type Reservation, reserve, settle } from './fuel/reservations.ts'
import { costIn, createStreamMeter, type Metered, meteredAnswer } from './meter.ts'
import { type ModelRequest, readModelRequest, withDefaultTemperature, withTokenLimit } from './model-request.ts'
import { type Payer, payerOf } from './payer.ts'
import { actorOf, type CallSoFar, callerHash } from './refusals.ts'
import type { Models, ServedModel } from './registry.ts'
import {
  answerAgain,
  createRecording,
  type GivenAnswer,
  keptBody,
  type RepeatableCall,
  repeatableCall,
} from './repeated-call.ts'
import { EVENT_HEADERS, type StreamEnd, streamAnswer } from './stream-answer.ts'
import { translate } from './translation.ts'
import { bodyOf, type WholeAnswer, wholeAnswer } from './whole-answer.ts'

/** A call as it came. */
interface KnownCall {
  request: ModelRequest
  payer: Payer
  /** Where the caller may send it again. */
  repeatable: RepeatableCall | undefined
  requestId: string
  /** Stands for the caller's address. */
  from: string
  startedAt: number
  /** Aborted when the caller goes away. */
  gone: AbortSignal
  /** What the caller is told of their limit. */
  headers: Record<string, string>
}

/** A call before anything is set aside for it. */
interface PlannedCall extends KnownCall {
  budget: Budget
}

/** One call of a model while it is under way. */
interface Call extends PlannedCall {
  reservation: Reservation
  held: Hold
  time: TimeLimit
}

/** Chat completions, responses, messages and embeddings: who pays, who answers, and what it came to. */
export async function callModel(deps: Deps, c: Context<Env>, operation: Operation): Promise<Response> {
  const startedAt = deps.now()
  const soFar: CallSoFar = c.get('modelCall') ?? { operation }
  const payer = await payerOf(deps, c.get('principal'))
  soFar.payer = payer
  const given = await readModelRequest(c, operation, deps.config.bodyLimitBytes)
  const request = withDefaultTemperature(given, deps.config.chat.temperature)
  soFar.model = request.model
  const headers = await takeCall(deps, payer)

  const from = callerHash(deps, c.get('address'))
  const repeatable = await repeatableCall(deps, c, request, payer)
  const known = {
    request,
    payer,
    repeatable,
    requestId: c.get('requestId'),
    from,
    startedAt,
    gone: c.req.raw.signal,
    headers,
  }
  if (repeatable?.earlier) {
    const response = answerAgain(repeatable.earlier, headers)
    await tellRepeat(deps, known)
    soFar.isTold = true
    return response
  }
  const { call, candidates } = await begin(deps, known).catch(async (thrown: unknown) => {
    if (repeatable) await deps.db.write(({ trx }) => repeatable.forget(trx))
    throw thrown
  })
  soFar.isTold = true
  try {
    const tried = await tryCandidates(deps, candidates, {
      request,
      requestId: call.requestId,
      signal: AbortSignal.any([call.gone, call.time.signal]),
      deadline: startedAt + deps.config.chat.timeoutMs,
      timeouts: ({ provider }) => timeoutsOf(deps.config.chat, provider.settings),
    })
    return await answered(deps, call, tried)
  } catch (thrown) {
    throw await failed(deps, call, thrown)
  }
}

/** Sets aside what the call may cost: less where others were quicker, as long as an answer can come of it. */
async function begin(deps: Deps, known: KnownCall): Promise<{ call: Call; candidates: Candidate[] }> {
  const { request, payer, requestId } = known
  const found = requireModel(deps, await deps.models.current(), request)
  for (let triesLeft = RESERVE_TRIES; ; ) {
    const budget = await budgetFor(deps, request, found, payer)
    const planned = { ...known, budget }
    const candidates = await candidatesOf(deps, planned)
    try {
      const reservation = await reserve(deps, { ...callOf(request, payer), request_id: requestId }, budget.amountNano)
      const time = limitTime(deps.config.chat.timeoutMs)
      return { call: { ...planned, reservation, held: hold(deps, reservation), time }, candidates }
    } catch (thrown) {
      const isTaken = thrown instanceof ApiError && thrown.code === 'insufficient_credits'
      if (!isTaken || --triesLeft === 0) throw thrown
    }
  }
}

/** Between the look at the balance and the reservation, others may take from it. */
const RESERVE_TRIES = 3

export function requireModel({ config }: Deps, models: Models, { model }: ModelRequest): ServedModel[] {
  const usual = config.chat.defaultModel ?? models.first ?? ''
  const found = models.find(model === '' ? usual : model)
  if (found.length === 0)
    throw new ApiError(
      'model_not_found',
      `There is no model ${model === '' ? 'that serves calls without a name' : model}; GET /v1/models lists those there are`,
      { param: 'model' },
    )
  return config.chat.fallbackEnabled ? found : found.slice(0, 1)
}

/** One of a person's calls a minute, whatever key they come by. */
export async function takeCall({ db, now, config }: Deps, { userId }: Payer): Promise<Record<string, string>> {
  const limit = config.modelCallsPerMinute
  const rate = await db.write(({ trx }) => takeModelCall(trx, userId, limit, now()))
  const reset = `${(rate.resetMs / 1000).toFixed(3)}s`
  const headers = {
    'x-ratelimit-limit-requests': String(limit),
    'x-ratelimit-remaining-requests': String(rate.remaining),
    'x-ratelimit-reset-requests': reset,
  }
  if (rate.allowed) return headers
  const seconds = Math.ceil(rate.resetMs / 1000)
  throw new ApiError('rate_limit_exceeded', `More than ${limit} calls a minute; wait ${seconds} s`, {
    headers: { ...headers, 'Retry-After': String(seconds), 'retry-after-ms': String(Math.ceil(rate.resetMs)) },
  })
}

function callOf({ operation, model }: ModelRequest, payer: Payer) {
  return {
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

/** A call that was answered before costs nothing, and has an event all the same. */
async function tellRepeat(deps: Deps, { payer, request, requestId, from }: KnownCall): Promise<void> {
  await deps.db.write(async ({ record }) =>
    record({
      at: deps.now(),
      org_id: payer.orgId,
      actor: actorOf(payer),
      action: 'model.repeated',
      target: payer.userId,
      client_id: payer.clientId,
      agent_id: payer.agentId,
      request_id: requestId,
      detail: { operation: request.operation, model: request.model, from },
    }),
  )
}

/** Those that the budget covers; on the caller's own keys, those where they have one. */
async function candidatesOf(deps: Deps, planned: PlannedCall): Promise<Candidate[]> {
  const { request, payer, budget, requestId, startedAt } = planned
  const { maxTokens } = budget
  const head = {
    id: requestId,
    created: Math.floor(startedAt / 1000),
    defaultMaxTokens: maxTokens ?? deps.config.chat.maxTokens,
  }
  const candidates: Candidate[] = []
  for (const served of budget.models) {
    const { provider } = served
    const own = payer.paymentMethod === 'byok'
    const apiKey = own ? await ownKey(deps, payer, served, candidates.length > 0) : undefined
    if (own && apiKey === undefined) continue
    const isOpenAi = provider.kind === 'openai' || provider.kind === 'azure-openai'
    const limited = maxTokens === undefined ? request : withTokenLimit(request, maxTokens, isOpenAi)
    candidates.push({
      served,
      apiKey,
      translate: (stream) => translate(limited, served, stream, head),
      breaker: breakerName(provider.id, served.upstreamModel, own ? payer.userId : undefined),
    })
  }
  return candidates
}

/** Without a key at the first one there is no call; a later one is left out. */
async function ownKey(deps: Deps, { userId }: Payer, { provider }: ServedModel, isOptional: boolean) {
  try {
    return await keyOf(deps, userId, provider.id)
  } catch (thrown) {
    if (isOptional && thrown instanceof ApiError && thrown.code === 'byok_key_missing') return undefined
    throw thrown
  }
}

async function answered(deps: Deps, call: Call, tried: Tried): Promise<Response> {
  const { upstream, attempts } = tried
  const { name, provider } = upstream.served
  const isFallback = call.budget.models[0] !== upstream.served
  const headers = {
    'x-auth-agent-provider': provider.id,
    'x-auth-agent-attempts': String(attempts),
    // Where Anthropic's clients look for it.
    ...(call.request.dialect === 'anthropic' && { 'Request-Id': call.requestId }),
    ...(isFallback && { 'x-auth-agent-fallback': name }),
  }
  if (upstream.kind === 'stream') return streamed(deps, call, tried, upstream, headers)
  return whole(deps, call, tried, upstream, headers)
}

async function whole(
  deps: Deps,
  call: Call,
  tried: Tried,
  upstream: Extract<Upstream, { kind: 'json' }>,
  headers: Record<string, string>,
): Promise<Response> {
  const { budget } = call
  const answer = readWhole(call, tried, upstream)
  tried.leave('success')
  const { operation } = upstream.translation
  const output = budget.maxTokens === undefined ? 0 : budget.mostTokens
  const metered = meteredAnswer(operation, upstream.answer, { input: budget.promptTokens, output })
  const told = { ...headers, ...answer.headers }
  const cost = await settled(deps, call, tried, metered, {
    status: 'completed',
    given: (paid) => ({ headers: { ...told, ...moneyHeaders(paid) }, ...keptBody(answer.said) }),
  })
  return new Response(bodyOf(answer), { headers: { ...call.headers, ...told, ...moneyHeaders(cost) } })
}

function readWhole({ request }: Call, tried: Tried, upstream: Extract<Upstream, { kind: 'json' }>): WholeAnswer {
  try {
    return wholeAnswer(upstream, request)
  } catch (thrown) {
    tried.leave('failure')
    throw thrown instanceof ApiError ? new NobodyAnswered(thrown, tried.attempts, upstream.served) : thrown
  }
}

function streamed(
  deps: Deps,
  call: Call,
  tried: Tried,
  upstream: Extract<Upstream, { kind: 'stream' }>,
  headers: Record<string, string>,
): Response {
  const { budget, held, request, requestId } = call
  const { served, translation, first, rest } = upstream
  const meter = createStreamMeter(translation.operation, { input: budget.promptTokens, output: budget.mostTokens })
  const price = budget.priceOf(served)
  const ttft_ms = deps.now() - call.startedAt
  const progress = { ...progressOf(tried, meter.read()), ttft_ms }
  const recording = call.repeatable && createRecording()
  const told = { ...headers, ...EVENT_HEADERS }
  const stream = streamAnswer({
    request,
    requestId,
    operation: translation.operation,
    translator: translation.stream?.(),
    first,
    rest,
    time: call.time.signal,
    onEvents(events) {
      for (const event of events) meter.push(event)
      const metered = meter.read()
      held.note({ ...progress, ...metered.usage }, costIn(metered, price))
      return !meter.isOver()
    },
    onSaid: (bytes) => recording?.add(bytes),
    async onEnd(end, error) {
      tried.leave(outcomeOf(end, error, call.time.signal.aborted))
      const given = recording && end === 'success' ? () => ({ headers: told, ...recording.body() }) : undefined
      const outcome = { status: STATUS[end], ttftMs: ttft_ms, error, given }
      // Nobody waits for it any more; the reservation is settled later by whoever finds it.
      await settled(deps, call, tried, meter.read(), outcome).catch((failure: unknown) =>
        deps.log.error({ request_id: requestId, error: failure }, 'a call of a model could not be settled'),
      )
    },
  })
  return new Response(stream, { headers: { ...call.headers, ...told } })
}

const STATUS: Record<StreamEnd, Outcome['status']> = {
  success: 'completed',
  error: 'failed',
  client_closed: 'client_closed',
}

/** That the caller went away, or wanted more than there is time for, says nothing about the provider. */
function outcomeOf(end: StreamEnd, error: ApiError | undefined, isOutOfTime: boolean) {
  if (end === 'success') return 'success'
  return end === 'error' && !isOutOfTime && (error?.status ?? 500) >= 500 ? 'failure' : 'neutral'
}

function progressOf({ attempts, upstream }: Pick<Tried, 'attempts' | 'upstream'>, { usage }: Metered): Progress {
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

interface Cost {
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
async function settled(
  deps: Deps,
  call: Call,
  tried: Pick<Tried, 'attempts' | 'upstream'>,
  metered: Metered,
  { status, ttftMs, error, given }: End,
): Promise<Cost> {
  const price = call.budget.priceOf(tried.upstream.served)
  const progress = { ...progressOf(tried, metered), ttft_ms: ttftMs ?? null }
  return settleAs(
    deps,
    call,
    { ...progress, status, estimated: metered.estimated },
    costIn(metered, price),
    error,
    given,
  )
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
  const { payer, request, reservation, requestId, repeatable } = call
  call.held.letGo()
  call.time.stop()
  return deps.db.write(async (work) => {
    const done = await settle(deps, work, reservation, { ...outcome, duration_ms: now - call.startedAt }, costNano, now)
    work.record({
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
        cost_nano: done?.chargedNano ?? 0,
        ttft_ms: outcome.ttft_ms,
        duration_ms: now - call.startedAt,
        from: call.from,
      },
    })
    const cost = { chargedNano: done?.chargedNano ?? 0, spendableNano: await findSpendable(work.trx, payer.userId) }
    // With the money, so that a call is never paid and forgotten.
    if (repeatable) await (given ? repeatable.keep(work.trx, given(cost)) : repeatable.forget(work.trx))
    return cost
  })
}

function moneyHeaders({ chargedNano, spendableNano }: Cost): Record<string, string> {
  return {
    'x-auth-agent-cost-cents': String(chargedNano / NANO_PER_CENT),
    'x-auth-agent-credits-remaining': String(spendableNano / NANO_PER_CENT),
  }
}

const NOTHING = {
  input_tokens: 0,
  cached_tokens: 0,
  cache_write_tokens: 0,
  output_tokens: 0,
  reasoning_tokens: 0,
  ttft_ms: null,
  estimated: false,
}

/** Nobody answered, or the caller went away before anybody did: it costs nothing, and is written down. */
async function failed(deps: Deps, call: Call, thrown: unknown): Promise<unknown> {
  const isGone = call.gone.aborted
  const nobody = thrown instanceof NobodyAnswered ? thrown : undefined
  const error = nobody?.error ?? (thrown instanceof ApiError ? thrown : undefined)
  const outcome = {
    ...NOTHING,
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
