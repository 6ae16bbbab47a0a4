import type { Deps } from '../context.ts'
import { ApiError } from '../http/errors.ts'
import { failUnrefreshable } from '../storage/connection-leases.ts'
import type { ConnectionRow } from '../storage/connections.ts'
import { connectionTopic } from '../storage/topics.ts'
import { isDue, isLive } from './freshness.ts'
import { openTokens } from './open-tokens.ts'
import { refreshConnection } from './refresh.ts'
import { type ActiveConnection, reauthRequired, requireActive } from './standing.ts'
import type { Tokens } from './vault.ts'
import { announce } from './webhooks.ts'

/** Calls within this time share one refresh (contract). */
const SHARED_MS = 10_000

export interface UsableTokens {
  row: ActiveConnection
  tokens: Tokens
}

/** Tokens that can be used now: refreshed where they are due, the old ones while they live and nobody can refresh them. */
export async function usableTokens(deps: Deps, found: ConnectionRow): Promise<UsableTokens> {
  const row = requireActive(found, deps.now())
  const tokens = await openTokens(deps, row)
  if (!isDue(row, deps.now())) return { row, tokens }
  if (tokens.refresh_token === undefined) {
    if (isLive(row, deps.now())) return { row, tokens }
    await endUnrefreshable(deps, row)
    throw reauthRequired('reauth_required')
  }
  try {
    return await opened(deps, await refreshConnection(deps, row.connection_id, (now) => !isDue(now, deps.now())))
  } catch (thrown) {
    if (isProviderFault(thrown) && isLive(row, deps.now())) return { row, tokens }
    throw thrown
  }
}

/** New tokens because the caller says so. Throws `not_refreshable` for a static credential. */
export async function refreshedTokens(deps: Deps, found: ConnectionRow): Promise<UsableTokens> {
  const isShared = ({ refreshed_at }: ConnectionRow) => refreshed_at !== null && deps.now() - refreshed_at < SHARED_MS
  return refreshedUntil(deps, found, isShared)
}

/** New tokens because the provider's API refused those of `used`. Throws `not_refreshable` for a static credential. */
export async function replacedTokens(deps: Deps, used: ActiveConnection): Promise<UsableTokens> {
  return refreshedUntil(deps, used, ({ generation }) => generation > used.generation)
}

async function refreshedUntil(
  deps: Deps,
  found: ConnectionRow,
  isEnough: (row: ConnectionRow) => boolean,
): Promise<UsableTokens> {
  const row = requireActive(found, deps.now())
  const tokens = await openTokens(deps, row)
  if (tokens.refresh_token === undefined)
    throw new ApiError('not_refreshable', 'This connection has no refresh token; its credential is used as it is')
  return opened(deps, await refreshConnection(deps, row.connection_id, isEnough))
}

async function opened(deps: Deps, row: ActiveConnection): Promise<UsableTokens> {
  return { row, tokens: await openTokens(deps, row) }
}

function isProviderFault(thrown: unknown): boolean {
  return (
    thrown instanceof ApiError && (thrown.code === 'provider_unavailable' || thrown.code === 'provider_misconfigured')
  )
}

/** A token that has ended, and that nobody can refresh: the person is asked again. */
async function endUnrefreshable(deps: Deps, row: ActiveConnection): Promise<void> {
  const { connection_id: connectionId, generation, org_id, provider_name: provider } = row
  const now = deps.now()
  await deps.db.write(async (work) => {
    const { trx, record, notify } = work
    if (!(await failUnrefreshable(trx, { connectionId, generation, now }))) return
    const action = 'connection.reauth_required'
    record({ at: now, org_id, actor: 'broker', action, target: connectionId, detail: { provider } })
    await announce(deps, work, 'connection.failed', { ...row, status: 'failed', reason: 'reauth_required' })
    notify(connectionTopic(connectionId))
  })
}
