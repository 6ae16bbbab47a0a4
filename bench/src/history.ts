import { randomBytes } from 'node:crypto'
import { DatabaseSync, type SQLInputValue } from 'node:sqlite'

type Row = Record<string, SQLInputValue>
/** What a column of the n-th row holds, given what the pattern holds there. */
type Fresh = (pattern: SQLInputValue, n: number) => SQLInputValue

/** What one old sign-in has left behind: rows of these tables, alike but for the columns that are their own. */
const LEFT_BY_A_SIGN_IN: { table: string; rows: number; own: Record<string, Fresh> }[] = [
  {
    table: 'authorization_request',
    rows: 1,
    own: { request_id: another, browser_hash: another, code_hash: another, grant_id: another },
  },
  { table: 'auth_grant', rows: 1, own: { grant_id: another, request_id: another } },
  { table: 'refresh_token', rows: 2, own: { token_hash: another, grant_id: another, successor_hash: another } },
  {
    table: 'audit_event',
    rows: 4,
    own: { chain: () => 'chain_history', seq: (_, n) => n, request_id: another, prev_hash: another, hash: another },
  },
]

export const ROWS_PER_SIGN_IN = LEFT_BY_A_SIGN_IN.reduce((sum, { rows }) => sum + rows, 0)

const SIGN_INS_PER_COMMIT = 5000

/**
 * Puts years of sign-ins into a database that has seen at least one: its last rows are the pattern, so that this
 * need not know more of the schema than its keys. Written behind the server's back, which nothing but a bench may do.
 */
export function writeHistory(path: string, signIns: number): void {
  const db = new DatabaseSync(path)
  db.exec('PRAGMA busy_timeout = 10000; PRAGMA synchronous = OFF; PRAGMA cache_size = -256000')
  const writers = LEFT_BY_A_SIGN_IN.map(({ table, rows, own }) => rowWriter(db, table, rows, own))
  for (let done = 0; done < signIns; done += SIGN_INS_PER_COMMIT) {
    db.exec('BEGIN IMMEDIATE')
    for (let index = done; index < Math.min(signIns, done + SIGN_INS_PER_COMMIT); index++)
      for (const write of writers) write()
    db.exec('COMMIT')
  }
  db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  db.close()
}

function rowWriter(db: DatabaseSync, table: string, rows: number, own: Record<string, Fresh>): () => void {
  const pattern = db.prepare(`SELECT * FROM ${table} ORDER BY rowid DESC LIMIT 1`).get() as Row | undefined
  if (!pattern) throw new Error(`No row of ${table} to take as a pattern`)
  const columns = Object.keys(pattern)
  const insert = db.prepare(
    `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`,
  )

  let written = 0
  return () => {
    for (let row = 0; row < rows; row++) {
      written++
      insert.run(...Object.entries(pattern).map(([column, value]) => own[column]?.(value, written) ?? value))
    }
  }
}

/** A value of the same look, `prefix_random` or `prefix:random`. */
function another(value: SQLInputValue): SQLInputValue {
  if (typeof value !== 'string') return value
  const prefix = /^[a-z0-9]+[_:]/i.exec(value)?.[0] ?? ''
  return (
    prefix +
    randomBytes(32)
      .toString('base64url')
      .slice(0, Math.max(22, value.length - prefix.length))
  )
}
