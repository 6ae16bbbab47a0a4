import { DatabaseSync } from 'node:sqlite'
import { Kysely, PostgresDialect, sql } from 'kysely'
import { Migrator } from 'kysely/migration'
import pg from 'pg'
import { describe, expect, test } from 'vitest'
import { isClientOrigin } from '../src/storage/clients.ts'
import { noChain } from '../src/storage/database.ts'
import * as identity from '../src/storage/migrations/0001-identity.ts'
import { migrationsFor } from '../src/storage/migrations/index.ts'
import { NodeSqliteDialect } from '../src/storage/node-sqlite-dialect.ts'
import { openDatabase } from '../src/storage/open.ts'
import { DATABASES, type DatabaseKind, freshDatabase } from './harness.ts'

/** A database as the release before left it. */
function openOld(kind: DatabaseKind, url: string): Kysely<unknown> {
  if (kind === 'postgres')
    return new Kysely({ dialect: new PostgresDialect({ pool: new pg.Pool({ connectionString: url }) }) })
  return new Kysely({ dialect: new NodeSqliteDialect(new DatabaseSync(url.slice('sqlite:'.length))) })
}

describe.each(DATABASES)('a database of the first release, on %s', (kind) => {
  test('is brought up to date with everything that is in it', async () => {
    const database = await freshDatabase(kind)
    const old = openOld(kind, database.url)
    const first = { up: (db: Kysely<unknown>) => identity.up(db, kind) }
    const provider = { getMigrations: async () => ({ '0001-identity': first }) }
    const { error } = await new Migrator({ db: old, provider }).migrateToLatest()
    expect(error).toBeUndefined()
    await sql`insert into organization values ('org_1', 'Mine', 1)`.execute(old)
    await sql`insert into person (user_id, org_id, email, name, role, created_at)
      values ('user_1', 'org_1', 'ada@example.com', 'Ada', 'member', 2)`.execute(old)
    await sql`insert into agent (agent_id, org_id, user_id, capabilities, min_level, same_browser, tokens_not_before, created_at, updated_at)
      values ('agent_1', 'org_1', 'user_1', '[]', 1, 0, 0, 3, 3)`.execute(old)
    await sql`insert into auth_grant (grant_id, org_id, client_id, agent_id, request_id, scope, resource, model, level, auth_time, created_at, expires_at)
      values ('grant_1', 'org_1', 'client_1', 'agent_1', 'req_1', 'openid', '[]', 'm', 1, 4, 5, 6)`.execute(old)
    await sql`insert into client (client_id, org_id, client_name, redirect_uris, grant_types, scope, subjects, min_level, resource_server, created_at, updated_at)
      values ('client_1', 'org_1', 'Shop', '["https://shop.example/a","https://shop.example/b"]', '[]', '', '[]', 1, 0, 3, 3)`.execute(
      old,
    )
    await old.destroy()

    const now = openDatabase(database.url, { newChain: noChain, now: Date.now, onError: () => {} })
    expect(await now.migrate()).toEqual([
      '0002-people',
      '0003-connections',
      '0004-browsers',
      '0005-outside-identities',
      '0006-fuel',
      '0007-models',
      '0008-mcp-servers',
      '0009-limits-of-people',
      '0010-model-calls',
      '0011-credit-lots',
    ])
    expect(await isClientOrigin(now.read, 'https://shop.example')).toBe(true)
    expect(await now.migrate()).toEqual([])
    const person = await now.read.selectFrom('person').selectAll().executeTakeFirstOrThrow()
    expect(person).toMatchObject({ user_id: 'user_1', registered_at: null, payment_method: 'credits' })
    const agent = await now.read.selectFrom('agent').selectAll().executeTakeFirstOrThrow()
    expect(agent).toMatchObject({ agent_id: 'agent_1', approval: 'never' })
    const grant = await now.read.selectFrom('auth_grant').selectAll().executeTakeFirstOrThrow()
    expect(grant).toMatchObject({ grant_id: 'grant_1', agent_id: 'agent_1', model: 'm', auth_time: 4, user_id: null })
    await now.close()
    await database.drop()
  })
})

describe.each(DATABASES)('promotions of the release before lots, on %s', (kind) => {
  test('become lots of what was not spent of them, the oldest spent first, beside what calls have set aside', async () => {
    const database = await freshDatabase(kind)
    const old = openOld(kind, database.url)
    const { '0011-credit-lots': _, ...before } = await migrationsFor(kind).getMigrations()
    await new Migrator({ db: old, provider: { getMigrations: async () => before } }).migrateToLatest()
    let entries = 0
    const entry = (user: string, kindOf: string, client: string | null, nano: number) =>
      sql`insert into ledger_entry (entry_id, user_id, client_id, kind, amount_nano, actor, at)
        values (${`entry_${++entries}`}, ${user}, ${client}, ${kindOf}, ${nano}, 'x', ${entries})`.execute(old)
    const balance = (user: string, nano: number, reserved: number) =>
      sql`insert into balance (user_id, balance_nano, reserved_nano) values (${user}, ${nano}, ${reserved})`.execute(
        old,
      )
    await sql`insert into organization values ('org_1', 'Mine', 1)`.execute(old)
    await sql`insert into client (client_id, org_id, client_name, redirect_uris, grant_types, scope, subjects, min_level, resource_server, created_at, updated_at)
      values ('app_1', 'org_1', 'Shop', '[]', '[]', '', '[]', 1, 0, 3, 3)`.execute(old)
    // Two promotions of 500, 700 spent, 100 paid.
    await entry('both', 'promotion', 'app_1', 500)
    await entry('both', 'promotion', 'app_2', 500)
    await entry('both', 'usage', null, -700)
    await entry('both', 'credit', null, 100)
    await balance('both', 400, 0)
    // All of it spent, and some of what was paid for.
    await entry('spent', 'promotion', 'app_1', 500)
    await entry('spent', 'credit', null, 100)
    await entry('spent', 'usage', null, -550)
    await balance('spent', 50, 0)
    // A call is under way that the release before began.
    await entry('busy', 'promotion', 'app_1', 9_000_000_000_000)
    await balance('busy', 9_000_000_000_000, 3_000_000_000_000)
    await entry('never', 'credit', null, 70)
    await balance('never', 70, 0)
    await old.destroy()

    const now = openDatabase(database.url, { newChain: noChain, now: Date.now, onError: () => {} })
    expect(await now.migrate()).toEqual(['0011-credit-lots'])
    const lots = await now.read.selectFrom('credit_lot').selectAll().orderBy('lot_id').execute()
    expect(lots).toEqual([
      expect.objectContaining({ lot_id: 'entry_2', user_id: 'both', client_id: 'app_2', remaining_nano: 300 }),
      expect.objectContaining({
        lot_id: 'entry_8',
        user_id: 'busy',
        org_id: 'org_1',
        remaining_nano: 6_000_000_000_000,
      }),
    ])
    expect(lots[1]).toMatchObject({ reserved_nano: 0, expires_at: null, excluded_models: '[]', created_at: 8 })
    const balances = await now.read.selectFrom('balance').selectAll().orderBy('user_id').execute()
    expect(
      balances.map(({ user_id, lots_nano, lots_reserved_nano }) => [user_id, lots_nano, lots_reserved_nano]),
    ).toEqual([
      ['both', 300, 0],
      ['busy', 6_000_000_000_000, 0],
      ['never', 0, 0],
      ['spent', 0, 0],
    ])
    await now.close()
    await database.drop()
  })
})
