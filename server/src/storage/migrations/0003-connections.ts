import type { Kysely } from 'kysely'

/** Frozen in time: imports nothing of ours. Portable between SQLite and Postgres. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('provider')
    .addColumn('provider_name', 'text', (c) => c.primaryKey())
    .addColumn('settings', 'text', (c) => c.notNull())
    .addColumn('client_id', 'text')
    .addColumn('client_secret_sealed', 'text')
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('updated_at', 'bigint', (c) => c.notNull())
    .execute()

  await db.schema
    .createTable('connection')
    .addColumn('connection_id', 'text', (c) => c.primaryKey())
    .addColumn('org_id', 'text', (c) => c.notNull())
    .addColumn('user_ref', 'text', (c) => c.notNull())
    .addColumn('provider_name', 'text', (c) => c.notNull())
    .addColumn('made_by', 'text', (c) => c.notNull())
    .addColumn('status', 'text', (c) => c.notNull())
    .addColumn('reason', 'text')
    .addColumn('pending_until', 'bigint')
    .addColumn('scopes', 'text', (c) => c.notNull())
    .addColumn('account_id', 'text')
    .addColumn('account_label', 'text')
    .addColumn('parameters', 'text', (c) => c.notNull())
    .addColumn('generation', 'bigint', (c) => c.notNull())
    .addColumn('tokens_sealed', 'text')
    .addColumn('previous_sealed', 'text')
    .addColumn('previous_until', 'bigint')
    .addColumn('expires_at', 'bigint')
    .addColumn('lease_owner', 'text')
    .addColumn('lease_until', 'bigint')
    .addColumn('intent_at', 'bigint')
    .addColumn('failures', 'integer', (c) => c.notNull())
    .addColumn('next_attempt_at', 'bigint')
    .addColumn('fault', 'text')
    .addColumn('refreshed_at', 'bigint')
    .addColumn('last_used_at', 'bigint')
    .addColumn('last_used_by', 'text')
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('updated_at', 'bigint', (c) => c.notNull())
    .execute()
  await db.schema
    .createIndex('connection_by_org')
    .on('connection')
    .columns(['org_id', 'user_ref', 'created_at', 'connection_id'])
    .execute()

  // Of many connections, the few that are looked after by the clock.
  for (const column of ['intent_at', 'previous_until'])
    await db.schema
      .createIndex(`connection_by_${column}`)
      .on('connection')
      .column(column)
      .where(column, 'is not', null)
      .execute()

  // What a person is asked for at a provider: its row ends with the answer, or with the time.
  await db.schema
    .createTable('connection_flow')
    .addColumn('state_hash', 'text', (c) => c.primaryKey())
    .addColumn('connection_id', 'text', (c) => c.notNull().references('connection.connection_id').onDelete('cascade'))
    .addColumn('org_id', 'text', (c) => c.notNull())
    .addColumn('provider_name', 'text', (c) => c.notNull())
    .addColumn('redirect_uri', 'text', (c) => c.notNull())
    .addColumn('return_url', 'text')
    .addColumn('scopes', 'text', (c) => c.notNull())
    .addColumn('secrets_sealed', 'text', (c) => c.notNull())
    .addColumn('expected_account', 'text')
    .addColumn('session_challenge', 'text')
    .addColumn('reconnects', 'integer', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('expires_at', 'bigint', (c) => c.notNull())
    .addColumn('used_at', 'bigint')
    .execute()
  await db.schema.createIndex('connection_flow_by_connection').on('connection_flow').column('connection_id').execute()
  await db.schema.createIndex('connection_flow_by_expiry').on('connection_flow').column('expires_at').execute()

  // The answer to a call that is sent again, for a day.
  await db.schema
    .createTable('idempotency_key')
    .addColumn('key_hash', 'text', (c) => c.primaryKey())
    .addColumn('request_hash', 'text', (c) => c.notNull())
    .addColumn('answer_sealed', 'text')
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .execute()
  await db.schema.createIndex('idempotency_key_by_time').on('idempotency_key').column('created_at').execute()

  // Discovery documents and key sets of providers: they outlive a restart, and a provider that is down.
  await db.schema
    .createTable('provider_document')
    .addColumn('url', 'text', (c) => c.primaryKey())
    .addColumn('body', 'text', (c) => c.notNull())
    .addColumn('etag', 'text')
    .addColumn('fetched_at', 'bigint', (c) => c.notNull())
    .addColumn('tried_at', 'bigint', (c) => c.notNull())
    .addColumn('fresh_until', 'bigint', (c) => c.notNull())
    .execute()

  // Who may use a connection, beside whoever made it: an agent, by method and path.
  await db.schema
    .createTable('connection_grant')
    .addColumn('grant_id', 'text', (c) => c.primaryKey())
    .addColumn('org_id', 'text', (c) => c.notNull())
    .addColumn('connection_id', 'text', (c) => c.notNull().references('connection.connection_id').onDelete('cascade'))
    .addColumn('agent_id', 'text', (c) => c.notNull())
    .addColumn('methods', 'text')
    .addColumn('path_prefix', 'text')
    .addColumn('raw_token', 'integer', (c) => c.notNull())
    .addColumn('made_by', 'text', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .execute()
  await db.schema
    .createIndex('connection_grant_by_agent')
    .on('connection_grant')
    .columns(['agent_id', 'connection_id'])
    .execute()

  // Where an organization hears of its connections. Deliveries are kept for a week.
  await db.schema
    .createTable('webhook')
    .addColumn('webhook_id', 'text', (c) => c.primaryKey())
    .addColumn('org_id', 'text', (c) => c.notNull())
    .addColumn('url', 'text', (c) => c.notNull())
    .addColumn('events', 'text', (c) => c.notNull())
    .addColumn('secret_sealed', 'text', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .execute()
  await db.schema.createIndex('webhook_by_org').on('webhook').column('org_id').execute()
  await db.schema
    .createTable('webhook_delivery')
    .addColumn('delivery_id', 'text', (c) => c.primaryKey())
    .addColumn('webhook_id', 'text', (c) => c.notNull().references('webhook.webhook_id').onDelete('cascade'))
    .addColumn('event', 'text', (c) => c.notNull())
    .addColumn('body', 'text', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('next_attempt_at', 'bigint')
    .addColumn('attempts', 'integer', (c) => c.notNull())
    .addColumn('delivered_at', 'bigint')
    .addColumn('last_status', 'integer')
    .addColumn('last_error', 'text')
    .execute()
  await db.schema
    .createIndex('webhook_delivery_by_webhook')
    .on('webhook_delivery')
    .columns(['webhook_id', 'delivery_id'])
    .execute()
  await db.schema.createIndex('webhook_delivery_due').on('webhook_delivery').column('next_attempt_at').execute()
  await db.schema.createIndex('webhook_delivery_by_time').on('webhook_delivery').column('created_at').execute()
}
