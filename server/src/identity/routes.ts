import { z } from '@hono/zod-openapi'
import type { Deps } from '../context.ts'
import { errors, ok } from '../http/openapi-errors.ts'
import { protocolRoutes } from '../http/protocol-routes.ts'
import { cacheable, json } from '../http/respond.ts'
import { countAgents } from '../storage/agents.ts'
import { countAuditEvents } from '../storage/audit-events.ts'
import { authenticate } from './authenticate.ts'
import { authorize } from './authorize.ts'
import { checkStatus, statusStream } from './check-status.ts'
import { introspect } from './introspect.ts'
import { authAgentConfiguration, authorizationServerMetadata, openidConfiguration, staticDocument } from './metadata.ts'
import { decideAsPerson, personSignIn } from './person-sign-in.ts'
import { resume } from './resume.ts'
import { revoke } from './revoke.ts'
import { token } from './token.ts'
import { userinfo } from './userinfo.ts'

const text = z.string()
const optional = text.optional()
const page = { description: 'A page', content: { 'text/html': { schema: text } } }
const document = ok(z.record(z.string(), z.unknown()), 'The document')
const clientAuthentication = [{ clientSecretBasic: [] }]

const clientFields = {
  client_id: optional,
  client_secret: optional,
  client_assertion_type: optional,
  client_assertion: optional,
}
const AuthorizeQuery = z.object({
  response_type: z.literal('code'),
  client_id: text,
  redirect_uri: text,
  code_challenge: text,
  code_challenge_method: z.literal('S256'),
  state: optional,
  scope: optional,
  nonce: optional,
  resource: optional,
  prompt: optional,
  acr_values: optional,
  max_age: optional,
  login_hint: optional,
})
const TokenForm = z.object({
  grant_type: z.enum(['authorization_code', 'refresh_token', 'client_credentials']),
  code: optional,
  code_verifier: optional,
  redirect_uri: optional,
  refresh_token: optional,
  scope: optional,
  resource: optional,
  ...clientFields,
})
const TokenAnswer = z
  .object({
    access_token: text,
    token_type: text,
    expires_in: z.int(),
    scope: text,
    refresh_token: optional,
    id_token: optional,
  })
  .openapi('TokenResponse')
const AuthenticateForm = z.object({
  request_id: text,
  agent_id: text,
  agent_secret: optional,
  agent_assertion: optional,
  model: text,
  expected_client_id: optional,
  expected_origin: optional,
})
const RequestQuery = z.object({ request_id: text })
const Status = z
  .object({
    status: z.enum(['pending', 'approval_required', 'authenticated', 'completed', 'denied', 'expired']),
    redirect_to: optional,
    redirect_uri: optional,
    code: optional,
    state: optional,
    iss: optional,
  })
  .openapi('RequestStatus')

const METADATA_MAX_AGE_S = 300

/** Discovery: the same for everyone, and open to browsers of any origin. */
export function discoveryRoutes({ config, signingKeys }: Deps) {
  const documents = {
    '/.well-known/oauth-authorization-server': staticDocument(authorizationServerMetadata(config)),
    '/.well-known/openid-configuration': staticDocument(openidConfiguration(config)),
    '/.well-known/auth-agent': staticDocument(authAgentConfiguration(config)),
  }
  const summaries: Record<string, string> = {
    '/.well-known/oauth-authorization-server': 'Authorization server metadata (RFC 8414)',
    '/.well-known/openid-configuration': 'OpenID provider metadata',
    '/.well-known/auth-agent': 'How an agent signs in here',
  }
  return protocolRoutes([
    ...Object.entries(documents).map(([path, { body, etag }]) => ({
      method: 'get' as const,
      path,
      tag: 'Discovery',
      summary: summaries[path] ?? path,
      responses: { 200: document },
      handler: (c: Parameters<typeof cacheable>[0]) => cacheable(c, body, 'application/json', etag, METADATA_MAX_AGE_S),
    })),
    {
      method: 'get',
      path: '/.well-known/jwks.json',
      tag: 'Discovery',
      summary: 'Public signing keys (RFC 7517)',
      responses: { 200: document },
      handler: async (c) => {
        const { body, etag } = await signingKeys.jwks()
        return cacheable(c, body, 'application/json', etag, METADATA_MAX_AGE_S)
      },
    },
  ])
}

