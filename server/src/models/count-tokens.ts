import type { Context } from 'hono'
import type { Deps, Env } from '../context.ts'
import { requireModel } from './admission.ts'
import type { BackendAnswer, BackendCall } from './backend.ts'
import { takeCall } from './call-rate.ts'
import { timeoutsOf } from './call-time.ts'
import { unsupported } from './fields.ts'
import { keyOf } from './fuel/provider-keys.ts'
import { readModelRequest } from './model-request.ts'
import { payerOf, requireMayCall } from './payer.ts'
import { actorOf, type CallSoFar, callerHash } from './refusals.ts'
import type { ServedModel } from './registry.ts'
import { faultOfFailure, faultOfStatus } from './upstream-fault.ts'
import { readJsonAnswer } from './upstream-json.ts'

/**
 * `POST /v1/messages/count_tokens`: how long a prompt is to the model that would answer it, where that is one of
 * Anthropic's shape. It costs nothing, and is one of the caller's calls.
 */
export async function countTokens(deps: Deps, c: Context<Env>): Promise<Response> {
  const soFar: CallSoFar = c.get('modelCall') ?? { operation: 'count_tokens' }
  const payer = await payerOf(deps, c.get('principal'))
  soFar.payer = payer
  await requireMayCall(deps, c.get('principal'), payer)
  const request = await readModelRequest(c, 'messages', deps.config.bodyLimitBytes)
  soFar.model = request.model
  const headers = await takeCall(deps, payer)
  const served = countingModel(requireModel(deps, await deps.models.current(), request, payer))
  const call: BackendCall = {
    operation: 'count_tokens',
    body: { ...request.body, model: served.upstreamModel },
    stream: false,
    requestId: c.get('requestId'),
    apiKey: payer.paymentMethod === 'byok' ? await keyOf(deps, payer.userId, served.provider.id) : undefined,
    headers: request.headers,
    signal: c.req.raw.signal,
    timeouts: timeoutsOf(deps.config.chat, served.provider.settings),
  }
  const counted = await answerOf(served, call)
  await deps.db.write(async ({ record }) =>
    record({
      at: deps.now(),
      org_id: payer.orgId,
      actor: actorOf(payer),
      action: 'model.counted',
      target: payer.userId,
      client_id: payer.clientId,
      agent_id: payer.agentId,
      request_id: call.requestId,
      detail: { model: request.model, provider: served.provider.id, from: callerHash(deps, c.get('address')) },
    }),
  )
  return Response.json(counted, { headers: { ...headers, 'Request-Id': call.requestId, 'Cache-Control': 'no-store' } })
}

function countingModel([served]: readonly ServedModel[]): ServedModel {
  if (served?.provider.backend.operations.includes('messages')) return served
  throw unsupported('model', 'Only models of Anthropic’s shape count tokens; ask one of them')
}

async function answerOf(served: ServedModel, call: BackendCall): Promise<unknown> {
  const answer = await served.provider.backend.call(call).catch(asFault)
  if (answer.status >= 300) throw await faultOf(answer, served, call)
  return (await readJsonAnswer(answer).catch(asFault)).answer
}

function asFault(thrown: unknown): never {
  throw faultOfFailure(thrown).error
}

async function faultOf(answer: BackendAnswer, served: ServedModel, { apiKey }: BackendCall) {
  const told = await readJsonAnswer(answer).catch(() => undefined)
  return faultOfStatus(answer, told?.answer, served, apiKey).error
}
