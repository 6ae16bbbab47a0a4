import type { Context } from 'hono'
import type { Deps, Env } from '../context.ts'
import { ApiError } from '../http/errors.ts'
import { admit, type KnownCall } from './admission.ts'
import { NobodyAnswered, type Tried, tryCandidates, type Upstream } from './attempts.ts'
import type { Operation } from './backend.ts'
import { takeCall } from './call-rate.ts'
import { limitTime, timeoutsOf } from './call-time.ts'
import { hold, type Outcome } from './fuel/reservations.ts'
import { costIn, createStreamMeter, meteredAnswer } from './meter.ts'
import { readModelRequest, withDefaultTemperature } from './model-request.ts'
import { payerOf, requireMayCall } from './payer.ts'
import { actorOf, type CallSoFar, callerHash } from './refusals.ts'
import { answerAgain, createRecording, keptBody, type RepeatableCall, repeatableCall } from './repeated-call.ts'
import { type Call, failed, moneyHeaders, progressOf, settled } from './settlement.ts'
import { EVENT_HEADERS, type StreamEnd, streamAnswer } from './stream-answer.ts'
import { bodyOf, type WholeAnswer, wholeAnswer } from './whole-answer.ts'

/** Chat completions, responses, messages and embeddings: who pays, who answers, and what it came to. */
export async function callModel(deps: Deps, c: Context<Env>, operation: Operation): Promise<Response> {
  const startedAt = deps.now()
  const soFar: CallSoFar = c.get('modelCall') ?? { operation }
  const payer = await payerOf(deps, c.get('principal'))
  soFar.payer = payer
  await requireMayCall(deps, c.get('principal'), payer)
  const given = await readModelRequest(c, operation, deps.config.bodyLimitBytes)
  const request = withDefaultTemperature(given, deps.config.chat.temperature)
  soFar.model = request.model

  const known = { request, payer, requestId: c.get('requestId'), startedAt }
  const from = callerHash(deps, c.get('address'))
  const repeatable = await repeatableCall(deps, c, request, payer)
  if (repeatable?.earlier) {
    const response = answerAgain(repeatable.earlier, await takeCall(deps, payer))
    await tellRepeat(deps, known, from)
    soFar.isTold = true
    return response
  }
  const call = await begin(deps, known, { repeatable, from, gone: c.req.raw.signal })
  soFar.isTold = true
  try {
    return await answered(deps, call, await tried(deps, call))
  } catch (thrown) {
    throw await failed(deps, call, thrown)
  }
}

async function begin(deps: Deps, known: KnownCall, caller: Pick<Call, 'repeatable' | 'from' | 'gone'>): Promise<Call> {
  const admitted = await admit(deps, known).catch(async (thrown: unknown) => {
    await forget(deps, caller.repeatable)
    throw thrown
  })
  const time = limitTime(deps.config.chat.timeoutMs)
  return { ...known, ...caller, ...admitted, time, held: hold(deps, admitted.reservation) }
}

async function forget({ db }: Deps, repeatable: RepeatableCall | undefined): Promise<void> {
  if (repeatable) await db.write(({ trx }) => repeatable.forget(trx))
}

function tried(deps: Deps, { request, candidates, requestId, gone, time, startedAt }: Call): Promise<Tried> {
  const { chat } = deps.config
  return tryCandidates(deps, candidates, {
    request,
    requestId,
    signal: AbortSignal.any([gone, time.signal]),
    gone,
    time: time.signal,
    deadline: startedAt + chat.timeoutMs,
    timeouts: ({ provider }) => timeoutsOf(chat, provider.settings),
  })
}

/** A call that was answered before costs nothing, and has an event all the same. */
async function tellRepeat(deps: Deps, { payer, request, requestId }: KnownCall, from: string): Promise<void> {
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
