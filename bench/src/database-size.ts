import { DatabaseSync } from 'node:sqlite'

/** Bytes in use, the part that is still in the write-ahead log included. */
export function databaseBytes(path: string): number {
  const db = new DatabaseSync(path, { readOnly: true })
  try {
    const pages = pragma(db, 'page_count') - pragma(db, 'freelist_count')
    return pages * pragma(db, 'page_size')
  } finally {
    db.close()
  }
}

function pragma(db: DatabaseSync, name: string): number {
  return Number(db.prepare(`PRAGMA ${name}`).get()?.[name])
}
