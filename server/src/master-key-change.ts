import type { Deps } from './context.ts'
import { sealedUnder, UnsealError } from './crypto/key-ring.ts'
import {
  findSealedByOthers,
  listSealed,
  replaceSealed,
  type SealedColumn,
  type SealedRow,
} from './storage/sealed-columns.ts'

type World = Pick<Deps, 'db' | 'ring'>

/** How many sealed texts of a column need which master key. */
export interface SealedCount {
  column: string
  /** By the id of the key. */
  under: ReadonlyMap<string, number>
}

export async function countSealed({ db }: Pick<World, 'db'>, columns: readonly SealedColumn[]): Promise<SealedCount[]> {
  const counts: SealedCount[] = []
  for (const column of columns) {
    const under = new Map<string, number>()
    await eachRow(db.read, column, async (row) => {
      const id = sealedUnder(textOf(column, row))
      under.set(id, (under.get(id) ?? 0) + 1)
    })
    counts.push({ column: `${column.table}.${column.column}`, under })
  }
  return counts
}

/** Throws for a database that holds what these keys cannot open: it would be found out one connection at a time. */
export async function requireMasterKeys({ db, ring }: World, columns: readonly SealedColumn[]): Promise<void> {
  for (const column of columns) {
    const sealed = await findSealedByOthers(db.read, column, ring.ids)
    if (sealed !== undefined)
      throw new UnsealError(`${column.table}.${column.column} needs the master key "${sealedUnder(sealed)}"`)
  }
}

export interface Change {
  column: string
  changed: number
  /** Written by somebody else meanwhile, under the primary key. */
  overtaken: number
}

/**
 * Brings every sealed text under the primary key while servers run: `rewrap` touches the wrapped data keys alone, `reencrypt`
 * makes new data keys. Each row is a transaction of its own that changes only what was read, so it can be cut off and begun
 * again, and never takes back what a server wrote in between.
 */
export async function changeSealed(
  { db, ring }: World,
  columns: readonly SealedColumn[],
  how: 'rewrap' | 'reencrypt',
  { dryRun }: { dryRun: boolean },
): Promise<Change[]> {
  const changes: Change[] = []
  for (const column of columns) {
    const change = { column: `${column.table}.${column.column}`, changed: 0, overtaken: 0 }
    await eachRow(db.read, column, async (row) => {
      const text = textOf(column, row)
      if (how === 'rewrap' && sealedUnder(text) === ring.ids[0]) return
      const record = column.record(row)
      const next = how === 'rewrap' ? ring.rewrap(text, record) : ring.seal(ring.unseal(text, record), record)
      const replaced = dryRun || (await db.write(({ trx }) => replaceSealed(trx, column, row, next)))
      if (replaced) change.changed++
      else change.overtaken++
    })
    changes.push(change)
  }
  return changes
}

async function eachRow(
  db: World['db']['read'],
  column: SealedColumn,
  visit: (row: SealedRow) => Promise<void>,
): Promise<void> {
  let after: SealedRow | undefined
  for (;;) {
    const rows = await listSealed(db, column, after)
    for (const row of rows) await visit(row)
    after = rows.at(-1)
    if (!after) return
  }
}

function textOf({ column }: SealedColumn, row: SealedRow): string {
  return String(row[column])
}
