import type { Selectable } from 'kysely'
import type { Db } from './database.ts'
import type { McpClientTable } from './schema.ts'

export type McpClientRow = Selectable<McpClientTable>

export async function insertMcpClient(trx: Db, client: McpClientRow): Promise<void> {
  await trx.insertInto('mcp_client').values(client).execute()
}

/** With the server that it is for. */
export function findMcpClient(db: Db, providerName: string) {
  return db
    .selectFrom('mcp_client as c')
    .innerJoin('mcp_server as s', 's.server_id', 'c.server_id')
    .selectAll('c')
    .select(['s.name as server_name', 's.enabled', 's.org_id'])
    .where('c.provider_name', '=', providerName)
    .executeTakeFirst()
}

/** Those that still stand, newest first. */
export function listMcpClients(db: Db, serverId: string, now: number): Promise<McpClientRow[]> {
  return db
    .selectFrom('mcp_client')
    .selectAll()
    .where('server_id', '=', serverId)
    .where((e) => e.or([e('expires_at', 'is', null), e('expires_at', '>', now)]))
    .orderBy('created_at', 'desc')
    .execute()
}

/** What people call the servers behind the clients of an organization. */
export function listMcpClientNames(db: Db, orgId: string) {
  return db
    .selectFrom('mcp_client as c')
    .innerJoin('mcp_server as s', 's.server_id', 'c.server_id')
    .select(['c.provider_name', 's.name'])
    .where('s.org_id', '=', orgId)
    .execute()
}

export async function deleteMcpClients(trx: Db, serverId: string): Promise<void> {
  await trx.deleteFrom('mcp_client').where('server_id', '=', serverId).execute()
}
