import { createRoute, z } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { requirePersonPrincipal } from '../accounts/roles.ts'
import type { Deps, Env } from '../context.ts'
import { jsonRoutes, reply } from '../http/json-routes.ts'
import { errors, ok } from '../http/openapi-errors.ts'
import { PERSON, pageOf } from '../http/route-schemas.ts'
import { callModel } from './model-call.ts'
import { limitsOf, listOffer } from './offer.ts'
import { PROVIDER_KINDS } from './provider-settings.ts'

const people = { tags: ['Models'], security: PERSON }

const BreakerState = z.enum(['closed', 'open', 'half_open'])
const OfferedModels = z
  .object({
    id: z.string(),
    kind: z.enum(PROVIDER_KINDS),
    enabled: z.boolean(),
    has_platform_key: z.boolean(),
    has_own_key: z.boolean(),
    breaker: BreakerState,
    models: z.array(
      z.object({ id: z.string(), operations: z.array(z.enum(['chat', 'embeddings'])), breaker: BreakerState }),
    ),
  })
  .openapi('OfferedModels')
const Limits = z.object({ requests_per_minute: z.int(), remaining: z.int(), reset_ms: z.int() }).openapi('ModelLimits')

const routes = {
  models: createRoute({
    method: 'get',
    path: '/models',
    ...people,
    summary: 'List who serves models, and how they are',
    description:
      'In the order in which a model is looked for. A breaker that is open lets no call through; the provider has that of its worst model. What a model is for is told as its operator says it, or by its name. Keys are told of, never told.',
    responses: { 200: ok(pageOf(OfferedModels), 'All of them'), ...errors(401, 403) },
  }),
  limits: createRoute({
    method: 'get',
    path: '/limits',
    ...people,
    summary: 'How many calls of models you may make',
    description: 'Common to all of your keys. `reset_ms`: until all of them are there again.',
    responses: { 200: ok(Limits, 'A minute’s, and what is left'), ...errors(401, 403) },
  }),
}

/** Below /api. */
export const PLAYGROUND_CHAT = '/playground/chat'

/** Models as a person in the console sees and tries them, below /api. */
export function personModelRoutes(deps: Deps) {
  const table = jsonRoutes()
  table.post(PLAYGROUND_CHAT, (c) => callModel(deps, c, 'chat'))
  const json = { 'application/json': { schema: z.record(z.string(), z.unknown()) } }
  table.openAPIRegistry.registerPath(
    createRoute({
      method: 'post',
      path: PLAYGROUND_CHAT,
      ...people,
      summary: 'Try a model',
      description: 'As `POST /v1/chat/completions`, by the session of the console. Failures are told as below /api.',
      request: { body: { required: true, content: json } },
      responses: { 200: { description: 'The answer', content: json }, ...errors(400, 401, 403, 404, 413, 429, 503) },
    }),
  )
  return table
    .openapi(routes.models, async (c) => reply(c, await listOffer(deps, person(c))))
    .openapi(routes.limits, async (c) => reply(c, await limitsOf(deps, person(c))))
}

const person = (c: Context<Env>) => requirePersonPrincipal(c.get('principal'))
