import pg from 'pg'
import { expect, test } from 'vitest'
import { databaseFiles } from './database-files.ts'
import { everything, spellings } from './everything.ts'
import { DATABASES, startServer, type TestServer } from './harness.ts'

test.each(DATABASES)('what lies on the disk of %s holds no secret', async (database) => {
  const server = await startServer(database)
  const secrets = await everything(server)
  const rows = await allRows(server)
  const filled = ['agent_secret', 'authorization_request', 'refresh_token', 'signing_key', 'audit_event']
  for (const table of [
    ...filled,
    'session',
    'account',
    'verification',
    'invitation',
    'api_key',
    'provider_key',
    'mail',
  ])
    expect([table, rows.get(table)?.length]).not.toEqual([table, 0])

  const dump = [...rows.values()].flat().join('\n')
  const lying = [dump, ...files(server.databaseUrl)]
  const leaks = [...secrets].flatMap(([name, secret]) =>
    spellings(secret).some((spelling) => lying.some((text) => text.includes(spelling))) ? [name] : [],
  )
  expect(leaks).toEqual([])
  // The private half of a key, as JWK or PEM.
  for (const text of lying) expect(text).not.toMatch(/"d":\s*"|PRIVATE KEY/)
  await server.stop()
})

/** Every row of every table, as text. */
async function allRows(server: TestServer): Promise<Map<string, string[]>> {
  const { read } = server.deps.db
  const tables = (await read.introspection.getTables()).map(({ name }) => name)
  const rows = new Map<string, string[]>()
  for (const table of tables)
    rows.set(
      table,
      (
        await read
          .selectFrom(table as 'agent')
          .selectAll()
          .execute()
      ).map((row) => JSON.stringify(row)),
    )
  if (server.databaseUrl.startsWith('postgres')) rows.set('dump', await postgresText(server.databaseUrl, tables))
  return rows
}

async function postgresText(url: string, tables: readonly string[]): Promise<string[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const text: string[] = []
  for (const table of tables) {
    const { rows } = await client.query(`select t::text as text from "${table}" t`)
    text.push(...rows.map((row) => row.text))
  }
  await client.end()
  return text
}

/** The database file and what lies beside it, deleted rows and all. */
function files(databaseUrl: string): string[] {
  if (!databaseUrl.startsWith('sqlite:')) return []
  const lying = databaseFiles(databaseUrl)
  expect(lying.some(({ name }) => name.endsWith('-wal'))).toBe(true)
  return lying.map(({ bytes }) => bytes.toString('latin1'))
}
