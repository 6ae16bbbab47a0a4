import { type AuthorizationRequestRow, denyOpenRequests } from '../storage/authorization-requests.ts'
import type { Work } from '../storage/database.ts'

/** What becomes of a request, as the contract tells it. */
export type RequestStatus = 'pending' | 'authenticated' | 'completed' | 'denied' | 'expired'

/** Time ends what nobody ended: a request is not written to when it expires. */
export function statusOf(request: AuthorizationRequestRow, now: number): RequestStatus {
  const open = request.status === 'pending' || request.status === 'authenticated'
  return open && request.expires_at <= now ? 'expired' : request.status
}

export const requestTopic = (requestId: string) => `request:${requestId}`

/** Ends the sign-ins under way of an agent, or at a client, and tells the pages that wait for them. */
export async function denyOpen({ trx, notify }: Work, by: { client_id: string } | { agent_id: string }): Promise<void> {
  for (const requestId of await denyOpenRequests(trx, by)) notify(requestTopic(requestId))
}

/** Where the bound browser gets its code, on our own origin. */
export function resumePath(issuer: string, requestId: string): string {
  return `${issuer}/authorize/resume?request_id=${requestId}`
}
