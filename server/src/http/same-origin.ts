import type { Context } from 'hono'
import type { Env } from '../context.ts'
import { ApiError } from './errors.ts'
import { header } from './node-request.ts'

/**
 * Refuses what a page of another origin makes a browser send. Browsers say where a request comes from (Fetch Metadata,
 * Origin); a program that says nothing of the kind has its cookies from its own jar, and nobody else's.
 */
export function refuseOtherOrigins(c: Context<Env>, own: readonly string[]): void {
  const origin = header(c, 'origin')
  if (origin !== undefined) {
    if (own.includes(origin)) return
    throw otherOrigin()
  }
  const site = header(c, 'sec-fetch-site')
  if (site !== undefined) {
    if (site === 'same-origin' || site === 'none') return
    throw otherOrigin()
  }
  const referer = header(c, 'referer')
  if (referer === undefined) return
  if (!URL.canParse(referer) || !own.includes(new URL(referer).origin)) throw otherOrigin()
}

function otherOrigin(): ApiError {
  return new ApiError('forbidden', 'This can only be called from our own pages, or by a program')
}
