import type { Selectable } from 'kysely'
import type { Position } from '../http/listing.ts'
import type { Db } from './database.ts'
import type { McpServerTable } from './schema.ts'

export type McpServerRow = Selectable<McpServerTable>

/** False when the organization has one of that name. */
export async function insertMcpServer(trx: Db, server: McpServerRow): Promise<boolean> {
  const inserted = await trx
    .insertInto('mcp_server')
    .values(server)
    .onConflict((c) => c.columns(['org_id', 'name']).doNothing())
    .executeTakeFirst()
  return inserted.numInsertedOrUpdatedRows === 1n
}

/** Those of an organization are all that it can find. */
export function findMcpServer(db: Db, orgId: string, serverId: string): Promise<McpServerRow | undefined> {
  return db
    .selectFrom('mcp_server')
    .selectAll()
    .where('server_id', '=', serverId)
    .where('org_id', '=', orgId)
    .executeTakeFirst()
}

export function findMcpServerByName(db: Db, orgId: string, name: string): Promise<McpServerRow | undefined> {
  return db.selectFrom('mcp_server').selectAll().where('org_id', '=', orgId).where('name', '=', name).executeTakeFirst()
}

export async function countMcpServers(db: Db, orgId: string): Promise<number> {
  const { count } = await db
    .selectFrom('mcp_server')
    .select((e) => e.fn.countAll().as('count'))
    .where('org_id', '=', orgId)
    .executeTakeFirstOrThrow()
  return Number(count)
}

/** Oldest first. */
export function listMcpServers(db: Db, orgId: string, limit: number, after?: Position): Promise<McpServerRow[]> {
  let query = db.selectFrom('mcp_server').selectAll().where('org_id', '=', orgId)
  if (after)
    query = query.where((e) => e(e.refTuple('created_at', 'server_id'), '>', e.tuple(after.created_at, after.id)))
  return query.orderBy('created_at').orderBy('server_id').limit(limit).execute()
}

/** Puts a row in the place of the one that was read. False when that has been changed, or authorized anew, since. */
export async function updateMcpServer(trx: Db, before: McpServerRow, after: McpServerRow): Promise<boolean> {
  const { server_id, org_id, created_at, ...change } = after
  const updated = await asRead(trx, before).set(change).executeTakeFirst()
  return updated.numUpdatedRows === 1n
}

/** A change of the row, if it is as it was read. */
function asRead(trx: Db, { server_id, connection_id, updated_at }: McpServerRow) {
  return trx
    .updateTable('mcp_server')
    .where('server_id', '=', server_id)
    .where('updated_at', '=', updated_at)
    .where('connection_id', connection_id === null ? 'is' : '=', connection_id)
}

/** What a test found, unless the server was changed since. */
export async function keepMcpTest(
  trx: Db,
  { server_id, updated_at }: Pick<McpServerRow, 'server_id' | 'updated_at'>,
  found: Pick<McpServerRow, 'tools' | 'tested_at'>,
): Promise<void> {
  await trx
    .updateTable('mcp_server')
    .set(found)
    .where('server_id', '=', server_id)
    .where('updated_at', '=', updated_at)
    .execute()
}

/** True for one caller only. Our clients for it go with the row. */
export async function deleteMcpServer(trx: Db, serverId: string): Promise<boolean> {
  const deleted = await trx.deleteFrom('mcp_server').where('server_id', '=', serverId).executeTakeFirst()
  return deleted.numDeletedRows === 1n
}

/** Puts another connection in the place of the one that was read. False when the server has been changed since. */
export async function moveMcpConnection(trx: Db, before: McpServerRow, to: string): Promise<boolean> {
  const moved = await asRead(trx, before).set({ connection_id: to }).executeTakeFirst()
  return moved.numUpdatedRows === 1n
}
