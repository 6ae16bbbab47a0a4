import { type ClientResponse, hc } from 'hono/client'
import type { SuccessStatusCode } from 'hono/utils/http-status'
import type { App } from '../../server/src/app.ts'

/** The server's routes, with their types: `answer(api.api.agents.$get({ query: {} }))`. */
export const api = hc<App>('/')

interface FailureDetails extends ErrorOptions {
  fields?: Record<string, string>
  requestId?: string | undefined
}

/** What went wrong, in a sentence that may be shown. `status` 0: no answer came. */
export class ApiFailure extends Error {
  override readonly name = 'ApiFailure'
  readonly status: number
  readonly code: string
  /** Of a form: field -> what is wrong with it. */
  readonly fields: Record<string, string>
  readonly requestId: string | undefined

  constructor(status: number, code: string, sentence: string, { fields, requestId, ...options }: FailureDetails = {}) {
    super(sentence, options)
    this.status = status
    this.code = code
    this.fields = fields ?? {}
    this.requestId = requestId
  }
}

/** A fault of this page's own is told as one, without what the console of the browser is for. */
export function asFailure(error: unknown): ApiFailure {
  if (error instanceof ApiFailure) return error
  return new ApiFailure(0, 'page_failed', 'Something went wrong in this page. Reload it and try again.', {
    cause: error,
  })
}

export const isFailure = (error: unknown, code: string): error is ApiFailure =>
  error instanceof ApiFailure && error.code === code

/** What a successful answer of a route holds; nothing for a 204. */
type Answered<R> =
  R extends ClientResponse<infer Data, infer Status, infer Format>
    ? Status extends SuccessStatusCode
      ? Format extends 'json'
        ? Data
        : undefined
      : never
    : never

/** The data of a typed call, or an `ApiFailure`. */
export async function answer<R>(call: Promise<R>): Promise<Answered<R>> {
  return (await settle(call as Promise<Response>)) as Answered<R>
}

/** For what takes something of one's own away: what another tab took away before is away, too. */
export async function takeAway(call: Promise<unknown>): Promise<void> {
  await call.catch((error: unknown) => {
    // better-auth's codes say what is not found: `passkey_not_found`.
    if (!(error instanceof ApiFailure && error.code.endsWith('not_found'))) throw error
  })
}

/** A call of what is not in the types of the server's routes: better-auth's, below /api/auth. */
export async function request<T>(method: 'GET' | 'POST', path: string, body?: unknown): Promise<T> {
  const response = fetch(path, {
    method,
    headers: { Accept: 'application/json', ...(body !== undefined && { 'Content-Type': 'application/json' }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  return (await settle(response)) as T
}

/** A file that the server makes, whole: an answer that breaks off halfway is a lost connection, not a shorter file. */
export async function file(call: Promise<Response>): Promise<Blob> {
  const response = await opened(call)
  return response.blob().catch(throwLost)
}

/** An answer that comes bit by bit: its head, or an `ApiFailure`. */
export async function opened(call: Promise<Response>): Promise<Response> {
  const response = await call.catch(throwLost)
  if (response.ok) return response
  throw failureOf(response, parse(await response.text().catch(throwLost)))
}

async function settle(call: Promise<Response>): Promise<unknown> {
  const response = await call.catch(throwLost)
  const text = await response.text().catch(throwLost)
  const body = parse(text)
  if (response.ok) return body
  throw failureOf(response, body)
}

function parse(text: string): unknown {
  if (text === '') return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** A query that nobody waits for any more is no failure; anything else that fetch throws is a lost connection. */
export function throwLost(error: unknown): never {
  if (error instanceof DOMException && error.name === 'AbortError') throw error
  const sentence = navigator.onLine
    ? 'The connection was lost before an answer came. Nothing you typed is lost; try again.'
    : 'You are offline, so nothing was changed. Nothing you typed is lost; try again when you are back.'
  throw new ApiFailure(0, 'connection_lost', sentence, { cause: error })
}

/** `code` and `message` are better-auth's, whose code says more than the `error` beside it. */
interface ErrorBody {
  error?: string
  error_description?: string
  fields?: Record<string, string>
  code?: string
  message?: string
}

function failureOf(response: Response, body: unknown): ApiFailure {
  const told: ErrorBody = typeof body === 'object' && body !== null ? body : {}
  const requestId = response.headers.get('X-Request-Id')
  return new ApiFailure(
    response.status,
    (told.code ?? told.error ?? 'server_error').toLowerCase(),
    sentenceOf(response.status, told),
    { ...(told.fields && { fields: told.fields }), requestId: requestId ?? undefined },
  )
}

/** The server's own, but for who has no session: to programs it says which header to send. */
function sentenceOf(status: number, { error, error_description, message }: ErrorBody): string {
  if (status === 401 && error === 'unauthorized') return 'You were signed out meanwhile. Sign in, then do it again.'
  return error_description ?? message ?? plainSentence(status)
}

/** For what stands before the server and knows nothing of its errors, such as a proxy. */
function plainSentence(status: number): string {
  if (status === 429) return 'That was too often. Wait a moment, then try again.'
  if (status >= 500) return 'The server cannot answer at the moment. Try again in a moment.'
  return `The server refused the request (${status}).`
}
