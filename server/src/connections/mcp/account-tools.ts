import type { CallToolResult } from '@modelcontextprotocol/server'
import type { z } from 'zod'
import type { Deps, Principal } from '../../context.ts'
import { listConnections } from '../connections.ts'
import { mcpServerOf } from '../mcp-servers/provider-name.ts'
import { requireConnection } from '../policy.ts'
import { requestConnection } from '../request-connection.ts'
import { ownPerson } from './consent.ts'
import type { ConnectArguments, ListArguments } from './tool-arguments.ts'
import { connectionTool } from './tool-names.ts'
import { toolResult } from './tool-result.ts'

const PAGE = 50

/** The tool `list_connections`. */
export async function listAccounts(
  deps: Deps,
  principal: Principal,
  { user_id: userId, cursor }: z.output<typeof ListArguments>,
): Promise<CallToolResult> {
  const { data, next_cursor } = await listConnections(deps, { limit: PAGE, cursor, userId }, principal)
  const named = data.map((view) => ({
    ...view,
    // The tools of other servers are theirs to offer: they are reached by the proxy.
    ...(mcpServerOf(view.provider_name) === undefined && {
      tool: connectionTool(view.provider_name, view.connection_id),
    }),
  }))
  return toolResult({ data: named, next_cursor })
}

/** The tool `connect_account`. */
export async function connectAccount(
  deps: Deps,
  principal: Principal,
  given: z.output<typeof ConnectArguments>,
): Promise<CallToolResult> {
  const { connection_id: known } = given
  const userId = given.user_id ?? (known && (await requireConnection(deps, known, principal)).user_ref)
  const request = { ...given, user_id: userId ?? (await ownPerson(deps, principal)) }
  const { authUrl, connection_id, scopes } = await requestConnection(deps, request, undefined, principal)
  const next = 'Show the person the link. Once they have consented, the connection is active.'
  return toolResult({ consent_url: authUrl, connection_id, scopes, user_id: request.user_id, next })
}
