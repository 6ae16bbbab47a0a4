import { readFile } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { type Context, Hono } from 'hono'
import type { Deps, Env } from './context.ts'
import { ApiError } from './http/errors.ts'
import { header } from './http/node-request.ts'
import { page, respond, seeOther } from './http/respond.ts'
import { noticePage } from './pages/notice.ts'

const DIST = fileURLToPath(new URL('../../console/dist', import.meta.url))
/** The names of assets hold a hash of what is in them. */
const ASSET_HEADERS = { 'Cache-Control': 'public, max-age=31536000, immutable' }
const ASSET = /^[\w.-]+$/
const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
}

interface Asset {
  type: string
  plain: Buffer<ArrayBuffer>
  gzipped: Buffer<ArrayBuffer>
}

/** The console: one page for every address below /console, and the assets that Vite built for it. */
export function consoleRoutes(deps: Pick<Deps, 'config'>) {
  const assets = new Map<string, Promise<Asset | undefined>>()

  return new Hono<Env>()
    .get('/console/assets/:name', async (c) => {
      const asset = await readOnce(assets, c.req.param('name'))
      if (!asset) throw new ApiError('not_found', 'There is no such asset; load the page again')
      const headers = { 'Content-Type': asset.type, Vary: 'Accept-Encoding', ...ASSET_HEADERS }
      return header(c, 'accept-encoding')?.includes('gzip')
        ? respond(c, asset.gzipped, 200, { ...headers, 'Content-Encoding': 'gzip' })
        : respond(c, asset.plain, 200, headers)
    })
    .get('/console', (c) => showConsole(deps, c))
    .get('/console/*', (c) => showConsole(deps, c))
}

/** An asset never changes; one that is not there may be after the next build. */
function readOnce(assets: Map<string, Promise<Asset | undefined>>, name: string): Promise<Asset | undefined> {
  let asset = assets.get(name)
  if (!asset) {
    asset = readAsset(name).catch(() => undefined)
    assets.set(name, asset)
    asset.then((found) => found ?? assets.delete(name))
  }
  return asset
}

const gzipped = promisify(gzip)

async function readAsset(name: string): Promise<Asset | undefined> {
  const type = ASSET.test(name) ? TYPES[extname(name)] : undefined
  if (type === undefined) return undefined
  const plain = await readFile(join(DIST, 'assets', name))
  return { type, plain, gzipped: (await gzipped(plain)) as Buffer<ArrayBuffer> }
}

async function showConsole({ config }: Pick<Deps, 'config'>, c: Context<Env>): Promise<Response> {
  // Assets and links of the page begin at the root; an issuer with a path serves the console below that path.
  if (c.req.path === '/console/') return seeOther(c, `${config.issuer}/console`)
  const html = await readFile(join(DIST, 'index.html'), 'utf8').catch(() => undefined)
  if (html === undefined) return notBuilt(c)
  const nonce = c.get('nonce')
  return page(c, html.replaceAll('__NONCE__', nonce), {
    headers: { 'Content-Security-Policy': contentSecurityPolicy(nonce) },
  })
}

/** What the console loads stands on our own origin; what its libraries add at run time carries the nonce. */
function contentSecurityPolicy(nonce: string): string {
  return [
    "default-src 'none'",
    `script-src 'self' 'nonce-${nonce}'`,
    `style-src 'self' 'nonce-${nonce}'`,
    "connect-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ')
}

function notBuilt(c: Context<Env>): Response {
  const html = noticePage({
    nonce: c.get('nonce'),
    tone: 'error',
    title: 'The console is not built',
    message: 'Its pages are made by a build step that has not run on this machine.',
    next: 'Run `npm run build` beside the server, then load this page again. Nothing else is affected.',
  })
  return page(c, html, { status: 503 })
}
