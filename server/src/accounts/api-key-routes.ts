import { createRoute, z } from '@hono/zod-openapi'
import type { Deps, Principal } from '../context.ts'
import { ApiError } from '../http/errors.ts'
import { jsonRoutes, reply, replyEmpty } from '../http/json-routes.ts'
import { errors, ok } from '../http/openapi-errors.ts'
import { ADMIN, IdParam, jsonBody, PERSON, pageOf } from '../http/route-schemas.ts'
import { findPerson } from '../storage/persons.ts'
import { createApiKey, KEY_SCOPES, listApiKeys, makeApiKey, NewApiKey, revokeApiKey, viewOf } from './api-keys.ts'
import { addCredits } from './credits.ts'
import { requirePersonPrincipal } from './roles.ts'

const person = { tags: ['API keys'], security: PERSON }
const admin = { tags: ['People'], security: ADMIN }

const ApiKey = z
  .object({
    key_id: z.string(),
    name: z.string(),
    scopes: z.array(z.string()),
    models: z.array(z.string()).nullable(),
    prefix: z.string(),
    last_four: z.string(),
    client_id: z.string().nullable(),
    client_name: z.string().nullable(),
    created_at: z.string(),
    expires_at: z.string().nullable(),
    last_used_at: z.string().nullable(),
  })
  .openapi('ApiKey')
const Made = ApiKey.extend({ api_key: z.string() })
const MADE = 'The `api_key` in the answer is never shown again.'

/** Cents; a hundred thousand dollars at once is somebody's mistake. */
const Credit = z.object({
  amount_cents: z.int().min(1).max(10_000_000),
  reason: z.string().trim().min(1, 'must not be empty').max(500),
})

const routes = {
  list: createRoute({
    method: 'get',
    path: '/api-keys',
    ...person,
    summary: 'List your API keys',
    responses: { 200: ok(pageOf(ApiKey), 'The keys, newest first'), ...errors(401, 403) },
  }),
  create: createRoute({
    method: 'post',
    path: '/api-keys',
    ...person,
    summary: 'Make an API key',
    description: `${MADE} Scopes: ${KEY_SCOPES.join(', ')}. \`models\`: what the key may call, as \`provider/model\`, or \`provider/*\`; left out: all.`,
    request: jsonBody(NewApiKey),
    responses: { 201: ok(Made, 'The key'), ...errors(401, 403, 422) },
  }),
  revoke: createRoute({
    method: 'delete',
    path: '/api-keys/{id}',
    ...person,
    summary: 'End an API key',
    request: { params: IdParam },
    responses: { 204: { description: 'It is over' }, ...errors(401, 403, 404) },
  }),
  createForUser: createRoute({
    method: 'post',
    path: '/api-keys',
    ...admin,
    summary: 'Make an API key of a person',
    description: MADE,
    request: jsonBody(NewApiKey.extend({ user_id: z.string().max(200) })),
    responses: { 201: ok(Made.extend({ user_id: z.string() }), 'The key'), ...errors(401, 403, 404, 422) },
  }),
  addCredits: createRoute({
    method: 'post',
    path: '/users/{id}/credits',
    ...admin,
    summary: 'Give a person credits',
    request: { params: IdParam, ...jsonBody(Credit) },
    responses: {
      201: ok(z.object({ id: z.string(), credits: z.number() }), 'What they can spend now, in cents'),
      ...errors(401, 403, 404, 422),
    },
  }),
}

/** A person's keys, below /api. */
export function apiKeyRoutes(deps: Deps) {
  return jsonRoutes()
    .openapi(routes.list, async (c) => reply(c, await listApiKeys(deps, requirePersonPrincipal(c.get('principal')))))
    .openapi(routes.create, async (c) => {
      const owner = requireKeyMaker(c.get('principal'))
      return reply(c, await createApiKey(deps, c.req.valid('json'), owner), 201)
    })
    .openapi(routes.revoke, async (c) => {
      await revokeApiKey(deps, c.req.valid('param').id, requirePersonPrincipal(c.get('principal')))
      return replyEmpty(c)
    })
}

/** A key that could make keys would outlive its own end. */
function requireKeyMaker(principal: Principal) {
  const owner = requirePersonPrincipal(principal)
  if (owner.credential.kind !== 'session')
    throw new ApiError('forbidden', 'API keys are made in the console, or by the operator; not by another key')
  return owner
}

/** Keys and credits that the operator gives, below /api/admin. */
export function apiKeyAdminRoutes(deps: Deps) {
  return jsonRoutes()
    .openapi(routes.createForUser, async (c) => {
      const { user_id: userId, ...input } = c.req.valid('json')
      const owner = await findPerson(deps.db.read, userId)
      if (!owner) throw new ApiError('not_found', `There is no user ${userId.slice(0, 64)}`)
      const now = deps.now()
      const { row, key } = await deps.db.write((work) =>
        makeApiKey(deps, work, { userId, orgId: owner.org_id, actor: c.get('principal').id, input }, now),
      )
      return reply(c, { ...viewOf({ ...row, client_name: null }), user_id: userId, api_key: key }, 201)
    })
    .openapi(routes.addCredits, async (c) => {
      const { id } = c.req.valid('param')
      const { amount_cents: cents, reason } = c.req.valid('json')
      const { credits } = await addCredits(deps, id, { cents, reason }, c.get('principal').id)
      return reply(c, { id, credits }, 201)
    })
}
