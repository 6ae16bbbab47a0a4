import type { Deps } from '../context.ts'
import { forgetPreviousTokens, listOpenIntents } from '../storage/connection-leases.ts'
import { refreshConnection } from './refresh.ts'

const INTERVAL_MS = 10_000
const AT_ONCE = 20
const FORGOTTEN_AT_ONCE = 500

/** Looks after refreshes that were left open, in every process, until the function returned is called. */
export function startRefreshUpkeep(deps: Deps): () => Promise<void> {
  let running: Promise<void> = Promise.resolve()
  const timer = setInterval(() => {
    running = running
      .then(() => keepRefreshes(deps))
      .catch((error: unknown) => deps.log.error({ error }, 'open refreshes cannot be looked after'))
  }, INTERVAL_MS)
  timer.unref()
  return async () => clearInterval(timer)
}

/**
 * Asks again for what a process that died, or a provider that fell silent, left open: while the provider still takes the
 * token that we have. Forgets tokens that no provider would take any more.
 */
export async function keepRefreshes(deps: Deps): Promise<void> {
  const open = await listOpenIntents(deps.db.read, deps.now(), AT_ONCE)
  await Promise.allSettled(
    open.map((connectionId) => refreshConnection(deps, connectionId, (row) => row.intent_at === null)),
  )
  while (await deps.db.write(({ trx }) => forgetPreviousTokens(trx, deps.now(), FORGOTTEN_AT_ONCE)));
}
