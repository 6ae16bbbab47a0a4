import { createRoute, z } from '@hono/zod-openapi'
import type { Deps } from '../../context.ts'
import { jsonRoutes, reply, replyEmpty } from '../../http/json-routes.ts'
import { ListQuery } from '../../http/listing.ts'
import { errors, ok } from '../../http/openapi-errors.ts'
import { IdParam, jsonBody, PERSON, pageOf, type Security } from '../../http/route-schemas.ts'
import {
  createMcpServer,
  disconnectMcpServer,
  getMcpServer,
  listMcpServers,
  removeMcpServer,
  replaceMcpServer,
} from './administration.ts'
import { STATUSES } from './servers.ts'
import { AUTH_WAYS, NewMcpServer, TRANSPORTS } from './settings.ts'
import { testMcpServer } from './test.ts'

const servers = { tags: ['MCP servers'], security: PERSON }
const READERS: Security = [...PERSON, { accessToken: [] }]

const Tool = z.object({ name: z.string(), description: z.string().optional() })

const McpServer = z
  .object({
    id: z.string(),
    name: z.string(),
    transport: z.enum(TRANSPORTS),
    url: z.string().optional(),
    auth: z.enum(AUTH_WAYS),
    status: z.enum(STATUSES),
    connection_id: z.string().optional(),
    tools: z.array(Tool).optional(),
    tested_at: z.string().nullable(),
    // For administrators.
    enabled: z.boolean().optional(),
    header_names: z.array(z.string()).optional(),
    oauth: z
      .object({
        client_id: z.string().optional(),
        has_client_secret: z.boolean(),
        scopes: z.array(z.string()).optional(),
        authorization_server: z.string().optional(),
      })
      .optional(),
    redirect_uri: z.string().optional(),
    authorization: z
      .object({
        status: z.enum(['none', 'pending', 'active', 'failed']),
        reason: z.string().optional(),
        scopes: z.array(z.string()).optional(),
        expires_at: z.string().optional(),
      })
      .optional(),
    command: z.string().optional(),
    args: z.array(z.string()).optional(),
    env_names: z.array(z.string()).optional(),
    timeout_ms: z.number().optional(),
    created_at: z.string().optional(),
    updated_at: z.string().optional(),
  })
  .openapi('McpServer')

const TestResult = z
  .object({
    ok: z.boolean(),
    protocol_version: z.string().optional(),
    server_info: z
      .object({ name: z.string().optional(), title: z.string().optional(), version: z.string().optional() })
      .optional(),
    tools: z.array(Tool).optional(),
    error: z.object({ code: z.string(), message: z.string() }).optional(),
    duration_ms: z.number(),
  })
  .openapi('McpServerTest')

const routes = {
  list: createRoute({
    method: 'get',
    path: '/v1/mcp/servers',
    ...servers,
    security: READERS,
    summary: 'List the MCP servers of the organization',
    description:
      'For everybody in it, agents too. Administrators see how each is set up; secrets are shown to nobody. By its `connection_id`, one that was authorized by OAuth is reached at `/v1/proxy/{connection_id}`, without its token.',
    request: { query: ListQuery },
    responses: { 200: ok(pageOf(McpServer), 'The servers, oldest first'), ...errors(401, 403) },
  }),
  create: createRoute({
    method: 'post',
    path: '/v1/mcp/servers',
    ...servers,
    summary: 'Add an MCP server',
    description:
      'By HTTP (`url`), or a program that the operator lists in `MCP_STDIO_COMMANDS` (`command`, `args`, `env`). Values of `headers` and `env`, and `oauth.client_secret`, are sealed and never read back.',
    request: jsonBody(NewMcpServer),
    responses: { 201: ok(McpServer, 'The server'), ...errors(401, 403, 409, 422) },
  }),
  get: createRoute({
    method: 'get',
    path: '/v1/mcp/servers/{id}',
    ...servers,
    security: READERS,
    summary: 'One MCP server',
    request: { params: IdParam },
    responses: { 200: ok(McpServer, 'The server'), ...errors(401, 403, 404) },
  }),
  replace: createRoute({
    method: 'put',
    path: '/v1/mcp/servers/{id}',
    ...servers,
    summary: 'Change an MCP server',
    description:
      'Send the whole of it. Secrets that are left out stay, and so does a header or variable whose value is null, as long as they go where they went: another origin, or another program, wants them again. Another address, client or authorization server ends what was authorized.',
    request: { params: IdParam, ...jsonBody(NewMcpServer) },
    responses: { 200: ok(McpServer, 'The server as it is now'), ...errors(401, 403, 404, 409, 422) },
  }),
  remove: createRoute({
    method: 'delete',
    path: '/v1/mcp/servers/{id}',
    ...servers,
    summary: 'Take an MCP server away',
    description: 'Its tokens are gone at once; the authorization server is asked to revoke them too.',
    request: { params: IdParam },
    responses: { 204: { description: 'It is gone' }, ...errors(401, 403, 404) },
  }),
  test: createRoute({
    method: 'post',
    path: '/v1/mcp/servers/{id}/test',
    ...servers,
    summary: 'Test an MCP server',
    description:
      'Connects for real, and lists its tools. 200 also where it fails: `error` says what to do. A program is started for it, and ended with all that it started.',
    request: { params: IdParam },
    responses: { 200: ok(TestResult, 'What it said, or why it could not be asked'), ...errors(401, 403, 404, 429) },
  }),
  disconnect: createRoute({
    method: 'delete',
    path: '/v1/mcp/servers/{id}/authorization',
    ...servers,
    summary: 'End what an MCP server was authorized for',
    description: 'Its tokens are gone at once; the authorization server is asked to revoke them too.',
    request: { params: IdParam },
    responses: {
      200: ok(z.object({ revoked_upstream: z.boolean() }), 'It is over'),
      ...errors(401, 403, 404, 409),
    },
  }),
}

/** The MCP servers that an organization uses, below /api. */
export function mcpServerRoutes(deps: Deps) {
  return jsonRoutes()
    .openapi(routes.list, async (c) => {
      const { limit, cursor } = c.req.valid('query')
      return reply(c, await listMcpServers(deps, { limit, cursor }, c.get('principal')))
    })
    .openapi(routes.create, async (c) =>
      reply(c, await createMcpServer(deps, c.req.valid('json'), c.get('principal')), 201),
    )
    .openapi(routes.get, async (c) => reply(c, await getMcpServer(deps, c.req.valid('param').id, c.get('principal'))))
    .openapi(routes.replace, async (c) => {
      const { id } = c.req.valid('param')
      return reply(c, await replaceMcpServer(deps, id, c.req.valid('json'), c.get('principal')))
    })
    .openapi(routes.remove, async (c) => {
      await removeMcpServer(deps, c.req.valid('param').id, c.get('principal'))
      return replyEmpty(c)
    })
    .openapi(routes.test, async (c) => reply(c, await testMcpServer(deps, c.req.valid('param').id, c.get('principal'))))
    .openapi(routes.disconnect, async (c) =>
      reply(c, await disconnectMcpServer(deps, c.req.valid('param').id, c.get('principal'))),
    )
}
