import { HTTPException } from 'hono/http-exception'
import * as client from 'openid-client'

type Status = 400 | 401 | 403 | 404 | 413 | 500 | 502 | 503

/** What went wrong, in words for the visitor, and what to do next. */
export class Problem extends Error {
  override readonly name = 'Problem'
  readonly status: Status
  readonly detail: string
  readonly advice: string

  constructor(status: Status, title: string, detail: string, advice: string, options?: ErrorOptions) {
    super(title, options)
    this.status = status
    this.detail = detail
    this.advice = advice
  }
}

/** Anything thrown becomes a page that says what to do. */
export function toProblem(thrown: unknown): Problem {
  if (thrown instanceof Problem) return thrown
  if (thrown instanceof client.AuthorizationResponseError) return refused(thrown)
  if (isUnknownClient(thrown)) return unknownClient(thrown)
  if (thrown instanceof client.ResponseBodyError) return notAccepted(thrown)
  if (thrown instanceof client.WWWAuthenticateChallengeError || thrown instanceof client.ClientError)
    return notTrusted(thrown)
  if (thrown instanceof HTTPException) return notTaken(thrown)
  if (isNetworkFault(thrown)) return unreachable(thrown)
  return new Problem(500, 'Something broke on our side', 'The error was logged.', 'Try again in a moment.', {
    cause: thrown,
  })
}

/** RFC 6749 §4.1.2.1: the provider sent the browser back with an error instead of a code. */
function refused(error: client.AuthorizationResponseError): Problem {
  const said = `Auth Agent answered “${error.error}”${error.error_description ? `: ${error.error_description}` : '.'}`
  const advice =
    error.error === 'access_denied'
      ? 'The agent, or the person it belongs to, did not allow this sign-in. The owner can change that in the Auth Agent console; then try again.'
      : 'Try again. If it stays like this, tell whoever runs this website what Auth Agent answered.'
  return new Problem(403, 'The sign-in was refused', said, advice, { cause: error })
}

/** RFC 6749 §5.2: `invalid_client`, told to those who used the Authorization header by a challenge to Basic. */
function isUnknownClient(thrown: unknown): boolean {
  if (thrown instanceof client.ResponseBodyError) return thrown.error === 'invalid_client'
  return thrown instanceof client.WWWAuthenticateChallengeError && thrown.cause.some(({ scheme }) => scheme === 'basic')
}

function unknownClient(cause: unknown): Problem {
  return new Problem(
    502,
    'This website is not known to Auth Agent',
    'Auth Agent did not accept the client id and secret of this website.',
    'If you run it: check CLIENT_ID and CLIENT_SECRET against the client in the Auth Agent console.',
    { cause },
  )
}

/** RFC 6749 §5.2: the provider did not accept what we brought it. */
function notAccepted(error: client.ResponseBodyError): Problem {
  return new Problem(
    400,
    'The sign-in could not be finished',
    `Auth Agent answered “${error.error}”. A sign-in is good for one minute and for one use.`,
    'Start again from the button.',
    { cause: error },
  )
}

/** How fetch says that nobody answered, or not in time. */
function isNetworkFault(thrown: unknown): boolean {
  return thrown instanceof Error && (thrown.message === 'fetch failed' || thrown.name === 'TimeoutError')
}

export function unreachable(cause: unknown): Problem {
  return new Problem(
    503,
    'Auth Agent cannot be reached',
    'This website asked Auth Agent about you and got no usable answer.',
    'Try again in a moment. If you run this website: check that ISSUER is right and that the server is up.',
    { cause },
  )
}

/** A wrong iss (RFC 9207 §2.4), nonce, signature or audience: the answer is not the one we asked for. */
function notTrusted(cause: Error): Problem {
  return new Problem(
    502,
    'The answer could not be verified',
    'What came back from Auth Agent did not pass the checks that keep others from signing in as you.',
    'Start again from the button. Nothing was signed in.',
    { cause },
  )
}

/** A form that was sent from another website, or that is too large. */
function notTaken(error: HTTPException): Problem {
  const status = error.status === 413 ? 413 : 403
  const detail = status === 413 ? 'It is too large.' : 'It was not sent from a page of this website.'
  return new Problem(status, 'This was not accepted', detail, 'Go back to the notes and try again.', { cause: error })
}

export function strayCallback(): Problem {
  return new Problem(
    400,
    'This sign-in was not started here',
    'It was begun in another browser, more than fifteen minutes ago, or it has already been used.',
    'Start again from the button, in the browser that is to be signed in.',
  )
}

export function sessionEnded(cause: unknown): Problem {
  return new Problem(
    401,
    'Your session has ended',
    'Auth Agent no longer renews it: it was revoked by the agent’s owner, or it expired.',
    'Sign in again to go on.',
    { cause },
  )
}

export function pageNotFound(): Problem {
  return new Problem(404, 'There is no such page', 'The address may be mistyped.', 'Go back to the notes.')
}
