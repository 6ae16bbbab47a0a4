import { type AuthorizationRequestRow, denyOpenRequests } from '../storage/authorization-requests.ts'
import type { Work } from '../storage/database.ts'
import { organizationTopic, requestTopic } from '../storage/topics.ts'

/** What becomes of a request, as the contract tells it. */
export type RequestStatus = 'pending' | 'approval_required' | 'authenticated' | 'completed' | 'denied' | 'expired'

/** Time ends what nobody ended: a request is not written to when it expires. */
export function statusOf(request: AuthorizationRequestRow, now: number): RequestStatus {
  const open = request.status !== 'completed' && request.status !== 'denied'
  return open && request.expires_at <= now ? 'expired' : request.status
}

/** Tells the page that waits for a request, and the consoles of both organizations. */
export function notifySignIn(work: Pick<Work, 'notify'>, request: SignInParties): void {
  work.notify(requestTopic(request.request_id))
  notifyConsoles(work, request)
}

/** Tells the consoles alone, of what the page knows already. */
export function notifyConsoles({ notify }: Pick<Work, 'notify'>, request: SignInParties): void {
  notify(organizationTopic(request.org_id))
  if (request.agent_org_id !== null && request.agent_org_id !== request.org_id)
    notify(organizationTopic(request.agent_org_id))
}

type SignInParties = Pick<AuthorizationRequestRow, 'request_id' | 'org_id' | 'agent_org_id'>

/** Ends the sign-ins under way of an agent, or at a client, and tells the pages that wait for them. */
export async function denyOpen(work: Work, by: { client_id: string } | { agent_id: string }): Promise<void> {
  for (const request of await denyOpenRequests(work.trx, by)) notifySignIn(work, request)
}

/** Where the bound browser gets its code, on our own origin. */
export function resumePath(issuer: string, requestId: string): string {
  return `${issuer}/authorize/resume?request_id=${requestId}`
}
