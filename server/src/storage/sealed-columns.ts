import { sql } from 'kysely'
import type { Db } from './database.ts'

/** A column of sealed text, with what its rows are found and bound by. */
export interface SealedColumn {
  table: string
  column: string
  /** The columns of the primary key. */
  key: readonly string[]
  /** Further columns that `record` reads. */
  reads: readonly string[]
  /** The name that a row's text is bound to. */
  record: (row: SealedRow) => string
}

export type SealedRow = Readonly<Record<string, string | number | null>>

const ROWS = 500

/** The next rows of a column, in the order of their keys, after the one named. */
export async function listSealed(
  db: Db,
  { table, column, key, reads }: SealedColumn,
  after: SealedRow | undefined,
): Promise<SealedRow[]> {
  const columns = sql.join([...key, ...reads, column].map((name) => sql.ref(name)))
  const keys = sql.join(key.map((name) => sql.ref(name)))
  const beyond = after ? sql`and (${keys}) > (${sql.join(key.map((name) => after[name]))})` : sql``
  const { rows } = await sql<SealedRow>`select ${columns} from ${sql.table(table)}
    where ${sql.ref(column)} is not null and ${sql.ref(column)} <> '' ${beyond}
    order by ${keys} limit ${sql.lit(ROWS)}`.execute(db)
  return rows
}

/** A text of a column that none of these master keys opens, if there is one. */
export async function findSealedByOthers(
  db: Db,
  { table, column }: SealedColumn,
  keyIds: readonly string[],
): Promise<string | undefined> {
  const known = keyIds.map((id) => `s1.${id}.`)
  const others = known.map((start) => sql`and substr(${sql.ref(column)}, 1, ${sql.lit(start.length)}) <> ${start}`)
  const { rows } = await sql<{ text: string }>`select ${sql.ref(column)} as text from ${sql.table(table)}
    where ${sql.ref(column)} is not null and ${sql.ref(column)} <> '' ${sql.join(others, sql` `)} limit 1`.execute(db)
  return rows[0]?.text
}

/** Puts a new text in the place of the one that was read. False when somebody else has written there since. */
export async function replaceSealed(
  trx: Db,
  { table, column, key }: SealedColumn,
  row: SealedRow,
  text: string,
): Promise<boolean> {
  const where = sql.join(
    key.map((name) => sql`${sql.ref(name)} = ${row[name]}`),
    sql` and `,
  )
  const { numAffectedRows } = await sql`update ${sql.table(table)} set ${sql.ref(column)} = ${text}
    where ${where} and ${sql.ref(column)} = ${row[column]}`.execute(trx)
  return numAffectedRows === 1n
}
