import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'
import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type Kysely,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely'

/** Kysely over one `node:sqlite` handle. Statements are prepared once and kept. */
export class NodeSqliteDialect implements Dialect {
  readonly #connection: NodeSqliteConnection

  constructor(handle: DatabaseSync) {
    this.#connection = new NodeSqliteConnection(handle)
  }

  createAdapter() {
    return new NodeSqliteAdapter(this.#connection)
  }

  createDriver(): Driver {
    return new NodeSqliteDriver(this.#connection)
  }

  createQueryCompiler() {
    return new SqliteQueryCompiler()
  }

  createIntrospector(db: Kysely<unknown>) {
    return new SqliteIntrospector(db)
  }
}

export class NodeSqliteAdapter extends SqliteAdapter {
  /** The one connection behind the dialect, for queries that are compiled already: Kysely's way to it takes as long as they do. */
  readonly connection: NodeSqliteConnection

  constructor(connection: NodeSqliteConnection) {
    super()
    this.connection = connection
  }

  // Whoever writes has the handle to itself already (see WriteQueue), so Kysely's mutex would only cost time.
  override get supportsMultipleConnections() {
    return true
  }

  // `begin immediate` holds off other processes, so two that start at once cannot both migrate.
  override get supportsTransactionalDdl() {
    return true
  }
}

class NodeSqliteDriver implements Driver {
  readonly #connection: NodeSqliteConnection

  constructor(connection: NodeSqliteConnection) {
    this.#connection = connection
  }

  async init() {}

  async acquireConnection() {
    return this.#connection
  }

  async beginTransaction(connection: DatabaseConnection) {
    await connection.executeQuery(CompiledQuery.raw('begin immediate'))
  }

  async commitTransaction(connection: DatabaseConnection) {
    await connection.executeQuery(CompiledQuery.raw('commit'))
  }

  async rollbackTransaction(connection: DatabaseConnection) {
    await connection.executeQuery(CompiledQuery.raw('rollback'))
  }

  async releaseConnection() {}

  async destroy() {}
}

interface Prepared {
  statement: StatementSync
  returnsRows: boolean
}

/** Our queries are a fixed set; a bound keeps one with a varying `in (...)` list from growing the cache for ever. */
const MAX_STATEMENTS = 500

export class NodeSqliteConnection implements DatabaseConnection {
  readonly #handle: DatabaseSync
  readonly #statements = new Map<string, Prepared>()

  constructor(handle: DatabaseSync) {
    this.#handle = handle
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    return this.run(query.sql, query.parameters)
  }

  run<R>(sql: string, parameters: readonly unknown[]): QueryResult<R> {
    const { statement, returnsRows } = this.#prepare(sql)
    if (returnsRows) return { rows: statement.all(...(parameters as SQLInputValue[])) as R[] }
    const { changes, lastInsertRowid } = statement.run(...(parameters as SQLInputValue[]))
    return { rows: [], numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid) }
  }

  // biome-ignore lint/correctness/useYield: SQLite answers at once, there is nothing to stream.
  async *streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new Error('Cannot stream a query on SQLite')
  }

  #prepare(sql: string): Prepared {
    const known = this.#statements.get(sql)
    if (known) return known
    const statement = this.#handle.prepare(sql)
    const prepared = { statement, returnsRows: statement.columns().length > 0 }
    if (this.#statements.size >= MAX_STATEMENTS) this.#statements.clear()
    this.#statements.set(sql, prepared)
    return prepared
  }
}
