import type { Context } from 'hono'
import { creditsOf } from '../accounts/credits.ts'
import { resolveSession } from '../accounts/session.ts'
import type { Deps, Env, PersonPrincipal, SessionCredential } from '../context.ts'
import { same } from '../crypto/key-ring.ts'
import { ApiError, RedirectError } from '../http/errors.ts'
import { parseForm, parseQuery } from '../http/form.ts'
import { header } from '../http/node-request.ts'
import { page, seeOther } from '../http/respond.ts'
import { approvalPage } from '../pages/approval.ts'
import { findAppApproval, setAppApproval } from '../storage/app-approvals.ts'
import {
  type AuthorizationRequestRow,
  findAuthorizationRequest,
  setRefusedByPerson,
  setSignedIn,
} from '../storage/authorization-requests.ts'
import { type ClientRow, findClient } from '../storage/clients.ts'
import { findPerson } from '../storage/persons.ts'
import { findBinding } from './request-binding.ts'
import { notifySignIn, resumePath, statusOf } from './request-status.ts'
import { canonicalScope, parseScope } from './scope.ts'

/** Whether a website signs in agents, or people. */
export function signsIn(client: Pick<ClientRow, 'subjects'>, subject: 'agent' | 'user'): boolean {
  return JSON.parse(client.subjects).includes(subject)
}

type SignedIn = PersonPrincipal & { credential: SessionCredential }

interface Asking {
  /** That bind the request to this browser, where it is new. */
  cookies?: readonly string[]
  /** `prompt=none`: nobody may be asked anything. */
  silent?: boolean
}

/** Sends a person to sign in, asks them to approve the app, or, where they have approved it before, lets them through. */
export async function askSignedInPerson(
  deps: Deps,
  c: Context<Env>,
  client: ClientRow,
  request: AuthorizationRequestRow,
  { cookies = [], silent = false }: Asking = {},
): Promise<Response> {
  const person = await findSignedIn(deps, c, request)
  if (!person) {
    if (silent) throw backToWebsite('login_required', 'Nobody is signed in', request)
    return seeOther(c, signInPath(deps, c, request), cookies)
  }
  if (await isApproved(deps, person, client, request)) {
    await signIn(deps, person, request, undefined)
    return seeOther(c, resumePath(deps.config.issuer, request.request_id), cookies)
  }
  if (silent) throw backToWebsite('consent_required', 'The person has not approved the app', request)
  return showApproval(deps, c, { client, request, person, cookies })
}

/** `GET /authorize/person`: where a person comes back from signing in, or over from the waiting page. */
export async function personSignIn(deps: Deps, c: Context<Env>): Promise<Response> {
  const { client, request } = await findBoundRequest(deps, c, parseQuery(c).required('request_id'))
  return askSignedInPerson(deps, c, client, request)
}

/** `POST /authorize/person`: the answer of the approval page. */
export async function decideAsPerson(deps: Deps, c: Context<Env>): Promise<Response> {
  const form = await parseForm(c)
  if (header(c, 'sec-fetch-site') === 'cross-site')
    throw new ApiError('forbidden', 'The form must be sent from our own page')
  const decision = form.required('decision')
  if (decision !== 'approve' && decision !== 'deny')
    throw new ApiError('invalid_request', 'The decision must be approve or deny')
  const { client, request } = await findBoundRequest(deps, c, form.required('request_id'))
  // Sent twice, as by a double click, or from two tabs: the first answer stands.
  if (statusOf(request, deps.now()) !== 'pending') return seeOther(c, formResumePath(deps, request))
  const person = await findSignedIn(deps, c, request)
  if (!person) return seeOther(c, signInPath(deps, c, request))
  // Somebody else has signed in since the page was shown: they see it first.
  if (!same(formToken(deps, person, request), form.get('token') ?? ''))
    return showApproval(deps, c, { client, request, person, notice: 'You are signed in as somebody else now.' })

  if (decision === 'approve') await signIn(deps, person, request, client)
  else await refuse(deps, person, request)
  return seeOther(c, formResumePath(deps, request))
}

/** A request that this very browser began, at a website that signs in people. */
async function findBoundRequest(deps: Deps, c: Context<Env>, requestId: string) {
  const request = await findAuthorizationRequest(deps.db.read, requestId)
  const client = request && (await findClient(deps.db.read, request.client_id))
  if (!request || !client || !findBinding(deps, c, request))
    throw new ApiError('forbidden', 'This sign-in was not started in this browser')
  if (!signsIn(client, 'user')) throw new ApiError('access_denied', 'This website signs in agents only')
  const status = statusOf(request, deps.now())
  if (status === 'expired') throw new ApiError('request_expired', 'This sign-in has expired')
  return { client, request }
}

async function findSignedIn(
  deps: Deps,
  c: Context<Env>,
  request: AuthorizationRequestRow,
): Promise<SignedIn | undefined> {
  const person = await resolveSession(deps, c)
  if (!person || person === 'not_a_member' || person.credential.kind !== 'session') return undefined
  const { credential } = person
  return credential.authenticatedAt >= (request.login_after ?? 0) ? { ...person, credential } : undefined
}

