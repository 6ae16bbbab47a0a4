import type { Deps } from '../context.ts'
import type { ConnectionFlowRow } from '../storage/connection-flows.ts'
import { activateConnection, findConnection } from '../storage/connections.ts'
import type { Work } from '../storage/database.ts'
import { connectionTopic, organizationTopic } from '../storage/topics.ts'
import type { Consent } from './code-exchange.ts'
import { mcpServerEvent, mcpServerOf } from './mcp-servers/provider-name.ts'
import { sealTokens } from './vault.ts'
import { announce } from './webhooks.ts'

/**
 * Stores what a person consented to, in the caller's transaction: a refresh may have moved the connection while they were
 * away, and this stands in the place of all that. False when it ended meanwhile.
 */
export async function activate(
  deps: Deps,
  work: Work,
  flow: ConnectionFlowRow,
  { tokens, account, scopes, parameters }: Consent,
): Promise<boolean> {
  const { trx, record, notify } = work
  const now = deps.now()
  const { connection_id, org_id } = flow
  const current = await findConnection(trx, connection_id)
  if (!current) return false
  const generation = current.generation + 1
  const consented = {
    tokens_sealed: sealTokens(deps, { connection_id, org_id, generation }, tokens),
    expires_at: tokens.expires_at ?? null,
    scopes: JSON.stringify(scopes),
    parameters: JSON.stringify(parameters),
    account_id: account.id ?? current.account_id,
    account_label: account.label ?? current.account_label,
  }
  if (!(await activateConnection(trx, current, consented, now))) return false
  record({
    at: now,
    org_id,
    actor: current.made_by,
    action: flow.reconnects ? 'connection.recovered' : 'connection.activated',
    target: connection_id,
    detail: { provider: flow.provider_name, scopes },
  })
  const server = mcpServerOf(flow.provider_name)
  if (server !== undefined)
    record({ ...mcpServerEvent(current, server, now), action: 'mcp_server.authorized', detail: { scopes } })
  const told = { ...current, account_label: consented.account_label, status: 'active' as const, reason: null }
  await announce(deps, work, current.status === 'failed' ? 'connection.recovered' : 'connection.active', told)
  notify(connectionTopic(connection_id))
  notify(organizationTopic(org_id))
  return true
}
