import type { Context } from 'hono'
import { createMiddleware } from 'hono/factory'
import { isAdminKey, operatorPrincipal } from './accounts/admin-key.ts'
import { findKeyHolder, isApiKey, modelsOf } from './accounts/api-keys.ts'
import { ownOrigins } from './accounts/better-auth.ts'
import { outsidePrincipal } from './accounts/outside-identity.ts'
import { notAMember, OPEN_TO_NON_MEMBERS, resolvePerson } from './accounts/session.ts'
import type { AgentPrincipal, Deps, Env, PersonPrincipal, Principal } from './context.ts'
import { bearerToken } from './http/authorization.ts'
import { ApiError } from './http/errors.ts'
import { header } from './http/node-request.ts'
import { refuseOtherOrigins } from './http/same-origin.ts'
import { type AccessTokenClaims, isOwnToken, organizationOfToken, verifyAccessToken } from './identity/access-token.ts'
import { invalidToken } from './identity/userinfo.ts'

/** Resolves who is calling, from whatever credential came along; rooms never look at headers again. */
async function resolvePrincipal(
  deps: Deps,
  c: Context<Env>,
  resource?: ProtectedResource,
): Promise<Principal | undefined> {
  const authorization = header(c, 'authorization')
  const credential = bearerToken(authorization) ?? header(c, 'x-api-key')
  if (credential === undefined && authorization === undefined) return undefined
  const audiences = [deps.config.issuer, ...(resource ? [resource.uri] : [])]
  const principal = credential === undefined ? undefined : await principalOf(deps, credential, audiences)
  if (!principal) throw resource ? withMetadata(invalidToken(), resource) : invalidToken()
  return principal
}

function unauthorized(): ApiError {
  return new ApiError('unauthorized', 'Send a credential: Authorization: Bearer', {
    headers: { 'WWW-Authenticate': 'Bearer' },
  })
}

/** RFC 9728 §5.1: whoever is turned away learns where tokens for the resource come from. */
function withMetadata({ code, message, headers }: ApiError, { metadataUrl }: ProtectedResource): ApiError {
  const said = headers['WWW-Authenticate']?.replace(/^Bearer */, '')
  const parameters = [`resource_metadata="${metadataUrl}"`, said].filter(Boolean).join(', ')
  return new ApiError(code, message, { headers: { 'WWW-Authenticate': `Bearer ${parameters}` } })
}

async function principalOf(
  deps: Deps,
  credential: string,
  audiences: readonly string[],
): Promise<Principal | undefined> {
  if (isApiKey(credential)) return keyPrincipal(deps, credential)
  const claims = await verifyAccessToken(deps, credential, deps.now())
  if (claims) return agentPrincipal(deps, claims, audiences)
  if (isAdminKey(deps.ring, credential, deps.adminKeyHash)) return operatorPrincipal(deps)
  const outside = await deps.trustedIssuers.verify(credential)
  return outside && outsidePrincipal(deps, outside)
}

/** A website's tokens, from a sign-in or of its own, open nothing of ours (law 9). */
async function agentPrincipal(
  deps: Deps,
  claims: AccessTokenClaims,
  audiences: readonly string[],
): Promise<AgentPrincipal | undefined> {
  if (!isOwnToken(claims, audiences)) return undefined
  const orgId = await organizationOfToken(deps, claims)
  return orgId === undefined ? undefined : { kind: 'agent', id: claims.sub, orgId, scope: claims.scope }
}

/** A key is worth what its person is in its organization, and no more than its scopes. */
async function keyPrincipal(deps: Deps, credential: string): Promise<PersonPrincipal | undefined> {
  const holder = await findKeyHolder(deps, credential)
  if (!holder) return undefined
  // Whose membership others made, and who has not proved the address yet, spends their own budget but manages nothing.
  const scope = holder.role === null ? withoutScope(holder.scope, 'manage') : holder.scope
  return {
    kind: 'person',
    id: holder.user_id,
    orgId: holder.org_id,
    role: holder.role ?? 'viewer',
    name: holder.user_name,
    email: holder.email,
    emailVerified: holder.email_verified_at !== null,
    credential: {
      kind: 'api_key',
      keyId: holder.key_id,
      scope,
      clientId: holder.client_id,
      models: modelsOf(holder),
    },
  }
}

function withoutScope(scope: string, dropped: string): string {
  return scope
    .split(' ')
    .filter((token) => token !== dropped)
    .join(' ')
}

