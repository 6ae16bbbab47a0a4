import type { Context } from 'hono'
import type { Deps, Env } from '../context.ts'
import { newTimedId } from '../crypto/ids.ts'
import { ApiError, type ErrorCode, RedirectError } from '../http/errors.ts'
import { decodePairs, type Form, formOf } from '../http/form.ts'
import { seeOther } from '../http/respond.ts'
import {
  type AuthorizationRequestRow,
  countPendingRequests,
  findAuthorizationRequest,
  insertAuthorizationRequest,
} from '../storage/authorization-requests.ts'
import { type ClientRow, findClient } from '../storage/clients.ts'
import { levelAsked } from './assurance.ts'
import { askSignedInPerson, signsIn } from './person-sign-in.ts'
import { isCodeChallenge } from './pkce.ts'
import { isRedirectUriOf } from './redirect-uri.ts'
import {
  type Binding,
  bindingCookieName,
  bindingCookies,
  bindsTo,
  browserHash,
  readBindings,
} from './request-binding.ts'
import { notifyConsoles, resumePath, statusOf } from './request-status.ts'
import { resourcesFor } from './resource.ts'
import { requestedScope } from './scope.ts'
import { waiting } from './waiting.ts'

/** What a website asks for, once everything about it was checked. */
interface AuthorizationRequest {
  client: ClientRow
  redirectUri: string
  state: string | undefined
  scope: string
  nonce: string | undefined
  codeChallenge: string
  resource: string[]
  acrValues: string | undefined
  prompts: readonly string[]
  /** Seconds, as it was sent. */
  maxAge: string | undefined
}

/** It travels back in a URL, which servers bound at 8 KB or so. */
const MAX_STATE = 2048

/** Authorization endpoint. RFC 6749 §3.1, OAuth 2.1 §3.1, OIDC Core §3.1.2. */
export async function authorize(deps: Deps, c: Context<Env>): Promise<Response> {
  const request = await parseAuthorizationRequest(deps, c)

  const bindings = readBindings(deps, c)
  const cookie = bindingCookieName(deps, fingerprintOf(request))
  const open = await findOpenRequest(deps, request, bindings, cookie)
  if (open && statusOf(open.row, deps.now()) === 'authenticated')
    return seeOther(c, resumePath(deps.config.issuer, open.row.request_id))
  if (open) return ask(deps, c, request, open.row, [])

  const { row, binding } = await beginRequest(deps, c, request, cookie)
  return ask(deps, c, request, row, bindingCookies(deps, binding, bindings))
}

/** Agents are waited for; where an app signs in people alone, it is the person before the browser who is asked. */
function ask(
  deps: Deps,
  c: Context<Env>,
  { client, prompts }: AuthorizationRequest,
  row: AuthorizationRequestRow,
  cookies: readonly string[],
): Response | Promise<Response> {
  if (signsIn(client, 'agent')) return waiting(deps, c, client, row, { cookies })
  return askSignedInPerson(deps, c, client, row, { cookies, silent: prompts.includes('none') })
}

/** First who asks and where the answer goes, for until both are known good nothing may be sent there (RFC 6749 §4.1.2.1). */
async function parseAuthorizationRequest(deps: Deps, c: Context<Env>): Promise<AuthorizationRequest> {
  const pairs = decodePairs(c.req.url.split('?').slice(1).join('?'))
  const client = await parseClient(deps, pairs)
  const redirectUri = parseRedirectUri(deps, client, pairs)
  const states = pairs.filter(([name, value]) => name === 'state' && value !== '')
  const given = states.length === 1 ? states[0]?.[1] : undefined
  const state = given !== undefined && given.length > MAX_STATE ? undefined : given
  try {
    refuseIf(state !== given, 'invalid_request', `The state is longer than ${MAX_STATE} characters`)
    return { client, redirectUri, state, ...parseParameters(deps, client, formOf(pairs)) }
  } catch (error) {
    if (error instanceof ApiError) throw new RedirectError(error.code, error.message, redirectUri, state)
    throw error
  }
}

type Pairs = readonly (readonly [string, string])[]

function single(pairs: Pairs, name: string): string | undefined {
  const values = pairs.filter(([other]) => other === name)
  return values.length === 1 ? values[0]?.[1] || undefined : undefined
}

async function parseClient({ db }: Deps, pairs: Pairs): Promise<ClientRow> {
  const clientId = single(pairs, 'client_id')
  const client = clientId === undefined ? undefined : await findClient(db.read, clientId)
  if (!client) throw new ApiError('invalid_request', 'No website is registered under this client_id')
  return client
}

function parseRedirectUri({ config }: Deps, client: ClientRow, pairs: Pairs): string {
  const redirectUri = single(pairs, 'redirect_uri')
  if (redirectUri === undefined || !isRedirectUriOf(config, client, redirectUri))
    throw new ApiError('invalid_request', 'The redirect_uri is not one that the website has registered')
  return redirectUri
}

