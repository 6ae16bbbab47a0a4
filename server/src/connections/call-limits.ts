import type { Principal } from '../context.ts'
import { ApiError } from '../http/errors.ts'
import { createRateLimit } from '../resilience/rate-limit.ts'

/** Of one caller, for one connection: above what a busy agent does, below what a loop gone wild does. */
const TOKENS_PER_MINUTE = 1200
const REFRESHES_PER_MINUTE = 60

export type CallLimits = ReturnType<typeof createCallLimits>

export function createCallLimits(now: () => number) {
  const tokens = createRateLimit(TOKENS_PER_MINUTE)
  const refreshes = createRateLimit(REFRESHES_PER_MINUTE)

  /** Throws 429 with how long to wait. */
  function take(limit: typeof tokens, caller: string, connectionId: string): void {
    const waitMs = limit.take(`${caller}\0${connectionId}`, now())
    if (waitMs === 0) return
    const seconds = Math.ceil(waitMs / 1000)
    throw new ApiError('rate_limit_exceeded', `Too many calls for this connection; wait ${seconds} s`, {
      headers: { 'Retry-After': String(seconds) },
    })
  }

  return {
    takeToken: ({ id }: Pick<Principal, 'id'>, connectionId: string) => take(tokens, id, connectionId),
    takeRefresh: ({ id }: Pick<Principal, 'id'>, connectionId: string) => take(refreshes, id, connectionId),
  }
}
