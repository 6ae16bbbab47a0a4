import type { Kysely } from 'kysely'
import { type MigrationProvider, Migrator } from 'kysely/migration'
import type { AuditEventTable, Schema } from './schema.ts'

/** A handle to query with: committed rows outside a transaction, the transaction's own inside. */
export type Db = Kysely<Schema>

/** An event of the audit log as its author knows it; the chain adds the rest when the transaction commits. */
export type AuditEntry = Pick<AuditEventTable, 'at' | 'org_id' | 'actor' | 'action'> &
  Partial<Pick<AuditEventTable, 'target' | 'client_id' | 'agent_id' | 'request_id'>> & {
    detail?: Record<string, unknown>
  }

/** One transaction. */
export interface Work {
  trx: Db
  /** Adds an event to the audit log, if and only if this transaction commits. */
  record(entry: AuditEntry): void
  /** Tells every process that shares the database, once this transaction has committed. */
  notify(topic: string): void
}

export interface WriteOptions {
  /**
   * `committed`: resolves once everybody sees it and no end of a process undoes it; a machine that loses its power may,
   * until a later write is durable. For what nobody is told of before that. Postgres is durable all the same.
   */
  until?: 'durable' | 'committed'
}

export interface Database {
  readonly dialect: 'sqlite' | 'postgres'
  /** Reads outside any transaction; never waits for a writer. */
  readonly read: Db
  /**
   * Runs a transaction and resolves once it is durable. Nothing in it may wait for anything but the database: on SQLite
   * all writers of the process share one transaction, and a slow one would hold up the rest.
   */
  write<T>(unit: (work: Work) => Promise<T>, options?: WriteOptions): Promise<T>
  /** Calls `listener` after a commit that notified `topic`, in whatever process; also when notices may have been missed. */
  subscribe(topic: string, listener: () => void): () => void
  /** Applies the migrations that are missing; several processes may try at once. Names of those applied. */
  migrate(): Promise<string[]>
  /** Names of the migrations that are missing. */
  pendingMigrations(): Promise<string[]>
  /** Throws when the database cannot be read or written. */
  probe(): Promise<void>
  close(): Promise<void>
}

/** The database cannot take the write now; nothing of it was kept. */
export class DatabaseUnavailableError extends Error {
  override readonly name = 'DatabaseUnavailableError'
}

/** Makes the rows of a commit's events, in order: the audit room's chain, handed in so that storage need not know it. */
export interface Chain {
  /** Extends the chain. The caller says whether it was kept. */
  extend(entries: readonly AuditEntry[]): AuditEventTable[]
  commit(): void
  rollback(): void
}

export type NewChain = () => Chain

/** For processes that look at a database, or mend it, and have nothing to tell the audit log. */
export const noChain: NewChain = () => ({
  extend(entries) {
    if (entries.length > 0) throw new Error('Cannot record events without a chain')
    return []
  },
  commit() {},
  rollback() {},
})

export async function migrateToLatest(db: Db, provider: MigrationProvider): Promise<string[]> {
  const { error, results } = await new Migrator({ db, provider }).migrateToLatest()
  if (error) throw error
  return (results ?? []).filter(({ status }) => status === 'Success').map(({ migrationName }) => migrationName)
}

export async function missingMigrations(db: Db, provider: MigrationProvider): Promise<string[]> {
  const all = await new Migrator({ db, provider }).getMigrations()
  return all.filter(({ executedAt }) => executedAt === undefined).map(({ name }) => name)
}
