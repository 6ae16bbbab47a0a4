import { type Context, Hono } from 'hono'
import { sessionEnded, strayCallback } from './problem.ts'
import type { Provider } from './provider.ts'
import type { Session, Sessions } from './sessions.ts'
import { beginSignIn, finishSignIn, isOver, type Login, renew, revoke, type Visitor } from './sign-in.ts'

const LOGIN_TTL_MS = 15 * 60 * 1000
const MOST_LOGINS = 10

/** Signing in, staying in and signing out, as the browser sees it. */
export function accountRoutes(provider: Provider, sessions: Sessions, redirectUri: string): Hono {
  return new Hono()
    .get('/login', async (c) => {
      const { url, state, login } = await beginSignIn(provider, redirectUri, Date.now())
      remember(sessions.find(c) ?? sessions.begin(c), state, login)
      return c.redirect(url.href, 303)
    })
    .get('/callback', async (c) => {
      const state = c.req.query('state') ?? ''
      const login = takeLogin(sessions.find(c), state, Date.now())
      if (!login) throw strayCallback()

      const visitor = await finishSignIn(provider, callbackUrl(c, redirectUri), state, login)

      sessions.begin(c).visitor = visitor
      return c.redirect('/notebook', 303)
    })
    .post('/renew', async (c) => {
      const visitor = sessions.find(c)?.visitor
      if (visitor?.refreshToken) await renewOrEnd(provider, sessions, c, visitor, visitor.refreshToken)
      return c.redirect('/notebook', 303)
    })
    .post('/sign-out', async (c) => {
      const visitor = sessions.find(c)?.visitor
      sessions.end(c)
      const told = !visitor || (await isRevoked(provider, visitor))
      return c.redirect(`/?signed-out=${told ? 'everywhere' : 'here'}`, 303)
    })
}

function remember({ logins }: Session, state: string, login: Login): void {
  if (logins.size >= MOST_LOGINS) logins.delete(logins.keys().next().value ?? '')
  logins.set(state, login)
}

/** Each `state` is good for one callback, in the browser that began it. RFC 9700 §4.7.1. */
function takeLogin(session: Session | undefined, state: string, now: number): Login | undefined {
  const login = session?.logins.get(state)
  session?.logins.delete(state)
  return login && login.startedAt + LOGIN_TTL_MS > now ? login : undefined
}

/** Built from our own configuration: a Host header is anybody's word. */
function callbackUrl(c: Context, redirectUri: string): URL {
  const url = new URL(redirectUri)
  url.search = new URL(c.req.url).search
  return url
}

async function renewOrEnd(provider: Provider, sessions: Sessions, c: Context, visitor: Visitor, refreshToken: string) {
  try {
    await renew(provider, visitor, refreshToken, new Date())
  } catch (error) {
    if (!isOver(error)) throw error
    sessions.end(c)
    throw sessionEnded(error)
  }
}

/** Whoever signs out is signed out here even when the provider cannot be told. */
async function isRevoked(provider: Provider, visitor: Visitor): Promise<boolean> {
  try {
    await revoke(provider, visitor)
    return true
  } catch (error) {
    console.error('The refresh token could not be revoked', error)
    return false
  }
}
