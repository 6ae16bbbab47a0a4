import { DatabaseUnavailableError } from './database.ts'

/** SQLite's primary result codes: busy, locked, out of memory, read-only, I/O error, corrupt, full, cannot open, not a database. */
const SQLITE_UNAVAILABLE: ReadonlySet<number> = new Set([5, 6, 7, 8, 10, 11, 13, 14, 26])

/** SQLSTATE: connection (08), resources (53), operator (57), system (58); serialization, deadlock, lock, read-only. */
const POSTGRES_UNAVAILABLE = /^(08|53|57|58)...$|^(40001|40P01|55P03|25006)$/

/** node-postgres has no code for what never reached the server. */
const CONNECTION_LOST =
  /connection terminated|timeout exceeded|timeout expired|client has encountered a connection error/i

/** Whether the database failed, as against what it was asked: try again, nothing was kept. */
export function isUnavailable(error: unknown): boolean {
  if (error instanceof DatabaseUnavailableError) return true
  if (!(error instanceof Error)) return false
  if ('errcode' in error) return SQLITE_UNAVAILABLE.has(Number(error.errcode) & 0xff)
  if (!('code' in error) || error.code === undefined) return CONNECTION_LOST.test(error.message)
  const code = String(error.code)
  return POSTGRES_UNAVAILABLE.test(code) || /^E[A-Z]+$/.test(code)
}
