import { createRoute, z } from '@hono/zod-openapi'
import type { Deps } from '../context.ts'
import { bearerToken } from '../http/authorization.ts'
import { ApiError } from '../http/errors.ts'
import { jsonRoutes, reply } from '../http/json-routes.ts'
import { header } from '../http/node-request.ts'
import { errors, ok } from '../http/openapi-errors.ts'
import { findPerson } from '../storage/persons.ts'
import { findKeyHolder } from './api-keys.ts'
import { creditsOf } from './credits.ts'

const verify = createRoute({
  method: 'get',
  path: '/api/oauth/verify',
  tags: ['API keys'],
  security: [{ apiKey: [] }],
  summary: 'Whose API key this is, and what they can spend',
  description: '`credits` are cents with fractions, net of what is reserved.',
  responses: {
    200: ok(
      z.object({
        id: z.string(),
        email: z.string(),
        credits: z.number(),
        payment_method: z.enum(['credits', 'byok']),
      }),
      'The person',
    ),
    ...errors(401),
  },
})

/** For apps that hold a key of a person (contract, AI fuel). */
export function verifyRoutes(deps: Deps) {
  return jsonRoutes().openapi(verify, async (c) => {
    const holder = await findKeyHolder(deps, bearerToken(header(c, 'authorization')) ?? '')
    const person = holder && (await findPerson(deps.db.read, holder.user_id))
    if (!person)
      throw new ApiError('invalid_token', 'Send a live API key as Authorization: Bearer', {
        headers: { 'WWW-Authenticate': 'Bearer error="invalid_token"' },
      })
    const credits = await creditsOf(deps, person.user_id)
    return reply(c, { id: person.user_id, email: person.email, credits, payment_method: person.payment_method })
  })
}
