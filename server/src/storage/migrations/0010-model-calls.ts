import { type Kysely, sql } from 'kysely'

/** Frozen in time: imports nothing of ours. */
export async function up(db: Kysely<unknown>, dialect: 'sqlite' | 'postgres'): Promise<void> {
  // Written with each call, looked through once in a while, and never long: an index by time costs more than it saves.
  await db.schema.dropIndex('model_rate_by_time').execute()
  await db.schema.dropIndex('reservation_by_expiry').execute()
  if (dialect === 'postgres') return

  // A row is in one place rather than two. SQLite cannot change that of a table that is there.
  await sql`alter table model_rate rename to model_rate_before`.execute(db)
  await db.schema
    .createTable('model_rate')
    .addColumn('user_id', 'text', (c) => c.primaryKey().notNull())
    .addColumn('full_at', 'bigint', (c) => c.notNull())
    .modifyEnd(sql`without rowid`)
    .execute()
  await sql`insert into model_rate select user_id, full_at from model_rate_before`.execute(db)
  await db.schema.dropTable('model_rate_before').execute()

  await sql`alter table reservation rename to reservation_before`.execute(db)
  await db.schema
    .createTable('reservation')
    .addColumn('usage_id', 'text', (c) => c.primaryKey().notNull())
    .addColumn('user_id', 'text', (c) => c.notNull())
    .addColumn('amount_nano', 'bigint', (c) => c.notNull())
    .addColumn('metered_nano', 'bigint', (c) => c.notNull())
    .addColumn('call', 'text', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('expires_at', 'bigint', (c) => c.notNull())
    .modifyEnd(sql`without rowid`)
    .execute()
  await sql`insert into reservation select usage_id, user_id, amount_nano, metered_nano, call, created_at, expires_at from reservation_before`.execute(
    db,
  )
  await db.schema.dropTable('reservation_before').execute()
}
