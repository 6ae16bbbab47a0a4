import type { Context } from 'hono'
import type { Deps, Env } from '../context.ts'
import { parseForm, refuseQuery } from '../http/form.ts'
import { json } from '../http/respond.ts'
import { findGrant, revokeGrant } from '../storage/grants.ts'
import { findRefreshToken } from '../storage/refresh-tokens.ts'
import { insertRevokedToken } from '../storage/revoked-tokens.ts'
import { verifyAccessToken } from './access-token.ts'
import { authenticateClient, type Caller } from './client-auth.ts'

/** Revocation endpoint. RFC 7009. The answer is the same for a token that is not there, or not the caller's (§2.2). */
export async function revoke(deps: Deps, c: Context<Env>): Promise<Response> {
  refuseQuery(c)
  const form = await parseForm(c)
  const caller = await authenticateClient(deps, c, form)
  const token = form.required('token')

  const now = deps.now()
  if (token.startsWith('rt_')) await revokeRefreshToken(deps, caller, token, now)
  else await revokeAccessToken(deps, caller, token, now)
  return json(c, {})
}

/** §2.1: with a refresh token goes everything that its grant gave. */
async function revokeRefreshToken(deps: Deps, caller: Caller, token: string, now: number): Promise<void> {
  const row = await findRefreshToken(deps.db.read, deps.ring.hashes('refresh_token', token))
  const grant = row && (await findGrant(deps.db.read, row.grant_id))
  if (grant?.client_id !== caller.id) return
  await deps.db.write(async ({ trx, record }) => {
    if (!(await revokeGrant(trx, grant.grant_id, 'revoked_by_client', now))) return
    record({
      at: now,
      org_id: grant.org_id,
      actor: caller.id,
      action: 'grant.revoked',
      target: grant.grant_id,
      client_id: caller.id,
      agent_id: grant.agent_id,
      detail: { reason: 'revoked_by_client' },
    })
  })
}

async function revokeAccessToken(deps: Deps, caller: Caller, token: string, now: number): Promise<void> {
  const claims = await verifyAccessToken(deps, token, now)
  if (claims?.client_id !== caller.id) return
  await deps.db.write(async ({ trx, record }) => {
    if (!(await insertRevokedToken(trx, { jti: claims.jti, expires_at: claims.exp * 1000 }))) return
    record({
      at: now,
      org_id: caller.orgId,
      actor: caller.id,
      action: 'token.revoked',
      target: claims.sid ?? null,
      client_id: caller.id,
      agent_id: caller.kind === 'agent' || claims.sid ? claims.sub : null,
    })
  })
}
