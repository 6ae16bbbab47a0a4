import type { Context } from 'hono'
import { type SSEStreamingApi, streamSSE } from 'hono/streaming'
import type { Deps, Env } from '../context.ts'
import { ApiError } from '../http/errors.ts'
import { parseQuery } from '../http/form.ts'
import { header } from '../http/node-request.ts'
import { json } from '../http/respond.ts'
import { createBell } from '../resilience/bell.ts'
import { type AuthorizationRequestRow, findAuthorizationRequest } from '../storage/authorization-requests.ts'
import { requestTopic } from '../storage/topics.ts'
import { codeParameters, issueCode } from './authorization-code.ts'
import { findBinding, isPollToken } from './request-binding.ts'
import { type RequestStatus, resumePath, statusOf } from './request-status.ts'

interface StatusAnswer {
  status: RequestStatus
  redirect_to?: string
}

/** What became of a request. Reading changes nothing; what is more than the status is for the bound browser only. */
export async function checkStatus(deps: Deps, c: Context<Env>): Promise<Response> {
  const request = await findRequest(deps, parseQuery(c).required('request_id'))
  const binding = findBinding(deps, c, request)
  const polls = isPollToken(deps, header(c, 'x-auth-agent-poll'), request.request_id)
  const answer = answerFor(deps, request, binding !== undefined || polls)
  if (!binding || answer.status !== 'authenticated') return json(c, answer)

  const code = await issueCode(deps, request, binding.secret)
  return json(c, { ...answer, redirect_uri: request.redirect_uri, ...codeParameters(deps, request, code) })
}

async function findRequest({ db }: Deps, requestId: string): Promise<AuthorizationRequestRow> {
  const request = await findAuthorizationRequest(db.read, requestId)
  if (!request) throw new ApiError('unknown_request', 'There is no such request')
  return request
}

function answerFor({ config, now }: Deps, request: AuthorizationRequestRow, trusted: boolean): StatusAnswer {
  const status = statusOf(request, now())
  const leads = trusted && status === 'authenticated'
  return { status, ...(leads && { redirect_to: resumePath(config.issuer, request.request_id) }) }
}

/** Proxies close what is silent for a minute; dead peers are noticed by the write. */
const HEARTBEAT_MS = 15_000
const ENDS: ReadonlySet<RequestStatus> = new Set(['authenticated', 'completed', 'denied', 'expired'])

/** The same as server-sent events, told as it happens: a commit in whatever process wakes the stream. */
export async function statusStream(deps: Deps, c: Context<Env>): Promise<Response> {
  const request = await findRequest(deps, parseQuery(c).required('request_id'))
  const bound = findBinding(deps, c, request) !== undefined
  // Nobody reads the answer to a HEAD, nor hangs up on it: there would be no end to the stream.
  if (c.req.method === 'HEAD') return c.body(null, 200, { 'Content-Type': 'text/event-stream' })
  const giveBack = takeStream(deps, c.get('address'), request.request_id, bound)
  c.header('X-Accel-Buffering', 'no')
  return streamSSE(c, async (stream) => {
    try {
      await tellUntilOver(deps, stream, request, bound)
    } finally {
      giveBack()
    }
  })
}

/** Who only knows the request cannot take the streams of the browser that it belongs to. */
function takeStream({ streams }: Deps, address: string, requestId: string, bound: boolean): () => void {
  const holder = `${requestId} ${bound ? 'bound' : 'unbound'}`
  const ofAddress = streams.ofAddress.take(address)
  if (ofAddress && streams.ofRequest.take(holder))
    return () => {
      streams.ofAddress.give(address)
      streams.ofRequest.give(holder)
    }
  if (ofAddress) streams.ofAddress.give(address)
  throw new ApiError(
    'rate_limit_exceeded',
    'Too many status streams are open; close some, or ask for the status instead',
    {
      headers: { 'Retry-After': '10' },
    },
  )
}

async function tellUntilOver(
  deps: Deps,
  stream: SSEStreamingApi,
  request: AuthorizationRequestRow,
  bound: boolean,
): Promise<void> {
  const bell = createBell()
  const unsubscribe = deps.db.subscribe(requestTopic(request.request_id), bell.ring)
  stream.onAbort(bell.ring)
  deps.draining.addEventListener('abort', bell.ring)
  let told: RequestStatus | undefined
  try {
    while (!stream.aborted && !deps.draining.aborted) {
      const latest = await findRequest(deps, request.request_id)
      const answer = answerFor(deps, latest, bound)
      if (answer.status !== told) await stream.writeSSE({ event: 'status', data: JSON.stringify(answer) })
      told = answer.status
      if (ENDS.has(answer.status)) return
      const heard = await bell.wait(Math.min(HEARTBEAT_MS, Math.max(0, latest.expires_at - deps.now()) + 1))
      if (!heard) await stream.write(': still waiting\n\n')
    }
  } finally {
    unsubscribe()
    deps.draining.removeEventListener('abort', bell.ring)
  }
}
