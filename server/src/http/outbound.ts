import { createAllowList } from './outbound/allow-list.ts'
import { type Answer, readAnswer, toResponse } from './outbound/answer.ts'
import { readWithin, streamed } from './outbound/body.ts'
import { abandon, type CallInit, isSafe, readCall } from './outbound/call.ts'
import { createConnections } from './outbound/connections.ts'
import { exchange, type Silences } from './outbound/exchange.ts'
import { type FailureReason, OutboundFailed, OutboundRefused, type RefusalReason } from './outbound/failure.ts'
import { type Lookup, readUrl, resolveTarget, lookup as systemLookup } from './outbound/target.ts'
import { startWatch, type Watch } from './outbound/watch.ts'

const TIMEOUT_MS = 10_000
const MAX_BYTES = 1_000_000
const STREAM_TIMEOUT_MS = 600_000
const STREAM_SILENCE_MS = 60_000

export interface FetchInit extends CallInit {
  /** From the look-up of the name to the last byte of the answer. Default 10 s. */
  timeoutMs?: number
  /** Of the answer's body, once decoded. Default 1 MB. */
  maxBytes?: number
  /** Says what holds anyway. */
  maxRedirects?: 0
}

export interface StreamInit extends CallInit, Partial<Silences> {
  /** From the look-up of the name to the last byte of the answer. Default 10 minutes. */
  timeoutMs?: number
}

/**
 * The way out: what people and agents point us at is called through here only. Public addresses over https, or what
 * the operator allows; the name is looked up once, and the connection goes to an address that was checked. No redirect
 * is followed: a 3xx is an answer. Bodies come decoded. Throws `OutboundRefused` and `OutboundFailed`, and nothing else.
 */
export interface Outbound {
  /** The whole answer, in memory. Fit for `customFetch` of oauth4webapi and jose. */
  fetch(url: string | URL, init?: FetchInit): Promise<Response>
  /** Throws `OutboundRefused` for an address that would be refused now; a name that cannot be looked up is no fault. */
  check(url: string | URL): Promise<void>
  /** The answer as it comes, of any size. Its body fails with an `OutboundFailed` of the same reasons. */
  stream(url: string | URL, init?: StreamInit): Promise<Response>
}

export interface OutboundOptions {
  /** `EGRESS_ALLOW`. */
  allow: readonly string[]
  lookup?: Lookup
  /** Called once for each call, when its outcome is known: for `stream`, at the head of the answer. */
  onRequest?: (event: OutboundEvent) => void
}

export interface OutboundEvent {
  host: string
  outcome: 'answered' | RefusalReason | FailureReason
  /** Of an answer. */
  status?: number
  durationMs: number
}

export function createOutbound({ allow, lookup = systemLookup, onRequest = () => {} }: OutboundOptions): Outbound {
  const allowList = createAllowList(allow)
  const connections = createConnections()

  async function open(url: URL, init: CallInit, watch: Watch, silences: Silences, reuse: boolean): Promise<Answer> {
    watch.allowSilence(silences.connectTimeoutMs)
    try {
      const call = await watch.race(readCall(url, init))
      const target = await watch.race(resolveTarget(url, allowList, lookup))
      const response = await exchange(target, call, watch, silences, reuse ? connections : undefined)
      return readAnswer(response, call.method, target.host, watch)
    } catch (error) {
      abandon(init.body)
      throw error
    }
  }

  async function measured(given: string | URL, call: (url: URL) => Promise<Response>): Promise<Response> {
    const started = performance.now()
    let host = ''
    const report = (outcome: OutboundEvent['outcome'], status?: number) =>
      onRequest({ host, outcome, ...(status && { status }), durationMs: performance.now() - started })
    try {
      const url = readUrl(given)
      host = url.hostname
      const response = await call(url)
      report('answered', response.status)
      return response
    } catch (error) {
      if (error instanceof OutboundRefused || error instanceof OutboundFailed) report(error.reason)
      throw error
    }
  }

  return {
    async check(given) {
      try {
        await resolveTarget(readUrl(given), allowList, lookup)
      } catch (error) {
        if (!(error instanceof OutboundFailed)) throw error
      }
    },

    fetch: (given, init = {}) =>
      measured(given, async (url) => {
        const { timeoutMs = TIMEOUT_MS, maxBytes = MAX_BYTES } = init
        const watch = startWatch(url.hostname, timeoutMs, init.signal)
        try {
          const silences = { connectTimeoutMs: timeoutMs, headersTimeoutMs: timeoutMs, idleTimeoutMs: timeoutMs }
          // On a connection that the server may be closing, nobody could say whether a POST was done.
          const answer = await open(url, init, watch, silences, isSafe(init.method ?? 'GET'))
          const bytes = await readWithin(answer.body, maxBytes, url.hostname)
          return toResponse(answer, answer.bodyless ? null : bytes)
        } finally {
          watch.stop()
        }
      }),

    stream: (given, init = {}) =>
      measured(given, async (url) => {
        const { timeoutMs = STREAM_TIMEOUT_MS } = init
        const { headersTimeoutMs = STREAM_SILENCE_MS, idleTimeoutMs = STREAM_SILENCE_MS } = init
        const { connectTimeoutMs = idleTimeoutMs } = init
        const watch = startWatch(url.hostname, timeoutMs, init.signal)
        try {
          const answer = await open(url, init, watch, { connectTimeoutMs, headersTimeoutMs, idleTimeoutMs }, true)
          if (answer.bodyless) await readWithin(answer.body, 0, url.hostname)
          return toResponse(answer, answer.bodyless ? null : streamed(answer.body, url.hostname, watch))
        } catch (error) {
          watch.stop()
          throw error
        }
      }),
  }
}
