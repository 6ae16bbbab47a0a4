import type { Context } from 'hono'
import type { Deps, Env } from '../context.ts'
import { mediaType } from '../http/body.ts'
import { ApiError } from '../http/errors.ts'
import { type Form, parseForm } from '../http/form.ts'
import { header } from '../http/node-request.ts'
import { json, seeOther, wantsHtml } from '../http/respond.ts'
import { type AgentWithOwner, findAgentWithSecrets } from '../storage/agents.ts'
import {
  type AuthorizationRequestRow,
  findAuthorizationRequest,
  setAuthenticated,
} from '../storage/authorization-requests.ts'
import { type ClientRow, findClient } from '../storage/clients.ts'
import { useAssertion, verifyAssertion } from './assertion.ts'
import { acrOf } from './assurance.ts'
import { failAttempt } from './failed-attempts.ts'
import { isLiveSecret } from './machine-secret.ts'
import { refusalOf } from './policies.ts'
import { findBinding } from './request-binding.ts'
import { requestTopic, resumePath, statusOf } from './request-status.ts'
import { waiting } from './waiting.ts'

const MAX_MODEL = 200
const ASSERTION_LIFETIME_S = 60

interface AgentCall {
  requestId: string
  agentId: string
  proof: { secret: string } | { assertion: string }
  model: string
  expectedClientId: string | undefined
  expectedOrigin: string | undefined
}

/** An agent proves itself for a request that some browser shows. The contract: `POST /api/agent/authenticate`. */
export async function authenticate(deps: Deps, c: Context<Env>): Promise<Response> {
  const form = await parseForm(c)
  const fromPage = wantsHtml(c) && mediaType(c) === 'application/x-www-form-urlencoded'
  if (!fromPage) {
    await signIn(deps, c, parseCall(form))
    return json(c, { success: true, status: 'authenticated' })
  }

  // The page of another site could post its own agent's credentials here (login CSRF); ours says so.
  if (header(c, 'sec-fetch-site') === 'cross-site')
    throw new ApiError('access_denied', 'The form must be sent from our own page')
  try {
    // Without JavaScript the page reloads itself; its empty form is how somebody holds that up to type.
    if (!form.get('agent_id') && !form.get('agent_secret')) throw new ApiError('invalid_request', '')
    const request = await signIn(deps, c, parseCall(form))
    return seeOther(c, formResumePath(deps, request))
  } catch (error) {
    return formAgain(deps, c, form, error)
  }
}

function parseCall(form: Form): AgentCall {
  const secret = form.get('agent_secret')
  const assertion = form.get('agent_assertion')
  if ((secret === undefined) === (assertion === undefined))
    throw new ApiError('invalid_request', 'Send either agent_secret or agent_assertion')
  const model = form.required('model')
  if (model.length > MAX_MODEL)
    throw new ApiError('invalid_request', `The model is longer than ${MAX_MODEL} characters`)
  return {
    requestId: form.required('request_id'),
    agentId: form.required('agent_id'),
    proof: secret === undefined ? { assertion: assertion ?? '' } : { secret },
    model,
    expectedClientId: form.get('expected_client_id'),
    expectedOrigin: form.get('expected_origin'),
  }
}

/** Who it is comes before what it asks for: without the right secret, nobody learns whether a request exists. */
async function signIn(deps: Deps, c: Context<Env>, call: AgentCall): Promise<AuthorizationRequestRow> {
  const proved = await proveAgent(deps, c, call)
  const now = deps.now()
  const { request, client } = await findPendingRequest(deps, call.requestId, now)
  checkAssertedRequest(proved.claims, request)

  const sameBrowser = findBinding(deps, c, request) !== undefined
  const level = proved.claims ? (sameBrowser ? 3 : 2) : 1
  const refusal = refusalOf({ ...call, agent: proved.agent, client, request, level, sameBrowser })
  if (refusal) {
    await recordRefusal(deps, proved.agent, request, refusal, now)
    throw new ApiError('access_denied', refusal)
  }
  await commitSignIn(deps, call, proved.agent, request, level, now)
  return request
}

interface Proved {
  agent: AgentWithOwner
  /** Of the assertion, if there was one. */
  claims?: Record<string, unknown>
}

async function proveAgent(deps: Deps, c: Context<Env>, call: AgentCall): Promise<Proved> {
  const { agent, secretHashes } = await findAgentWithSecrets(deps.db.read, call.agentId, deps.now())
  if ('secret' in call.proof) {
    if (isLiveSecret(deps.ring, 'agent_secret', call.proof.secret, secretHashes) && agent) return { agent }
  } else {
    const claims = await verifyAgentAssertion(deps, agent, call)
    if (claims && agent) return { agent, claims }
  }
  return failAttempt(deps, {
    name: call.agentId,
    address: c.get('address'),
    error: new ApiError('invalid_agent', 'No agent has this id and this secret'),
    ...(agent && {
      audit: { orgId: agent.org_id, action: 'agent.authentication_failed', agentId: agent.agent_id },
    }),
  })
}

