import type { Context } from 'hono'
import type { Deps, Env } from '../context.ts'
import { sha256 } from '../crypto/jws.ts'
import { same } from '../crypto/key-ring.ts'
import { parseCookies, serializeCookie } from '../http/cookies.ts'
import { header } from '../http/node-request.ts'
import type { AuthorizationRequestRow } from '../storage/authorization-requests.ts'

/**
 * What ties a request to the browser that began it (design, law 1): a cookie for each request, of which we keep only a
 * hash. Its name comes from the parameters of the request, so that the same page loaded again finds it.
 */
export interface Binding {
  cookie: string
  requestId: string
  /** 256 bits that only this browser has. */
  secret: string
}

/** Browsers send at most 16 KB of cookies; beyond so many sign-ins under way, the oldest are let go. */
const MAX_BINDINGS = 24

export function bindingCookieName({ config }: Pick<Deps, 'config'>, parameters: readonly string[]): string {
  return `${prefixOf(config.issuer)}${sha256(JSON.stringify(parameters)).slice(0, 16)}`
}

/** `__Host-` demands https, which loopback does not have; there, a plain name. No sibling host can plant one (RFC 6265bis §4.1.3.2). */
const prefixOf = (issuer: string) => (issuer.startsWith('https:') ? '__Host-aa-request-' : 'aa-request-')

/** The bindings that a browser carries, oldest first. */
export function readBindings({ config }: Pick<Deps, 'config'>, c: Context<Env>): Binding[] {
  const prefix = prefixOf(config.issuer)
  return parseCookies(header(c, 'cookie')).flatMap(([cookie, value]) => {
    const [requestId, secret, ...rest] = value.split('.')
    return cookie.startsWith(prefix) && requestId && secret && rest.length === 0 ? [{ cookie, requestId, secret }] : []
  })
}

/** Whether the caller is the browser that began the request. */
export function findBinding(deps: Deps, c: Context<Env>, request: AuthorizationRequestRow): Binding | undefined {
  return readBindings(deps, c).find((binding) => bindsTo(deps, binding, request))
}

export function bindsTo(
  { ring }: Pick<Deps, 'ring'>,
  { requestId, secret }: Binding,
  request: AuthorizationRequestRow,
): boolean {
  return requestId === request.request_id && ring.matches('browser', `${requestId}.${secret}`, request.browser_hash)
}

export function browserHash(
  { ring }: Pick<Deps, 'ring'>,
  { requestId, secret }: Pick<Binding, 'requestId' | 'secret'>,
): string {
  return ring.hash('browser', `${requestId}.${secret}`)
}

/** Cookies that give the browser its binding, and take away what it has too many of. */
export function bindingCookies(
  { config }: Pick<Deps, 'config'>,
  binding: Binding,
  others: readonly Binding[],
): string[] {
  const secure = config.issuer.startsWith('https:')
  const surplus = others
    .filter(({ cookie }) => cookie !== binding.cookie)
    .slice(0, Math.max(0, others.length - MAX_BINDINGS + 1))
  return [
    serializeCookie(binding.cookie, `${binding.requestId}.${binding.secret}`, {
      secure,
      maxAge: config.lifetimes.request,
    }),
    ...surplus.map(({ cookie }) => serializeCookie(cookie, '', { secure, maxAge: 0 })),
  ]
}

/** What the page polls with when it has no cookies: opens the way back to our own origin, and nothing else. */
export function pollToken({ ring }: Pick<Deps, 'ring'>, requestId: string): string {
  return ring.derive('poll', [requestId])
}

export function isPollToken({ ring }: Pick<Deps, 'ring'>, token: string | undefined, requestId: string): boolean {
  return token !== undefined && ring.ids.some((id) => same(ring.derive('poll', [requestId], id), token))
}
