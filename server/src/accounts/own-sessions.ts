import type { Deps, PersonPrincipal } from '../context.ts'
import { ApiError } from '../http/errors.ts'
import { deleteSession, deleteSessionsOf, listSessions } from '../storage/sessions.ts'
import { requireSession } from './me.ts'

/** The browsers in which a person is signed in, youngest first. */
export async function listOwnSessions({ db, now }: Deps, principal: PersonPrincipal) {
  const { sessionId } = requireSession(principal)
  const alive = (await listSessions(db.read, principal.id)).filter(({ expires_at }) => expires_at > now())
  return {
    data: alive.map((session) => ({
      id: session.session_id,
      current: session.session_id === sessionId,
      ip_address: session.ip_address,
      user_agent: session.user_agent,
      created_at: new Date(session.created_at).toISOString(),
      expires_at: new Date(session.expires_at).toISOString(),
    })),
    next_cursor: null,
  }
}

export async function endOwnSession({ db, now }: Deps, principal: PersonPrincipal, id: string): Promise<void> {
  requireSession(principal)
  const at = now()
  await db.write(async ({ trx, record }) => {
    if (!(await deleteSession(trx, principal.id, id)))
      throw new ApiError('not_found', 'You have no such session; it may have ended')
    record({ at, org_id: principal.orgId, actor: principal.id, action: 'session.ended', target: id })
  })
}

/** All others, or, with `all`, this one too. */
export async function endOwnSessions({ db, now }: Deps, principal: PersonPrincipal, all: boolean): Promise<void> {
  const { sessionId } = requireSession(principal)
  const at = now()
  await db.write(async ({ trx, record }) => {
    for (const { session_id: target } of await deleteSessionsOf(trx, principal.id, all ? undefined : sessionId))
      record({ at, org_id: principal.orgId, actor: principal.id, action: 'session.ended', target })
  })
}
