import type { Database, NewChain } from './database.ts'
import { openPostgres } from './postgres.ts'
import { openSqlite } from './sqlite.ts'

/** Opens what a `DATABASE_URL` names: `sqlite:<path>`, `sqlite::memory:` or `postgres://...`. */
export function openDatabase(
  url: string,
  { newChain, now, onError }: { newChain: NewChain; now: () => number; onError: (error: Error) => void },
): Database {
  return url.startsWith('sqlite:')
    ? openSqlite(sqlitePath(url), newChain, now, onError)
    : openPostgres(url, newChain, onError)
}

/** The file behind a SQLite URL; `sqlite:data/x.db`, `sqlite:./x.db` and `sqlite:///abs/x.db` are all understood. */
export function sqlitePath(url: string): string {
  return url.slice('sqlite:'.length).replace(/^\/\/(?=\/|[^/])/, '')
}
