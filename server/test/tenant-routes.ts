import { CALLBACK } from './harness.ts'
import type { Tenant } from './tenancy.ts'

export interface Call {
  path: string
  body?: object
}

/** Who of an organization may: whoever is in it, who is no viewer, whom the thing belongs to, its administrators. */
export type Needs = 'anyone' | 'member' | 'owner' | 'admin'

interface Case {
  /** On a thing of a tenant; a list; what makes something, or changes one's own, while it names another tenant. */
  kind: 'thing' | 'list' | 'own'
  needs: Needs
  calls(tenant: Tenant): Call[]
}

const thing = (needs: Needs, path: (tenant: Tenant) => string, body?: object): Case => ({
  kind: 'thing',
  needs,
  calls: (tenant) => [{ path: path(tenant), ...(body && { body }) }],
})
const list = (path: string, filters: (tenant: Tenant) => string[] = () => [], needs: Needs = 'anyone'): Case => ({
  kind: 'list',
  needs,
  calls: (tenant) => ['limit=200', ...filters(tenant)].map((query) => ({ path: `${path}?${query}` })),
})
const own = (needs: Needs, path: string, bodies: (tenant: Tenant) => object[] = () => [{}]): Case => ({
  kind: 'own',
  needs,
  calls: (tenant) => bodies(tenant).map((body) => ({ path, body })),
})

const byParties = ({ agent, website }: Tenant) => [`agent_id=${agent.agent_id}`, `client_id=${website.client_id}`]
const byEverything = (tenant: Tenant) => [
  ...byParties(tenant),
  `actor=${tenant.admin.id}`,
  'action=person.registered',
  'action=session.created',
]
/** What a body may try to say about whose something is. */
const claimed = ({ orgId, admin }: Tenant) => ({
  org_id: orgId,
  organization_id: orgId,
  orgId,
  user_id: admin.id,
  userId: admin.id,
  id: orgId,
  role: 'admin',
  operator: true,
})
const ofAgent = ({ agent }: Tenant) => `/api/agents/${agent.agent_id}`
const ofClient = ({ website }: Tenant) => `/api/clients/${website.client_id}`
const ofMcpServer = ({ mcpServerId }: Tenant) => `/api/v1/mcp/servers/${mcpServerId}`
const mcpServer = { name: 'named', transport: 'streamable-http', url: 'https://tools.example/mcp' }
const challenge = 'c'.repeat(43)

