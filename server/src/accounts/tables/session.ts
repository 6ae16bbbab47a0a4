import { newId } from '../../crypto/ids.ts'
import { ApiError } from '../../http/errors.ts'
import type { Work } from '../../storage/database.ts'
import { findHome } from '../../storage/memberships.ts'
import { findPerson } from '../../storage/persons.ts'
import {
  deleteSessionByToken,
  deleteSessionsOf,
  type EndedSession,
  findSessionByToken,
  insertSession,
  listSessions,
  type SessionRow,
  setSessionAuthenticated,
} from '../../storage/sessions.ts'
import { settle } from '../registration.ts'
import { type AccountsWorld, type Model, type ModelTable, text, time, unknownQuestion } from './table.ts'

const USER_AGENT_LENGTH = 300

/** better-auth's `session`. We know its token by hash only, and say it again only to who asked with it. */
export function sessionTable(world: AccountsWorld): ModelTable {
  const { db, ring, visits, random, now: clock } = world

  return {
    async create(data) {
      const now = clock()
      const token = text(data.token)
      const { address, userAgent, path, again } = visits.current()
      if (again) return proveAgain(world, again, text(data.userId), token, time(data.expiresAt))

      const session: SessionRow = {
        session_id: newId(random, 'ses'),
        token_hash: ring.hash('session', token),
        user_id: text(data.userId),
        org_id: null,
        ip_address: address,
        user_agent: userAgent?.slice(0, USER_AGENT_LENGTH) ?? null,
        authenticated_at: now,
        created_at: now,
        updated_at: now,
        expires_at: time(data.expiresAt),
      }
      await visits.commit(async (work) => {
        const person = await findPerson(work.trx, session.user_id)
        if (!person) throw new ApiError('unauthorized', 'The account is gone')
        if (person.disabled_at !== null) throw new ApiError('forbidden', 'This account is disabled; ask the operator')
        await settle(world, work, person, now)
        // From here on this browser's own choice, whatever other browsers choose.
        session.org_id = (await findPerson(work.trx, session.user_id))?.org_id ?? person.org_id
        await insertSession(work.trx, session)
        const { session_id: target, user_id: actor } = session
        const org_id = await findHome(work.trx, actor)
        const detail = { address, by: path }
        work.record({ at: now, org_id, actor, action: 'session.created', target, detail })
      })
      return modelOf(session, token)
    },

    async find(by) {
      if (by.token !== undefined) {
        const token = text(by.token)
        const session = await findSessionByToken(db.read, ring.hashes('session', token))
        return session ? [modelOf(session, token)] : []
      }
      if (by.userId === undefined) throw unknownQuestion('session', by)
      return (await listSessions(db.read, text(by.userId))).map((session) => modelOf(session, ''))
    },

    // Sessions are renewed at our own door.
    update: async (by) => {
      throw unknownQuestion('session', by)
    },

    async delete(by) {
      let ended: EndedSession[] = []
      await visits.commit(async (work) => {
        if (by.token !== undefined) ended = await deleteSessionByToken(work.trx, ring.hashes('session', text(by.token)))
        else if (by.userId !== undefined) ended = await deleteSessionsOf(work.trx, text(by.userId))
        else throw unknownQuestion('session', by)
        await recordEnded(work, ended, clock(), { by: visits.current().path })
      })
      return ended.length
    },
  }
}

/** Each session that ended is an event of its own: who looks for one finds it. */
export async function recordEnded(
  work: Work,
  ended: readonly EndedSession[],
  now: number,
  detail: Record<string, unknown>,
): Promise<void> {
  const [first] = ended
  if (!first) return
  const org_id = await findHome(work.trx, first.user_id)
  for (const { session_id: target, user_id: actor } of ended)
    work.record({ at: now, org_id, actor, action: 'session.ended', target, detail })
}

/** A passkey of who is signed in: the session they have is as good as new. */
async function proveAgain(
  { db, visits, now: clock }: AccountsWorld,
  again: { sessionId: string; userId: string },
  userId: string,
  token: string,
  expiresAt: number,
): Promise<Model> {
  const now = clock()
  if (userId !== again.userId) throw new ApiError('forbidden', 'That passkey belongs to another account')
  await visits.guard(() =>
    db.write(async (work) => {
      if (!(await setSessionAuthenticated(work.trx, again.sessionId, now)))
        throw new ApiError('unauthorized', 'The session has ended; sign in again')
      const org_id = await findHome(work.trx, userId)
      work.record({ at: now, org_id, actor: userId, action: 'person.reauthenticated', target: again.sessionId })
    }),
  )
  return { id: again.sessionId, token, userId, expiresAt, createdAt: now, updatedAt: now }
}

/** For better-auth a session is as old as the person's last proof: it asks for a fresh one before it adds a passkey. */
function modelOf(session: SessionRow, token: string): Model {
  return {
    id: session.session_id,
    token,
    userId: session.user_id,
    ipAddress: session.ip_address,
    userAgent: session.user_agent,
    createdAt: session.authenticated_at,
    updatedAt: session.updated_at,
    expiresAt: session.expires_at,
  }
}
