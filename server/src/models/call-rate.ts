import type { Deps } from '../context.ts'
import { ApiError } from '../http/errors.ts'
import type { Db } from '../storage/database.ts'
import { type Rate, takeModelCall } from '../storage/model-rate.ts'
import type { Payer } from './payer.ts'

/** One of a person's calls a minute, whatever key they come by. */
export function takeCallIn({ config, now }: Pick<Deps, 'config' | 'now'>, trx: Db, { userId }: Payer): Promise<Rate> {
  return takeModelCall(trx, userId, config.modelCallsPerMinute, now())
}

/** The same for a call that writes nothing else. Throws `rate_limit_exceeded`. */
export async function takeCall(deps: Deps, payer: Payer): Promise<Record<string, string>> {
  return rateHeaders(deps, await deps.db.write(({ trx }) => takeCallIn(deps, trx, payer), { until: 'committed' }))
}

/** What the caller is told of their limit. Throws `rate_limit_exceeded` where it is used up. */
export function rateHeaders({ config }: Pick<Deps, 'config'>, rate: Rate): Record<string, string> {
  const limit = config.modelCallsPerMinute
  const headers = {
    'x-ratelimit-limit-requests': String(limit),
    'x-ratelimit-remaining-requests': String(rate.remaining),
    'x-ratelimit-reset-requests': `${(rate.resetMs / 1000).toFixed(3)}s`,
  }
  if (rate.allowed) return headers
  const seconds = Math.ceil(rate.resetMs / 1000)
  throw new ApiError('rate_limit_exceeded', `More than ${limit} calls a minute; wait ${seconds} s`, {
    headers: { ...headers, 'Retry-After': String(seconds), 'retry-after-ms': String(Math.ceil(rate.resetMs)) },
  })
}
