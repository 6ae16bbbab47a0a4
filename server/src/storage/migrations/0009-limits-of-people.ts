import type { Kysely } from 'kysely'

/** Frozen in time: imports nothing of ours. Portable between SQLite and Postgres. */
export async function up(db: Kysely<unknown>): Promise<void> {
  // Since when the operator lets a person do nothing; null: they may.
  await db.schema.alterTable('person').addColumn('disabled_at', 'bigint').execute()
  // The models that a key may call, as a list of names; null: all that its person may.
  await db.schema.alterTable('api_key').addColumn('models', 'text').execute()
}
