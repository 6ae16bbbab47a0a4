import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

export interface DatabaseFile {
  name: string
  bytes: Buffer
}

/** A database of SQLite, its log and what else lies beside it, in folders too: deleted rows and all. None of Postgres. */
export function databaseFiles(databaseUrl: string): DatabaseFile[] {
  if (!databaseUrl.startsWith('sqlite:')) return []
  const folder = dirname(databaseUrl.slice('sqlite:'.length))
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => ({ name, bytes: readFileSync(join(parentPath, name)) }))
}
