import type { Deps } from '../../context.ts'
import { ApiError } from '../../http/errors.ts'
import type { Form } from '../../http/form.ts'
import type { AccessTokenGrant } from '../access-token.ts'
import { signAccessToken } from '../access-token.ts'
import type { Caller } from '../client-auth.ts'
import { audienceOf, resourcesFor, resourcesForAgent } from '../resource.ts'
import { parseScope, requestedScope, SIGN_IN_SCOPES } from '../scope.ts'
import { actFor } from '../sign-in-subject.ts'
import type { Grant } from './grant.ts'

/** RFC 6749 §4.4: a website for itself, or an agent for itself. */
export const clientCredentials: Grant = async (deps, caller, form, now) => {
  const claims = caller.kind === 'agent' ? agentClaims(deps, caller, form) : clientClaims(deps, caller, form)

  await deps.db.write(async ({ record }) =>
    record({
      at: now,
      org_id: caller.orgId,
      actor: caller.id,
      action: 'token.issued',
      client_id: caller.id,
      agent_id: caller.kind === 'agent' ? caller.id : null,
      detail: { grant_type: 'client_credentials', scope: claims.scope },
    }),
  )
  return {
    access_token: signAccessToken(deps, claims, now),
    token_type: 'Bearer',
    expires_in: deps.config.lifetimes.accessToken,
    scope: claims.scope,
  }
}

/** What an agent gets for itself is for us, unless it names somebody else (RFC 8707). */
function agentClaims(deps: Deps, { agent }: Extract<Caller, { kind: 'agent' }>, form: Form): AccessTokenGrant {
  const allowed: string[] = agent.allowed_scopes === null ? [] : JSON.parse(agent.allowed_scopes)
  const asked = form.get('scope')
  const scope = asked === undefined ? '' : requestedScope(asked, allowed.join(' '))
  const model = form.get('model') ?? agent.model
  if (model && model.length > 200) throw new ApiError('invalid_request', 'The model is longer than 200 characters')
  return {
    sub: agent.agent_id,
    aud: audienceOf(resourcesForAgent(deps.config, form.all('resource')), deps.config.issuer),
    client_id: agent.agent_id,
    scope,
    ...(model && { model }),
    act_for: actFor(deps, agent, scope),
  }
}

/** OAuth 2.1 §4.2: nobody has signed in, so that the scopes of a sign-in mean nothing here. */
function clientClaims(deps: Deps, { client }: Extract<Caller, { kind: 'client' }>, form: Form): AccessTokenGrant {
  if (client.token_endpoint_auth_method === 'none')
    throw new ApiError('unauthorized_client', 'A public client cannot use client_credentials')
  const signIn = new Set<string>(SIGN_IN_SCOPES)
  const allowed = parseScope(client.scope).filter((scope) => !signIn.has(scope))
  const resources = resourcesFor(deps.config, client, form.all('resource'))
  return {
    sub: client.client_id,
    aud: audienceOf(resources, client.client_id),
    client_id: client.client_id,
    scope: requestedScope(form.get('scope'), allowed.join(' ')),
  }
}