/** The endpoints of the authorization server, and those of the agent at the waiting page. */
export function identityRoutes(deps: Deps) {
  return protocolRoutes([
    ...['/authorize', '/oauth/authorize'].map((path) => ({
      method: 'get' as const,
      path,
      tag: 'Sign in',
      summary: path === '/authorize' ? 'Begin a sign-in' : 'Begin a sign-in (alias)',
      description:
        'The website sends the browser here (OAuth 2.1, PKCE S256). The answer is the waiting page; where the website signs in people, our sign-in and the approval page.',
      query: AuthorizeQuery,
      responses: { 200: page, 303: { description: 'Back to the website, with an error' }, 400: page },
      handler: (c: Parameters<typeof cacheable>[0]) => authorize(deps, c),
    })),
    {
      method: 'get',
      path: '/authorize/resume',
      tag: 'Sign in',
      summary: 'Go back to the website',
      description:
        'For the browser that began the request, once an agent has signed in: 303 to the website with `code`, `state`, `iss`.',
      query: RequestQuery,
      responses: { 200: page, 303: { description: 'To the website' }, 403: page, 410: page },
      handler: (c) => resume(deps, c),
    },
    {
      method: 'get',
      path: '/authorize/person',
      tag: 'Sign in',
      summary: 'Sign in as a person',
      description:
        'For the browser that began the request at a website that signs in people: to our own sign-in, then the approval page, then back.',
      query: RequestQuery,
      responses: { 200: page, 303: { description: 'To the sign-in, or on' }, 403: page, 410: page },
      handler: (c) => personSignIn(deps, c),
    },
    {
      method: 'post',
      path: '/authorize/person',
      tag: 'Sign in',
      summary: 'Approve an app, or do not',
      description: 'The plain form of the approval page.',
      form: z.object({ request_id: text, token: text, decision: z.enum(['approve', 'deny']) }),
      responses: { 200: page, 303: { description: 'On' }, 400: page, 403: page, 410: page },
      handler: (c) => decideAsPerson(deps, c),
    },
    {
      method: 'post',
      path: '/api/agent/authenticate',
      tag: 'Sign in',
      summary: 'An agent proves itself',
      description: 'JSON or form: `agent_secret`, or an `agent_assertion` signed with the key of the agent.',
      form: AuthenticateForm,
      responses: {
        200: ok(z.object({ success: z.literal(true), status: text }), 'Signed in'),
        ...errors(400, 401, 403, 404, 409, 410, 429),
      },
      handler: (c) => authenticate(deps, c),
    },
    {
      method: 'get',
      path: '/api/check-status',
      tag: 'Sign in',
      summary: 'What became of a request',
      description:
        'Reading changes nothing. `redirect_to`, `code` and `state` are for the browser that began the request alone.',
      query: RequestQuery,
      responses: { 200: ok(Status, 'The status'), ...errors(400, 404) },
      handler: (c) => checkStatus(deps, c),
    },
    {
      method: 'get',
      path: '/api/check-status/stream',
      tag: 'Sign in',
      summary: 'What becomes of a request, as it happens',
      description: 'Server-sent events named `status`, with the JSON of `/api/check-status`.',
      query: RequestQuery,
      responses: {
        200: { description: 'Events', content: { 'text/event-stream': { schema: text } } },
        ...errors(400, 404, 429),
      },
      handler: (c) => statusStream(deps, c),
    },
    ...['/token', '/oauth/token'].map((path) => ({
      method: 'post' as const,
      path,
      tag: 'Tokens',
      summary: path === '/token' ? 'Get tokens' : 'Get tokens (alias)',
      security: clientAuthentication,
      form: TokenForm,
      responses: { 200: ok(TokenAnswer, 'Tokens'), ...errors(400, 401, 429) },
      handler: (c: Parameters<typeof cacheable>[0]) => token(deps, c),
    })),
    {
      method: 'post',
      path: '/introspect',
      tag: 'Tokens',
      summary: 'Ask about a token (RFC 7662)',
      security: clientAuthentication,
      form: z.object({ token: text, token_type_hint: optional, ...clientFields }),
      responses: { 200: document, ...errors(400, 401, 429) },
      handler: (c) => introspect(deps, c),
    },
    {
      method: 'post',
      path: '/revoke',
      tag: 'Tokens',
      summary: 'End a token (RFC 7009)',
      description: 'A refresh token ends everything that its sign-in gave.',
      security: clientAuthentication,
      form: z.object({ token: text, token_type_hint: optional, ...clientFields }),
      responses: { 200: { description: 'It is not alive' }, ...errors(400, 401, 429) },
      handler: (c) => revoke(deps, c),
    },
    ...(['get', 'post'] as const).map((method) => ({
      method,
      path: '/userinfo',
      tag: 'Tokens',
      summary: 'Who has signed in (OIDC Core 5.3)',
      security: [{ accessToken: [] }],
      responses: { 200: document, ...errors(401, 403) },
      handler: (c: Parameters<typeof cacheable>[0]) => userinfo(deps, c),
    })),
    {
      method: 'get',
      path: '/api/stats',
      tag: 'Server',
      summary: 'How many agents and sign-ins',
      responses: { 200: ok(z.object({ total_agents: z.int(), total_auths: z.int() }), 'The counts') },
      handler: async (c) => {
        const [agents, signIns] = await Promise.all([
          countAgents(deps.db.read),
          countAuditEvents(deps.db.read, 'agent.authenticated'),
        ])
        return json(c, { total_agents: agents, total_auths: signIns })
      },
    },
  ])
}
