import type { Deps } from '../context.ts'
import { ApiError } from '../http/errors.ts'
import type { Db } from '../storage/database.ts'
import {
  claimIdempotencyKey,
  findIdempotencyKey,
  keepIdempotentAnswer,
  releaseIdempotencyKey,
  takeOverIdempotencyKey,
} from '../storage/idempotency-keys.ts'

type World = Pick<Deps, 'ring'>

/** A call that its caller gave a key (`Idempotency-Key`): sent again, it has the answer that it had. */
export interface KeyedCall {
  key_hash: string
  request_hash: string
  created_at: number
}

/** What an answer that is kept is bound to. */
export const idempotentAnswerRecord = (keyHash: string) => `idempotency_key.answer:${keyHash}`

/** `caller` says whose key it is: others may have the same. */
export function keyedCall(
  { ring }: World,
  { key, caller, request, now }: { key: string; caller: readonly (string | null)[]; request: object; now: number },
): KeyedCall {
  return {
    key_hash: ring.hash('idempotency_key', JSON.stringify([...caller, key])),
    request_hash: ring.hash('idempotent_request', JSON.stringify(request)),
    created_at: now,
  }
}

/**
 * For what is done in the caller's transaction: claims the key for this answer, or finds the answer that was given to the
 * same call before. Throws `validation_failed` where the key came with another request.
 */
export async function answerOnce<T extends object>(
  world: World,
  trx: Db,
  call: KeyedCall | undefined,
  answer: T,
): Promise<{ isRepeat: boolean; answer: T }> {
  if (!call) return { isRepeat: false, answer }
  if (await claimIdempotencyKey(trx, { ...call, answer_sealed: sealed(world, call, answer) }))
    return { isRepeat: false, answer }
  const earlier = await earlierAnswer<T>(world, trx, call)
  if (!earlier) throw anotherRequest()
  return { isRepeat: true, answer: earlier }
}

/**
 * For what takes its time: claims the key until the answer is kept or the call is forgotten, or finds the answer that was
 * given before. Throws `conflict` while the same call is under way, unless it began so long ago that nobody can be at it.
 */
export async function beginOnce<T extends object>(
  world: World,
  trx: Db,
  call: KeyedCall,
  longestMs: number,
): Promise<T | undefined> {
  if (await claimIdempotencyKey(trx, { ...call, answer_sealed: null })) return undefined
  const earlier = await earlierAnswer<T>(world, trx, call)
  if (earlier) return earlier
  if (await takeOverIdempotencyKey(trx, call, call.created_at - longestMs)) return undefined
  throw new ApiError('conflict', 'The call with this Idempotency-Key is still under way; try again in a moment', {
    headers: { 'Retry-After': '1' },
  })
}

/** The answer is given again from now on. */
export async function keepAnswer(world: World, trx: Db, call: KeyedCall, answer: object): Promise<void> {
  await keepIdempotentAnswer(trx, call, sealed(world, call, answer))
}

/** Nothing came of the call: it may be made again. */
export async function forgetCall(trx: Db, call: KeyedCall): Promise<void> {
  await releaseIdempotencyKey(trx, call)
}

async function earlierAnswer<T>({ ring }: World, trx: Db, call: KeyedCall): Promise<T | undefined> {
  const earlier = await findIdempotencyKey(trx, call.key_hash)
  if (earlier?.request_hash !== call.request_hash) throw anotherRequest()
  if (earlier.answer_sealed === null) return undefined
  return JSON.parse(ring.unseal(earlier.answer_sealed, idempotentAnswerRecord(call.key_hash)))
}

function sealed({ ring }: World, { key_hash }: KeyedCall, answer: object): string {
  return ring.seal(JSON.stringify(answer), idempotentAnswerRecord(key_hash))
}

function anotherRequest(): ApiError {
  return new ApiError('validation_failed', 'This Idempotency-Key came with another request; use a new one')
}
