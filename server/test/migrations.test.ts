import { DatabaseSync } from 'node:sqlite'
import { Kysely, PostgresDialect, sql } from 'kysely'
import { Migrator } from 'kysely/migration'
import pg from 'pg'
import { describe, expect, test } from 'vitest'
import { isClientOrigin } from '../src/storage/clients.ts'
import { noChain } from '../src/storage/database.ts'
import * as identity from '../src/storage/migrations/0001-identity.ts'
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
