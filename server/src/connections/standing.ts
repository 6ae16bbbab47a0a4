import { ApiError } from '../http/errors.ts'
import type { ConnectionRow } from '../storage/connections.ts'
import { standingOf } from './views.ts'

/** A connection that has tokens. */
export type ActiveConnection = ConnectionRow & { tokens_sealed: string }

/** Throws 409 for one that waits for its person, 404 for one that is gone. */
export function requireActive(row: ConnectionRow | undefined, now: number): ActiveConnection {
  if (!row) throw new ApiError('not_found', 'There is no such connection')
  const { status, reason } = standingOf(row, now)
  if (status === 'pending')
    throw new ApiError('connection_pending', 'The person has not consented yet; wait until the connection is active')
  if (status === 'failed' || !hasTokens(row)) throw reauthRequired(reason)
  return row
}

function hasTokens(row: ConnectionRow): row is ActiveConnection {
  return row.tokens_sealed !== null
}

export function reauthRequired(reason: ConnectionRow['reason']): ApiError {
  return new ApiError(
    'reauth_required',
    'The person has to connect the account again: request the connection with this connection_id',
    { also: { reason: reason ?? 'reauth_required' } },
  )
}
