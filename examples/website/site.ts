import { readFileSync } from 'node:fs'
import { type Context, Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { csrf } from 'hono/csrf'
import { secureHeaders } from 'hono/secure-headers'
import { accountRoutes } from './account.ts'
import type { Config } from './config.ts'
import { notebookRoutes } from './notebook.ts'
import { problemPage } from './pages.ts'
import { pageNotFound, toProblem } from './problem.ts'
import { createProvider } from './provider.ts'
import { createSessions } from './sessions.ts'

/** The whole website. Everything about OpenID Connect is in `provider.ts` and `sign-in.ts`. */
export function createSite(config: Config): Hono {
  const sessions = createSessions(config.baseUrl.protocol === 'https:')
  const redirectUri = new URL('/callback', config.baseUrl).href

  const site = new Hono()
  site.use(securityHeaders())
  site.get('/style.css', file('style.css', 'text/css; charset=utf-8'))
  site.get('/icon.svg', file('icon.svg', 'image/svg+xml'))
  site.get('/health', (c) => c.json({ status: 'ok' }))
  site.use(csrf({ origin: config.baseUrl.origin }), bodyLimit({ maxSize: 16 * 1024 }), notStored)
  site.route('/', notebookRoutes(sessions))
  site.route('/', accountRoutes(createProvider(config), sessions, redirectUri))
  site.notFound((c) => showProblem(c, pageNotFound()))
  site.onError((error, c) => showProblem(c, error))
  return site
}

function securityHeaders() {
  return secureHeaders({
    contentSecurityPolicy: {
      defaultSrc: ["'none'"],
      styleSrc: ["'self'"],
      imgSrc: ["'self'"],
      formAction: ["'self'"],
      baseUri: ["'none'"],
      frameAncestors: ["'none'"],
    },
    xFrameOptions: 'DENY',
    // Not `no-referrer`: it would make the Origin of our own forms `null`.
    referrerPolicy: 'same-origin',
  })
}

function file(name: string, type: string) {
  const body = readFileSync(`${import.meta.dirname}/public/${name}`, 'utf8')
  return (c: Context) => c.body(body, 200, { 'content-type': type, 'cache-control': 'max-age=300' })
}

/** Every page may show who is signed in, and every redirect may carry a state. */
async function notStored(c: Context, next: () => Promise<void>): Promise<void> {
  await next()
  c.header('Cache-Control', 'no-store')
}

function showProblem(c: Context, error: unknown): Response | Promise<Response> {
  const problem = toProblem(error)
  if (problem.status >= 500) console.error(problem.message, problem.cause)
  if (problem.status === 503) c.header('Retry-After', '5')
  return c.html(problemPage(problem), problem.status)
}
