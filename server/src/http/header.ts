import type { Context } from 'hono'
import type { Env } from '../context.ts'

/**
 * A header of the request, by its lower-case name. Taken from Node where there is Node: making a `Headers` of them costs as
 * much as all that a token endpoint does with them.
 */
export function header(c: Pick<Context<Env>, 'env' | 'req'>, name: string): string | undefined {
  const incoming = c.env?.incoming
  if (!incoming) return c.req.header(name)
  const value = incoming.headers[name]
  return Array.isArray(value) ? value.join(', ') : value
}
