import type { Context } from 'hono'
import type { Deps, Env, Principal } from '../context.ts'
import { ApiError } from '../http/errors.ts'
import { json } from '../http/respond.ts'
import { touchConnection } from '../storage/connection-leases.ts'
import type { ConnectionRow } from '../storage/connections.ts'
import type { Permission } from './grants.ts'
import { reachConnection, requireConnectionsCaller } from './policy.ts'
import { requireActive } from './standing.ts'
import { refreshedTokens, type UsableTokens, usableTokens } from './usable-tokens.ts'

/** When a connection was used last is kept to the minute. */
const TOUCH_MS = 60_000

/** `GET /v1/token/{id}`: the access token, refreshed when it is about to end. */
export async function token(deps: Deps, c: Context<Env>, connectionId: string): Promise<Response> {
  const principal = requireCaller(c)
  const { connection, permission } = await reachConnection(deps, connectionId, principal)
  deps.callLimits.takeToken(principal, connectionId)
  requireRawToken(permission)
  const usable = await usableTokens(deps, connection)
  await noteUse(deps, principal, usable.row, 'connection.token_read')
  return json(c, tokenView(usable))
}

/** `POST /v1/refresh/{id}`: the same with a new token, whenever the old one ends. */
export async function refresh(deps: Deps, c: Context<Env>, connectionId: string): Promise<Response> {
  const principal = requireCaller(c)
  const { connection, permission } = await reachConnection(deps, connectionId, principal)
  deps.callLimits.takeRefresh(principal, connectionId)
  requireRawToken(permission)
  requireActive(connection, deps.now())
  const usable = await refreshedTokens(deps, connection)
  await noteUse(deps, principal, usable.row, 'connection.token_read')
  return json(c, tokenView(usable))
}

export function requireCaller(c: Context<Env>): Principal {
  const principal = c.get('principal')
  requireConnectionsCaller(principal)
  return principal
}

function requireRawToken({ rawToken }: Permission): void {
  if (!rawToken)
    throw new ApiError(
      'forbidden',
      'You may use this connection through /v1/proxy, but not see its token; ask for a grant with raw_token',
    )
}

/** What the broker gives out: never the refresh token. RFC 6749 §5.1, with the moment in place of the seconds. */
export function tokenView({ row, tokens }: UsableTokens) {
  const { access_token, token_type, scope, id_token } = tokens
  return {
    access_token,
    token_type,
    expires_at: row.expires_at === null ? null : new Date(row.expires_at).toISOString(),
    scope: scope ?? (JSON.parse(row.scopes) as string[]).join(' '),
    ...(id_token !== undefined && { id_token }),
  }
}

/** Tells the audit log of every use, and the connection of the last. */
export async function noteUse(
  { db, now: clock }: Deps,
  principal: Pick<Principal, 'id' | 'kind'>,
  row: ConnectionRow,
  action: 'connection.token_read' | 'connection.used',
  detail: Record<string, unknown> = {},
): Promise<void> {
  const { connection_id: connectionId, org_id, provider_name: provider, last_used_at } = row
  const now = clock()
  await db.write(async ({ trx, record }) => {
    if (last_used_at === null || now - last_used_at >= TOUCH_MS)
      await touchConnection(trx, { connectionId, usedBy: principal.id, now })
    const agent_id = principal.kind === 'agent' ? principal.id : null
    record({
      at: now,
      org_id,
      actor: principal.id,
      action,
      target: connectionId,
      agent_id,
      detail: { provider, ...detail },
    })
  })
}