function parseParameters({ config }: Deps, client: ClientRow, query: Form) {
  // OIDC Core §6: an option we leave out must be refused by its own name, or the parameters inside would be ignored.
  refuseIf(query.get('request') !== undefined, 'request_not_supported', 'Request objects are not supported')
  refuseIf(query.get('request_uri') !== undefined, 'request_uri_not_supported', 'request_uri is not supported')
  const responseType = query.required('response_type')
  refuseIf(responseType !== 'code', 'unsupported_response_type', 'The response_type must be code')
  refuseIf((query.get('response_mode') ?? 'query') !== 'query', 'invalid_request', 'The response_mode must be query')
  const mayAsk = JSON.parse(client.grant_types).includes('authorization_code')
  refuseIf(!mayAsk, 'unauthorized_client', 'The client is not registered for the authorization_code grant')

  const codeChallenge = query.get('code_challenge') ?? ''
  refuseIf(codeChallenge === '', 'invalid_request', 'PKCE is required: send a code_challenge')
  refuseIf(query.get('code_challenge_method') !== 'S256', 'invalid_request', 'The code_challenge_method must be S256')
  refuseIf(
    !isCodeChallenge(codeChallenge),
    'invalid_request',
    'The code_challenge must have 43 to 128 unreserved characters',
  )

  const prompts = checkedPrompts(query, client)
  const acrValues = query.get('acr_values')
  refuseIf(
    levelAsked(acrValues) === undefined,
    'unmet_authentication_requirements',
    'None of the acr_values is offered here',
  )
  return {
    scope: requestedScope(query.get('scope'), client.scope),
    nonce: query.get('nonce'),
    codeChallenge,
    resource: resourcesFor(config, client, query.all('resource')),
    acrValues,
    prompts,
    maxAge: query.get('max_age'),
  }
}

function refuseIf(refused: boolean, code: ErrorCode, message: string): void {
  if (refused) throw new ApiError(code, message)
}

/** OIDC Core §3.1.2.1. Agents prove themselves anew at each request, so that of them only `none` cannot be had. */
function checkedPrompts(query: Form, client: ClientRow): string[] {
  const prompts = (query.get('prompt') ?? '').split(' ').filter(Boolean)
  const none = prompts.includes('none')
  refuseIf(none && prompts.length > 1, 'invalid_request', 'The prompt none goes with no other')
  refuseIf(
    none && signsIn(client, 'agent'),
    'login_required',
    'An agent has to prove itself; there is no session to reuse',
  )
  refuseIf(!/^\d{0,10}$/.test(query.get('max_age') ?? ''), 'invalid_request', 'The max_age must be a number of seconds')
  return prompts
}

/** The same browser with the same parameters gets the same request again. */
function fingerprintOf(request: AuthorizationRequest): string[] {
  const { client, redirectUri, state = '', scope, nonce = '', codeChallenge, resource, acrValues = '' } = request
  const { prompts, maxAge = '' } = request
  const of = [client.client_id, redirectUri, state, scope, nonce, codeChallenge, acrValues, prompts.join(' '), maxAge]
  return [...of, ...resource]
}

async function findOpenRequest(
  deps: Deps,
  { client }: AuthorizationRequest,
  bindings: readonly Binding[],
  cookie: string,
) {
  const binding = bindings.find((candidate) => candidate.cookie === cookie)
  const row = binding && (await findAuthorizationRequest(deps.db.read, binding.requestId))
  if (!row || row.client_id !== client.client_id || !bindsTo(deps, binding, row)) return undefined
  const status = statusOf(row, deps.now())
  const isOpen = status === 'pending' || status === 'approval_required' || status === 'authenticated'
  return isOpen ? { row, binding } : undefined
}

async function beginRequest(deps: Deps, c: Context<Env>, request: AuthorizationRequest, cookie: string) {
  const now = deps.now()
  const addressHash = deps.ring.hash('address', c.get('address'))
  await checkPendingLimit(deps, addressHash, now)
  const requestId = newTimedId(deps.random, 'req', now)
  const binding = { cookie, requestId, secret: deps.random(32).toString('base64url') }
  const fresh = {
    request_id: requestId,
    org_id: request.client.org_id,
    client_id: request.client.client_id,
    redirect_uri: request.redirectUri,
    state: request.state ?? null,
    scope: request.scope,
    nonce: request.nonce ?? null,
    code_challenge: request.codeChallenge,
    resource: JSON.stringify(request.resource),
    acr_values: request.acrValues ?? null,
    browser_hash: browserHash(deps, binding),
    address_hash: addressHash,
    created_at: now,
    expires_at: now + deps.config.lifetimes.request * 1000,
    login_after: loginAfter(request, now),
    asks_consent: request.prompts.includes('consent') ? 1 : 0,
  }
  const row: AuthorizationRequestRow = { ...fresh, status: 'pending', ...UNANSWERED }
  await deps.db.write(async (work) => {
    await insertAuthorizationRequest(work.trx, fresh)
    notifyConsoles(work, row)
  })
  return { row, binding }
}

/** OIDC Core §3.1.2.1: `login` asks for a new proof, `max_age` for one that is not too old. */
function loginAfter({ prompts, maxAge }: AuthorizationRequest, now: number): number | null {
  if (prompts.includes('login') || prompts.includes('select_account')) return now
  return maxAge === undefined ? null : now - Number(maxAge) * 1000
}

const UNANSWERED = {
  agent_id: null,
  model: null,
  level: null,
  authenticated_at: null,
  code_hash: null,
  code_issued_at: null,
  completed_at: null,
  grant_id: null,
  agent_org_id: null,
  user_id: null,
  failure: null,
  failed_at: null,
  failed_agent_id: null,
  approval_asked_at: null,
  decided_at: null,
  decided_by: null,
}

/** Whoever opens pages and leaves them runs out of pages; whoever signs in does not. */
async function checkPendingLimit({ db, config }: Deps, addressHash: string, now: number): Promise<void> {
  const limit = config.pendingRequestsPerAddress
  if ((await countPendingRequests(db.read, addressHash, now, limit)) >= limit)
    throw new ApiError('rate_limit_exceeded', 'Too many sign-ins are open from this address; finish some or wait', {
      headers: { 'Retry-After': '60' },
    })
}
