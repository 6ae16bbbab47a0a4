import type { Migration, MigrationProvider } from 'kysely/migration'
import * as identity from './0001-identity.ts'

const MIGRATIONS = { '0001-identity': identity }

/** Imported by name rather than found in a folder: what runs is what was reviewed. */
export function migrationsFor(dialect: 'sqlite' | 'postgres'): MigrationProvider {
  const entries = Object.entries(MIGRATIONS).map(([name, { up }]): [string, Migration] => [
    name,
    { up: (db) => up(db, dialect) },
  ])
  return { getMigrations: async () => Object.fromEntries(entries) }
}