/** Something of ours that agents get tokens for by its own name. RFC 9728. */
export interface ProtectedResource {
  uri: string
  metadataUrl: string
}

/** Lets in whoever has a credential of ours for our own API; at a resource, those too who have a token for it alone. */
export function requirePrincipal(deps: Deps, resource?: ProtectedResource) {
  return createMiddleware<Env>(async (c, next) => {
    const principal = await resolvePrincipal(deps, c, resource)
    if (!principal) throw resource ? withMetadata(unauthorized(), resource) : unauthorized()
    c.set('principal', principal)
    await next()
  })
}

/** Lets in the operator: by the admin key, or as an administrator of the first organization who is signed in. */
export function requireAdmin(deps: Deps) {
  const own = ownOrigins(deps.config)
  return createMiddleware<Env>(async (c, next) => {
    const principal = (await resolvePrincipal(deps, c)) ?? (await resolveVisitor(deps, c, own))
    c.set('principal', operatorOf(deps, principal))
    await next()
  })
}

function operatorOf({ orgId }: Deps, principal: Principal): Principal {
  if (principal.kind === 'operator') return principal
  const isAdmin =
    principal.kind === 'person' &&
    principal.credential.kind === 'session' &&
    principal.orgId === orgId &&
    principal.role === 'admin'
  if (!isAdmin) throw new ApiError('forbidden', 'This is for administrators')
  return { kind: 'operator', id: principal.id, orgId }
}

/** Lets in people, for their own organization: by their session, or by a key that may manage; and the operator. */
export function requirePerson(deps: Deps) {
  const own = ownOrigins(deps.config)
  return createMiddleware<Env>(async (c, next) => {
    const principal = (await resolvePrincipal(deps, c)) ?? (await resolveVisitor(deps, c, own))
    if (principal.kind === 'agent' && !OPEN_TO_AGENTS.test(`${c.req.method} ${c.req.path}`))
      throw new ApiError('forbidden', 'This is for people; an agent has no say here')
    if (principal.kind === 'outside' && !OPEN_TO_OUTSIDE.test(`${c.req.method} ${c.req.path}`))
      throw new ApiError('forbidden', 'This is for people who sign in here; a token of another issuer opens /v1 only')
    if (principal.kind === 'person') requireScope(principal, `${c.req.method} ${c.req.path}`)
    c.set('principal', principal)
    await next()
  })
}

/** Below /api, what an agent needs to know to use it. */
const OPEN_TO_AGENTS = /^GET \/api\/v1\/mcp\/servers(\/[^/]+)?$/

/** Below /api, what concerns their own budget, and nothing of an organization. */
const OPEN_TO_OUTSIDE =
  /^(GET \/api\/usage(\/receipts(\.csv)?)?|(GET|PUT) \/api\/payment-method|(GET|PUT|DELETE) \/api\/provider-keys(\/[^/]+)?)$/

function requireScope(principal: PersonPrincipal, route: string): void {
  if (mayManage(principal) || (USAGE.test(route) && maySeeUsage(principal))) return
  const scope = USAGE.test(route) ? 'usage-tracking' : 'manage'
  throw new ApiError('insufficient_scope', `The API key needs the scope ${scope}`)
}

/** What was spent, which a key that spends may know. */
const USAGE = /^GET \/api\/usage(\/receipts(\.csv)?)?$/

/** Who holds a key of their own sees what it is spent of; an app, what went through it, if its user allowed that. */
function maySeeUsage({ credential }: PersonPrincipal): boolean {
  if (credential.kind === 'session') return true
  const scopes = credential.scope.split(' ')
  return scopes.includes('usage-tracking') || (credential.clientId === null && scopes.includes('agent-fuel'))
}

/** What an app calls `manage` is a scope of its own: only a key that a person made themselves manages anything here. */
function mayManage({ credential }: PersonPrincipal): boolean {
  if (credential.kind === 'session') return true
  return credential.clientId === null && credential.scope.split(' ').includes('manage')
}

const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])

/** The person whose session cookie came along. */
async function resolveVisitor(deps: Deps, c: Context<Env>, own: readonly string[]): Promise<PersonPrincipal> {
  const found = await resolvePerson(deps, c)
  if (!found) throw unauthorized()
  // A cookie comes along wherever a call is from; what only reads is kept from other pages by their browser.
  if (!SAFE_METHODS.has(c.req.method)) refuseOtherOrigins(c, own)
  if (!found.member && !OPEN_TO_NON_MEMBERS.has(`${c.req.method} ${c.req.path}`)) throw notAMember()
  return found.person
}
