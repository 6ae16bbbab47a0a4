import type { Deps, Principal } from '../context.ts'
import { ApiError } from '../http/errors.ts'
import type { Db } from '../storage/database.ts'
import { claimIdempotencyKey, findIdempotencyKey } from '../storage/idempotency-keys.ts'

interface Attempt<T> {
  /** The header `Idempotency-Key`. Undefined: every call is a new one. */
  key: string | undefined
  principal: Principal
  request: object
  answer: T
  now: number
}

/** What an answer that is kept is bound to. */
export const idempotentAnswerRecord = (keyHash: string) => `idempotency_key.answer:${keyHash}`

/**
 * Claims the key for this answer, in the caller's transaction; or finds the answer that was given to the same call before.
 * Throws `validation_failed` where the key came with another request.
 */
export async function answerOnce<T extends object>(
  { ring }: Pick<Deps, 'ring'>,
  trx: Db,
  { key, principal, request, answer, now }: Attempt<T>,
): Promise<{ isRepeat: boolean; answer: T }> {
  if (key === undefined) return { isRepeat: false, answer }
  const keyHash = ring.hash('idempotency_key', JSON.stringify([principal.orgId, principal.id, key]))
  const requestHash = ring.hash('idempotent_request', JSON.stringify(request))
  const record = idempotentAnswerRecord(keyHash)
  const answer_sealed = ring.seal(JSON.stringify(answer), record)
  if (await claimIdempotencyKey(trx, { key_hash: keyHash, request_hash: requestHash, answer_sealed, created_at: now }))
    return { isRepeat: false, answer }

  const earlier = await findIdempotencyKey(trx, keyHash)
  if (earlier?.request_hash !== requestHash || earlier.answer_sealed === null)
    throw new ApiError('validation_failed', 'This Idempotency-Key came with another request; use a new one')
  return { isRepeat: true, answer: JSON.parse(ring.unseal(earlier.answer_sealed, record)) }
}