function signInPath({ config }: Deps, c: Context<Env>, request: AuthorizationRequestRow): string {
  const { pathname } = new URL(config.issuer)
  const base = pathname === '/' ? '' : pathname
  const query = new URLSearchParams({ continue: `${base}/authorize/person?request_id=${request.request_id}` })
  const hint = parseQueryLeniently(c, 'login_hint')
  if (hint) query.set('email', hint)
  // Somebody is signed in, but not lately enough, or not as whom the app wants.
  if (request.login_after !== null) query.set('again', '1')
  return `${config.issuer}/console/sign-in?${query}`
}

function parseQueryLeniently(c: Context<Env>, name: string): string | undefined {
  return new URL(c.req.url).searchParams.get(name)?.slice(0, 254) || undefined
}

function backToWebsite(code: 'login_required' | 'consent_required', message: string, request: AuthorizationRequestRow) {
  return new RedirectError(code, message, request.redirect_uri, request.state ?? undefined)
}

/** A yes is remembered for what it was said to: more is asked again. */
async function isApproved(
  { db }: Deps,
  person: SignedIn,
  client: ClientRow,
  request: AuthorizationRequestRow,
): Promise<boolean> {
  if (request.asks_consent === 1) return false
  const approval = await findAppApproval(db.read, { userId: person.id, clientId: client.client_id })
  if (!approval) return false
  const approved = new Set(parseScope(approval.scope).map(canonicalScope))
  return parseScope(request.scope).every((scope) => approved.has(canonicalScope(scope)))
}

/** `approving` is the app that was just approved, to be remembered; absent where it was before. */
async function signIn(
  deps: Deps,
  person: SignedIn,
  request: AuthorizationRequestRow,
  approving: ClientRow | undefined,
): Promise<void> {
  const now = deps.now()
  await deps.db.write(async (work) => {
    if (!(await setSignedIn(work.trx, { requestId: request.request_id, userId: person.id, now }))) return
    if (approving) await remember(work.trx, person, request, now)
    work.record({
      at: now,
      org_id: request.org_id,
      actor: person.id,
      action: approving ? 'app.approved' : 'person.authenticated',
      client_id: request.client_id,
      request_id: request.request_id,
      detail: { scope: request.scope },
    })
    notifySignIn(work, request)
  })
  deps.metrics.signIns.inc({ outcome: 'authenticated' })
}

/** What was approved before stays approved. */
async function remember(
  trx: Deps['db']['read'],
  person: SignedIn,
  { client_id: clientId, scope }: AuthorizationRequestRow,
  now: number,
): Promise<void> {
  const before = await findAppApproval(trx, { userId: person.id, clientId })
  const scopes = new Set([...parseScope(before?.scope ?? ''), ...parseScope(scope)])
  await setAppApproval(trx, {
    user_id: person.id,
    client_id: clientId,
    scope: [...scopes].join(' '),
    approved_at: before?.approved_at ?? now,
  })
}

async function refuse(deps: Deps, person: SignedIn, request: AuthorizationRequestRow): Promise<void> {
  const now = deps.now()
  await deps.db.write(async (work) => {
    if (!(await setRefusedByPerson(work.trx, { requestId: request.request_id, userId: person.id, now }))) return
    work.record({
      at: now,
      org_id: request.org_id,
      actor: person.id,
      action: 'app.refused',
      client_id: request.client_id,
      request_id: request.request_id,
    })
    notifySignIn(work, request)
  })
}

/** Ties the form to the session that saw the page: neither another site nor another person can send it. */
function formToken({ ring }: Deps, { credential }: SignedIn, request: AuthorizationRequestRow): string {
  return ring.derive('app_approval', [credential.sessionId, request.request_id])
}

function formResumePath({ config }: Deps, request: AuthorizationRequestRow): string {
  return `${resumePath(config.issuer, request.request_id)}&via=form`
}

/** Whole ones: nobody is promised more than they get. */
function daysOf(seconds: number | null): number | null {
  return seconds === null ? null : Math.floor(seconds / 86_400)
}

interface ApprovalShown extends Asking {
  client: ClientRow
  request: AuthorizationRequestRow
  person: SignedIn
  notice?: string
}

async function showApproval(
  deps: Deps,
  c: Context<Env>,
  { client, request, person, cookies = [], notice }: ApprovalShown,
): Promise<Response> {
  const { pathname } = new URL(deps.config.issuer)
  const base = pathname === '/' ? '' : pathname
  const row = await findPerson(deps.db.read, person.id)
  const continueTo = `${base}/authorize/person?request_id=${request.request_id}`
  const html = approvalPage({
    nonce: c.get('nonce'),
    requestId: request.request_id,
    clientName: client.client_name,
    clientHost: new URL(request.redirect_uri).host,
    scopes: parseScope(request.scope).map(canonicalScope),
    person: { name: person.name, email: person.email },
    budget: {
      payment: row?.payment_method ?? 'credits',
      credits: await creditsOf(deps, person.id),
      promotion: client.access_token_format === 'api_key' ? client.promotional_credits : 0,
      promotionDays: daysOf(client.promotional_credits_expire_in),
    },
    action: `${base}/authorize/person`,
    token: formToken(deps, person, request),
    switchPath: `${base}/console/sign-in?${new URLSearchParams({ again: '1', continue: continueTo })}`,
    ...(notice !== undefined && { notice }),
  })
  return page(c, html, { cookies })
}
