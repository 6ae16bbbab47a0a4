import type { Compilable, CompiledQuery } from 'kysely'
import type { Db } from './database.ts'
import { NodeSqliteAdapter } from './node-sqlite-dialect.ts'

class Parameter {
  readonly name: string

  constructor(name: string) {
    this.name = name
  }
}

/** Stands for a value that each call brings. Typed as the value, so that the builder takes it. */
export type Param<P> = <K extends keyof P & string>(name: K) => P[K]

/**
 * A query of a hot path, built and compiled once per dialect: each call only fills its parameters in.
 * `build` must not look at the values, for it is given placeholders.
 */
export function prepared<P extends object, R>(
  build: (db: Db, param: Param<P>) => Compilable<R>,
): (db: Db, values: P) => Promise<{ rows: R[]; changed: number }> {
  const compiled = new WeakMap<object, CompiledQuery<R>>()
  const param: Param<P> = (name) => new Parameter(name) as never

  return async (db, values) => {
    const { adapter } = db.getExecutor()
    let query = compiled.get(adapter)
    if (!query) {
      query = build(db, param).compile()
      compiled.set(adapter, query)
    }
    const parameters = query.parameters.map((value) =>
      value instanceof Parameter ? values[value.name as keyof P] : value,
    )
    const { rows, numAffectedRows } =
      adapter instanceof NodeSqliteAdapter
        ? adapter.connection.run<R>(query.sql, parameters)
        : await db.executeQuery<R>({ ...query, parameters })
    return { rows, changed: Number(numAffectedRows ?? 0) }
  }
}
