import type { Context } from 'hono'
import { beginOnce, forgetCall, keepAnswer, keyedCall } from '../accounts/idempotency.ts'
import type { Deps, Env } from '../context.ts'
import { ApiError } from '../http/errors.ts'
import { header } from '../http/node-request.ts'
import type { Db } from '../storage/database.ts'
import type { ModelRequest } from './model-request.ts'
import type { Payer } from './payer.ts'
import { bodyOf } from './whole-answer.ts'

/** What was answered, as it was written. `body` is absent where it was too large to be kept. */
export interface GivenAnswer {
  headers: Record<string, string>
  body?: string
}

/** A call that can be sent again: until it is ended, nobody makes it a second time. */
export interface RepeatableCall {
  /** What was answered the first time. */
  earlier: GivenAnswer | undefined
  keep(trx: Db, answer: GivenAnswer): Promise<void>
  forget(trx: Db): Promise<void>
}

/** Longer than any call takes, with what is written at its end: who has not answered by then is gone. */
const GRACE_MS = 60_000
/** Of a body that is kept. */
const KEPT_BYTES = 4 * 1024 * 1024

/** By the caller's `Idempotency-Key`; undefined without one. Throws as `beginOnce` does. */
export async function repeatableCall(
  deps: Deps,
  c: Context<Env>,
  { operation, body, headers }: ModelRequest,
  payer: Payer,
): Promise<RepeatableCall | undefined> {
  const key = header(c, 'idempotency-key')
  if (key === undefined) return undefined
  if (!/^[\x21-\x7e]{1,255}$/.test(key))
    throw new ApiError('invalid_request', 'Idempotency-Key must be 1 to 255 visible ASCII characters')
  const { orgId, userId, agentId, keyId } = payer
  const call = keyedCall(deps, {
    key,
    caller: ['model', orgId, userId, agentId, keyId],
    request: { operation, body, headers },
    now: deps.now(),
  })
  const longestMs = deps.config.chat.timeoutMs + GRACE_MS
  const earlier = await deps.db.write(({ trx }) => beginOnce<GivenAnswer>(deps, trx, call, longestMs))
  return { earlier, keep: (trx, answer) => keepAnswer(deps, trx, call, answer), forget: (trx) => forgetCall(trx, call) }
}

/** The first answer, once more: nobody is asked for it. `limits` is what the caller is told of theirs now. */
export function answerAgain({ headers, body }: GivenAnswer, limits: Record<string, string>): Response {
  if (body === undefined)
    throw new ApiError(
      'conflict',
      'This call was answered, with more than is kept; make it anew with another Idempotency-Key',
      { headers: { 'x-should-retry': 'false' } },
    )
  return new Response(bodyOf({ said: body, headers }), {
    headers: { ...headers, ...limits, 'Idempotent-Replayed': 'true' },
  })
}

/** A body as far as it can be kept. */
export function keptBody(said: Uint8Array | string): Pick<GivenAnswer, 'body'> {
  const recording = createRecording()
  recording.add(Buffer.from(said))
  return recording.body()
}

/** What goes to the caller bit by bit, remembered as far as it can be kept. */
export function createRecording() {
  const chunks: Uint8Array[] = []
  let size = 0
  return {
    add(bytes: Uint8Array): void {
      size += bytes.length
      if (size <= KEPT_BYTES) chunks.push(bytes)
      else chunks.length = 0
    },
    body: (): Pick<GivenAnswer, 'body'> => (size <= KEPT_BYTES ? { body: Buffer.concat(chunks).toString() } : {}),
  }
}
