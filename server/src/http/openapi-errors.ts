import { z } from '@hono/zod-openapi'

export const ErrorBody = z
  .object({ error: z.string(), error_description: z.string(), fields: z.record(z.string(), z.string()).optional() })
  .openapi('Error')

const MEANING = {
  400: 'The request is malformed',
  401: 'Authentication is missing or wrong',
  403: 'Authenticated, but not allowed',
  404: 'There is no such thing',
  408: 'The body did not arrive in time',
  409: 'It cannot be done in the present state',
  410: 'It has expired',
  413: 'The body is too large',
  422: 'A field is at fault; see `fields`',
  429: 'Too many; wait for `Retry-After` seconds',
  503: 'The database cannot be reached now',
} as const

/** The failures of an operation, for its documentation. */
export function errors(...statuses: (keyof typeof MEANING)[]) {
  return Object.fromEntries(
    statuses.map((status) => [
      status,
      { description: MEANING[status], content: { 'application/json': { schema: ErrorBody } } },
    ]),
  )
}

/** A success with a JSON body, for the documentation. */
export function ok<S extends z.ZodType>(schema: S, description: string) {
  return { description, content: { 'application/json': { schema } } }
}
