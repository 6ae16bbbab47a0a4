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
  setApprovalRequired,
  setAuthenticated,
  setFailure,
} from '../storage/authorization-requests.ts'
import { type ClientRow, findClient } from '../storage/clients.ts'
import type { Work } from '../storage/database.ts'
import { hasGrant } from '../storage/grants.ts'
import { askPerson } from './approvals.ts'
import { useAssertion, verifyAssertion } from './assertion.ts'
import { acrOf } from './assurance.ts'
import { failAttempt } from './failed-attempts.ts'
import { isLiveSecret } from './machine-secret.ts'
import { asksPerson, refusalOf } from './policies.ts'
import { findBinding } from './request-binding.ts'
import { notifySignIn, resumePath, statusOf } from './request-status.ts'
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
    const { status } = await signIn(deps, c, parseCall(form))
    return json(c, { success: true, status })
  }

  // The page of another site could post its own agent's credentials here (login CSRF); ours says so.
  if (header(c, 'sec-fetch-site') === 'cross-site')
    throw new ApiError('access_denied', 'The form must be sent from our own page')
  try {
    // Without JavaScript the page reloads itself; its empty form is how somebody holds that up to type.
    if (!form.get('agent_id') && !form.get('agent_secret')) throw new ApiError('invalid_request', '')
    const { request } = await signIn(deps, c, parseCall(form))
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

interface Outcome {
  request: AuthorizationRequestRow
  status: 'authenticated' | 'approval_required'
}

/** Who it is comes before what it asks for: without the right secret, nobody learns whether a request exists. */
async function signIn(deps: Deps, c: Context<Env>, call: AgentCall): Promise<Outcome> {
  const proved = await proveAgent(deps, c, call)
  const now = deps.now()
  const { request, client } = await findRequest(deps, call.requestId)
  // Asked again while a person thinks: by the agent that waits for them, this is no second try.
  if (statusOf(request, now) === 'approval_required' && request.agent_id === proved.agent.agent_id)
    return { request, status: 'approval_required' }
  throwUnlessPending(request, now)
  checkAssertedRequest(proved.claims, request)

  const sameBrowser = findBinding(deps, c, request) !== undefined
  const level = proved.claims ? (sameBrowser ? 3 : 2) : 1
  const attempt = { ...call, agent: proved.agent, client, request, level, sameBrowser }
  const refusal = refusalOf(attempt)
  if (refusal) {
    await recordRefusal(deps, proved.agent, request, refusal, now)
    throw new ApiError('access_denied', refusal)
  }
  const knownHere =
    proved.agent.approval === 'first_time' && (await hasGrant(deps.db.read, proved.agent.agent_id, client.client_id))
  const asks = asksPerson(attempt, knownHere)
  await commitSignIn(deps, { call, agent: proved.agent, client, request, level, asks }, now)
  return { request, status: asks ? 'approval_required' : 'authenticated' }
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
    note: (work) => noteFailure(work, call.requestId, deps.now()),
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

async function findRequest({ db }: Deps, requestId: string) {
  const request = await findAuthorizationRequest(db.read, requestId)
  const client = request && (await findClient(db.read, request.client_id))
  if (!request || !client)
    throw new ApiError('unknown_request', 'There is no such request; read the id from the page again')
  return { request, client }
}

function throwUnlessPending(request: AuthorizationRequestRow, now: number): void {
  const status = statusOf(request, now)
  if (status === 'approval_required')
    throw new ApiError('request_completed', 'Another agent has answered the request; a person is being asked')
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

interface SignIn {
  call: AgentCall
  agent: AgentWithOwner
  client: ClientRow
  request: AuthorizationRequestRow
  level: number
  /** A person is asked first. */
  asks: boolean
}

async function commitSignIn(
  deps: Deps,
  { call, agent, client, request, level, asks }: SignIn,
  now: number,
): Promise<void> {
  const setAnswered = asks ? setApprovalRequired : setAuthenticated
  const won = await deps.db.write(async (work) => {
    const answer = { requestId: request.request_id, agentId: agent.agent_id, agentOrgId: agent.org_id }
    if (!(await setAnswered(work.trx, { ...answer, model: call.model, level, now }))) return false
    work.record({
      at: now,
      org_id: agent.org_id,
      actor: agent.agent_id,
      action: asks ? 'agent.approval_asked' : 'agent.authenticated',
      agent_id: agent.agent_id,
      client_id: request.client_id,
      request_id: request.request_id,
      detail: { model: call.model, acr: acrOf(level) },
    })
    if (asks) await askPerson(deps, work, { agent, client, request })
    notifySignIn(work, { ...request, agent_org_id: agent.org_id })
    return true
  })
  if (won) {
    deps.metrics.signIns.inc({ outcome: asks ? 'approval_required' : 'authenticated' })
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
  await db.write(async (work) => {
    const failure = { requestId: request.request_id, agentId: agent.agent_id, reason, now }
    await setFailure(work.trx, failure)
    work.record({
      at: now,
      org_id: agent.org_id,
      actor: agent.agent_id,
      action: 'agent.refused',
      agent_id: agent.agent_id,
      client_id: request.client_id,
      request_id: request.request_id,
      detail: { reason },
    })
    notifySignIn(work, { ...request, agent_org_id: agent.org_id })
  })
}

/** Lets the website's people see why their sign-in does not go on. Whoever tries learns nothing of it. */
async function noteFailure(work: Work, requestId: string, now: number): Promise<void> {
  const reason = 'The agent id and the secret or key do not belong together'
  const request = await setFailure(work.trx, { requestId, agentId: null, reason, now })
  if (request) notifySignIn(work, request)
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
  if (status === 'authenticated' || status === 'approval_required') return seeOther(c, formResumePath(deps, request))
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
