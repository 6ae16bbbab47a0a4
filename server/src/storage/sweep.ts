import { sql } from 'kysely'
import type { Db } from './database.ts'

/** Rows deleted a time: a sweep never holds the writers up for long. */
const SWEEP_ROWS = 1000

/** What ends by the clock: the table, its key, and the column that says when. */
const SWEPT = [
  // Kept for as long again, to know one that is used twice.
  { table: 'refresh_token', key: 'token_hash', column: 'expires_at', keepMs: 30 * 86_400_000 },
  { table: 'revoked_token', key: 'jti', column: 'expires_at', keepMs: 0 },
  { table: 'used_jti', key: 'jti', column: 'expires_at', keepMs: 60_000 },
  { table: 'auth_failure', key: 'key', column: 'started_at', keepMs: 3_600_000 },
  { table: 'session', key: 'session_id', column: 'expires_at', keepMs: 0 },
  { table: 'verification', key: 'id', column: 'expires_at', keepMs: 86_400_000 },
  { table: 'invitation', key: 'invitation_id', column: 'expires_at', keepMs: 30 * 86_400_000 },
  { table: 'connection_flow', key: 'state_hash', column: 'expires_at', keepMs: 7 * 86_400_000 },
  { table: 'idempotency_key', key: 'key_hash', column: 'created_at', keepMs: 86_400_000 },
  { table: 'model_rate', key: 'user_id', column: 'full_at', keepMs: 0 },
  { table: 'webhook_delivery', key: 'delivery_id', column: 'created_at', keepMs: 7 * 86_400_000 },
  { table: 'mail', key: 'mail_id', column: 'created_at', keepMs: 7 * 86_400_000 },
  { table: 'agent_secret', key: 'secret_id', column: 'expires_at', keepMs: 30 * 86_400_000 },
  { table: 'client_secret', key: 'secret_id', column: 'expires_at', keepMs: 30 * 86_400_000 },
] as const

export type SweptTable = (typeof SWEPT)[number]

export const sweptTables: readonly SweptTable[] = SWEPT

/** Deletes some of the rows that ended before `now` less their grace. True when there may be more. */
export async function sweepTable(trx: Db, { table, key, column, keepMs }: SweptTable, now: number): Promise<boolean> {
  const doomed = sql`select ${sql.ref(key)} from ${sql.table(table)} where ${sql.ref(column)} < ${now - keepMs} limit ${sql.lit(SWEEP_ROWS)}`
  const { numAffectedRows } =
    await sql`delete from ${sql.table(table)} where ${sql.ref(key)} in (${doomed}) and ${sql.ref(column)} < ${now - keepMs}`.execute(
      trx,
    )
  return Number(numAffectedRows ?? 0) >= SWEEP_ROWS
}

/** Tables whose ids sort by age: the id says when a row may go. */
const SWEPT_BY_ID = { authorization_request: 'request_id', auth_grant: 'grant_id' } as const

/** Deletes some of the rows whose id sorts before `id`. True when there may be more. */
export async function sweepTableById(trx: Db, table: keyof typeof SWEPT_BY_ID, id: string): Promise<boolean> {
  const key = sql.ref(SWEPT_BY_ID[table])
  const doomed = sql`select ${key} from ${sql.table(table)} where ${key} < ${id} order by ${key} limit ${sql.lit(SWEEP_ROWS)}`
  const { numAffectedRows } = await sql`delete from ${sql.table(table)} where ${key} in (${doomed})`.execute(trx)
  return Number(numAffectedRows ?? 0) >= SWEEP_ROWS
}

/** Forgets the answers of rotations whose replay window is over. */
export async function clearReplays(trx: Db, rotatedBefore: number): Promise<void> {
  await trx
    .updateTable('refresh_token')
    .set({ replay_sealed: null })
    .where('replay_sealed', 'is not', null)
    .where('rotated_at', '<', rotatedBefore)
    .execute()
}

/** Only SQLite has the feed. */
export async function clearChangeFeed(trx: Db, before: number): Promise<void> {
  await trx.deleteFrom('change_feed').where('at', '<', before).execute()
}
