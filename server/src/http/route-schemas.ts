import { z } from '@hono/zod-openapi'

/** The `{id}` of a path. */
export const IdParam = z.object({
  id: z
    .string()
    .max(200)
    .refine((text) => !text.includes('\0')),
})

/** A JSON body, for the documentation and the check. */
export const jsonBody = <S extends z.ZodType>(schema: S) => ({
  body: { content: { 'application/json': { schema } }, required: true },
})

export const pageOf = <S extends z.ZodType>(schema: S) =>
  z.object({ data: z.array(schema), next_cursor: z.string().nullable() })

/** How a table's callers prove who they are, as the documentation names it. */
export type Security = { [scheme: string]: string[] }[]
export const ADMIN: Security = [{ adminKey: [] }]
export const PERSON: Security = [{ session: [] }, { apiKey: [] }]
