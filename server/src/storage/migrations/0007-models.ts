import type { Kysely } from 'kysely'

/** Frozen in time: imports nothing of ours. Portable between SQLite and Postgres. */
export async function up(db: Kysely<unknown>): Promise<void> {
  // Where models are had. `place` is the order in which a bare model name looks for one that lists it.
  await db.schema
    .createTable('model_provider')
    .addColumn('provider_id', 'text', (c) => c.primaryKey())
    .addColumn('place', 'bigint', (c) => c.notNull())
    .addColumn('kind', 'text', (c) => c.notNull())
    .addColumn('enabled', 'integer', (c) => c.notNull())
    .addColumn('settings', 'text', (c) => c.notNull())
    .addColumn('secrets_sealed', 'text')
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('updated_at', 'bigint', (c) => c.notNull())
    .execute()

  // How many calls a person has made of late: when they will have all of them again.
  await db.schema
    .createTable('model_rate')
    .addColumn('user_id', 'text', (c) => c.primaryKey())
    .addColumn('full_at', 'bigint', (c) => c.notNull())
    .execute()
  await db.schema.createIndex('model_rate_by_time').on('model_rate').column('full_at').execute()
}
