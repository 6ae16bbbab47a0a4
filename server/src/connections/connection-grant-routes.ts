import { createRoute, z } from '@hono/zod-openapi'
import { requireMember } from '../accounts/roles.ts'
import type { Deps, Principal } from '../context.ts'
import { newId } from '../crypto/ids.ts'
import { ApiError } from '../http/errors.ts'
import { jsonRoutes, reply, replyEmpty } from '../http/json-routes.ts'
import { ListQuery, listCursor, nextCursor } from '../http/listing.ts'
import { errors, ok } from '../http/openapi-errors.ts'
import { IdParam, jsonBody, PERSON, pageOf } from '../http/route-schemas.ts'
import { findAgent } from '../storage/agents.ts'
import {
  type ConnectionGrantRow,
  deleteConnectionGrant,
  findConnectionGrant,
  insertConnectionGrant,
  listConnectionGrants,
} from '../storage/connection-grants.ts'
import { requireConnection, requireConnectionsCaller } from './policy.ts'

const table = { tags: ['Connections'], security: PERSON }
const METHODS = ['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE'] as const
const Id = IdParam.shape.id

const NewGrant = z.object({
  connection_id: Id,
  agent_id: Id,
  methods: z.array(z.enum(METHODS)).min(1, 'must name a method, or be left out for all').max(METHODS.length).optional(),
  path_prefix: z
    .string()
    .max(500)
    .regex(/^\/[^?#%\\\0]*$/, 'must begin with / and hold no ?, #, % or backslash')
    .refine((path) => !path.split('/').some((part) => part === '.' || part === '..'), 'must hold no . or .. as a part')
    .optional(),
  raw_token: z.boolean().default(false),
})

const Grant = z
  .object({
    grant_id: z.string(),
    connection_id: z.string(),
    agent_id: z.string(),
    methods: z.array(z.string()).nullable(),
    path_prefix: z.string().nullable(),
    raw_token: z.boolean(),
    created_at: z.string(),
  })
  .openapi('ConnectionGrant')

const routes = {
  list: createRoute({
    method: 'get',
    path: '/connection-grants',
    ...table,
    summary: 'List which agents may use which connections',
    request: { query: ListQuery.extend({ connection_id: Id.optional(), agent_id: Id.optional() }) },
    responses: { 200: ok(pageOf(Grant), 'The grants, oldest first'), ...errors(401, 403) },
  }),
  create: createRoute({
    method: 'post',
    path: '/connection-grants',
    ...table,
    summary: 'Let an agent use a connection',
    description:
      'The first grant of a connection closes it to all agents that no grant names, but the one that made it. `raw_token` lets the agent see the token itself.',
    request: jsonBody(NewGrant),
    responses: { 201: ok(Grant, 'The grant'), ...errors(401, 403, 404, 422) },
  }),
  remove: createRoute({
    method: 'delete',
    path: '/connection-grants/{id}',
    ...table,
    summary: 'Take a grant back',
    request: { params: IdParam },
    responses: { 204: { description: 'It is gone' }, ...errors(401, 403, 404) },
  }),
}

/** Who may use a connection beside its maker, below /api. */
export function connectionGrantRoutes(deps: Deps) {
  return jsonRoutes()
    .openapi(routes.list, async (c) => {
      const { limit, cursor, connection_id: connectionId, agent_id: agentId } = c.req.valid('query')
      const principal = requireConnectionsPerson(c.get('principal'))
      const filter = { orgId: principal.orgId, connectionId, agentId }
      const rows = await listConnectionGrants(deps.db.read, filter, limit + 1, listCursor(cursor))
      const next = nextCursor(rows, limit, ({ created_at, grant_id }) => ({ created_at, id: grant_id }))
      return reply(c, { data: rows.slice(0, limit).map(viewOf), next_cursor: next })
    })
    .openapi(routes.create, async (c) => {
      const principal = requireConnectionsPerson(c.get('principal'))
      requireMember(principal)
      return reply(c, viewOf(await createGrant(deps, principal, c.req.valid('json'))), 201)
    })
    .openapi(routes.remove, async (c) => {
      const principal = requireConnectionsPerson(c.get('principal'))
      requireMember(principal)
      await removeGrant(deps, principal, c.req.valid('param').id)
      return replyEmpty(c)
    })
}

function requireConnectionsPerson(principal: Principal): Principal {
  requireConnectionsCaller(principal)
  return principal
}

async function createGrant(
  deps: Deps,
  principal: Principal,
  { connection_id, agent_id, methods, path_prefix, raw_token }: z.infer<typeof NewGrant>,
): Promise<ConnectionGrantRow> {
  const connection = await requireConnection(deps, connection_id, principal)
  const agent = await findAgent(deps.db.read, agent_id)
  if (agent?.org_id !== connection.org_id) throw new ApiError('not_found', 'There is no such agent')
  const now = deps.now()
  const grant: ConnectionGrantRow = {
    grant_id: newId(deps.random, 'cgrant'),
    org_id: connection.org_id,
    connection_id,
    agent_id,
    methods: methods ? JSON.stringify(methods) : null,
    path_prefix: path_prefix ?? null,
    raw_token: raw_token ? 1 : 0,
    made_by: principal.id,
    created_at: now,
  }
  await deps.db.write(async ({ trx, record }) => {
    await insertConnectionGrant(trx, grant)
    record(eventOf(grant, 'connection_grant.created', principal, now))
  })
  return grant
}

async function removeGrant(deps: Deps, principal: Principal, grantId: string): Promise<void> {
  const grant = await findConnectionGrant(deps.db.read, grantId)
  const now = deps.now()
  const isGone =
    grant?.org_id === principal.orgId &&
    (await deps.db.write(async ({ trx, record }) => {
      if (!(await deleteConnectionGrant(trx, grantId))) return false
      record(eventOf(grant, 'connection_grant.removed', principal, now))
      return true
    }))
  if (!isGone) throw new ApiError('not_found', 'There is no such grant')
}

function eventOf(grant: ConnectionGrantRow, action: string, principal: Principal, at: number) {
  const { org_id, grant_id, connection_id, agent_id, methods, path_prefix, raw_token } = grant
  const detail = { grant_id, methods, path_prefix, raw_token: raw_token === 1 }
  return { at, org_id, actor: principal.id, action, target: connection_id, agent_id, detail }
}

function viewOf({
  grant_id,
  connection_id,
  agent_id,
  methods,
  path_prefix,
  raw_token,
  created_at,
}: ConnectionGrantRow) {
  return {
    grant_id,
    connection_id,
    agent_id,
    methods: methods === null ? null : (JSON.parse(methods) as string[]),
    path_prefix,
    raw_token: raw_token === 1,
    created_at: new Date(created_at).toISOString(),
  }
}
