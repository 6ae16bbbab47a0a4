import { IncomingMessage } from 'node:http'
import type { Context } from 'hono'
import type { Env } from '../context.ts'

/** Node's own request behind Hono's, where Node serves: the web objects around it cost more than what is done with them. */
export function nodeRequest(c: Pick<Context<Env>, 'env'>): IncomingMessage | undefined {
  const incoming = c.env?.incoming
  return incoming instanceof IncomingMessage ? incoming : undefined
}

/** A header of the request, by its lower-case name. */
export function header(c: Pick<Context<Env>, 'env' | 'req'>, name: string): string | undefined {
  const incoming = nodeRequest(c)
  if (!incoming) return c.req.header(name)
  const value = incoming.headers[name]
  return Array.isArray(value) ? value.join(', ') : value
}
