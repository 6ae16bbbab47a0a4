import type { Deps } from '../context.ts'
import { startRounds } from '../resilience/rounds.ts'
import { forgetPreviousTokens, listOpenIntents } from '../storage/connection-leases.ts'
import { refreshConnection } from './refresh.ts'

const INTERVAL_MS = 10_000
const AT_ONCE = 20
const FORGOTTEN_AT_ONCE = 500

/** Looks after refreshes that were left open, in every process, until the function returned is called. */
export function startRefreshUpkeep(deps: Deps): () => Promise<void> {
  const stop = startRounds({
    everyMs: INTERVAL_MS,
    round: () => keepRefreshes(deps),
    log: deps.log,
    complaint: 'open refreshes cannot be looked after',
  })
  // A refresh under way is waited for where all of them are, and not as long as a provider may stay silent.
  return async () => void stop()
}

/**
 * Forgets tokens that no provider would take any more. Then asks again for what a process that died, or a provider that
 * fell silent, left open: while the provider still takes the token that we have.
 */
export async function keepRefreshes(deps: Deps): Promise<void> {
  while (await deps.db.write(({ trx }) => forgetPreviousTokens(trx, deps.now(), FORGOTTEN_AT_ONCE)));
  const open = await listOpenIntents(deps.db.read, deps.now(), AT_ONCE)
  await Promise.allSettled(
    open.map((connectionId) => refreshConnection(deps, connectionId, (row) => row.intent_at === null)),
  )
}
