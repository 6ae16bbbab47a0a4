import type { Deps } from '../../context.ts'
import { backoffMs } from '../../resilience/backoff.ts'
import { createSingleFlight } from '../../resilience/single-flight.ts'
import { type Token, TokenFailed, type TokenSource } from './token-source.ts'

/** A token that lives longer is asked for anew this long before its end, a shorter one at half of its life. */
const MARGIN_MS = 5 * 60_000
/** An upstream that refuses every token, for reasons of its own, makes nobody ask for one with every call. */
const FORCED_EVERY_MS = 30_000

export type TokenWorld = Pick<Deps, 'now' | 'random' | 'log'>

interface Kept<Value> {
  token: Token<Value>
  refreshAt: number
  refused: boolean
}

/**
 * Keeps what `fetchToken` gives, in this process. Callers without a token share one request, which belongs to none of
 * them; near its end a token is fetched anew behind the callers' backs, and used to its end while that fails.
 */
export function cachedToken<Value>(
  { now, random, log }: TokenWorld,
  name: string,
  fetchToken: () => Promise<Token<Value>>,
): TokenSource<Value> {
  const flights = createSingleFlight()
  let kept: Kept<Value> | undefined
  let forcedAt = Number.NEGATIVE_INFINITY
  let failures = 0
  let failed: { why: TokenFailed; nextAttemptAt: number } | undefined

  function refresh(): Promise<Token<Value>> {
    const flight = flights.run('token', attempt)
    // Nobody may be waiting, any more or at all.
    flight.catch(() => {})
    return flight
  }

  async function attempt(): Promise<Token<Value>> {
    const askedAt = now()
    try {
      const token = await fetchToken()
      kept = { token, refreshAt: refreshTime(token, askedAt), refused: false }
      failures = 0
      failed = undefined
      return token
    } catch (thrown) {
      throw noteFailure(thrown)
    }
  }

  function noteFailure(thrown: unknown): TokenFailed {
    const why = thrown instanceof TokenFailed ? thrown : unforeseen(thrown)
    const waitMs = Math.max(backoffMs(++failures, random), why.retryAfterMs ?? 0)
    failed = { why, nextAttemptAt: now() + waitMs }
    const { reason, message } = why
    const details = { source: name, reason, why: message, in_use: living() !== undefined, retry_in_ms: waitMs }
    log.error(details, 'the token for an upstream could not be renewed')
    return why
  }

  function living(): Kept<Value> | undefined {
    return kept && now() < kept.token.expiresAt ? kept : undefined
  }

  /** Why nobody is asked just now. */
  function backingOff(): TokenFailed | undefined {
    const waitMs = (failed?.nextAttemptAt ?? 0) - now()
    return failed && waitMs > 0 ? new TokenFailed(failed.why.reason, failed.why.message, waitMs) : undefined
  }

  return {
    async token(signal) {
      signal?.throwIfAborted()
      const current = living()
      const reasonToWait = backingOff()
      if (!current) {
        if (reasonToWait) throw reasonToWait
        return untilAborted(refresh(), signal)
      }
      const { token, refused, refreshAt } = current
      if (reasonToWait || (!refused && now() < refreshAt)) return token
      // Where there is no better one than the refused, it is for the upstream to say why.
      const renewed = refresh().catch(() => token)
      return refused ? untilAborted(renewed, signal) : token
    },

    refused(value) {
      if (kept?.token.value !== value || kept.refused || now() - forcedAt < FORCED_EVERY_MS) return
      kept.refused = true
      forcedAt = now()
    },
  }
}

function refreshTime({ expiresAt }: Token<unknown>, askedAt: number): number {
  const lifeMs = expiresAt - askedAt
  return lifeMs < 2 * MARGIN_MS ? askedAt + lifeMs / 2 : expiresAt - MARGIN_MS
}

/** By its name alone: what it says may hold what was sent. */
function unforeseen(thrown: unknown): TokenFailed {
  const name = thrown instanceof Error ? thrown.name : typeof thrown
  return new TokenFailed('misconfigured', `The token request could not be made (${name})`)
}

function untilAborted<T>(shared: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return shared
  return new Promise((resolve, reject) => {
    const leave = () => reject(signal.reason)
    signal.addEventListener('abort', leave, { once: true })
    shared.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave))
  })
}