/** Everything below /api that asks a person, and how one tenant's people would reach for another's through it. */
export const PERSON_ROUTES: Record<string, Case> = {
  'GET /api/me': list('/api/me'),
  'PUT /api/me/organization': {
    kind: 'thing',
    needs: 'anyone',
    calls: ({ orgId }) => [{ path: '/api/me/organization', body: { organization_id: orgId } }],
  },
  'POST /api/me/reauthenticate': own('anyone', '/api/me/reauthenticate', (tenant) => [
    { password: 'not the password', ...claimed(tenant) },
  ]),
  'GET /api/me/reauthenticate/options': list('/api/me/reauthenticate/options'),
  'GET /api/sessions': list('/api/sessions'),
  'DELETE /api/sessions/:id': thing('anyone', ({ sessionId }) => `/api/sessions/${sessionId}`),
  'DELETE /api/sessions': own('anyone', '/api/sessions'),
  'GET /api/apps': list('/api/apps'),
  'DELETE /api/apps/:id': thing('anyone', ({ app }) => `/api/apps/${app.client_id}`),

  'GET /api/connections': list('/api/connections', ({ admin }) => [`user_id=${admin.id}`]),
  'GET /api/connections/:id': thing('anyone', ({ connectionId }) => `/api/connections/${connectionId}`),
  'POST /api/connections': own('member', '/api/connections', (tenant) => [
    { provider_name: 'github', connection_id: tenant.connectionId, ...claimed(tenant) },
  ]),
  'POST /api/connections/api-key': own('member', '/api/connections/api-key', (tenant) => [
    { provider_name: 'openai', api_key: 'key', connection_id: tenant.connectionId, ...claimed(tenant) },
  ]),
  'POST /api/connections/:id/refresh': thing(
    'member',
    ({ connectionId }) => `/api/connections/${connectionId}/refresh`,
  ),
  'DELETE /api/connections/:id': thing('member', ({ connectionId }) => `/api/connections/${connectionId}`),
  'GET /api/webhooks': list('/api/webhooks', () => [], 'admin'),
  'POST /api/webhooks': own('admin', '/api/webhooks', (tenant) => [
    { url: 'https://hooks.example/x', webhook_id: tenant.webhookId, ...claimed(tenant) },
  ]),
  'GET /api/webhooks/:id/deliveries': {
    kind: 'list',
    needs: 'admin',
    calls: ({ webhookId }) => [{ path: `/api/webhooks/${webhookId}/deliveries` }],
  },
  'DELETE /api/webhooks/:id': thing('admin', ({ webhookId }) => `/api/webhooks/${webhookId}`),
  'GET /api/providers': list('/api/providers'),
  'GET /api/v1/mcp/servers': list('/api/v1/mcp/servers'),
  'POST /api/v1/mcp/servers': own('admin', '/api/v1/mcp/servers', (tenant) => [
    { ...mcpServer, server_id: tenant.mcpServerId, ...claimed(tenant) },
  ]),
  'GET /api/v1/mcp/servers/:id': thing('anyone', ofMcpServer),
  'PUT /api/v1/mcp/servers/:id': thing('admin', ofMcpServer, { ...mcpServer, headers: {} }),
  'DELETE /api/v1/mcp/servers/:id': thing('admin', ofMcpServer),
  'POST /api/v1/mcp/servers/:id/test': thing('admin', (tenant) => `${ofMcpServer(tenant)}/test`),
  'DELETE /api/v1/mcp/servers/:id/authorization': thing('admin', (tenant) => `${ofMcpServer(tenant)}/authorization`),
  'GET /api/mcp/oauth/:server/start': thing('admin', ({ mcpServerId }) => `/api/mcp/oauth/${mcpServerId}/start`),
  'GET /api/connection-grants': list('/api/connection-grants', ({ connectionId }) => [`connection_id=${connectionId}`]),
  'POST /api/connection-grants': {
    kind: 'thing',
    needs: 'member',
    calls: ({ connectionId, agent }) => [
      {
        path: '/api/connection-grants',
        body: { connection_id: connectionId, agent_id: agent.agent_id, raw_token: true },
      },
    ],
  },
  'DELETE /api/connection-grants/:id': thing(
    'member',
    ({ connectionGrantId }) => `/api/connection-grants/${connectionGrantId}`,
  ),

  'GET /api/organization': list('/api/organization'),
  'PUT /api/organization': own('admin', '/api/organization', (tenant) => [{ name: 'Renamed', ...claimed(tenant) }]),
  'POST /api/organizations': own('anyone', '/api/organizations', (tenant) => [{ name: 'Another', ...claimed(tenant) }]),
  'GET /api/members': list('/api/members'),
  'PUT /api/members/:id': thing('admin', ({ admin }) => `/api/members/${admin.id}`, { role: 'viewer' }),
  'DELETE /api/members/:id': thing('admin', ({ admin }) => `/api/members/${admin.id}`),
  'GET /api/invitations': list('/api/invitations', undefined, 'admin'),
  'POST /api/invitations': own('admin', '/api/invitations', (tenant) => [
    { ...claimed(tenant), email: `by-${Math.floor(performance.now() * 1000)}@elsewhere.example`, role: 'viewer' },
  ]),
  'DELETE /api/invitations/:id': thing('admin', ({ invitation }) => `/api/invitations/${invitation.invitation_id}`),
  'POST /api/invitations/accept': {
    kind: 'thing',
    needs: 'anyone',
    calls: ({ invitation: { token } }) => [{ path: '/api/invitations/accept', body: { token } }],
  },

  'GET /api/overview': list('/api/overview'),
  'GET /api/agents': list('/api/agents'),
  'POST /api/agents': own('member', '/api/agents', (tenant) => [
    { agent_name: 'named', ...claimed(tenant) },
    { agent_name: 'for another', user_email: tenant.member.email },
  ]),
  'GET /api/agents/:id': thing('anyone', ofAgent),
  'PUT /api/agents/:id': thing('owner', ofAgent, { agent_name: 'taken', approval: 'never', min_level: 1 }),
  'DELETE /api/agents/:id': thing('owner', ofAgent),
  'POST /api/agents/:id/rotate': thing('owner', (tenant) => `${ofAgent(tenant)}/rotate`, { overlap: 3600 }),
  'POST /api/agents/:id/disable': thing('owner', (tenant) => `${ofAgent(tenant)}/disable`),
  'POST /api/agents/:id/enable': thing('owner', (tenant) => `${ofAgent(tenant)}/enable`),
  'POST /api/agents/:id/revoke-all': thing('owner', (tenant) => `${ofAgent(tenant)}/revoke-all`),
  'GET /api/tokens': list('/api/tokens', byParties),
  'DELETE /api/tokens/:id': thing('member', ({ grantId }) => `/api/tokens/${grantId}`),

  'GET /api/clients': list('/api/clients'),
  'POST /api/clients': own('member', '/api/clients', (tenant) => [
    { client_name: 'named', redirect_uris: [CALLBACK], ...claimed(tenant) },
  ]),
  'GET /api/clients/:id': thing('anyone', ofClient),
  'PUT /api/clients/:id': thing('member', ofClient, { client_name: 'taken', redirect_uris: ['https://evil.example/'] }),
  'DELETE /api/clients/:id': thing('member', ofClient),
  'POST /api/clients/:id/rotate': thing('member', (tenant) => `${ofClient(tenant)}/rotate`, { overlap: 3600 }),
  'GET /api/clients/:id/users': thing('anyone', ({ app }) => `/api/clients/${app.client_id}/users`),
  'GET /api/redirect-uri': {
    kind: 'list',
    needs: 'anyone',
    calls: () => [{ path: `/api/redirect-uri?redirect_uri=${encodeURIComponent(CALLBACK)}` }],
  },
  'POST /api/clients/:id/test-sign-in': thing('member', (tenant) => `${ofClient(tenant)}/test-sign-in`, {
    code_challenge: challenge,
    state: 's',
  }),
  'POST /api/clients/:id/test-sign-in/exchange': thing(
    'member',
    (tenant) => `${ofClient(tenant)}/test-sign-in/exchange`,
    {
      code: 'code_x',
      code_verifier: challenge,
    },
  ),

  'GET /api/sign-ins': list('/api/sign-ins', (tenant) => [...byParties(tenant), 'status=completed']),
  'GET /api/sign-ins/:id': thing('anyone', ({ signInId }) => `/api/sign-ins/${signInId}`),
  'GET /api/approvals': list('/api/approvals', () => ['status=decided']),
  'POST /api/approvals/:id/approve': thing('owner', ({ waitingId }) => `/api/approvals/${waitingId}/approve`, {}),
  'POST /api/approvals/:id/deny': thing('owner', ({ waitingId }) => `/api/approvals/${waitingId}/deny`, {}),

  'GET /api/api-keys': list('/api/api-keys'),
  'POST /api/api-keys': own('member', '/api/api-keys', (tenant) => [
    { name: 'named', scopes: ['manage'], ...claimed(tenant) },
  ]),
  'DELETE /api/api-keys/:id': thing('anyone', ({ keys }) => `/api/api-keys/${keys.member.key_id}`),

  'GET /api/usage': list('/api/usage', () => ['group_by=model', 'group_by=app', 'group_by=agent', 'group_by=key']),
  'GET /api/usage/receipts': list('/api/usage/receipts'),
  'GET /api/usage/receipts.csv': list('/api/usage/receipts.csv'),
  'GET /api/models': list('/api/models'),
  'GET /api/limits': list('/api/limits'),
  'POST /api/playground/chat': own('anyone', '/api/playground/chat', (tenant) => [
    { model: 'x', messages: [{ role: 'user', content: 'x' }], ...claimed(tenant) },
  ]),
  'GET /api/payment-method': list('/api/payment-method'),
  'PUT /api/payment-method': own('anyone', '/api/payment-method', (tenant) => [
    { payment_method: 'credits', ...claimed(tenant) },
  ]),
  'GET /api/provider-keys': list('/api/provider-keys'),
  'GET /api/provider-keys/:id': thing('anyone', ({ providerId }) => `/api/provider-keys/${providerId}`),
  'PUT /api/provider-keys/:id': own('anyone', '/api/provider-keys/own', (tenant) => [
    { api_key: 'key-of-another', ...claimed(tenant) },
  ]),
  'DELETE /api/provider-keys/:id': thing('anyone', ({ providerId }) => `/api/provider-keys/${providerId}`),

  'GET /api/audit-log': list('/api/audit-log', byEverything),
  'GET /api/audit-log/verify': list('/api/audit-log/verify'),
  'GET /api/audit-log/export': list('/api/audit-log/export', (tenant) => ['format=csv', ...byEverything(tenant)]),
}

