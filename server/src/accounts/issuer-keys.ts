import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose'
import type { Deps } from '../context.ts'
import { ApiError } from '../http/errors.ts'
import type { Outbound } from '../http/outbound.ts'

/** A key that its issuer took back is good for this long. */
const FRESH_MS = 10 * 60_000
/** While the issuer cannot be asked, its keys are good for this long. */
const STALE_MS = 86_400_000
/** Whoever makes up key ids has the issuer asked no more often. */
const COOLDOWN_MS = 30_000
const TIMEOUT_MS = 5000
const MAX_BYTES = 256 * 1024

interface KeySet {
  find: ReturnType<typeof createLocalJWKSet>
  fetchedAt: number
}

/**
 * The keys that an issuer publishes (RFC 7517 §5), for jose. In memory, per process. Throws `JWKSNoMatchingKey` for a key
 * that it does not have, and `temporarily_unavailable` for one that it may have, but cannot be asked for.
 */
export function createIssuerKeys(
  { now, log }: Pick<Deps, 'now' | 'log'>,
  outbound: Outbound,
  jwksUri: string,
): JWTVerifyGetKey {
  let latest: KeySet | undefined
  let loading: Promise<KeySet> | undefined
  /** When it was last asked in vain. */
  let failedAt: number | undefined
  let unknownAskedAt = Number.NEGATIVE_INFINITY

  function load(): Promise<KeySet> {
    loading ??= ask().finally(() => {
      loading = undefined
    })
    return loading
  }

  async function ask(): Promise<KeySet> {
    try {
      latest = { find: await fetchKeySet(outbound, jwksUri), fetchedAt: now() }
      return latest
    } catch (cause) {
      failedAt = now()
      const why = cause instanceof Error ? cause.message : undefined
      log.warn({ jwks_uri: jwksUri, why }, 'the keys of a trusted issuer could not be read')
      throw unavailable(cause)
    }
  }

  async function current(): Promise<KeySet> {
    const age = latest ? now() - latest.fetchedAt : Number.POSITIVE_INFINITY
    if (latest && age < FRESH_MS) return latest
    const stale = age < STALE_MS ? latest : undefined
    if (!isCoolingDown(failedAt)) return load().catch((error: unknown) => stale ?? Promise.reject(error))
    if (stale) return stale
    throw unavailable()
  }

  /** What may hold a key that `seen` does not; undefined: it is too soon to ask. */
  async function renewed(seen: KeySet): Promise<KeySet | undefined> {
    if (loading) return loading
    if (latest !== seen) return latest
    if (isCoolingDown(failedAt)) throw unavailable()
    if (isCoolingDown(unknownAskedAt)) return undefined
    unknownAskedAt = now()
    return load()
  }

  function isCoolingDown(since = Number.NEGATIVE_INFINITY): boolean {
    return now() - since < COOLDOWN_MS
  }

  return async (header, token) => {
    const before = latest
    const seen = await current()
    return seen.find(header, token).catch(async (error: unknown) => {
      // What was read for this very call has nothing newer behind it.
      const newer = error instanceof errors.JWKSNoMatchingKey && seen === before ? await renewed(seen) : undefined
      if (!newer) throw error
      return newer.find(header, token)
    })
  }
}

async function fetchKeySet(outbound: Outbound, jwksUri: string): Promise<KeySet['find']> {
  const response = await outbound.fetch(jwksUri, {
    headers: { accept: 'application/json' },
    timeoutMs: TIMEOUT_MS,
    maxBytes: MAX_BYTES,
  })
  if (response.status !== 200) throw new Error(`It answers ${response.status}`)
  return createLocalJWKSet((await response.json()) as JSONWebKeySet)
}

function unavailable(cause?: unknown): ApiError {
  return new ApiError('temporarily_unavailable', 'The keys of the issuer of this token cannot be read now; try again', {
    cause,
    headers: { 'Retry-After': String(COOLDOWN_MS / 1000) },
  })
}
