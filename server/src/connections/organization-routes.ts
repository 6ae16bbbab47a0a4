import { createRoute, z } from '@hono/zod-openapi'
import { requireMember, requirePersonPrincipal } from '../accounts/roles.ts'
import type { Deps, PersonPrincipal, Principal } from '../context.ts'
import { jsonRoutes, reply } from '../http/json-routes.ts'
import { ListQuery, listCursor, nextCursor } from '../http/listing.ts'
import { errors, ok } from '../http/openapi-errors.ts'
import { NO_STORE } from '../http/respond.ts'
import { IdParam, jsonBody, PERSON, pageOf } from '../http/route-schemas.ts'
import { type ConnectionRow, listNewestConnections } from '../storage/connections.ts'
import { listMcpClientNames } from '../storage/mcp-clients.ts'
import { connectApiKey, NewApiKeyConnection } from './api-key-connection.ts'
import { browserCookie, newBrowserSecret } from './browser-binding.ts'
import { endConnection } from './connections.ts'
import { requireConnection } from './policy.ts'
import { listEffectiveProviders } from './provider-registry.ts'
import { ConnectionRequest, requestConnection } from './request-connection.ts'
import { consoleReturnUrl } from './return-url.ts'
import { refreshedTokens } from './usable-tokens.ts'
import { connectionView } from './views.ts'

const connections = { tags: ['Connections'], security: PERSON }

const OwnConnection = z
  .object({
    connection_id: z.string(),
    status: z.enum(['pending', 'active', 'failed']),
    reason: z.enum(['denied', 'expired', 'exchange_failed', 'invalid_id_token', 'reauth_required']).optional(),
    provider_name: z.string(),
    provider_label: z.string(),
    user_id: z.string(),
    account: z.string().optional(),
    scopes: z.array(z.string()),
    expires_at: z.string().optional(),
    created_at: z.string(),
    made_by: z.string(),
    last_used_at: z.string().nullable(),
    last_used_by: z.string().nullable(),
  })
  .openapi('OwnConnection')
const Offered = z
  .object({
    name: z.string(),
    label: z.string(),
    kind: z.enum(['oauth2', 'api_key']),
    configured: z.boolean(),
    scopes: z.array(z.string()),
    parameters: z.array(z.object({ name: z.string(), label: z.string(), pattern: z.string() })),
  })
  .openapi('OfferedProvider')

const routes = {
  list: createRoute({
    method: 'get',
    path: '/connections',
    ...connections,
    summary: 'List the connections of the organization',
    request: { query: ListQuery.extend({ user_id: z.string().max(200).optional() }) },
    responses: { 200: ok(pageOf(OwnConnection), 'A page of connections, newest first'), ...errors(401, 403) },
  }),
  get: createRoute({
    method: 'get',
    path: '/connections/{id}',
    ...connections,
    summary: 'One connection',
    request: { params: IdParam },
    responses: { 200: ok(OwnConnection, 'The connection'), ...errors(401, 403, 404) },
  }),
  connect: createRoute({
    method: 'post',
    path: '/connections',
    ...connections,
    summary: 'Connect an account of yours',
    description: 'Go to `authUrl`; the provider sends you back to the console.',
    request: jsonBody(ConnectionRequest.omit({ user_id: true, return_url: true })),
    responses: {
      201: ok(z.object({ authUrl: z.string(), connection_id: z.string(), scopes: z.array(z.string()) }), 'Where to go'),
      ...errors(401, 403, 404, 422, 503),
    },
  }),
  connectKey: createRoute({
    method: 'post',
    path: '/connections/api-key',
    ...connections,
    summary: 'Connect by an API key of yours',
    request: jsonBody(NewApiKeyConnection),
    responses: { 201: ok(OwnConnection, 'The connection'), ...errors(401, 403, 422) },
  }),
  refresh: createRoute({
    method: 'post',
    path: '/connections/{id}/refresh',
    ...connections,
    summary: 'Refresh a connection now',
    request: { params: IdParam },
    responses: {
      200: ok(z.object({ expires_at: z.string().nullable() }), 'Until when its token lives'),
      ...errors(400, 401, 403, 404, 409, 429, 503),
    },
  }),
  end: createRoute({
    method: 'delete',
    path: '/connections/{id}',
    ...connections,
    summary: 'End a connection',
    request: { params: IdParam },
    responses: { 200: ok(z.object({ revoked_upstream: z.boolean() }), 'It is over'), ...errors(401, 403, 404) },
  }),
  providers: createRoute({
    method: 'get',
    path: '/providers',
    ...connections,
    summary: 'List the providers that can be connected',
    responses: { 200: ok(z.object({ data: z.array(Offered) }), 'Those that are set up first'), ...errors(401, 403) },
  }),
}

