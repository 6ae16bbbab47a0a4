interface Route {
  method: string
  path: string
}

/** Tells which methods a path takes, for 405 and its `Allow` (RFC 9110 §15.5.6). Middleware (`ALL`) takes none. */
export function createMethodTable(routes: readonly Route[]): (path: string) => string[] {
  const table = routes
    .filter(({ method }) => method !== 'ALL')
    .map(({ method, path }) => ({ method, pattern: patternOf(path) }))
  return (path) => [...new Set(table.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method))].sort()
}

/** `:name` stands for one part of a path, a `*` at its end for all that follows. */
function patternOf(path: string): RegExp {
  return new RegExp(`^${path.replace(/:\w+/g, '[^/]+').replace(/\*$/, '.*')}$`)
}
