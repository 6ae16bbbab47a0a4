import type { Context } from 'hono'
import { createMiddleware } from 'hono/factory'
import { isAdminKey } from './accounts/admin-key.ts'
import type { Deps, Env, Principal } from './context.ts'
import { bearerToken } from './http/authorization.ts'
import { ApiError } from './http/errors.ts'
import { header } from './http/node-request.ts'
import { isAccessTokenLive, isOwnToken, verifyAccessToken } from './identity/access-token.ts'
import { invalidToken } from './identity/userinfo.ts'
import { findAgent } from './storage/agents.ts'

/** Resolves who is calling, from whatever credential came along; rooms never look at headers again. */
async function resolvePrincipal(deps: Deps, c: Context<Env>): Promise<Principal> {
  const authorization = header(c, 'authorization')
  const credential = bearerToken(authorization) ?? header(c, 'x-api-key')
  if (credential === undefined && authorization === undefined)
    throw new ApiError('unauthorized', 'Send a credential: Authorization: Bearer', {
      headers: { 'WWW-Authenticate': 'Bearer' },
    })
  const principal = credential === undefined ? undefined : await principalOf(deps, credential)
  if (!principal) throw invalidToken()
  return principal
}

async function principalOf(deps: Deps, credential: string): Promise<Principal | undefined> {
  if (isAdminKey(deps.ring, credential, deps.adminKeyHash))
    return { kind: 'operator', id: 'operator', orgId: deps.orgId }
  const now = deps.now()
  const claims = await verifyAccessToken(deps, credential, now)
  // A website's tokens, from a sign-in or of its own, open nothing of ours (law 9).
  if (!claims || !isOwnToken(deps, claims) || !(await isAccessTokenLive(deps, claims, now))) return undefined
  const agent = await findAgent(deps.db.read, claims.sub)
  return agent && { kind: 'agent', id: agent.agent_id, orgId: agent.org_id, scope: claims.scope }
}

/** Lets in whoever has a credential of ours for our own API. */
export function requirePrincipal(deps: Deps) {
  return createMiddleware<Env>(async (c, next) => {
    c.set('principal', await resolvePrincipal(deps, c))
    await next()
  })
}

/** Lets in the operator. */
export function requireAdmin(deps: Deps) {
  return createMiddleware<Env>(async (c, next) => {
    const principal = await resolvePrincipal(deps, c)
    if (principal.kind !== 'operator') throw new ApiError('forbidden', 'This is for administrators')
    c.set('principal', principal)
    await next()
  })
}
