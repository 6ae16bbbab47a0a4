import { type Kysely, sql } from 'kysely'

/** Frozen in time: imports nothing of ours. Portable between SQLite and Postgres. */
export async function up(db: Kysely<unknown>): Promise<void> {
  // A call under way. Rows go when they are settled: by the process that made the call or, once expired, by any.
  await db.schema
    .createTable('reservation')
    .addColumn('usage_id', 'text', (c) => c.primaryKey())
    .addColumn('user_id', 'text', (c) => c.notNull())
    .addColumn('amount_nano', 'bigint', (c) => c.notNull())
    .addColumn('metered_nano', 'bigint', (c) => c.notNull())
    .addColumn('call', 'text', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('expires_at', 'bigint', (c) => c.notNull())
    .execute()
  await db.schema.createIndex('reservation_by_expiry').on('reservation').column('expires_at').execute()

  // The receipts of the ledger: kept as long as it. No foreign keys: they outlive the keys, agents and apps they name.
  await db.schema
    .createTable('usage_record')
    .addColumn('usage_id', 'text', (c) => c.primaryKey())
    .addColumn('request_id', 'text', (c) => c.notNull())
    .addColumn('user_id', 'text', (c) => c.notNull())
    .addColumn('org_id', 'text', (c) => c.notNull())
    .addColumn('client_id', 'text')
    .addColumn('agent_id', 'text')
    .addColumn('key_id', 'text')
    .addColumn('operation', 'text', (c) => c.notNull())
    .addColumn('model_asked', 'text', (c) => c.notNull())
    .addColumn('model_served', 'text')
    .addColumn('provider', 'text')
    .addColumn('payment_method', 'text', (c) => c.notNull())
    .addColumn('status', 'text', (c) => c.notNull())
    .addColumn('attempts', 'integer', (c) => c.notNull())
    .addColumn('input_tokens', 'bigint', (c) => c.notNull())
    .addColumn('cached_tokens', 'bigint', (c) => c.notNull())
    .addColumn('cache_write_tokens', 'bigint', (c) => c.notNull())
    .addColumn('output_tokens', 'bigint', (c) => c.notNull())
    .addColumn('reasoning_tokens', 'bigint', (c) => c.notNull())
    .addColumn('estimated', 'integer', (c) => c.notNull())
    .addColumn('cost_nano', 'bigint', (c) => c.notNull())
    .addColumn('ttft_ms', 'bigint')
    .addColumn('duration_ms', 'bigint')
    .addColumn('at', 'bigint', (c) => c.notNull())
    .addColumn('settled_at', 'bigint', (c) => c.notNull())
    .execute()
  await db.schema.createIndex('usage_record_by_user').on('usage_record').columns(['user_id', 'at']).execute()
  await db.schema
    .createIndex('usage_record_by_client')
    .on('usage_record')
    .columns(['client_id', 'user_id'])
    .where(sql.ref('client_id'), 'is not', null)
    .execute()

  // Which call an entry is of.
  await db.schema.alterTable('ledger_entry').addColumn('usage_id', 'text').execute()

  await db.schema
    .createTable('provider_key')
    .addColumn('user_id', 'text', (c) => c.notNull().references('person.user_id').onDelete('cascade'))
    .addColumn('provider_id', 'text', (c) => c.notNull())
    .addColumn('key_sealed', 'text', (c) => c.notNull())
    .addColumn('last_four', 'text', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('updated_at', 'bigint', (c) => c.notNull())
    .addPrimaryKeyConstraint('provider_key_pk', ['user_id', 'provider_id'])
    .execute()

  await db.schema
    .createTable('price_override')
    .addColumn('pattern', 'text', (c) => c.primaryKey())
    .addColumn('input_nano_per_mtok', 'bigint', (c) => c.notNull())
    .addColumn('output_nano_per_mtok', 'bigint', (c) => c.notNull())
    .addColumn('cached_nano_per_mtok', 'bigint')
    .addColumn('updated_at', 'bigint', (c) => c.notNull())
    .execute()
}
