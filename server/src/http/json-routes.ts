import { OpenAPIHono } from '@hono/zod-openapi'
import type { Env } from '../context.ts'
import { json, noContent } from './respond.ts'
import { validationFailed } from './validation.ts'

/** A table of routes that take and give JSON, checked against their schemas before the handler sees them. */
export function jsonRoutes() {
  return new OpenAPIHono<Env>({
    defaultHook: (result) => {
      if (!result.success) throw validationFailed(result.error as never)
    },
  })
}

/** `json` and `noContent` for routes with a schema, whose declared answer a plain `Response` cannot be checked against. */
export const reply = json as (...args: Parameters<typeof json>) => never
export const replyEmpty = noContent as (...args: Parameters<typeof noContent>) => never
