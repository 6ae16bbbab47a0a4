import { NANO_PER_CENT } from '../accounts/credits.ts'
import type { Deps, PersonPrincipal, Principal } from '../context.ts'
import { ApiError } from '../http/errors.ts'
import { listCursor, nextCursor } from '../http/listing.ts'
import { listApprovedApps, listAppUsers as listRows, withdrawAppApproval } from '../storage/app-approvals.ts'
import { findClient } from '../storage/clients.ts'
import { revokeGrantsOf } from '../storage/grants.ts'
import { usageThroughApp } from '../storage/usage.ts'
import { findOwnClient } from './clients.ts'
import { hasScope } from './scope.ts'

/** The apps that a person has let in. */
export async function listApps({ db, now }: Deps, person: PersonPrincipal) {
  const rows = await listApprovedApps(db.read, person.id, now())
  const data = rows.map((row) => ({
    client_id: row.client_id,
    client_name: row.client_name,
    host: hostOf(row.redirect_uris),
    scope: row.scope,
    approved_at: new Date(row.approved_at).toISOString(),
    live_keys: Number(row.live_keys ?? 0),
  }))
  return { data, next_cursor: null }
}

function hostOf(redirectUris: string): string | null {
  const [first] = JSON.parse(redirectUris) as string[]
  return first === undefined ? null : new URL(first).host
}

/** The app is out at once: its keys, its tokens, and the remembered yes. */
export async function withdrawApp({ db, now: clock }: Deps, clientId: string, person: PersonPrincipal): Promise<void> {
  const now = clock()
  await db.write(async ({ trx, record }) => {
    if (!(await withdrawAppApproval(trx, { userId: person.id, clientId, now })))
      throw new ApiError('not_found', `You have not approved an app ${clientId.slice(0, 64)}`)
    await revokeGrantsOf(trx, { client_id: clientId, user_id: person.id }, 'withdrawn_by_person', now)
    const client = await findClient(trx, clientId)
    record({
      at: now,
      org_id: client?.org_id ?? person.orgId,
      actor: person.id,
      action: 'app.withdrawn',
      client_id: clientId,
    })
  })
}

/** An app's people for the organization that makes it: with their usage where they allowed that, and nothing else of theirs. */
export async function listAppUsers(
  deps: Deps,
  clientId: string,
  { limit, cursor }: { limit: number; cursor?: string | undefined },
  principal: Principal,
) {
  await findOwnClient(deps, clientId, principal)
  const rows = await listRows(deps.db.read, clientId, limit + 1, listCursor(cursor))
  const shown = rows.slice(0, limit)
  const spent = await usageThroughApp(
    deps.db.read,
    clientId,
    shown.map(({ user_id }) => user_id),
  )
  const data = shown.map((row) => ({
    user_id: row.user_id,
    name: row.name,
    email: hasScope(row.scope, 'email') ? row.email : null,
    scope: row.scope,
    approved_at: new Date(row.approved_at).toISOString(),
    withdrawn_at: row.withdrawn_at === null ? null : new Date(row.withdrawn_at).toISOString(),
    usage: hasScope(row.scope, 'usage-tracking') ? usageOf(spent.get(row.user_id)) : null,
  }))
  return { data, next_cursor: nextCursor(rows, limit, (row) => ({ created_at: row.approved_at, id: row.user_id })) }
}

function usageOf(spent: { requests: number; nano: number } = { requests: 0, nano: 0 }) {
  return { requests: spent.requests, cost_cents: spent.nano / NANO_PER_CENT }
}
