import type { z } from 'zod'
import type { Deps } from '../../context.ts'
import { ApiError } from '../../http/errors.ts'
import { OutboundFailed, OutboundRefused } from '../../http/outbound/failure.ts'
import type { FetchInit } from '../../http/outbound.ts'

const TIMEOUT_MS = 10_000
const MAX_BYTES = 256 * 1024

/** An answer of somebody's server, in JSON or not. Throws `provider_misconfigured` and `provider_unavailable`. */
export async function ask(
  { outbound }: Pick<Deps, 'outbound'>,
  url: string,
  init: FetchInit = {},
): Promise<{ status: number; body: unknown }> {
  try {
    const headers = { accept: 'application/json', ...(init.headers as Record<string, string>) }
    const response = await outbound.fetch(url, { timeoutMs: TIMEOUT_MS, maxBytes: MAX_BYTES, ...init, headers })
    return { status: response.status, body: parsed(await response.text()) }
  } catch (cause) {
    throw toPublishedFault(cause)
  }
}

/** What it means for who authorizes a server that an address of it, or one that it names, cannot be called. */
export function toPublishedFault(cause: unknown): unknown {
  if (cause instanceof OutboundRefused)
    return misconfigured(
      `It names ${cause.host || 'an address'}, which is not called from here; the operator allows it with EGRESS_ALLOW`,
      cause,
    )
  if (cause instanceof OutboundFailed)
    return new ApiError('provider_unavailable', `${cause.host} cannot be reached now; try again`, {
      cause,
      headers: { 'Retry-After': '10' },
    })
  return cause
}

/** The first of some addresses that has a document of the kind; undefined: none has one. */
export async function firstPublished<T>(
  deps: Pick<Deps, 'outbound'>,
  urls: readonly string[],
  schema: z.ZodType<T>,
): Promise<T | undefined> {
  let fault: unknown
  for (const url of urls)
    try {
      const { status, body } = await ask(deps, url)
      if (status !== 200) continue
      const read = schema.safeParse(body)
      if (read.success) return read.data
      fault ??= misconfigured(`What ${new URL(url).host} publishes about itself is not what it should be`)
    } catch (thrown) {
      fault ??= thrown
    }
  if (fault !== undefined) throw fault
  return undefined
}

/** About the server of somebody else: the sentence says what has to be mended there. */
export function misconfigured(sentence: string, cause?: Error): ApiError {
  return new ApiError('provider_misconfigured', sentence, { cause })
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
