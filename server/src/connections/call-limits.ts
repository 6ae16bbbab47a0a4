import type { Config } from '../config.ts'
import { ApiError } from '../http/errors.ts'
import { createRateLimit } from '../resilience/rate-limit.ts'

interface Caller {
  id: string
}

export type CallLimits = ReturnType<typeof createCallLimits>

/** Of one caller, for one connection, in this process: by whatever door. */
export function createCallLimits({ config, now }: { config: Pick<Config, 'connectionLimits'>; now: () => number }) {
  const tokens = createRateLimit(config.connectionLimits.tokens)
  const refreshes = createRateLimit(config.connectionLimits.refreshes)

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
    takeToken: ({ id }: Caller, connectionId: string) => take(tokens, id, connectionId),
    takeRefresh: ({ id }: Caller, connectionId: string) => take(refreshes, id, connectionId),
  }
}
