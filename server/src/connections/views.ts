import type { ConnectionRow } from '../storage/connections.ts'
import type { ConnectionTable } from '../storage/schema.ts'

export type Standing = Pick<ConnectionTable, 'status' | 'reason'>

/** How a connection stands now: a question that nobody answered in time has failed, before anybody writes it down. */
export function standingOf({ status, reason, pending_until }: ConnectionRow, now: number): Standing {
  const isOver = status === 'pending' && pending_until !== null && pending_until <= now
  return isOver ? { status: 'failed', reason: 'expired' } : { status, reason }
}

export type ConnectionView = ReturnType<typeof connectionView>

/** Everything that may be told about a connection without opening what is sealed. */
export function connectionView(connection: ConnectionRow, now: number) {
  const { status, reason } = standingOf(connection, now)
  return {
    connection_id: connection.connection_id,
    status,
    ...(reason !== null && { reason }),
    provider_name: connection.provider_name,
    user_id: connection.user_ref,
    ...(connection.account_label !== null && { account: connection.account_label }),
    scopes: JSON.parse(connection.scopes) as string[],
    ...(connection.expires_at !== null && { expires_at: new Date(connection.expires_at).toISOString() }),
    created_at: new Date(connection.created_at).toISOString(),
  }
}
