import type { Context } from 'hono'
import type { Env } from '../context.ts'
import { ApiError, type ErrorCode } from '../http/errors.ts'
import { jsonWithCookies, seeOther } from '../http/respond.ts'

type Body = Record<string, unknown>

interface Meaning {
  error: ErrorCode
  sentence: string
  /** The field of the form that is at fault. */
  field?: string
}

/** What better-auth says, in our words and with our statuses. */
const MEANING: Record<string, Meaning> = {
  INVALID_EMAIL_OR_PASSWORD: { error: 'unauthorized', sentence: 'The e-mail address or the password is wrong' },
  EMAIL_NOT_VERIFIED: {
    error: 'forbidden',
    sentence: 'Confirm your e-mail address first: open the link that we sent you',
  },
  USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL: {
    error: 'conflict',
    sentence: 'There is an account with this address; sign in, or set a new password',
  },
  SESSION_NOT_FRESH: {
    error: 'reauthentication_required',
    sentence: 'Confirm that it is you, with your password or a passkey',
  },
  INVALID_PASSWORD: { error: 'validation_failed', sentence: 'is not your password', field: 'currentPassword' },
  CREDENTIAL_ACCOUNT_NOT_FOUND: {
    error: 'conflict',
    sentence: 'You have no password yet; set one by the link of "Forgot password"',
  },
  INVALID_TOKEN: { error: 'invalid_request', sentence: 'The link has expired or was used already; ask for a new one' },
  CHALLENGE_NOT_FOUND: { error: 'invalid_request', sentence: 'That took too long; try the passkey again' },
  PASSKEY_NOT_FOUND: { error: 'unauthorized', sentence: 'This passkey is not known here; sign in another way' },
  AUTHENTICATION_FAILED: { error: 'unauthorized', sentence: 'The passkey could not be checked; try again' },
  // A fault of what the browser sent, whatever status the plugin gives it.
  FAILED_TO_VERIFY_REGISTRATION: {
    error: 'invalid_request',
    sentence: 'The passkey could not be checked; try again',
  },
  PROVIDER_NOT_FOUND: { error: 'not_found', sentence: 'This server does not offer that way to sign in' },
  UNAUTHORIZED: { error: 'unauthorized', sentence: 'Sign in first' },
}

const BY_STATUS: Record<number, ErrorCode> = {
  400: 'invalid_request',
  401: 'unauthorized',
  403: 'forbidden',
  404: 'not_found',
  409: 'conflict',
  415: 'unsupported_media_type',
  422: 'validation_failed',
  429: 'rate_limit_exceeded',
}

/** better-auth's answer as ours: with every header of ours, 303 where it redirects, and a thrown error where it fails. */
export async function answerOf(c: Context<Env>, response: Response): Promise<Response> {
  const cookies = response.headers.getSetCookie()
  const location = response.headers.get('location')
  if (response.status >= 300 && response.status < 400 && location !== null) return seeOther(c, location, cookies)
  const body = await bodyOf(response)
  if (!response.ok) throw failureOf(response.status, body as Body)
  return jsonWithCookies(c, withoutToken(body), cookies)
}

async function bodyOf(response: Response): Promise<object> {
  const text = await response.text()
  return text === '' ? {} : (JSON.parse(text) ?? {})
}

function failureOf(status: number, body: Body): Error {
  const code = typeof body.code === 'string' ? body.code : ''
  const message = typeof body.message === 'string' ? body.message : ''
  const meaning = MEANING[code]
  if (!meaning && status >= 500) return new Error(`better-auth answered ${status} ${code}`)
  const error = meaning?.error ?? BY_STATUS[status] ?? 'invalid_request'
  const sentence = meaning?.sentence ?? (message || 'The request was refused')
  const also = { ...(code !== '' && { code }), ...(message !== '' && { message }) }
  if (meaning?.field === undefined) return new ApiError(error, sentence, { also })
  return new ApiError(error, `${meaning.field}: ${sentence}`, { fields: { [meaning.field]: sentence }, also })
}

/** The session is in the cookie, which no script of a page can read; so it must not be able to read it here. */
function withoutToken(body: object): object {
  if (Array.isArray(body)) return body
  const { token, session, ...rest } = body as Body
  return {
    ...rest,
    ...(token !== undefined && { token: token === null ? null : 'cookie' }),
    ...(typeof session === 'object' && session !== null && { session: { ...session, token: 'cookie' } }),
  }
}
