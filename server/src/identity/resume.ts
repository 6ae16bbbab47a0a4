import type { Context } from 'hono'
import type { Deps, Env } from '../context.ts'
import { ApiError, RedirectError } from '../http/errors.ts'
import { parseQuery } from '../http/form.ts'
import { header } from '../http/node-request.ts'
import { appendQuery, page, seeOther } from '../http/respond.ts'
import { noticePage } from '../pages/notice.ts'
import { type AuthorizationRequestRow, findAuthorizationRequest } from '../storage/authorization-requests.ts'
import { findClient } from '../storage/clients.ts'
import { codeParameters, issueCode } from './authorization-code.ts'
import { isRedirectUriOf } from './redirect-uri.ts'
import { type Binding, findBinding } from './request-binding.ts'
import { resumePath, statusOf } from './request-status.ts'
import { waiting } from './waiting.ts'

/**
 * Takes the browser that began a request back to the website, with the code. The code is made here and nowhere before:
 * on a top-level navigation that carries the binding (design, law 1).
 */
export async function resume(deps: Deps, c: Context<Env>): Promise<Response> {
  const request = await findAuthorizationRequest(deps.db.read, parseQuery(c).required('request_id'))
  const binding = request && findBinding(deps, c, request)
  // The same answer for a request of another browser as for none at all.
  if (!binding) throw new ApiError('forbidden', 'This sign-in was not started in this browser')
  const destination = header(c, 'sec-fetch-dest')
  if (destination !== undefined && destination !== 'document')
    throw new ApiError('forbidden', 'This address is for the browser to go to, not to load from')

  switch (statusOf(request, deps.now())) {
    case 'authenticated':
      return continuesForm(c, destination) ? goOn(deps, c, request) : toWebsite(deps, c, request, binding)
    case 'pending':
    case 'approval_required':
      return stillWaiting(deps, c, request)
    case 'denied':
      return continuesForm(c, destination) ? goOn(deps, c, request) : denied(deps, request)
    case 'expired':
      throw new ApiError('request_expired', 'This sign-in has expired')
    case 'completed':
      return alreadyDone(c, request)
  }
}

async function toWebsite(
  deps: Deps,
  c: Context<Env>,
  request: AuthorizationRequestRow,
  binding: Binding,
): Promise<Response> {
  const code = await issueCode(deps, request, binding.secret)
  return seeOther(c, appendQuery(request.redirect_uri, codeParameters(deps, request, code)))
}

/**
 * Browsers hold every redirect of a form's answer to the `form-action` of its page, and the website, with all the hosts
 * that it may redirect to in turn, is not in it. A page that moves on by itself ends that chain.
 */
function continuesForm(c: Context<Env>, destination: string | undefined): boolean {
  return destination === 'document' && parseQuery(c).get('via') === 'form'
}

function goOn({ config }: Deps, c: Context<Env>, request: AuthorizationRequestRow): Response {
  const continueTo = resumePath(config.issuer, request.request_id)
  const refused = request.status === 'denied'
  const who = request.user_id === null ? 'The agent has proved itself.' : 'You are signed in.'
  const html = noticePage({
    nonce: c.get('nonce'),
    tone: refused ? 'info' : 'success',
    title: refused ? 'Not signed in' : 'Signed in',
    message: refused ? 'Nothing was shared with the website.' : who,
    next: 'Going back to the website.',
    link: { href: continueTo, text: `Go on to ${new URL(request.redirect_uri).host}` },
    continueTo,
  })
  return page(c, html)
}

/** Back to the website, if it still has the address; the list may have changed, and that may be why it was denied. */
async function denied(deps: Deps, { client_id, redirect_uri, state }: AuthorizationRequestRow): Promise<never> {
  const client = await findClient(deps.db.read, client_id)
  if (!client || !isRedirectUriOf(deps.config, client, redirect_uri))
    throw new ApiError('access_denied', 'The sign-in was refused')
  throw new RedirectError('access_denied', 'The sign-in was refused', redirect_uri, state ?? undefined)
}

/** Where the page without JavaScript looks again. */
async function stillWaiting(deps: Deps, c: Context<Env>, request: AuthorizationRequestRow): Promise<Response> {
  const client = await findClient(deps.db.read, request.client_id)
  if (!client) throw new ApiError('request_expired', 'The website is no longer registered here')
  return waiting(deps, c, client, request)
}

function alreadyDone(c: Context<Env>, request: AuthorizationRequestRow): Response {
  const { origin, host } = new URL(request.redirect_uri)
  const html = noticePage({
    nonce: c.get('nonce'),
    tone: 'success',
    title: 'Signed in',
    message: 'This sign-in is complete.',
    next: 'You can go on at the website. If it does not know you any more, start the sign-in there again.',
    link: { href: origin, text: `Go to ${host}` },
  })
  return page(c, html)
}
