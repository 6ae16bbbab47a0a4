import { apiKeyRow, newApiKey } from '../../accounts/api-keys.ts'
import { creditsOf, grantPromotion } from '../../accounts/credits.ts'
import type { Deps } from '../../context.ts'
import { newTimedId } from '../../crypto/ids.ts'
import { ApiError } from '../../http/errors.ts'
import type { Form } from '../../http/form.ts'
import { insertApiKey, revokeSurplusKeys } from '../../storage/api-keys.ts'
import {
  type AuthorizationRequestRow,
  consumeCode,
  findAuthorizationRequestByCode,
} from '../../storage/authorization-requests.ts'
import type { ClientRow } from '../../storage/clients.ts'
import type { Work } from '../../storage/database.ts'
import { insertGrant, type NewGrant, revokeGrant } from '../../storage/grants.ts'
import type { PersonRow } from '../../storage/persons.ts'
import { insertRefreshToken } from '../../storage/refresh-tokens.ts'
import { verifyChallenge } from '../pkce.ts'
import { notifySignIn } from '../request-status.ts'
import { narrowedResources } from '../resource.ts'
import { findSubject, type SignInSubject } from '../sign-in-subject.ts'
import { refreshTokenRow, signInTokens } from '../sign-in-tokens.ts'
import type { ApiKeyResponse, Grant, TokenResponse } from './grant.ts'

/** What a request is once an agent or a person has answered it. */
type Answered = AuthorizationRequestRow & {
  level: number
  authenticated_at: number
  code_hash: string
}

/** RFC 6749 §4.1.3. Who has the wrong verifier, or is another client, leaves the code as it was for the right one. */
export const authorizationCode: Grant = async (deps, caller, form, now) => {
  const request = await findAuthorizationRequestByCode(deps.db.read, deps.ring.hashes('code', form.required('code')))
  const verifier = form.required('code_verifier')
  if (!isAnswered(request) || request.client_id !== caller.id || caller.kind !== 'client')
    throw new ApiError('invalid_grant', 'The code is unknown, or was issued to another client')
  checkRedirectUri(request, form)
  verifyChallenge(verifier, request.code_challenge)
  if (request.status === 'completed') return replayed(deps, request, now)
  checkFresh(deps, request, now)
  const subject = await findSubject(deps.db.read, request)
  if (!subject) throw new ApiError('invalid_grant', 'The agent may no longer sign in')

  const grant = grantOf(deps, request, now)
  const purchase = purchaseFor(deps, caller.client, form, { request, grant, subject }, now)
  const won = await deps.db.write(async (work) => {
    const exchange = { requestId: request.request_id, codeHash: request.code_hash, grantId: grant.grant_id, now }
    if (!(await consumeCode(work.trx, exchange))) return false
    await insertGrant(work.trx, grant)
    await purchase.store(work)
    work.record({
      at: now,
      org_id: request.org_id,
      actor: caller.id,
      action: 'token.issued',
      target: grant.grant_id,
      client_id: caller.id,
      agent_id: grant.agent_id,
      request_id: request.request_id,
      detail: {
        grant_type: 'authorization_code',
        scope: request.scope,
        ...(grant.model !== null && { model: grant.model }),
        ...(grant.user_id !== null && { user_id: grant.user_id }),
      },
    })
    notifySignIn(work, request)
    return true
  })
  if (!won) return replayedAfterRace(deps, form, now)
  deps.metrics.signIns.inc({ outcome: 'completed' })
  return purchase.answer()
}

/** What a code buys: made before the transaction, stored in it, told after it. */
interface Purchase {
  store(work: Work): Promise<void>
  answer(): TokenResponse | Promise<TokenResponse>
}

interface SignIn {
  request: Answered
  grant: NewGrant
  subject: SignInSubject
}

function purchaseFor(deps: Deps, client: ClientRow, form: Form, signIn: SignIn, now: number): Purchase {
  const { subject } = signIn
  return subject.kind === 'person' && client.access_token_format === 'api_key'
    ? apiKeyFor(deps, client, subject.person, signIn, now)
    : tokensFor(deps, client, form, signIn, now)
}

function tokensFor(
  deps: Deps,
  client: ClientRow,
  form: Form,
  { request, grant, subject }: SignIn,
  now: number,
): Purchase {
  const resources = narrowedResources(JSON.parse(request.resource), form.all('resource'))
  // The grant_types of a client decide alone: who may refresh gets a token to refresh with (contract).
  const withRefreshToken = JSON.parse(client.grant_types).includes('refresh_token')
  const issue = { grant, subject, scope: request.scope, resources, nonce: request.nonce, withRefreshToken }
  const answer = signInTokens(deps, issue, now)
  return {
    async store({ trx }) {
      if (answer.refresh_token) await insertRefreshToken(trx, refreshTokenRow(deps, answer.refresh_token, grant, now))
    },
    answer: () => answer,
  }
}

/** Live keys that one app may hold of one person: every sign-in makes one, and old devices are forgotten. */
const KEYS_PER_APP = 10

/** A key of the person for the app, and, the first time, the credits that the app gives its new users. */
function apiKeyFor(deps: Deps, client: ClientRow, person: PersonRow, { grant }: SignIn, now: number): Purchase {
  const key = newApiKey(deps.random)
  const owner = {
    org_id: person.org_id,
    user_id: person.user_id,
    client_id: client.client_id,
    grant_id: grant.grant_id,
  }
  const row = apiKeyRow(deps, key, { ...owner, name: client.client_name, scope: grant.scope, expires_at: null }, now)
  let grantedPromo = false
  return {
    async store(work) {
      await insertApiKey(work.trx, row)
      await revokeSurplusKeys(work.trx, {
        userId: person.user_id,
        clientId: client.client_id,
        keep: KEYS_PER_APP,
        now,
      })
      const mayHaveCredits = person.email_verified_at !== null || !deps.config.requireEmailVerification
      const promotion = {
        userId: person.user_id,
        clientId: client.client_id,
        orgId: client.org_id,
        cents: mayHaveCredits ? client.promotional_credits : 0,
        expireIn: client.promotional_credits_expire_in,
        excludedModels: client.promotional_excluded_models,
      }
      grantedPromo = await grantPromotion(deps, work, promotion, now)
    },
    async answer(): Promise<ApiKeyResponse> {
      const credits = await creditsOf(deps, person.user_id)
      const userInfo = { id: person.user_id, email: person.email, credits, granted_promo: grantedPromo }
      return { access_token: key, token_type: 'bearer', scope: grant.scope, user_info: userInfo }
    },
  }
}

function isAnswered(request: AuthorizationRequestRow | undefined): request is Answered {
  return request !== undefined && request.authenticated_at !== null && request.code_hash !== null
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
    await deps.db.write(async (work) => {
      if (!(await revokeGrant(work.trx, grantId, 'code_replayed', now))) return
      notifySignIn(work, request)
      work.record({
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
    user_id: request.user_id,
    agent_org_id: request.agent_org_id,
  }
}
