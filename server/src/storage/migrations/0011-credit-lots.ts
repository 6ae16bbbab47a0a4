import { type Kysely, sql } from 'kysely'

/** Frozen in time: imports nothing of ours. Portable between SQLite and Postgres. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('credit_lot')
    .addColumn('lot_id', 'text', (c) => c.primaryKey())
    .addColumn('user_id', 'text', (c) => c.notNull())
    .addColumn('org_id', 'text', (c) => c.notNull())
    .addColumn('client_id', 'text', (c) => c.notNull())
    .addColumn('remaining_nano', 'bigint', (c) => c.notNull())
    .addColumn('reserved_nano', 'bigint', (c) => c.notNull())
    .addColumn('expires_at', 'bigint')
    .addColumn('excluded_models', 'text', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .execute()
  await db.schema.createIndex('credit_lot_by_user').on('credit_lot').column('user_id').execute()
  await db.schema
    .createIndex('credit_lot_by_expiry')
    .on('credit_lot')
    .column('expires_at')
    .where(sql.ref('expires_at'), 'is not', null)
    .execute()

  // What of the balance is in lots, so that who has none needs no look at them.
  for (const column of ['lots_nano', 'lots_reserved_nano'])
    await db.schema
      .alterTable('balance')
      .addColumn(column, 'bigint', (c) => c.notNull().defaultTo(0))
      .execute()
  // Null: all of it is paid credit.
  await db.schema.alterTable('reservation').addColumn('lots', 'text').execute()
  await db.schema.alterTable('ledger_entry').addColumn('lot_id', 'text').execute()
  await db.schema.alterTable('client').addColumn('promotional_credits_expire_in', 'bigint').execute()
  await db.schema
    .alterTable('client')
    .addColumn('promotional_excluded_models', 'text', (c) => c.notNull().defaultTo('[]'))
    .execute()

  await lotsOfBefore(db)
}

/**
 * Promotions that were given before: lots without an end. Promotional credits are spent first, the oldest before the
 * others, so what is left of them is what was not spent yet of all that was given away; and no more than what no call
 * that is under way has set aside.
 */
async function lotsOfBefore(db: Kysely<unknown>): Promise<void> {
  await sql`
    insert into credit_lot
      (lot_id, user_id, org_id, client_id, remaining_nano, reserved_nano, expires_at, excluded_models, created_at)
    with standing as (
      select e.user_id,
        coalesce(sum(case when e.kind = 'promotion' then e.amount_nano end), 0) as given,
        coalesce(sum(case when e.kind = 'usage' then -e.amount_nano end), 0) as spent,
        max(b.balance_nano - b.reserved_nano) as free
      from ledger_entry e join balance b on b.user_id = e.user_id
      group by e.user_id
    ), used as (
      select user_id, given - case
        when given - spent < 0 or free < 0 then 0
        when given - spent < free then given - spent
        else free end as nano
      from standing where given > 0
    ), promotion as (
      select e.*, sum(e.amount_nano) over (partition by e.user_id order by e.at, e.entry_id) - u.nano as upto
      from ledger_entry e join used u on u.user_id = e.user_id where e.kind = 'promotion'
    )
    select p.entry_id, p.user_id, coalesce(c.org_id, o.org_id, ''), coalesce(p.client_id, ''),
      cast(case when p.upto < p.amount_nano then p.upto else p.amount_nano end as bigint), 0, null, '[]', p.at
    from promotion p
      left join client c on c.client_id = p.client_id
      left join person o on o.user_id = p.user_id
    where p.upto > 0`.execute(db)
  await sql`
    update balance set lots_nano =
      (select cast(coalesce(sum(remaining_nano), 0) as bigint) from credit_lot where credit_lot.user_id = balance.user_id)
    where user_id in (select user_id from credit_lot)`.execute(db)
  await sql`update ledger_entry set lot_id = entry_id where kind = 'promotion'`.execute(db)
}
