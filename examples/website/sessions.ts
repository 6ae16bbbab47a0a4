import { randomBytes } from 'node:crypto'
import type { Context } from 'hono'
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import type { Login, Visitor } from './sign-in.ts'

const LIFETIME_MS = 8 * 60 * 60 * 1000
const MOST_SESSIONS = 10_000

/** Everything about a browser stays here on the server; the browser holds only a random id. */
export interface Session {
  id: string
  expiresAt: number
  /** Sign-ins under way, by their `state`: a browser may have several tabs. */
  logins: Map<string, Login>
  visitor?: Visitor
}

export interface Sessions {
  find(c: Context): Session | undefined
  begin(c: Context): Session
  end(c: Context): void
}

/** In memory, for a sample. A website of several processes keeps sessions in its database. */
export function createSessions(https: boolean): Sessions {
  const sessions = new Map<string, Session>()
  const prefix = https ? 'host' : undefined
  const cookie = { httpOnly: true, secure: https, sameSite: 'Lax', path: '/' } as const

  function find(c: Context): Session | undefined {
    const session = sessions.get(getCookie(c, 'fieldnotes', prefix) ?? '')
    return session && session.expiresAt > Date.now() ? session : undefined
  }

  /** A new id each time: whoever planted the old one has nothing. */
  function begin(c: Context): Session {
    sessions.delete(getCookie(c, 'fieldnotes', prefix) ?? '')
    if (sessions.size >= MOST_SESSIONS) sessions.delete(sessions.keys().next().value ?? '')
    const session = {
      id: randomBytes(32).toString('base64url'),
      expiresAt: Date.now() + LIFETIME_MS,
      logins: new Map(),
    }
    sessions.set(session.id, session)
    setCookie(c, 'fieldnotes', session.id, { ...cookie, maxAge: LIFETIME_MS / 1000, ...(prefix && { prefix }) })
    return session
  }

  function end(c: Context): void {
    sessions.delete(getCookie(c, 'fieldnotes', prefix) ?? '')
    deleteCookie(c, 'fieldnotes', { ...cookie, ...(prefix && { prefix }) })
  }

  return { find, begin, end }
}
