import type { Context } from 'hono'
import type { Deps, Env } from '../context.ts'
import { BASIC_CHALLENGE } from '../http/authorization.ts'
import { ApiError } from '../http/errors.ts'
import { parseForm, refuseQuery } from '../http/form.ts'
import { json } from '../http/respond.ts'
import { findOrganizationOf } from '../storage/clients.ts'
import { findGrant } from '../storage/grants.ts'
import { findRefreshToken } from '../storage/refresh-tokens.ts'
import { isAccessTokenLive, verifyAccessToken } from './access-token.ts'
import { acrOf } from './assurance.ts'
import { authenticateClient, type Caller, isConfidential } from './client-auth.ts'
import { findSubject, subjectId } from './sign-in-subject.ts'

/** RFC 7662 §2.2: of a token that is not alive, or not the caller's to know, nothing but this is told. */
const INACTIVE = { active: false }

/** Introspection endpoint. RFC 7662. */
export async function introspect(deps: Deps, c: Context<Env>): Promise<Response> {
  refuseQuery(c)
  const form = await parseForm(c)
  const caller = await authenticateClient(deps, c, form)
  if (!isConfidential(caller))
    throw new ApiError('invalid_client', 'A public client cannot introspect', { headers: BASIC_CHALLENGE })
  const token = form.required('token')

  const now = deps.now()
  // The hint may be wrong and is not needed: the two kinds look different (RFC 7662 §2.1).
  const answer = token.startsWith('rt_')
    ? await ofRefreshToken(deps, caller, token, now)
    : await ofAccessToken(deps, caller, token, now)
  return json(c, answer ?? INACTIVE)
}

async function ofAccessToken(deps: Deps, caller: Caller, token: string, now: number): Promise<object | undefined> {
  const claims = await verifyAccessToken(deps, token, now)
  if (!claims || !(await mayKnow(deps, caller, claims.client_id, claims.sub))) return undefined
  if (!(await isAccessTokenLive(deps, claims, now))) return undefined
  const { sub } = claims
  return { active: true, ...claims, token_type: 'Bearer', ...(sub.startsWith('agent_') && { agent_id: sub }) }
}

async function ofRefreshToken(deps: Deps, caller: Caller, token: string, now: number): Promise<object | undefined> {
  const row = await findRefreshToken(deps.db.read, deps.ring.hashes('refresh_token', token))
  const grant = row && (await findGrant(deps.db.read, row.grant_id))
  if (!grant || !(await mayKnow(deps, caller, grant.client_id, grant.agent_id ?? ''))) return undefined
  const alive = row.rotated_at === null && row.expires_at > now && grant.revoked_at === null && grant.expires_at > now
  const subject = alive ? await findSubject(deps.db.read, grant) : undefined
  if (!subject) return undefined
  return {
    active: true,
    iss: deps.config.issuer,
    sub: subjectId(subject),
    ...(grant.agent_id !== null && { agent_id: grant.agent_id }),
    client_id: grant.client_id,
    scope: grant.scope,
    token_type: 'refresh_token',
    iat: Math.floor(row.created_at / 1000),
    exp: Math.floor(row.expires_at / 1000),
    sid: grant.grant_id,
    ...(grant.model !== null && { model: grant.model }),
    acr: acrOf(grant.level),
  }
}

/** A client sees its own tokens; a resource server those of its organization's websites and agents. */
async function mayKnow({ db }: Deps, caller: Caller, clientId: string, subject: string): Promise<boolean> {
  if (caller.id === clientId) return true
  if (caller.kind !== 'client' || caller.client.resource_server !== 1) return false
  return (await findOrganizationOf(db.read, clientId, subject)) === caller.orgId
}
