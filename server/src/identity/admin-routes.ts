import { createRoute, z } from '@hono/zod-openapi'
import type { Deps } from '../context.ts'
import { jsonRoutes, reply, replyEmpty } from '../http/json-routes.ts'
import { idCursor, ListQuery, nextCursor } from '../http/listing.ts'
import { errors, ok } from '../http/openapi-errors.ts'
import { listActiveGrants } from '../storage/grants.ts'
import {
  AgentChanges,
  createAgent,
  deleteAgent,
  disableAgent,
  enableAgent,
  getAgent,
  listAgents,
  NewAgent,
  Rotation,
  revokeAllOfAgent,
  rotateAgentSecret,
  updateAgent,
} from './agents.ts'
import { acrOf } from './assurance.ts'
import {
  ClientChanges,
  createClient,
  deleteClient,
  getClient,
  listClients,
  NewClient,
  rotateClientSecret,
  updateClient,
} from './clients.ts'

const security = [{ adminKey: [] }]
const agents = { tags: ['Agents'], security }
const clients = { tags: ['Clients'], security }

const id = z.object({
  id: z
    .string()
    .max(200)
    .refine((text) => !text.includes('\0')),
})
const body = <S extends z.ZodType>(schema: S) => ({
  body: { content: { 'application/json': { schema } }, required: true },
})

const Secret = z.object({
  secret_id: z.string(),
  last_four: z.string(),
  created_at: z.string(),
  expires_at: z.string().nullable(),
})
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
    disabled: z.boolean(),
    created_at: z.string(),
    updated_at: z.string(),
    secrets: z.array(Secret).optional(),
  })
  .openapi('Agent')
const Client = z
  .object({
    client_id: z.string(),
    client_name: z.string(),
    redirect_uris: z.array(z.string()),
    grant_types: z.array(z.string()),
    scope: z.string(),
    token_endpoint_auth_method: z.string(),
    jwks: z.record(z.string(), z.unknown()).nullable(),
    resources: z.array(z.string()).nullable(),
    subjects: z.array(z.string()),
    access_token_format: z.string(),
    promotional_credits: z.int(),
    min_level: z.int(),
    resource_server: z.boolean(),
    created_at: z.string(),
    updated_at: z.string(),
    secrets: z.array(Secret).optional(),
  })
  .openapi('Client')
const pageOf = <S extends z.ZodType>(schema: S) =>
  z.object({ data: z.array(schema), next_cursor: z.string().nullable() })
const Grant = z
  .object({
    grant_id: z.string(),
    client_id: z.string(),
    agent_id: z.string(),
    request_id: z.string(),
    scope: z.string(),
    model: z.string(),
    acr: z.string(),
    created_at: z.string(),
    expires_at: z.string(),
  })
  .openapi('Grant')

const routes = {
  createAgent: createRoute({
    method: 'post',
    path: '/agents',
    ...agents,
    summary: 'Register an agent',
    description: 'The `agent_secret` in the answer is never shown again.',
    request: body(NewAgent),
    responses: {
      201: ok(Agent.extend({ agent_secret: z.string() }), 'The agent, with its secret'),
      ...errors(401, 403, 422),
    },
  }),
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
    request: { params: id },
    responses: { 200: ok(Agent, 'The agent'), ...errors(401, 403, 404) },
  }),
  updateAgent: createRoute({
    method: 'put',
    path: '/agents/{id}',
    ...agents,
    summary: 'Change an agent',
    description: 'Fields that are left out stay as they are.',
    request: { params: id, ...body(AgentChanges) },
    responses: { 200: ok(Agent, 'The agent as it is now'), ...errors(401, 403, 404, 422) },
  }),
  deleteAgent: createRoute({
    method: 'delete',
    path: '/agents/{id}',
    ...agents,
    summary: 'Delete an agent',
    description: 'Everything issued to it ends at once.',
    request: { params: id },
    responses: { 204: { description: 'It is gone' }, ...errors(401, 403, 404) },
  }),
  rotateAgent: createRoute({
    method: 'post',
    path: '/agents/{id}/rotate',
    ...agents,
    summary: 'Give an agent a new secret',
    description: 'The secrets it has live on for `overlap` seconds (default 0).',
    request: { params: id, ...body(Rotation) },
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
    request: { params: id },
    responses: { 200: ok(Agent, 'The agent'), ...errors(401, 403, 404) },
  }),
  enableAgent: createRoute({
    method: 'post',
    path: '/agents/{id}/enable',
    ...agents,
    summary: 'Enable an agent',
    request: { params: id },
    responses: { 200: ok(Agent, 'The agent'), ...errors(401, 403, 404) },
  }),
  revokeAll: createRoute({
    method: 'post',
    path: '/agents/{id}/revoke-all',
    ...agents,
    summary: 'End every sign-in of an agent',
    request: { params: id },
    responses: { 200: ok(z.object({ revoked: z.int() }), 'How many were ended'), ...errors(401, 403, 404) },
  }),
  createClient: createRoute({
    method: 'post',
    path: '/clients',
    ...clients,
    summary: 'Register a website',
    description: 'The `client_secret` in the answer is never shown again.',
    request: body(NewClient),
    responses: {
      201: ok(Client.extend({ client_secret: z.string().optional() }), 'The client, with its secret'),
      ...errors(401, 403, 409, 422),
    },
  }),
  listClients: createRoute({
    method: 'get',
    path: '/clients',
    ...clients,
    summary: 'List websites',
    request: { query: ListQuery },
    responses: { 200: ok(pageOf(Client), 'A page of clients, oldest first'), ...errors(401, 403) },
  }),
  getClient: createRoute({
    method: 'get',
    path: '/clients/{id}',
    ...clients,
    summary: 'One website',
    request: { params: id },
    responses: { 200: ok(Client, 'The client'), ...errors(401, 403, 404) },
  }),
  updateClient: createRoute({
    method: 'put',
    path: '/clients/{id}',
    ...clients,
    summary: 'Change a website',
    description: 'Fields that are left out stay as they are. New redirect URIs end the sign-ins that are under way.',
    request: { params: id, ...body(ClientChanges) },
    responses: { 200: ok(Client, 'The client as it is now'), ...errors(401, 403, 404, 422) },
  }),
  deleteClient: createRoute({
    method: 'delete',
    path: '/clients/{id}',
    ...clients,
    summary: 'Delete a website',
    description: 'Every sign-in at it ends at once.',
    request: { params: id },
    responses: { 204: { description: 'It is gone' }, ...errors(401, 403, 404) },
  }),
  rotateClient: createRoute({
    method: 'post',
    path: '/clients/{id}/rotate',
    ...clients,
    summary: 'Give a website a new secret',
    description: 'The secrets it has live on for `overlap` seconds (default 0).',
    request: { params: id, ...body(Rotation) },
    responses: {
      200: ok(Client.extend({ client_secret: z.string() }), 'The client, with its new secret'),
      ...errors(401, 403, 404, 409, 422),
    },
  }),
  listGrants: createRoute({
    method: 'get',
    path: '/tokens',
    tags: ['Sign-ins'],
    security,
    summary: 'List the sign-ins that are alive',
    request: { query: ListQuery },
    responses: { 200: ok(pageOf(Grant), 'A page of grants, newest first'), ...errors(401, 403) },
  }),
}

