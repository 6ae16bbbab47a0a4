import type { Context } from 'hono'
import type { Deps, Env } from '../context.ts'
import { page } from '../http/respond.ts'
import { waitingPage } from '../pages/waiting.ts'
import type { AuthorizationRequestRow } from '../storage/authorization-requests.ts'
import type { ClientRow } from '../storage/clients.ts'
import { pollToken } from './request-binding.ts'
import { statusOf } from './request-status.ts'
import { parseScope } from './scope.ts'

interface WaitingOptions {
  cookies?: readonly string[]
  /** The plain form, as it was sent, with what was wrong. */
  form?: { error: string; agentId: string; model: string; status: 200 | 400 | 401 | 403 | 404 | 409 | 410 | 429 | 503 }
}

/** The waiting page of a request: what the browser shows until the agent has proved itself. */
export function waiting(
  deps: Deps,
  c: Context<Env>,
  client: Pick<ClientRow, 'client_id' | 'client_name' | 'subjects'>,
  request: AuthorizationRequestRow,
  { cookies = [], form }: WaitingOptions = {},
): Response {
  const { issuer } = deps.config
  const { pathname } = new URL(issuer)
  const base = pathname === '/' ? '' : pathname
  const website = new URL(request.redirect_uri)
  const query = `?request_id=${request.request_id}`

  const html = waitingPage({
    nonce: c.get('nonce'),
    requestId: request.request_id,
    clientName: client.client_name,
    clientHost: website.host,
    scopes: parseScope(request.scope),
    status: statusOf(request, deps.now()) === 'approval_required' ? 'approval_required' : 'pending',
    expiresAt: request.expires_at,
    now: deps.now(),
    authRequest: {
      request_id: request.request_id,
      client_id: client.client_id,
      client_name: client.client_name,
      redirect_uri: request.redirect_uri,
      scope: request.scope,
      expires_at: new Date(request.expires_at).toISOString(),
      authenticate_url: `${issuer}/api/agent/authenticate`,
      issuer,
    },
    pollToken: pollToken(deps, request.request_id),
    statusPath: `${base}/api/check-status${query}`,
    streamPath: `${base}/api/check-status/stream${query}`,
    authenticatePath: `${base}/api/agent/authenticate`,
    restartUrl: website.origin,
    refreshUrl: `${base}/authorize/resume${query}`,
    ...(JSON.parse(client.subjects).includes('user') && { personPath: `${base}/authorize/person${query}` }),
    ...(form && { form: { error: form.error, agentId: form.agentId, model: form.model } }),
  })
  return page(c, html, { cookies, ...(form && { status: form.status }) })
}
