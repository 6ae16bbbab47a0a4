import type { Kysely } from 'kysely'

/** Frozen in time: imports nothing of ours. Portable between SQLite and Postgres. */
export async function up(db: Kysely<unknown>): Promise<void> {
  // MCP servers of others that an organization uses.
  await db.schema
    .createTable('mcp_server')
    .addColumn('server_id', 'text', (c) => c.primaryKey())
    .addColumn('org_id', 'text', (c) => c.notNull())
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('enabled', 'integer', (c) => c.notNull())
    .addColumn('settings', 'text', (c) => c.notNull())
    .addColumn('secrets_sealed', 'text')
    .addColumn('connection_id', 'text', (c) => c.references('connection.connection_id').onDelete('set null'))
    .addColumn('tools', 'text')
    .addColumn('tested_at', 'bigint')
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('updated_at', 'bigint', (c) => c.notNull())
    .execute()
  await db.schema.createIndex('mcp_server_by_name').on('mcp_server').columns(['org_id', 'name']).unique().execute()
  await db.schema.createIndex('mcp_server_by_connection').on('mcp_server').column('connection_id').execute()

  // Our clients at their authorization servers. A row never changes: what is consented to by it stays with that server.
  await db.schema
    .createTable('mcp_client')
    .addColumn('provider_name', 'text', (c) => c.primaryKey())
    .addColumn('server_id', 'text', (c) => c.notNull().references('mcp_server.server_id').onDelete('cascade'))
    .addColumn('settings', 'text', (c) => c.notNull())
    .addColumn('client_id', 'text', (c) => c.notNull())
    .addColumn('client_secret_sealed', 'text')
    .addColumn('expires_at', 'bigint')
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .execute()
  await db.schema.createIndex('mcp_client_by_server').on('mcp_client').column('server_id').execute()
}
