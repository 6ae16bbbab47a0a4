import type { Context } from 'hono'
import type { Deps, Env, PersonPrincipal, SessionCredential } from '../context.ts'
import { ApiError } from '../http/errors.ts'
import { jsonWithCookies } from '../http/respond.ts'
import { listOrganizationsOf } from '../storage/memberships.ts'
import { listPasskeys } from '../storage/passkeys.ts'
import { updatePerson } from '../storage/persons.ts'
import { setSessionAuthenticated, setSessionOrganization } from '../storage/sessions.ts'
import { takeAttempt, wrongPasswordsOf } from './attempts.ts'
import { answerOf } from './auth-answer.ts'
import { callAuth } from './call-auth.ts'
import { freshUntil, notAMember } from './session.ts'

/** What concerns a browser is for who sits at it, not for keys. */
export function requireSession({ credential }: PersonPrincipal): SessionCredential {
  if (credential.kind !== 'session')
    throw new ApiError('forbidden', 'This is for a person in the console; a key cannot do it')
  return credential
}

/** `GET /api/me`. */
export async function whoAmI(deps: Deps, principal: PersonPrincipal) {
  const organizations = await listOrganizationsOf(deps.db.read, principal.id)
  const current = organizations.find(({ org_id }) => org_id === principal.orgId)
  if (!current) throw notAMember()
  const { credential } = principal
  return {
    user: { id: principal.id, name: principal.name, email: principal.email, email_verified: principal.emailVerified },
    organization: { id: current.org_id, name: current.name },
    role: current.role,
    organizations: organizations.map(({ org_id: id, name, role }) => ({ id, name, role })),
    operator: current.org_id === deps.orgId && current.role === 'admin',
    session:
      credential.kind === 'session'
        ? {
            id: credential.sessionId,
            authenticated_at: new Date(credential.authenticatedAt).toISOString(),
            fresh_until: new Date(freshUntil(credential.authenticatedAt)).toISOString(),
          }
        : null,
  }
}

/** The organization in which this browser works from now on, and those that sign in later. */
export async function enterOrganization(deps: Deps, principal: PersonPrincipal, orgId: string) {
  const { sessionId } = requireSession(principal)
  const now = deps.now()
  await deps.db.write(async ({ trx, record }) => {
    const own = await listOrganizationsOf(trx, principal.id)
    if (!own.some(({ org_id }) => org_id === orgId))
      throw new ApiError('not_found', 'You are in no such organization; GET /api/me lists yours')
    await setSessionOrganization(trx, sessionId, orgId)
    await updatePerson(trx, principal.id, { org_id: orgId })
    const action = 'session.organization_changed'
    record({ at: now, org_id: orgId, actor: principal.id, action, target: sessionId })
  })
  return whoAmI(deps, { ...principal, orgId })
}

/** The person says their password again. */
export async function reauthenticateByPassword(deps: Deps, principal: PersonPrincipal, password: string) {
  const { sessionId } = requireSession(principal)
  const takeBack = await takeAttempt(deps, [wrongPasswordsOf(principal.id)])
  const right = await deps.auth.isPassword(principal.id, password)
  const now = deps.now()
  const event = { at: now, org_id: principal.orgId, actor: principal.id, target: sessionId }
  await deps.db.write(async ({ trx, record }) => {
    if (!right) return record({ ...event, action: 'person.reauthentication_failed' })
    if (!(await setSessionAuthenticated(trx, sessionId, now)))
      throw new ApiError('unauthorized', 'The session has ended; sign in again')
    return record({ ...event, action: 'person.reauthenticated' })
  })
  if (!right) {
    const sentence = 'is not your password'
    throw new ApiError('validation_failed', `password: ${sentence}`, { fields: { password: sentence } })
  }
  await takeBack()
  return { fresh_until: new Date(freshUntil(now)).toISOString() }
}

/** What the browser asks a passkey of the person with. */
export async function reauthenticationOptions(deps: Deps, c: Context<Env>, principal: PersonPrincipal) {
  requireSession(principal)
  if ((await listPasskeys(deps.db.read, principal.id)).length === 0)
    throw new ApiError('conflict', 'You have no passkey here; use your password')
  return answerOf(c, await callAuth(deps, c, '/passkey/generate-authenticate-options'))
}

/** The same by a passkey of theirs. The session stays the one that it is. */
export async function reauthenticateByPasskey(
  deps: Deps,
  c: Context<Env>,
  principal: PersonPrincipal,
  response: object,
): Promise<Response> {
  const { sessionId } = requireSession(principal)
  const takeBack = await takeAttempt(deps, [wrongPasswordsOf(principal.id)])
  const again = { sessionId, userId: principal.id }
  const answer = await callAuth(deps, c, '/passkey/verify-authentication', { response }, again)
  await answerOf(c, answer)
  await takeBack()
  // better-auth's cookie would hold a session that was never made.
  return jsonWithCookies(c, { fresh_until: new Date(freshUntil(deps.now())).toISOString() }, [])
}
