import { type Kysely, sql } from 'kysely'

/** Frozen in time: imports nothing of ours. Portable between SQLite and Postgres. */
export async function up(db: Kysely<unknown>): Promise<void> {
  // Where the pages of registered websites are: they may call /v1 from a browser.
  await db.schema
    .createTable('client_origin')
    .addColumn('client_id', 'text', (c) => c.notNull().references('client.client_id').onDelete('cascade'))
    .addColumn('origin', 'text', (c) => c.notNull())
    .addPrimaryKeyConstraint('client_origin_pk', ['client_id', 'origin'])
    .execute()
  await db.schema.createIndex('client_origin_by_origin').on('client_origin').column('origin').execute()
  const clients = await sql<{ client_id: string; redirect_uris: string }>`
    select client_id, redirect_uris from client`.execute(db)
  for (const { client_id, redirect_uris } of clients.rows) {
    const uris: string[] = JSON.parse(redirect_uris)
    for (const origin of new Set(uris.map((uri) => new URL(uri).origin)))
      await sql`insert into client_origin (client_id, origin) values (${client_id}, ${origin})`.execute(db)
  }

  // A flow that only the browser may finish that began it, and what that browser is known by.
  await db.schema
    .alterTable('connection_flow')
    .addColumn('browser_bound', 'integer', (c) => c.notNull().defaultTo(0))
    .execute()
  await db.schema.alterTable('connection_flow').addColumn('browser_hash', 'text').execute()
}