/** Agents, clients and what was issued to them, below /api/admin. */
export function identityAdminRoutes(deps: Deps) {
  return jsonRoutes()
    .openapi(routes.createAgent, async (c) =>
      reply(c, await createAgent(deps, c.req.valid('json'), c.get('principal').id), 201),
    )
    .openapi(routes.listAgents, async (c) => {
      const { limit, cursor } = c.req.valid('query')
      return reply(c, await listAgents(deps, limit, cursor))
    })
    .openapi(routes.getAgent, async (c) => reply(c, await getAgent(deps, c.req.valid('param').id)))
    .openapi(routes.updateAgent, async (c) => {
      const { id } = c.req.valid('param')
      return reply(c, await updateAgent(deps, id, c.req.valid('json'), c.get('principal').id))
    })
    .openapi(routes.deleteAgent, async (c) => {
      await deleteAgent(deps, c.req.valid('param').id, c.get('principal').id)
      return replyEmpty(c)
    })
    .openapi(routes.rotateAgent, async (c) => {
      const { id } = c.req.valid('param')
      return reply(c, await rotateAgentSecret(deps, id, c.req.valid('json'), c.get('principal').id))
    })
    .openapi(routes.disableAgent, async (c) =>
      reply(c, await disableAgent(deps, c.req.valid('param').id, c.get('principal').id)),
    )
    .openapi(routes.enableAgent, async (c) =>
      reply(c, await enableAgent(deps, c.req.valid('param').id, c.get('principal').id)),
    )
    .openapi(routes.revokeAll, async (c) =>
      reply(c, await revokeAllOfAgent(deps, c.req.valid('param').id, c.get('principal').id)),
    )
    .openapi(routes.createClient, async (c) =>
      reply(c, await createClient(deps, c.req.valid('json'), c.get('principal').id), 201),
    )
    .openapi(routes.listClients, async (c) => {
      const { limit, cursor } = c.req.valid('query')
      return reply(c, await listClients(deps, limit, cursor))
    })
    .openapi(routes.getClient, async (c) => reply(c, await getClient(deps, c.req.valid('param').id)))
    .openapi(routes.updateClient, async (c) => {
      const { id } = c.req.valid('param')
      return reply(c, await updateClient(deps, id, c.req.valid('json'), c.get('principal').id))
    })
    .openapi(routes.deleteClient, async (c) => {
      await deleteClient(deps, c.req.valid('param').id, c.get('principal').id)
      return replyEmpty(c)
    })
    .openapi(routes.rotateClient, async (c) => {
      const { id } = c.req.valid('param')
      return reply(c, await rotateClientSecret(deps, id, c.req.valid('json'), c.get('principal').id))
    })
    .openapi(routes.listGrants, async (c) => {
      const { limit, cursor } = c.req.valid('query')
      const rows = await listActiveGrants(deps.db.read, deps.now(), limit + 1, idCursor(cursor))
      const data = rows.slice(0, limit).map((grant) => ({
        grant_id: grant.grant_id,
        client_id: grant.client_id,
        agent_id: grant.agent_id,
        request_id: grant.request_id,
        scope: grant.scope,
        model: grant.model,
        acr: acrOf(grant.level),
        created_at: new Date(grant.created_at).toISOString(),
        expires_at: new Date(grant.expires_at).toISOString(),
      }))
      return reply(c, {
        data,
        next_cursor: nextCursor(rows, limit, ({ grant_id }) => ({ id: grant_id })),
      })
    })
}
