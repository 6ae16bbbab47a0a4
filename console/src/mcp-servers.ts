import type { InferRequestType, InferResponseType } from 'hono/client'
import { answer, api, request, takeAway } from './api.ts'
import { listQuery } from './list-query.ts'

const routes = api.api.v1.mcp.servers

/** An MCP server that the organization uses: what administrators see beside is there for them alone, secrets for nobody. */
export type McpServer = InferResponseType<typeof routes.$get, 200>['data'][number]
export type NewMcpServer = InferRequestType<typeof routes.$post>['json']
export type Transport = McpServer['transport']
export type AuthWay = McpServer['auth']
export type McpTest = InferResponseType<(typeof routes)[':id']['test']['$post'], 200>

export const mcpServersQuery = listQuery(['mcp-servers', 'pages'], (cursor, signal) =>
  answer(routes.$get({ query: { limit: '50', ...(cursor && { cursor }) } }, { init: { signal } })),
)

export const addMcpServer = (json: NewMcpServer) => answer(routes.$post({ json }))

export const changeMcpServer = (id: string, json: NewMcpServer) => answer(routes[':id'].$put({ param: { id }, json }))

export const removeMcpServer = (id: string) => takeAway(answer(routes[':id'].$delete({ param: { id } })))

export const testMcpServer = (id: string) => answer(routes[':id'].test.$post({ param: { id } }))

export const disconnectMcpServer = (id: string) => answer(routes[':id'].authorization.$delete({ param: { id } }))

/** Where the browser has to go for consent. */
export const authorizeMcpServer = (id: string) =>
  request<{ authorization_url: string }>('GET', `/api/mcp/oauth/${encodeURIComponent(id)}/start`)

export const TRANSPORT_LABELS: Record<Transport, string> = {
  'streamable-http': 'Streamable HTTP',
  sse: 'HTTP with SSE (2024)',
  stdio: 'Program on this server',
}

export const AUTH_LABELS: Record<AuthWay, string> = {
  none: 'None',
  headers: 'Headers, such as an API key',
  oauth: 'OAuth, by the consent of an administrator',
}
