import type { Kysely } from 'kysely'

/** Frozen in time: imports nothing of ours. Portable between SQLite and Postgres. */
export async function up(db: Kysely<unknown>): Promise<void> {
  // Both are claimed before the row that they name is made: whoever loses the claim makes none.
  await db.schema
    .createTable('outside_identity')
    .addColumn('issuer', 'text', (c) => c.notNull())
    .addColumn('subject', 'text', (c) => c.notNull())
    .addColumn('user_id', 'text', (c) => c.notNull().unique())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addPrimaryKeyConstraint('outside_identity_pk', ['issuer', 'subject'])
    .execute()
  await db.schema
    .createTable('outside_organization')
    .addColumn('issuer', 'text', (c) => c.notNull())
    .addColumn('outside_id', 'text', (c) => c.notNull())
    .addColumn('org_id', 'text', (c) => c.notNull().unique())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addPrimaryKeyConstraint('outside_organization_pk', ['issuer', 'outside_id'])
    .execute()
}
