import { z } from 'zod'
import { validationFailed } from '../../http/validation.ts'

const text = (max: number) => z.string().min(1).max(max)

const api = {
  method: z.enum(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']).default('GET'),
  path: z.string().max(8000).describe("Below the API's base URL, such as /user/repos"),
  query: z
    .record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
    .optional()
    .describe('Query parameters'),
  headers: z.record(z.string(), z.string()).optional().describe('Credentials are put in for you'),
  body: z
    .union([z.string(), z.record(z.string(), z.unknown()), z.array(z.unknown())])
    .optional()
    .describe('A text is sent as it is, anything else as JSON'),
}

/** Of a tool for one account. */
export const ApiArguments = z.strictObject(api)

/** Of a tool for whatever account there is at a provider. */
export const ProviderArguments = z.strictObject({
  ...api,
  user_id: text(200)
    .optional()
    .describe("Whose account: your own name for the person. Left out: the only account, or your owner's"),
  connection_id: text(200).optional().describe('Which account, where there are several'),
})

export type ProviderArguments = z.output<typeof ProviderArguments>

export const ListArguments = z.strictObject({
  user_id: text(200).optional().describe('Only those of this person'),
  cursor: text(500).optional().describe('The next_cursor of the page before'),
})

export const ConnectArguments = z.strictObject({
  provider_name: text(64).describe('Such as github'),
  user_id: text(200).optional().describe('Whose account: your own name for the person. Left out: your owner'),
  scopes: z.array(text(500)).max(200).optional().describe("Left out: the provider's usual ones"),
  account: text(254).optional().describe('Which of their accounts the person shall choose'),
  parameters: z
    .record(z.string().max(64), z.string().max(200))
    .optional()
    .describe('What the provider must be told first, such as a shop or a subdomain'),
  connection_id: text(200).optional().describe('A connection that is to be made again'),
})

/** JSON Schema, for the list of tools. */
export function inputSchema(schema: z.ZodObject) {
  const { $schema: _, ...described } = z.toJSONSchema(schema, { io: 'input' })
  return described as { type: 'object' }
}

/** Throws `validation_failed`, with what is wrong with which argument. */
export function readArguments<S extends z.ZodType>(schema: S, given: unknown): z.output<S> {
  const read = schema.safeParse(given ?? {})
  if (!read.success) throw validationFailed(read.error)
  return read.data
}
