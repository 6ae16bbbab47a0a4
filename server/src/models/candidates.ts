import type { Deps } from '../context.ts'
import { ApiError } from '../http/errors.ts'
import { breakerName, type Candidate } from './attempts.ts'
import type { Budget } from './budget.ts'
import { keyOf } from './fuel/provider-keys.ts'
import { isOpenAi, type ModelRequest, withTokenLimit } from './model-request.ts'
import type { Payer } from './payer.ts'
import type { ServedModel } from './registry.ts'
import { translate } from './translation.ts'

/** What the answers to a call are written with. */
export interface CallNames {
  requestId: string
  /** Epoch milliseconds. */
  startedAt: number
}

/** Those that the budget covers; on the caller's own keys, those where they have one. */
export async function candidatesOf(
  deps: Deps,
  request: ModelRequest,
  payer: Payer,
  { models, maxTokens }: Budget,
  { requestId, startedAt }: CallNames,
): Promise<Candidate[]> {
  const head = {
    id: requestId,
    created: Math.floor(startedAt / 1000),
    defaultMaxTokens: maxTokens ?? deps.config.chat.maxTokens,
  }
  const candidates: Candidate[] = []
  for (const served of models) {
    const { provider } = served
    const own = payer.paymentMethod === 'byok'
    const apiKey = own ? await ownKey(deps, payer, served, candidates.length > 0) : undefined
    if (own && apiKey === undefined) continue
    const limited = maxTokens === undefined ? request : withTokenLimit(request, maxTokens, isOpenAi(provider.kind))
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
