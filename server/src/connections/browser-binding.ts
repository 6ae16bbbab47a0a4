import type { Context } from 'hono'
import { z } from 'zod'
import { type Config, SESSION_BINDINGS } from '../config.ts'
import type { Deps, Env } from '../context.ts'
import { sha256 } from '../crypto/jws.ts'
import { parseCookies, serializeCookie } from '../http/cookies.ts'
import { ApiError } from '../http/errors.ts'
import { header } from '../http/node-request.ts'
import type { ConnectionFlowRow } from '../storage/connection-flows.ts'

/**
 * What ties a flow to whom it was begun for. Without it, whoever gets somebody else to open the link has that person's
 * account in their own connection. `cookie`: only the browser that began may finish. `verifier`: see `session-binding.ts`.
 */
export const SessionBinding = z.enum(SESSION_BINDINGS)

interface Asked {
  session_binding?: z.output<typeof SessionBinding> | undefined
  session_challenge?: string | undefined
}

/** Whether the flow is held to a browser. The operator says the least; a browser that is known already is always held to. */
export function isBrowserBound({ sessionBinding }: Config, asked: Asked, hasBrowser: boolean): boolean {
  const least = SESSION_BINDINGS.indexOf(sessionBinding)
  const wanted = Math.max(least, SESSION_BINDINGS.indexOf(asked.session_binding ?? 'off'))
  if (SESSION_BINDINGS[wanted] === 'verifier' && asked.session_challenge === undefined && !hasBrowser) {
    const sentence = 'is required where the session is bound by a verifier'
    throw new ApiError('validation_failed', `session_challenge: ${sentence}`, {
      fields: { session_challenge: sentence },
    })
  }
  return hasBrowser || SESSION_BINDINGS[wanted] === 'cookie'
}

/** 256 bits that only one browser has. */
export function newBrowserSecret({ random }: Pick<Deps, 'random'>): string {
  return random(32).toString('base64url')
}

/** What we keep of it. */
export function browserHash({ ring }: Pick<Deps, 'ring'>, secret: string): string {
  return ring.hash('connection_browser', secret)
}

/** Gives a browser what it is known by, until the flow ends. */
export function browserCookie({ config }: Pick<Deps, 'config'>, state: string, secret: string): string {
  const secure = config.broker.publicUrl.startsWith('https:')
  return serializeCookie(cookieName(config, state), secret, { secure, maxAge: config.lifetimes.connectionFlow })
}

/** Whether this is the browser that began the flow. */
export function isBrowserOf(
  { config, ring }: Pick<Deps, 'config' | 'ring'>,
  c: Context<Env>,
  state: string,
  { browser_hash }: Pick<ConnectionFlowRow, 'browser_hash'>,
): boolean {
  if (browser_hash === null) return false
  const name = cookieName(config, state)
  return parseCookies(header(c, 'cookie')).some(
    ([cookie, value]) => cookie === name && ring.matches('connection_browser', value, browser_hash),
  )
}

/** `__Host-` demands https, which loopback does not have. One for each flow, so that two at a time do not meet. */
function cookieName({ broker }: Config, state: string): string {
  const prefix = broker.publicUrl.startsWith('https:') ? '__Host-aa-connect-' : 'aa-connect-'
  return `${prefix}${sha256(state).slice(0, 16)}`
}
