import type { Context } from 'hono'
import type { Deps, Env, PersonPrincipal } from '../context.ts'
import { ApiError } from '../http/errors.ts'
import { header } from '../http/node-request.ts'
import { findSignedIn, renewSession, type SignedIn } from '../storage/sessions.ts'
import { FRESH_S, SESSION_S } from './better-auth.ts'

/** At most one write a day for each session. */
const RENEW_AFTER_MS = 86_400_000

/** A person who is signed in. Where they are no member (any more), they have no role but to look for another organization. */
export interface SignedInPerson {
  person: PersonPrincipal
  member: boolean
}

/**
 * What a person can do whose session works in an organization that they are not in: go to another. Method and path, for
 * the door; the handlers of these use nothing of the principal but who it is.
 */
export const OPEN_TO_NON_MEMBERS: ReadonlySet<string> = new Set([
  'PUT /api/me/organization',
  'POST /api/organizations',
  'POST /api/invitations/accept',
])

/** Who is signed in, by the session cookie of the request. */
export async function resolvePerson(deps: Deps, c: Context<Env>): Promise<SignedInPerson | undefined> {
  const token = deps.auth.sessionToken(header(c, 'cookie'))
  if (token === undefined) return undefined
  const now = deps.now()
  const hashes = deps.ring.hashes('session', token)
  const session = await findSignedIn(deps.db.read, hashes, now)
  if (!session) return undefined
  const proved = session.email_verified_at !== null
  if (deps.config.requireEmailVerification && !proved) return undefined
  if (now - session.updated_at >= RENEW_AFTER_MS) await renew(deps, c, session, token, now)

  const member = session.role !== null && (session.needs_proof === 0 || proved)
  const { session_id: sessionId, authenticated_at: authenticatedAt } = session
  return {
    member,
    person: {
      kind: 'person',
      id: session.user_id,
      orgId: session.org_id,
      role: member && session.role !== null ? session.role : 'viewer',
      name: session.name,
      email: session.email,
      emailVerified: proved,
      credential: { kind: 'session', sessionId, authenticatedAt },
    },
  }
}

/** The same for who needs no more than a member, or the reason why there is none. */
export async function resolveSession(
  deps: Deps,
  c: Context<Env>,
): Promise<PersonPrincipal | 'not_a_member' | undefined> {
  const found = await resolvePerson(deps, c)
  return found && (found.member ? found.person : 'not_a_member')
}

/** Both the row and the cookie live on. A token hashed under an older master key is hashed under the present one. */
async function renew({ db, ring, auth }: Deps, c: Context<Env>, session: SignedIn, token: string, now: number) {
  const changes = {
    token_hash: ring.hash('session', token),
    updated_at: now,
    expires_at: now + SESSION_S * 1000,
  }
  if (await db.write(({ trx }) => renewSession(trx, session, changes)))
    c.set('extraHeaders', { ...c.get('extraHeaders'), 'Set-Cookie': auth.sessionCookie(token) })
}

export function notAMember(): ApiError {
  return new ApiError('not_a_member', 'You are no longer a member of this organization; choose another')
}

/** Until when the person need not prove again that they are there. */
export function freshUntil(authenticatedAt: number): number {
  return authenticatedAt + FRESH_S * 1000
}

/** For what must not be done by whoever finds a browser open: a person who proved a moment ago that they are there. */
export function requireFresh({ now }: Pick<Deps, 'now'>, principal: PersonPrincipal): void {
  const { credential } = principal
  if (credential.kind !== 'session' || freshUntil(credential.authenticatedAt) <= now())
    throw new ApiError('reauthentication_required', 'Confirm that it is you, with your password or a passkey')
}
