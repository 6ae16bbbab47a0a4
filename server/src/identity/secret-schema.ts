import { z } from '@hono/zod-openapi'

/** What may be told of a secret. */
export const Secret = z.object({
  secret_id: z.string(),
  last_four: z.string(),
  created_at: z.string(),
  expires_at: z.string().nullable(),
})