async function verifyAgentAssertion(deps: Deps, agent: AgentWithOwner | undefined, { agentId, proof }: AgentCall) {
  const claims = await verifyAssertion(deps, 'assertion' in proof ? proof.assertion : '', {
    subject: agentId,
    keys: { keys: agent?.jwk ? [JSON.parse(agent.jwk)] : [] },
    types: ['agent-assertion+jwt'],
    maxLifetime: ASSERTION_LIFETIME_S,
  })
  return claims && (await useAssertion(deps, agentId, claims)) ? claims : undefined
}

async function findPendingRequest({ db }: Deps, requestId: string, now: number) {
  const request = await findAuthorizationRequest(db.read, requestId)
  const client = request && (await findClient(db.read, request.client_id))
  if (!request || !client)
    throw new ApiError('unknown_request', 'There is no such request; read the id from the page again')
  throwUnlessPending(request, now)
  return { request, client }
}

function throwUnlessPending(request: AuthorizationRequestRow, now: number): void {
  const status = statusOf(request, now)
  if (status === 'expired') throw new ApiError('request_expired', 'The request has expired; start again at the website')
  if (status !== 'pending') throw new ApiError('request_completed', 'The request has been answered already')
}

/** An assertion names the request as the agent saw it, so that it is good for no other. */
function checkAssertedRequest(claims: Record<string, unknown> | undefined, request: AuthorizationRequestRow): void {
  if (!claims) return
  const seen = {
    request_id: request.request_id,
    client_id: request.client_id,
    origin: new URL(request.redirect_uri).origin,
  }
  for (const [name, value] of Object.entries(seen))
    if (claims[name] !== value)
      throw new ApiError('access_denied', `The ${name} of the assertion is not that of the request`)
}

async function commitSignIn(
  deps: Deps,
  call: AgentCall,
  agent: AgentWithOwner,
  request: AuthorizationRequestRow,
  level: number,
  now: number,
): Promise<void> {
  const won = await deps.db.write(async ({ trx, record, notify }) => {
    const authentication = { requestId: request.request_id, agentId: agent.agent_id, model: call.model, level, now }
    if (!(await setAuthenticated(trx, authentication))) return false
    record({
      at: now,
      org_id: agent.org_id,
      actor: agent.agent_id,
      action: 'agent.authenticated',
      agent_id: agent.agent_id,
      client_id: request.client_id,
      request_id: request.request_id,
      detail: { model: call.model, acr: acrOf(level) },
    })
    notify(requestTopic(request.request_id))
    return true
  })
  if (won) {
    deps.metrics.signIns.inc({ outcome: 'authenticated' })
    return
  }
  const latest = await findAuthorizationRequest(deps.db.read, request.request_id)
  throwUnlessPending({ ...request, ...latest }, now)
  throw new ApiError('request_completed', 'The request has been answered already')
}

async function recordRefusal(
  { db, metrics }: Deps,
  agent: AgentWithOwner,
  request: AuthorizationRequestRow,
  reason: string,
  now: number,
): Promise<void> {
  metrics.signIns.inc({ outcome: 'refused' })
  await db.write(async ({ record }) =>
    record({
      at: now,
      org_id: agent.org_id,
      actor: agent.agent_id,
      action: 'agent.refused',
      agent_id: agent.agent_id,
      client_id: request.client_id,
      request_id: request.request_id,
      detail: { reason },
    }),
  )
}

/** The page that the form stood on, with what was wrong; faults that leave no page to show go to the one error handler. */
async function formAgain(deps: Deps, c: Context<Env>, form: Form, error: unknown): Promise<Response> {
  const request = await findAuthorizationRequest(deps.db.read, form.get('request_id') ?? '')
  const client: ClientRow | undefined = request && (await findClient(deps.db.read, request.client_id))
  // Only the browser that has the page already gets it: to others it would tell which website is signed in to.
  const bound = request !== undefined && client !== undefined && findBinding(deps, c, request) !== undefined
  if (!(error instanceof ApiError) || !bound || error.status === 500) throw error
  const status = statusOf(request, deps.now())
  // Sent twice, as by a double click: the first was right, and this browser may go on.
  if (status === 'authenticated') return seeOther(c, formResumePath(deps, request))
  if (status !== 'pending') throw error
  return waiting(deps, c, client, request, {
    form: {
      error: error.message,
      agentId: form.get('agent_id') ?? '',
      model: form.get('model') ?? '',
      status: error.status as 400,
    },
  })
}

function formResumePath({ config }: Deps, request: AuthorizationRequestRow): string {
  return `${resumePath(config.issuer, request.request_id)}&via=form`
}
