import { OpenAPIHono, type RouteConfig, type z } from '@hono/zod-openapi'
import type { Context } from 'hono'
import type { Env } from '../context.ts'

interface Endpoint {
  method: 'get' | 'post'
  path: string
  tag: string
  summary: string
  description?: string
  security?: { [scheme: string]: string[] }[]
  query?: z.ZodObject
  form?: z.ZodObject
  json?: z.ZodType
  responses: RouteConfig['responses']
  handler: (c: Context<Env>) => Response | Promise<Response>
}

/**
 * A table of OAuth endpoints. Their parameters are read by hand, by rules that schemas fight (no repeats, empty is
 * absent); the schemas here only tell the documentation what they are.
 */
export function protocolRoutes(endpoints: readonly Endpoint[]): OpenAPIHono<Env> {
  const routes = new OpenAPIHono<Env>()
  for (const { method, path, tag, query, form, json, handler, ...documentation } of endpoints) {
    const content = {
      ...(form && { 'application/x-www-form-urlencoded': { schema: form } }),
      ...(json && { 'application/json': { schema: json } }),
    }
    routes[method](path, handler)
    routes.openAPIRegistry.registerPath({
      ...documentation,
      method,
      path: path.replace(/:(\w+)/g, '{$1}'),
      tags: [tag],
      request: { ...(query && { query }), ...((form || json) && { body: { required: true, content } }) },
    })
  }
  return routes
}
