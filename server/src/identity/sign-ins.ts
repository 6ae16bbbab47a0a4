import type { Context } from 'hono'
import { type SSEStreamingApi, streamSSE } from 'hono/streaming'
import type { Deps, Env, Principal } from '../context.ts'
import { ApiError } from '../http/errors.ts'
import { idCursor, nextCursor, type Page } from '../http/listing.ts'
import { createBell } from '../resilience/bell.ts'
import { isStillMember } from '../storage/memberships.ts'
import { listSignIns as listRows, type SignInFilter, type SignInRow } from '../storage/sign-ins.ts'
import { organizationTopic } from '../storage/topics.ts'
import { agentReach } from './agents.ts'
import { acrOf } from './assurance.ts'
import { type RequestStatus, statusOf } from './request-status.ts'

export const STEPS = [
  'opened',
  'failed',
  'approval_asked',
  'approved',
  'denied',
  'authenticated',
  'code',
  'token',
  'ended',
  'expired',
] as const

interface Step {
  step: (typeof STEPS)[number]
  at: string
  reason?: string
}

export type SignInView = ReturnType<typeof viewOf>

interface Query {
  status?: RequestStatus | undefined
  agent_id?: string | undefined
  client_id?: string | undefined
  limit: number
  cursor?: string | undefined
}

/** The sign-ins that the caller's organization sees: at its websites, and of its agents. */
export async function listSignIns(deps: Deps, query: Query, principal: Principal): Promise<Page<SignInView>> {
  const now = deps.now()
  const filter: SignInFilter = {
    reach: agentReach(principal),
    status: query.status,
    agentId: query.agent_id,
    clientId: query.client_id,
    now,
  }
  const rows = await listRows(deps.db.read, filter, query.limit + 1, idCursor(query.cursor))
  return {
    data: rows.slice(0, query.limit).map((row) => viewOf(row, now, principal)),
    next_cursor: nextCursor(rows, query.limit, ({ request_id }) => ({ id: request_id })),
  }
}

export async function getSignIn(deps: Deps, requestId: string, principal: Principal): Promise<SignInView> {
  const now = deps.now()
  const [row] = await listRows(deps.db.read, { reach: agentReach(principal), requestId, now }, 1)
  if (!row) throw new ApiError('not_found', `There is no sign-in ${requestId.slice(0, 64)}`)
  return viewOf(row, now, principal)
}

function viewOf(row: SignInRow, now: number, principal: Principal) {
  const status = statusOf(row, now)
  return {
    request_id: row.request_id,
    status,
    client_id: row.client_id,
    client_name: row.client_name ?? row.client_id,
    host: new URL(row.redirect_uri).host,
    agent_id: row.agent_id,
    agent_name: row.agent_name,
    user_id: row.user_id,
    user_name: row.user_name,
    model: row.model,
    acr: row.level === null ? null : acrOf(row.level),
    scope: row.scope,
    created_at: timeOf(row.created_at),
    expires_at: timeOf(row.expires_at),
    failure: row.failed_at === null ? null : { at: timeOf(row.failed_at), reason: row.failure ?? '' },
    timeline: timelineOf(mayKnowDecider(row, principal) ? row : { ...row, decided_by_name: null }, status),
  }
}

/** A website learns which agent got in, and not which people stand behind it. */
function mayKnowDecider({ agent_org_id: agentOrgId }: SignInRow, principal: Principal): boolean {
  return principal.kind === 'operator' || agentOrgId === null || agentOrgId === principal.orgId
}

const timeOf = (at: number) => new Date(at).toISOString()

/** What happened, in the order in which it did. */
function timelineOf(row: SignInRow, status: RequestStatus): Step[] {
  const steps: [step: Step['step'], at: number | null, reason?: string | undefined][] = [
    ['opened', row.created_at],
    ['failed', row.failed_at, row.failure ?? undefined],
    ['approval_asked', row.approval_asked_at],
    [row.authenticated_at === null ? 'denied' : 'approved', row.decided_at, row.decided_by_name ?? undefined],
    ['authenticated', row.authenticated_at],
    ['code', row.code_issued_at],
    ['token', row.completed_at],
    ['ended', row.revoked_at, row.revoke_reason ?? undefined],
    ['expired', status === 'expired' ? row.expires_at : null],
  ]
  return steps
    .flatMap(([step, at, reason]) => (at === null ? [] : [{ step, at, reason }]))
    .sort((a, b) => a.at - b.at)
    .map(({ step, at, reason }) => ({ step, at: timeOf(at), ...(reason !== undefined && { reason }) }))
}

const HEARTBEAT_MS = 15_000
/** What stands at the top of the screen is looked at again on every change; older sign-ins move no more, but for their end. */
const WATCHED = 100
/** Under load, changes are told together. */
const PACE_MS = 100

/** The sign-ins of an organization as they move: server-sent events, woken by commits in whatever process. */
export function signInStream(deps: Deps, c: Context<Env>): Response {
  // Nobody reads the answer to a HEAD, nor hangs up on it: there would be no end to the stream.
  if (c.req.method === 'HEAD') return c.body(null, 200, { 'Content-Type': 'text/event-stream' })
  const principal = c.get('principal')
  const address = c.get('address')
  if (!deps.streams.ofAddress.take(address))
    throw new ApiError('rate_limit_exceeded', 'Too many streams are open; close some', {
      headers: { 'Retry-After': '10' },
    })
  c.header('X-Accel-Buffering', 'no')
  return streamSSE(c, async (stream) => {
    try {
      await tellUntilGone(deps, stream, principal)
    } finally {
      deps.streams.ofAddress.give(address)
    }
  })
}

async function tellUntilGone(deps: Deps, stream: SSEStreamingApi, principal: Principal): Promise<void> {
  const bell = createBell()
  const unsubscribe = deps.db.subscribe(organizationTopic(principal.orgId), bell.ring)
  stream.onAbort(bell.ring)
  deps.draining.addEventListener('abort', bell.ring)
  try {
    let told = await watched(deps, principal)
    await stream.writeSSE({ event: 'ready', data: '{}' })
    while (!stream.aborted && !deps.draining.aborted) {
      const heard = await bell.wait(HEARTBEAT_MS)
      if (stream.aborted || deps.draining.aborted) return
      if (!(await isStillIn(deps, principal))) return
      if (!heard) {
        await stream.write(': nothing new\n\n')
        continue
      }
      const latest = await watched(deps, principal)
      for (const [requestId, data] of [...latest].reverse())
        if (told.get(requestId) !== data) await stream.writeSSE({ event: 'sign-in', id: requestId, data })
      told = latest
      await stream.sleep(PACE_MS)
    }
  } finally {
    unsubscribe()
    deps.draining.removeEventListener('abort', bell.ring)
  }
}

/** The newest sign-ins as they would be told, by their id. */
async function watched(deps: Deps, principal: Principal): Promise<Map<string, string>> {
  const { data } = await listSignIns(deps, { limit: WATCHED }, principal)
  return new Map(data.map((signIn) => [signIn.request_id, JSON.stringify(signIn)]))
}

/** Who was removed, or signed out, hears no more: a stream outlives the check at the door. */
async function isStillIn({ db, now }: Deps, principal: Principal): Promise<boolean> {
  if (principal.kind !== 'person') return true
  const { credential, orgId, id: userId } = principal
  return isStillMember(db.read, { orgId, userId, credential, now: now() })
}
