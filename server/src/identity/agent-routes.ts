import { createRoute, z } from '@hono/zod-openapi'
import type { Deps } from '../context.ts'
import { jsonRoutes, reply, replyEmpty } from '../http/json-routes.ts'
import { ListQuery } from '../http/listing.ts'
import { errors, ok } from '../http/openapi-errors.ts'
import { ADMIN, IdParam, jsonBody, PERSON, pageOf, type Security } from '../http/route-schemas.ts'
import {
  AgentChanges,
  createAgent,
  createOwnAgent,
  deleteAgent,
  disableAgent,
  enableAgent,
  getAgent,
  listAgents,
  NewAgent,
  NewOwnAgent,
  Rotation,
  revokeAllOfAgent,
  rotateAgentSecret,
  updateAgent,
} from './agents.ts'
import { Secret } from './secret-schema.ts'

const Agent = z
  .object({
    agent_id: z.string(),
    agent_name: z.string().nullable(),
    user_id: z.string(),
    user_email: z.string(),
    user_email_verified: z.boolean(),
    user_name: z.string(),
    capabilities: z.array(z.string()),
    model: z.string().nullable(),
    allowed_clients: z.array(z.string()).nullable(),
    allowed_scopes: z.array(z.string()).nullable(),
    second_factor: z.string(),
    jwk: z.record(z.string(), z.unknown()).nullable(),
    min_level: z.int(),
    same_browser: z.enum(['required', 'off']),
    approval: z.enum(['never', 'first_time', 'always']),
    disabled: z.boolean(),
    last_sign_in_at: z.string().nullable(),
    created_at: z.string(),
    updated_at: z.string(),
    secrets: z.array(Secret).optional(),
  })
  .openapi('Agent')

const createFor = <S extends z.ZodType>(schema: S, agents: Documented) =>
  createRoute({
    method: 'post',
    path: '/agents',
    ...agents,
    summary: 'Register an agent',
    description: 'The `agent_secret` in the answer is never shown again.',
    request: jsonBody(schema),
    responses: {
      201: ok(Agent.extend({ agent_secret: z.string() }), 'The agent, with its secret'),
      ...errors(401, 403, 422),
    },
  })

interface Documented {
  tags: string[]
  security: Security
}

const documented = (security: Security): Documented => ({ tags: ['Agents'], security })

const routesFor = (agents: Documented) => ({
  listAgents: createRoute({
    method: 'get',
    path: '/agents',
    ...agents,
    summary: 'List agents',
    request: { query: ListQuery },
    responses: { 200: ok(pageOf(Agent), 'A page of agents, oldest first'), ...errors(401, 403) },
  }),
  getAgent: createRoute({
    method: 'get',
    path: '/agents/{id}',
    ...agents,
    summary: 'One agent',
    request: { params: IdParam },
    responses: { 200: ok(Agent, 'The agent'), ...errors(401, 403, 404) },
  }),
  updateAgent: createRoute({
    method: 'put',
    path: '/agents/{id}',
    ...agents,
    summary: 'Change an agent',
    description: 'Fields that are left out stay as they are.',
    request: { params: IdParam, ...jsonBody(AgentChanges) },
    responses: { 200: ok(Agent, 'The agent as it is now'), ...errors(401, 403, 404, 422) },
  }),
  deleteAgent: createRoute({
    method: 'delete',
    path: '/agents/{id}',
    ...agents,
    summary: 'Delete an agent',
    description: 'Everything issued to it ends at once.',
    request: { params: IdParam },
    responses: { 204: { description: 'It is gone' }, ...errors(401, 403, 404) },
  }),
  rotateAgent: createRoute({
    method: 'post',
    path: '/agents/{id}/rotate',
    ...agents,
    summary: 'Give an agent a new secret',
    description: 'The secrets it has live on for `overlap` seconds (default 0).',
    request: { params: IdParam, ...jsonBody(Rotation) },
    responses: {
      200: ok(Agent.extend({ agent_secret: z.string() }), 'The agent, with its new secret'),
      ...errors(401, 403, 404, 422),
    },
  }),
  disableAgent: createRoute({
    method: 'post',
    path: '/agents/{id}/disable',
    ...agents,
    summary: 'Disable an agent',
    description: 'It is out of every website at once, and cannot sign in until it is enabled.',
    request: { params: IdParam },
    responses: { 200: ok(Agent, 'The agent'), ...errors(401, 403, 404) },
  }),
  enableAgent: createRoute({
    method: 'post',
    path: '/agents/{id}/enable',
    ...agents,
    summary: 'Enable an agent',
    request: { params: IdParam },
    responses: { 200: ok(Agent, 'The agent'), ...errors(401, 403, 404) },
  }),
  revokeAll: createRoute({
    method: 'post',
    path: '/agents/{id}/revoke-all',
    ...agents,
    summary: 'End every sign-in of an agent',
    request: { params: IdParam },
    responses: { 200: ok(z.object({ revoked: z.int() }), 'How many were ended'), ...errors(401, 403, 404) },
  }),
})

/** Agents below /api/admin: of all organizations, for whomever the operator names. */
export function agentAdminRoutes(deps: Deps) {
  return jsonRoutes()
    .openapi(createFor(NewAgent, documented(ADMIN)), async (c) =>
      reply(c, await createAgent(deps, c.req.valid('json'), c.get('principal')), 201),
    )
    .route('/', managed(deps, ADMIN))
}

/** Agents below /api: the caller's own, and those of their organization. */
export function agentRoutes(deps: Deps) {
  return jsonRoutes()
    .openapi(createFor(NewOwnAgent, documented(PERSON)), async (c) =>
      reply(c, await createOwnAgent(deps, c.req.valid('json'), c.get('principal')), 201),
    )
    .route('/', managed(deps, PERSON))
}

function managed(deps: Deps, security: Security) {
  const routes = routesFor(documented(security))
  return jsonRoutes()
    .openapi(routes.listAgents, async (c) => {
      const { limit, cursor } = c.req.valid('query')
      return reply(c, await listAgents(deps, limit, cursor, c.get('principal')))
    })
    .openapi(routes.getAgent, async (c) => reply(c, await getAgent(deps, c.req.valid('param').id, c.get('principal'))))
    .openapi(routes.updateAgent, async (c) => {
      const { id } = c.req.valid('param')
      return reply(c, await updateAgent(deps, id, c.req.valid('json'), c.get('principal')))
    })
    .openapi(routes.deleteAgent, async (c) => {
      await deleteAgent(deps, c.req.valid('param').id, c.get('principal'))
      return replyEmpty(c)
    })
    .openapi(routes.rotateAgent, async (c) => {
      const { id } = c.req.valid('param')
      return reply(c, await rotateAgentSecret(deps, id, c.req.valid('json'), c.get('principal')))
    })
    .openapi(routes.disableAgent, async (c) =>
      reply(c, await disableAgent(deps, c.req.valid('param').id, c.get('principal'))),
    )
    .openapi(routes.enableAgent, async (c) =>
      reply(c, await enableAgent(deps, c.req.valid('param').id, c.get('principal'))),
    )
    .openapi(routes.revokeAll, async (c) =>
      reply(c, await revokeAllOfAgent(deps, c.req.valid('param').id, c.get('principal'))),
    )
}
