import { createMiddleware } from 'hono/factory'
import type { Env } from '../context.ts'
import { readJson } from './json.ts'

/** Reads the JSON of a request by our rules (size, UTF-8, no NUL) before the schema validator takes it. */
export const strictJsonBody = createMiddleware<Env>(async (c, next) => {
  const { method, bodyCache } = c.req
  // Where two tables meet, the body has been read already.
  if ((method === 'POST' || method === 'PUT' || method === 'PATCH') && bodyCache.text === undefined) {
    const text = await readJson(c)
    // Typed as what the promise is of; Hono keeps the promise.
    bodyCache.text = Promise.resolve(text) as never
  }
  await next()
})
