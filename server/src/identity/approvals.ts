import { approvalMail, queueMail } from '../accounts/mail.ts'
import { requireMember } from '../accounts/roles.ts'
import { requireFresh } from '../accounts/session.ts'
import type { Deps, PersonPrincipal, Principal } from '../context.ts'
import { ApiError } from '../http/errors.ts'
import { idCursor, nextCursor, type Page } from '../http/listing.ts'
import { type AgentWithOwner, findAgent } from '../storage/agents.ts'
import { type AuthorizationRequestRow, setDecision } from '../storage/authorization-requests.ts'
import type { ClientRow } from '../storage/clients.ts'
import type { Work } from '../storage/database.ts'
import { listSignIns, type SignInRow } from '../storage/sign-ins.ts'
import { agentReach, isOwnerOf } from './agents.ts'
import { acrOf } from './assurance.ts'
import { levelWithApproval } from './policies.ts'
import { notifySignIn, statusOf } from './request-status.ts'

/** Tells the owner that an agent of theirs waits for a word: in the queue by the row itself, and by mail. */
export async function askPerson(
  deps: Deps,
  work: Work,
  { agent, client, request }: { agent: AgentWithOwner; client: ClientRow; request: AuthorizationRequestRow },
): Promise<void> {
  const mail = approvalMail({
    agentName: agent.agent_name ?? agent.agent_id,
    clientName: client.client_name,
    host: new URL(request.redirect_uri).host,
    url: `${deps.config.issuer}/console/approvals?request_id=${request.request_id}`,
    expiresAt: request.expires_at,
  })
  await queueMail(deps, work, { to: agent.email, ...mail })
}

export type ApprovalView = ReturnType<typeof viewOf>

/** The sign-ins that wait for a person of the caller's organization, or that one has decided. */
export async function listApprovals(
  deps: Deps,
  query: { status: 'pending' | 'decided'; limit: number; cursor?: string | undefined },
  principal: Principal,
): Promise<Page<ApprovalView>> {
  const now = deps.now()
  const filter = { reach: agentReach(principal), approval: query.status, now }
  const rows = await listSignIns(deps.db.read, filter, query.limit + 1, idCursor(query.cursor))
  const shown = rows.slice(0, query.limit).filter((row) => isOfReach(principal, row))
  return {
    data: shown.map((row) => viewOf(row, now)),
    next_cursor: nextCursor(rows, query.limit, ({ request_id }) => ({ id: request_id })),
  }
}

/** The website's organization sees that a person is asked; only the agent's may answer. */
function isOfReach(principal: Principal, row: SignInRow): boolean {
  return principal.kind === 'operator' || row.org_id !== principal.orgId || row.agent_org_id === principal.orgId
}

export async function decide(
  deps: Deps,
  requestId: string,
  decision: 'approve' | 'deny',
  person: PersonPrincipal,
): Promise<ApprovalView> {
  requireMember(person)
  const now = deps.now()
  const [request] = await listSignIns(deps.db.read, { reach: agentReach(person), requestId, now }, 1)
  const agent = request?.agent_id ? await findAgent(deps.db.read, request.agent_id) : undefined
  if (!request || !agent || request.approval_asked_at === null) throw unknownApproval(requestId)
  requireApprover(person, agent)
  // A cookie alone is what an agent that drives the owner's browser has, too (requirements, T13).
  requireFresh(deps, person)
  throwUnlessAsked(request, now)

  const approved = decision === 'approve'
  const level = approved ? levelWithApproval(request.level ?? 1) : null
  const won = await deps.db.write(async (work) => {
    const status = approved ? ('authenticated' as const) : ('denied' as const)
    if (!(await setDecision(work.trx, { requestId, status, level, decidedBy: person.id, now }))) return false
    work.record({
      at: now,
      org_id: agent.org_id,
      actor: person.id,
      action: approved ? 'approval.approved' : 'approval.denied',
      agent_id: agent.agent_id,
      client_id: request.client_id,
      request_id: requestId,
      detail: approved ? { acr: acrOf(level ?? 1) } : {},
    })
    notifySignIn(work, request)
    return true
  })
  const [latest] = await listSignIns(deps.db.read, { reach: undefined, requestId, now }, 1)
  if (!won) throwUnlessAsked(latest ?? request, now)
  deps.metrics.signIns.inc({ outcome: approved ? 'approved' : 'denied' })
  return viewOf(latest ?? request, now)
}

function unknownApproval(requestId: string): ApiError {
  return new ApiError('not_found', `Nobody asks for an approval of ${requestId.slice(0, 64)}`)
}

/** The person whom the agent acts for, or an administrator of its organization. */
function requireApprover(person: PersonPrincipal, agent: AgentWithOwner): void {
  const isAdmin = person.role === 'admin' && person.orgId === agent.org_id
  const isOwner = isOwnerOf(person, agent) || (person.id === agent.user_id && person.orgId === agent.org_id)
  if (!isAdmin && !isOwner)
    throw new ApiError('forbidden', 'Only the owner of the agent, or an administrator of its organization, can decide')
}

function throwUnlessAsked(request: AuthorizationRequestRow, now: number): void {
  const status = statusOf(request, now)
  if (status === 'expired')
    throw new ApiError('request_expired', 'The sign-in has expired; the agent can start it again')
  if (status !== 'approval_required') throw new ApiError('request_completed', 'This has been decided already')
}

function viewOf(row: SignInRow, now: number) {
  const time = (at: number | null) => (at === null ? null : new Date(at).toISOString())
  return {
    request_id: row.request_id,
    status: decisionOf(row, now),
    agent_id: row.agent_id ?? '',
    agent_name: row.agent_name,
    client_id: row.client_id,
    client_name: row.client_name ?? row.client_id,
    host: new URL(row.redirect_uri).host,
    scope: row.scope,
    model: row.model,
    acr: row.level === null ? null : acrOf(row.level),
    asked_at: new Date(row.approval_asked_at ?? row.created_at).toISOString(),
    expires_at: new Date(row.expires_at).toISOString(),
    decided_at: time(row.decided_at),
    decided_by_name: row.decided_by_name,
  }
}

/** What was decided stays so, whatever became of the sign-in afterwards. */
function decisionOf(row: SignInRow, now: number): 'pending' | 'approved' | 'denied' | 'expired' {
  if (row.decided_at !== null) return row.authenticated_at === null ? 'denied' : 'approved'
  const status = statusOf(row, now)
  if (status === 'approval_required') return 'pending'
  return status === 'denied' ? 'denied' : 'expired'
}
