import type { Migration, MigrationProvider } from 'kysely/migration'
import * as identity from './0001-identity.ts'
import * as people from './0002-people.ts'
import * as connections from './0003-connections.ts'
import * as browsers from './0004-browsers.ts'
import * as outsideIdentities from './0005-outside-identities.ts'
import * as fuel from './0006-fuel.ts'
import * as models from './0007-models.ts'
import * as mcpServers from './0008-mcp-servers.ts'
import * as limitsOfPeople from './0009-limits-of-people.ts'
import * as modelCalls from './0010-model-calls.ts'
import * as creditLots from './0011-credit-lots.ts'

const MIGRATIONS = {
  '0001-identity': identity,
  '0002-people': people,
  '0003-connections': connections,
  '0004-browsers': browsers,
  '0005-outside-identities': outsideIdentities,
  '0006-fuel': fuel,
  '0007-models': models,
  '0008-mcp-servers': mcpServers,
  '0009-limits-of-people': limitsOfPeople,
  '0010-model-calls': modelCalls,
  '0011-credit-lots': creditLots,
}

/** Imported by name rather than found in a folder: what runs is what was reviewed. */
export function migrationsFor(dialect: 'sqlite' | 'postgres'): MigrationProvider {
  const entries = Object.entries(MIGRATIONS).map(([name, { up }]): [string, Migration] => [
    name,
    { up: (db) => up(db, dialect) },
  ])
  return { getMigrations: async () => Object.fromEntries(entries) }
}