/** What the organization's agents may read too. */
export const OPEN_TO_AGENTS = new Set(['GET /api/v1/mcp/servers', 'GET /api/v1/mcp/servers/:id'])

/** A key that spends, and an app’s whose user allowed it to know, look at what was spent. */
export const OPEN_TO_SPENDERS = new Set(['GET /api/usage', 'GET /api/usage/receipts', 'GET /api/usage/receipts.csv'])

/** What is told as it happens; tried by itself. */
export const STREAMS = ['GET /api/sign-ins/stream']

/** By the cookie of a session, below /api/auth: the two that name a thing. */
export const PASSKEY_ROUTES: Record<string, (tenant: Tenant) => Call> = {
  'POST /api/auth/passkey/delete-passkey': ({ passkeyId: id }) => ({
    path: '/api/auth/passkey/delete-passkey',
    body: { id },
  }),
  'POST /api/auth/passkey/update-passkey': ({ passkeyId: id }) => ({
    path: '/api/auth/passkey/update-passkey',
    body: { id, name: 'taken' },
  }),
}

/** For everyone, or by a credential that is nobody's of an organization. Each has been thought about. */
export const NO_PERSON = new Set([
  'GET /api/account/providers',
  'GET /api/health',
  'GET /api/stats',
  'GET /api/check-status',
  'GET /api/check-status/stream',
  'POST /api/agent/authenticate',
  // What a browser brings back names the one flow that it began; who we are to others is the same for everybody.
  'GET /api/mcp/oauth/:server/callback',
  'GET /api/mcp/oauth/:server/client-metadata',
  // The token names the one invitation that it is of.
  'GET /api/invitations/by-token',
  // The key names the one person that it is of.
  'GET /api/oauth/verify',
  // Of whoever sends the cookie or the password, and of nobody else by any name in the call.
  'POST /api/auth/sign-up/email',
  'POST /api/auth/sign-in/email',
  'POST /api/auth/sign-in/social',
  'POST /api/auth/sign-out',
  'POST /api/auth/send-verification-email',
  'GET /api/auth/verify-email',
  'POST /api/auth/request-password-reset',
  'GET /api/auth/reset-password/:token',
  'POST /api/auth/reset-password',
  'POST /api/auth/change-password',
  'POST /api/auth/update-user',
  'GET /api/auth/passkey/generate-register-options',
  'POST /api/auth/passkey/verify-registration',
  'GET /api/auth/passkey/generate-authenticate-options',
  'POST /api/auth/passkey/verify-authentication',
  'GET /api/auth/passkey/list-user-passkeys',
  'GET /api/auth/get-session',
])
