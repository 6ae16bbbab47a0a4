import type { Deps } from '../../context.ts'
import { newTimedId } from '../../crypto/ids.ts'
import { ApiError } from '../../http/errors.ts'
import type { Form } from '../../http/form.ts'
import { findAgent } from '../../storage/agents.ts'
import {
  type AuthorizationRequestRow,
  consumeCode,
  findAuthorizationRequestByCode,
} from '../../storage/authorization-requests.ts'
import { insertGrant, type NewGrant, revokeGrant } from '../../storage/grants.ts'
import { insertRefreshToken } from '../../storage/refresh-tokens.ts'
import { verifyChallenge } from '../pkce.ts'
import { requestTopic } from '../request-status.ts'
import { narrowedResources } from '../resource.ts'
import { refreshTokenRow, signInTokens } from '../sign-in-tokens.ts'
import type { Grant } from './grant.ts'

/** What a request is once an agent has answered it. */
type Answered = AuthorizationRequestRow & {
  agent_id: string
  model: string
  level: number
  authenticated_at: number
  code_hash: string
}

/** RFC 6749 §4.1.3. Who has the wrong verifier, or is another client, leaves the code as it was for the right one. */
export const authorizationCode: Grant = async (deps, caller, form, now) => {
  const request = await findAuthorizationRequestByCode(deps.db.read, deps.ring.hashes('code', form.required('code')))
  const verifier = form.required('code_verifier')
  if (!isAnswered(request) || request.client_id !== caller.id)
    throw new ApiError('invalid_grant', 'The code is unknown, or was issued to another client')
  checkRedirectUri(request, form)
  verifyChallenge(verifier, request.code_challenge)
  if (request.status === 'completed') return replayed(deps, request, now)
  checkFresh(deps, request, now)
  const agent = await findAgent(deps.db.read, request.agent_id)
  if (!agent || agent.disabled_at !== null) throw new ApiError('invalid_grant', 'The agent may no longer sign in')

  const grant = grantOf(deps, request, now)
  const resources = narrowedResources(JSON.parse(request.resource), form.all('resource'))
  // The grant_types of a client decide alone: who may refresh gets a token to refresh with (contract).
  const withRefreshToken = caller.kind === 'client' && JSON.parse(caller.client.grant_types).includes('refresh_token')
  const issue = { grant, agent, scope: request.scope, resources, nonce: request.nonce, withRefreshToken }
  const answer = signInTokens(deps, issue, now)

  const won = await deps.db.write(async ({ trx, record, notify }) => {
    if (
      !(await consumeCode(trx, {
        requestId: request.request_id,
        codeHash: request.code_hash,
        grantId: grant.grant_id,
        now,
      }))
    )
      return false
    await insertGrant(trx, grant)
    if (answer.refresh_token) await insertRefreshToken(trx, refreshTokenRow(deps, answer.refresh_token, grant, now))
    record({
      at: now,
      org_id: request.org_id,
      actor: caller.id,
      action: 'token.issued',
      target: grant.grant_id,
      client_id: caller.id,
      agent_id: agent.agent_id,
      request_id: request.request_id,
      detail: { grant_type: 'authorization_code', scope: request.scope, model: request.model },
    })
    notify(requestTopic(request.request_id))
    return true
  })
  if (!won) return replayedAfterRace(deps, form, now)
  deps.metrics.signIns.inc({ outcome: 'completed' })
  return answer
}

function isAnswered(request: AuthorizationRequestRow | undefined): request is Answered {
  return request !== undefined && request.agent_id !== null && request.code_hash !== null
}

/** OAuth 2.1 §10.2: it need not be sent again; one that is must be the one of the request. */
function checkRedirectUri(request: AuthorizationRequestRow, form: Form): void {
  const redirectUri = form.get('redirect_uri')
  if (redirectUri !== undefined && redirectUri !== request.redirect_uri)
    throw new ApiError('invalid_grant', 'The redirect_uri is not the one of the authorization request')
}

function checkFresh({ config }: Deps, request: AuthorizationRequestRow, now: number): void {
  const issuedAt = request.code_issued_at ?? 0
  if (request.status !== 'authenticated' || issuedAt + config.lifetimes.code * 1000 <= now)
    throw new ApiError('invalid_grant', 'The code has expired')
}

/** RFC 6749 §4.1.2: a code that comes twice from its rightful client was stolen once, so all that it bought ends. */
async function replayed(deps: Deps, request: AuthorizationRequestRow, now: number): Promise<never> {
  const { grant_id: grantId } = request
  if (grantId !== null)
    await deps.db.write(async ({ trx, record }) => {
      if (!(await revokeGrant(trx, grantId, 'code_replayed', now))) return
      record({
        at: now,
        org_id: request.org_id,
        actor: request.client_id,
        action: 'grant.revoked',
        target: grantId,
        client_id: request.client_id,
        agent_id: request.agent_id,
        request_id: request.request_id,
        detail: { reason: 'code_replayed' },
      })
    })
  throw new ApiError('invalid_grant', 'The code has been used')
}

async function replayedAfterRace(deps: Deps, form: Form, now: number): Promise<never> {
  const request = await findAuthorizationRequestByCode(deps.db.read, deps.ring.hashes('code', form.required('code')))
  if (request) return replayed(deps, request, now)
  throw new ApiError('invalid_grant', 'The code has expired')
}

function grantOf(deps: Deps, request: Answered, now: number): NewGrant {
  return {
    grant_id: newTimedId(deps.random, 'grant', now),
    org_id: request.org_id,
    client_id: request.client_id,
    agent_id: request.agent_id,
    request_id: request.request_id,
    scope: request.scope,
    resource: request.resource,
    model: request.model,
    level: request.level,
    auth_time: request.authenticated_at,
    created_at: now,
    expires_at: now + deps.config.lifetimes.grant * 1000,
  }
}