/** Connections below /api: of the caller's organization, for people. */
export function organizationConnectionRoutes(deps: Deps) {
  return jsonRoutes()
    .openapi(routes.list, async (c) => {
      const { limit, cursor, user_id: userRef } = c.req.valid('query')
      const filter = { orgId: reachOfConnections(c.get('principal')), userRef }
      const rows = await listNewestConnections(deps.db.read, filter, limit + 1, listCursor(cursor))
      const labels = await labelsOf(deps, c.get('principal'))
      return reply(c, {
        data: rows.slice(0, limit).map((row) => viewOf(deps, row, labels)),
        next_cursor: nextCursor(rows, limit, ({ created_at, connection_id }) => ({ created_at, id: connection_id })),
      })
    })
    .openapi(routes.get, async (c) => {
      const row = await requireConnection(deps, c.req.valid('param').id, c.get('principal'))
      return reply(c, viewOf(deps, row, await labelsOf(deps, c.get('principal'))))
    })
    .openapi(routes.connect, async (c) => {
      const person = requirePersonPrincipal(c.get('principal'))
      requireMember(person)
      const request = { ...c.req.valid('json'), user_id: person.id, return_url: consoleReturnUrl(deps.config) }
      const secret = browserSecretOf(deps, person)
      const { state, provider_id: _, ...requested } = await requestConnection(deps, request, undefined, person, secret)
      const cookie = secret === undefined ? {} : { 'Set-Cookie': browserCookie(deps, state, secret) }
      return reply(c, requested, 201, { ...NO_STORE, ...cookie })
    })
    .openapi(routes.connectKey, async (c) => {
      const row = await connectApiKey(deps, c.req.valid('json'), requirePersonPrincipal(c.get('principal')))
      return reply(c, viewOf(deps, row, await labelsOf(deps, c.get('principal'))), 201)
    })
    .openapi(routes.refresh, async (c) => {
      const found = await requireConnection(deps, c.req.valid('param').id, c.get('principal'))
      requireMember(c.get('principal'))
      deps.callLimits.takeRefresh(c.get('principal'), found.connection_id)
      const { row } = await refreshedTokens(deps, found)
      return reply(c, { expires_at: row.expires_at === null ? null : new Date(row.expires_at).toISOString() })
    })
    .openapi(routes.end, async (c) => reply(c, await endConnection(deps, c.req.valid('param').id, c.get('principal'))))
    .openapi(routes.providers, async (c) => reply(c, { data: await offered(deps) }))
}

/** A person at the console is in the browser that they will come back with; a program of theirs is not. */
function browserSecretOf(deps: Deps, { credential }: PersonPrincipal): string | undefined {
  const { issuer, broker } = deps.config
  const comesBackHere = new URL(issuer).origin === new URL(broker.publicUrl).origin
  return credential.kind === 'session' && comesBackHere ? newBrowserSecret(deps) : undefined
}

/** The operator works in the first organization here: all connections of all are nobody's to look through. */
const reachOfConnections = ({ orgId }: Principal) => orgId

async function labelsOf(deps: Deps, { orgId }: Principal): Promise<Map<string, string>> {
  const [known, servers] = await Promise.all([listEffectiveProviders(deps), listMcpClientNames(deps.db.read, orgId)])
  const ofServers = servers.map(({ provider_name, name }) => [provider_name, `MCP server ${name}`] as const)
  return new Map([...known.map(({ provider }) => [provider.name, provider.label] as const), ...ofServers])
}

function viewOf({ now }: Deps, row: ConnectionRow, labels: ReadonlyMap<string, string>) {
  return {
    ...connectionView(row, now()),
    provider_label: labels.get(row.provider_name) ?? row.provider_name,
    made_by: row.made_by,
    last_used_at: row.last_used_at === null ? null : new Date(row.last_used_at).toISOString(),
    last_used_by: row.last_used_by,
  }
}

async function offered(deps: Deps) {
  const known = await listEffectiveProviders(deps)
  return known.map(({ provider, clientId }) => ({
    name: provider.name,
    label: provider.label,
    kind: provider.kind,
    // A key needs no client of ours there.
    configured: provider.kind === 'api_key' || clientId !== null,
    scopes: provider.kind === 'oauth2' ? [...provider.scopes] : [],
    parameters: (provider.parameters ?? []).map(({ name, label, pattern }) => ({ name, label, pattern })),
  }))
}
