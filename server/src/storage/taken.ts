/** SQLite's extended result codes: a unique column, a primary key. */
const SQLITE_TAKEN: ReadonlySet<number> = new Set([2067, 1555])
/** SQLSTATE unique_violation. */
const POSTGRES_TAKEN = '23505'

/** Whether a write failed because somebody else has what has to be unique, since just now. */
export function isTaken(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if ('errcode' in error) return SQLITE_TAKEN.has(Number(error.errcode))
  return 'code' in error && error.code === POSTGRES_TAKEN
}
