import type { Deps } from '../context.ts'
import { ApiError } from '../http/errors.ts'
import type { ActiveConnection } from './standing.ts'
import { type Tokens, unsealTokens } from './vault.ts'

/** The tokens of a connection. Throws `integrity_error` where they were tampered with, and tells the audit log. */
export async function openTokens(deps: Pick<Deps, 'ring' | 'db' | 'now'>, row: ActiveConnection): Promise<Tokens> {
  try {
    return unsealTokens(deps, row, row.tokens_sealed)
  } catch (thrown) {
    if (thrown instanceof ApiError && thrown.code === 'integrity_error')
      await deps.db.write(async ({ record }) =>
        record({
          at: deps.now(),
          org_id: row.org_id,
          actor: 'broker',
          action: 'connection.integrity_error',
          target: row.connection_id,
          detail: { provider: row.provider_name },
        }),
      )
    throw thrown
  }
}
