import type { ApiError, ErrorCode } from './http/errors.ts'
import type { ErrorPage } from './http/respond.ts'
import { noticePage } from './pages/notice.ts'

/** What somebody who looks at the page can do. The message of the error says what happened. */
const NEXT: Partial<Record<ErrorCode, string>> = {
  request_expired: 'Go back to the website and start the sign-in again.',
  forbidden: 'Go back to the website and start the sign-in in this browser.',
  rate_limit_exceeded: 'Wait a minute, then load this page again.',
  temporarily_unavailable: 'Wait a moment, then load this page again.',
  server_error: 'Load this page again. If it stays, send the reference below to who runs this server.',
  not_found: 'Check the address, or go back to the website.',
}
const START_AGAIN =
  'Nothing was sent to the website. Go back to it and try again; if this stays, tell the people who run the website.'

const TITLES: Partial<Record<ErrorCode, string>> = {
  request_expired: 'Sign-in expired',
  forbidden: 'Not this browser',
  rate_limit_exceeded: 'Too many sign-ins',
  not_found: 'Nothing here',
  temporarily_unavailable: 'Not available right now',
  server_error: 'Something went wrong',
  method_not_allowed: 'Not like this',
}

/** A failure as a page, for the browsers that come to an address of ours. */
export const errorPage: ErrorPage = (c, error: ApiError) =>
  noticePage({
    nonce: c.get('nonce'),
    tone: error.code === 'request_expired' ? 'info' : 'error',
    title: TITLES[error.code] ?? 'Cannot start this sign-in',
    message: error.message.endsWith('.') ? error.message : `${error.message}.`,
    next: NEXT[error.code] ?? START_AGAIN,
    reference: c.get('requestId'),
  })
