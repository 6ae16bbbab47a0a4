import { type Kysely, sql } from 'kysely'

/** Frozen in time: imports nothing of ours. Portable between SQLite and Postgres. */
export async function up(db: Kysely<unknown>, dialect: 'sqlite' | 'postgres'): Promise<void> {
  await people(db)
  await organizations(db)
  await apiKeys(db)
  await credits(db)
  await mail(db)
  await signIns(db)
  await grants(db, dialect)

  await db.schema
    .alterTable('agent')
    .addColumn('approval', 'text', (c) => c.notNull().defaultTo('never'))
    .execute()
  await db.schema
    .alterTable('client')
    .addColumn('access_token_format', 'text', (c) => c.notNull().defaultTo('jwt'))
    .execute()
  await db.schema
    .alterTable('client')
    .addColumn('promotional_credits', 'bigint', (c) => c.notNull().defaultTo(0))
    .execute()
  await db.schema.createIndex('agent_by_user').on('agent').column('user_id').execute()
  await db.schema.createIndex('audit_event_by_org').on('audit_event').columns(['org_id', 'at']).execute()
}

async function people(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('person').dropColumn('role').execute()
  await db.schema.alterTable('person').addColumn('registered_at', 'bigint').execute()
  await db.schema.alterTable('person').addColumn('updated_at', 'bigint').execute()
  await db.schema.alterTable('person').addColumn('image', 'text').execute()
  await db.schema
    .alterTable('person')
    .addColumn('payment_method', 'text', (c) => c.notNull().defaultTo('credits'))
    .execute()
  await db.schema.createIndex('person_by_email').on('person').column('email').unique().execute()

  await db.schema
    .createTable('session')
    .addColumn('session_id', 'text', (c) => c.primaryKey())
    .addColumn('token_hash', 'text', (c) => c.notNull().unique())
    .addColumn('user_id', 'text', (c) => c.notNull().references('person.user_id').onDelete('cascade'))
    .addColumn('org_id', 'text')
    .addColumn('ip_address', 'text')
    .addColumn('user_agent', 'text')
    .addColumn('authenticated_at', 'bigint', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('updated_at', 'bigint', (c) => c.notNull())
    .addColumn('expires_at', 'bigint', (c) => c.notNull())
    .execute()
  await db.schema.createIndex('session_by_user').on('session').column('user_id').execute()
  await db.schema.createIndex('session_by_expiry').on('session').column('expires_at').execute()

  await db.schema
    .createTable('account')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('user_id', 'text', (c) => c.notNull().references('person.user_id').onDelete('cascade'))
    .addColumn('provider_id', 'text', (c) => c.notNull())
    .addColumn('account_id', 'text', (c) => c.notNull())
    .addColumn('password_hash', 'text')
    .addColumn('scope', 'text')
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('updated_at', 'bigint', (c) => c.notNull())
    .addUniqueConstraint('account_of_provider', ['provider_id', 'account_id'])
    .execute()
  await db.schema.createIndex('account_by_user').on('account').column('user_id').execute()

  await db.schema
    .createTable('verification')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('identifier_hash', 'text', (c) => c.notNull())
    .addColumn('value_sealed', 'text', (c) => c.notNull())
    .addColumn('user_id', 'text', (c) => c.references('person.user_id').onDelete('cascade'))
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('updated_at', 'bigint', (c) => c.notNull())
    .addColumn('expires_at', 'bigint', (c) => c.notNull())
    .execute()
  await db.schema.createIndex('verification_by_identifier').on('verification').column('identifier_hash').execute()
  await db.schema
    .createIndex('verification_by_user')
    .on('verification')
    .column('user_id')
    .where(sql.ref('user_id'), 'is not', null)
    .execute()
  await db.schema.createIndex('verification_by_expiry').on('verification').column('expires_at').execute()

  await db.schema
    .createTable('passkey')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('user_id', 'text', (c) => c.notNull().references('person.user_id').onDelete('cascade'))
    .addColumn('name', 'text')
    .addColumn('credential_id', 'text', (c) => c.notNull().unique())
    .addColumn('public_key', 'text', (c) => c.notNull())
    .addColumn('counter', 'bigint', (c) => c.notNull())
    .addColumn('device_type', 'text', (c) => c.notNull())
    .addColumn('backed_up', 'integer', (c) => c.notNull())
    .addColumn('transports', 'text')
    .addColumn('aaguid', 'text')
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .execute()
  await db.schema.createIndex('passkey_by_user').on('passkey').column('user_id').execute()
}

async function organizations(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('membership')
    .addColumn('org_id', 'text', (c) => c.notNull().references('organization.org_id').onDelete('cascade'))
    .addColumn('user_id', 'text', (c) => c.notNull().references('person.user_id').onDelete('cascade'))
    .addColumn('role', 'text', (c) => c.notNull())
    .addColumn('needs_proof', 'integer', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addPrimaryKeyConstraint('membership_pk', ['org_id', 'user_id'])
    .execute()
  await db.schema.createIndex('membership_by_user').on('membership').column('user_id').execute()

  await db.schema
    .createTable('invitation')
    .addColumn('invitation_id', 'text', (c) => c.primaryKey())
    .addColumn('org_id', 'text', (c) => c.notNull().references('organization.org_id').onDelete('cascade'))
    .addColumn('email', 'text', (c) => c.notNull())
    .addColumn('role', 'text', (c) => c.notNull())
    .addColumn('token_hash', 'text', (c) => c.notNull().unique())
    .addColumn('invited_by', 'text', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('expires_at', 'bigint', (c) => c.notNull())
    .addColumn('accepted_at', 'bigint')
    .execute()
  await db.schema.createIndex('invitation_by_org').on('invitation').column('org_id').execute()
}

async function apiKeys(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('api_key')
    .addColumn('key_id', 'text', (c) => c.primaryKey())
    .addColumn('org_id', 'text', (c) => c.notNull())
    .addColumn('user_id', 'text', (c) => c.notNull().references('person.user_id').onDelete('cascade'))
    .addColumn('client_id', 'text')
    .addColumn('grant_id', 'text')
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('scope', 'text', (c) => c.notNull())
    .addColumn('key_hash', 'text', (c) => c.notNull().unique())
    .addColumn('prefix', 'text', (c) => c.notNull())
    .addColumn('last_four', 'text', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('expires_at', 'bigint')
    .addColumn('last_used_at', 'bigint')
    .addColumn('revoked_at', 'bigint')
    .execute()
  await db.schema.createIndex('api_key_by_user').on('api_key').columns(['user_id', 'client_id']).execute()
  await db.schema
    .createIndex('api_key_by_grant')
    .on('api_key')
    .column('grant_id')
    .where(sql.ref('grant_id'), 'is not', null)
    .execute()
  await db.schema
    .createIndex('api_key_by_client')
    .on('api_key')
    .column('client_id')
    .where(sql.ref('client_id'), 'is not', null)
    .execute()

  await db.schema
    .createTable('app_approval')
    .addColumn('user_id', 'text', (c) => c.notNull().references('person.user_id').onDelete('cascade'))
    .addColumn('client_id', 'text', (c) => c.notNull().references('client.client_id').onDelete('cascade'))
    .addColumn('scope', 'text', (c) => c.notNull())
    .addColumn('approved_at', 'bigint', (c) => c.notNull())
    .addColumn('withdrawn_at', 'bigint')
    .addPrimaryKeyConstraint('app_approval_pk', ['user_id', 'client_id'])
    .execute()
  await db.schema
    .createIndex('app_approval_by_client')
    .on('app_approval')
    .columns(['client_id', 'approved_at'])
    .execute()
}

async function credits(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('ledger_entry')
    .addColumn('entry_id', 'text', (c) => c.primaryKey())
    .addColumn('user_id', 'text', (c) => c.notNull())
    .addColumn('client_id', 'text')
    .addColumn('kind', 'text', (c) => c.notNull())
    .addColumn('amount_nano', 'bigint', (c) => c.notNull())
    .addColumn('reason', 'text')
    .addColumn('actor', 'text', (c) => c.notNull())
    .addColumn('at', 'bigint', (c) => c.notNull())
    .execute()
  await db.schema.createIndex('ledger_entry_by_user').on('ledger_entry').columns(['user_id', 'at']).execute()
  // Once for each user and app, whatever races.
  await db.schema
    .createIndex('ledger_entry_promotion')
    .on('ledger_entry')
    .columns(['user_id', 'client_id'])
    .unique()
    .where(sql.ref('kind'), '=', sql.lit('promotion'))
    .execute()
  await db.schema
    .createTable('balance')
    .addColumn('user_id', 'text', (c) => c.primaryKey())
    .addColumn('balance_nano', 'bigint', (c) => c.notNull())
    .addColumn('reserved_nano', 'bigint', (c) => c.notNull())
    .execute()
}

async function mail(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('mail')
    .addColumn('mail_id', 'text', (c) => c.primaryKey())
    .addColumn('recipient', 'text', (c) => c.notNull())
    .addColumn('subject', 'text', (c) => c.notNull())
    .addColumn('body_sealed', 'text', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('next_attempt_at', 'bigint')
    .addColumn('attempts', 'integer', (c) => c.notNull())
    .addColumn('sent_at', 'bigint')
    .addColumn('last_error', 'text')
    .execute()
  await db.schema.createIndex('mail_by_recipient').on('mail').columns(['recipient', 'mail_id']).execute()
  await db.schema.createIndex('mail_by_time').on('mail').column('created_at').execute()
  await db.schema.createIndex('mail_due').on('mail').column('next_attempt_at').execute()
}

async function signIns(db: Kysely<unknown>): Promise<void> {
  for (const column of ['agent_org_id', 'user_id', 'failure', 'failed_agent_id', 'decided_by'] as const)
    await db.schema.alterTable('authorization_request').addColumn(column, 'text').execute()
  for (const column of ['failed_at', 'approval_asked_at', 'decided_at', 'login_after'] as const)
    await db.schema.alterTable('authorization_request').addColumn(column, 'bigint').execute()
  await db.schema
    .alterTable('authorization_request')
    .addColumn('asks_consent', 'integer', (c) => c.notNull().defaultTo(0))
    .execute()
  await db.schema
    .createIndex('authorization_request_by_org')
    .on('authorization_request')
    .columns(['org_id', 'request_id'])
    .execute()
  await db.schema
    .createIndex('authorization_request_by_agent_org')
    .on('authorization_request')
    .columns(['agent_org_id', 'request_id'])
    .where(sql.ref('agent_org_id'), 'is not', null)
    .execute()
}

/** A person's sign-in has no agent and no model. */
async function grants(db: Kysely<unknown>, dialect: 'sqlite' | 'postgres'): Promise<void> {
  if (dialect === 'postgres') {
    for (const column of ['agent_id', 'model'])
      await sql`alter table auth_grant alter column ${sql.ref(column)} drop not null`.execute(db)
    for (const column of ['user_id', 'agent_org_id'])
      await db.schema.alterTable('auth_grant').addColumn(column, 'text').execute()
  } else {
    await rebuildGrants(db)
  }
  await db.schema
    .createIndex('auth_grant_by_user')
    .on('auth_grant')
    .column('user_id')
    .where(sql.ref('user_id'), 'is not', null)
    .execute()
}

/** SQLite cannot drop a NOT NULL from a column. */
async function rebuildGrants(db: Kysely<unknown>): Promise<void> {
  await sql`alter table auth_grant rename to auth_grant_0001`.execute(db)
  for (const index of ['auth_grant_by_agent', 'auth_grant_by_client']) await db.schema.dropIndex(index).execute()
  await db.schema
    .createTable('auth_grant')
    .addColumn('grant_id', 'text', (c) => c.primaryKey())
    .addColumn('org_id', 'text', (c) => c.notNull())
    .addColumn('client_id', 'text', (c) => c.notNull())
    .addColumn('agent_id', 'text')
    .addColumn('request_id', 'text', (c) => c.notNull())
    .addColumn('scope', 'text', (c) => c.notNull())
    .addColumn('resource', 'text', (c) => c.notNull())
    .addColumn('model', 'text')
    .addColumn('level', 'integer', (c) => c.notNull())
    .addColumn('auth_time', 'bigint', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('expires_at', 'bigint', (c) => c.notNull())
    .addColumn('revoked_at', 'bigint')
    .addColumn('revoke_reason', 'text')
    .addColumn('user_id', 'text')
    .addColumn('agent_org_id', 'text')
    .execute()
  const columns = sql.raw(
    'grant_id, org_id, client_id, agent_id, request_id, scope, resource, model, level, auth_time, created_at, expires_at, revoked_at, revoke_reason',
  )
  await sql`insert into auth_grant (${columns}) select ${columns} from auth_grant_0001`.execute(db)
  await db.schema.dropTable('auth_grant_0001').execute()
  await db.schema.createIndex('auth_grant_by_agent').on('auth_grant').column('agent_id').execute()
  await db.schema.createIndex('auth_grant_by_client').on('auth_grant').column('client_id').execute()
}
