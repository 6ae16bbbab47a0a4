import { type Agent, type ClientRequest, type IncomingMessage, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { pipeline } from 'node:stream/promises'
import { type Call, isSafe } from './call.ts'
import { type Connections, pinnedOptions } from './connections.ts'
import { type FailureReason, OutboundFailed, OutboundRefused, toFailure } from './failure.ts'
import { declaredLength, requestHeaders } from './headers.ts'
import type { Target } from './target.ts'
import type { Watch } from './watch.ts'

export interface Silences {
  /** Until there is a connection. Milliseconds. */
  connectTimeoutMs: number
  /** From the end of the request to the head of the answer. Milliseconds. */
  headersTimeoutMs: number
  /** At any other time. Milliseconds. */
  idleTimeoutMs: number
}

/** Sends one request and resolves with the head of its answer. No `connections`: it gets one of its own. */
export function exchange(
  target: Target,
  call: Call,
  watch: Watch,
  silences: Silences,
  connections?: Connections,
): Promise<IncomingMessage> {
  const { host } = target
  const https = target.url.protocol === 'https:'
  const request = begin(target, call, connections?.[https ? 'https' : 'http'])

  return new Promise((resolve, reject) => {
    const broken = brokenAt(request, https)
    const giveUp = () => request.destroy(watch.signal.reason)
    whenConnected(request, https, () => watch.allowSilence(silences.idleTimeoutMs))
    const awaitHeaders = () => watch.allowSilence(silences.headersTimeoutMs)
    watch.signal.addEventListener('abort', giveUp, { once: true })
    request.on('error', (error) => {
      watch.signal.removeEventListener('abort', giveUp)
      const failure = toFailure(error, host, broken())
      // Closed by the server while it was idle. RFC 9112 §9.3.1: what is idempotent may be sent again.
      if (request.reusedSocket && failure.reason === 'reset' && isSafe(call.method) && !call.body)
        resolve(exchange(target, call, watch, silences))
      else reject(failure)
    })
    // Node ends an answer of 101 without a word.
    const endedWithoutWord = () => reject(new OutboundFailed('reset', host))
    request.once('close', endedWithoutWord)
    request.once('finish', awaitHeaders)
    request.once('response', (response) => {
      watch.signal.removeEventListener('abort', giveUp)
      request.off('close', endedWithoutWord)
      request.off('finish', awaitHeaders)
      watch.allowSilence(silences.idleTimeoutMs)
      // Answered before everything was sent, as with 413: the rest is not wanted.
      response.once('close', () => {
        if (!request.writableFinished) request.destroy()
      })
      resolve(response)
    })
    if (watch.signal.aborted) giveUp()
    else send(request, call, watch)
  })
}

function begin(target: Target, call: Call, agent: Agent | undefined): ClientRequest {
  const { url, host } = target
  const { method } = call
  const headers = requestHeaders(call, url.host)
  const request = url.protocol === 'https:' ? requestHttps : requestHttp
  try {
    return request({ ...pinnedOptions(target), method, headers, agent: agent ?? false })
  } catch {
    // Without its cause: it cites the header.
    throw new OutboundRefused('bad_request', host)
  }
}

function whenConnected(request: ClientRequest, https: boolean, then: () => void): void {
  request.once('socket', (socket) => {
    if (request.reusedSocket) then()
    else socket.once(https ? 'secureConnect' : 'connect', then)
  })
}

/** What it means if the connection breaks now. */
function brokenAt(request: ClientRequest, https: boolean): () => FailureReason {
  let reason: FailureReason = 'connect'
  request.once('socket', (socket) => {
    if (request.reusedSocket) {
      reason = 'reset'
      return
    }
    socket.once('connect', () => {
      reason = https ? 'tls' : 'reset'
    })
    socket.once('secureConnect', () => {
      reason = 'reset'
    })
  })
  return () => reason
}

function send(request: ClientRequest, { body, headers }: Call, watch: Watch): void {
  if (!(body instanceof ReadableStream)) return void request.end(body)
  // The other side may want to answer before the first byte.
  request.flushHeaders()
  // How it ends is told by the request, or by the watch.
  pipeline(uploaded(body, declaredLength(headers), watch), request).catch(() => {})
}

/** The caller's stream, held to its word on its length: less or more would shift where the next request begins. */
async function* uploaded(body: ReadableStream<Uint8Array>, length: number | undefined, watch: Watch) {
  let sent = 0
  try {
    for await (const chunk of body) {
      sent += chunk.length
      if (length !== undefined && sent > length) break
      watch.moved()
      yield chunk
    }
  } catch {
    watch.end('aborted')
  }
  if (length !== undefined && sent !== length) watch.end('aborted')
}
