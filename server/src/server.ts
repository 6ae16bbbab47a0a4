import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { serve } from '@hono/node-server'
import { createApp } from './app.ts'
import { createBrokerApp } from './broker-app.ts'
import { type Config, type RequestTimes, readConfig } from './config.ts'
import type { Deps } from './context.ts'
import { signHeads, startMaintenance } from './maintenance.ts'
import { requireMasterKeys } from './master-key-change.ts'
import { tellCounted } from './models/refusals.ts'
import { SEALED_COLUMNS } from './sealed-columns.ts'
import { type Outside, openWorld } from './world.ts'

export interface RunningServer {
  /** Where it listens; behind a proxy, `deps.config.issuer` is what the world calls it. */
  url: string
  deps: Deps
  /** Only when it was made at this very start: nobody can read it again. */
  adminKey?: string
  /** Lets what is under way finish, then closes the database. */
  close(): Promise<void>
}

/** Requests still running after this are cut off: orchestrators kill after 10 s, and the audit heads are to be signed. */
const DRAIN_MS = 8_000

/** Starts a server from an environment, and the arguments of `serve`. Throws `ConfigError` with every fault of them. */
export async function startServer(
  env: NodeJS.ProcessEnv,
  outside: Outside & { requestTimes?: Partial<RequestTimes> } = {},
  args: readonly string[] = [],
): Promise<RunningServer> {
  const given = readConfig(env, args)
  const config: Config = { ...given, requestTimes: { ...given.requestTimes, ...outside.requestTimes } }
  const world = await openWorld(config, outside)
  const { deps } = world
  const server = await serveWorld(deps).catch(async (error: unknown) => {
    await world.close()
    throw error
  })
  const stopMaintenance = startMaintenance(deps)
  const { address, port, family } = server.address() as AddressInfo
  const url = `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`
  deps.log.info({ url, issuer: config.issuer, only: config.only, database: deps.db.dialect }, 'listening')

  let closing: Promise<void> | undefined
  return {
    url,
    deps,
    ...(world.adminKey !== undefined && { adminKey: world.adminKey }),
    close() {
      closing ??= drain()
      return closing
    },
  }

  async function drain() {
    world.drain()
    await closeServer(server)
    await stopMaintenance()
    await tellCounted(deps).catch((error: unknown) => deps.log.error({ error }, 'refusals were not written down'))
    await signHeads(deps).catch((error: unknown) => deps.log.error({ error }, 'the audit heads could not be signed'))
    await world.close()
  }
}

async function serveWorld(deps: Deps): Promise<Server> {
  await requireMasterKeys(deps, SEALED_COLUMNS)
  return listen(deps)
}

function listen(deps: Deps): Promise<Server> {
  const { only, issuer, broker, requestTimes: times } = deps.config
  const app = only === 'broker' ? createBrokerApp(deps) : createApp(deps)
  return new Promise((resolve, reject) => {
    const server = serve(
      {
        fetch: atIssuerPath(only === 'broker' ? broker.publicUrl : issuer, app.fetch),
        hostname: deps.config.host,
        port: deps.config.port,
        serverOptions: {
          keepAliveTimeout: times.keepAliveMs,
          headersTimeout: times.headersMs,
          requestTimeout: times.uploadMs,
          connectionsCheckingInterval: times.checkMs,
        },
      },
      () => resolve(server),
    ) as Server
    server.once('error', reject)
    // Whoever asks before they send the body is answered by the edge, and not unseen by Node.
    server.on('checkContinue', (...request) => server.emit('request', ...request))
  })
}

type Fetch = ReturnType<typeof createApp>['fetch']
const WELL_KNOWN = /^(\/\.well-known\/[^/]+)(\/.+)$/

/**
 * An issuer with a path: its endpoints stand below that path, and its metadata where RFC 8414 §3.1 and RFC 9728 §3.1
 * insert the path behind the well-known name.
 */
export function atIssuerPath(issuer: string, fetch: Fetch): Fetch {
  const { pathname } = new URL(issuer)
  if (pathname === '/') return fetch
  return (request, ...rest) => {
    const url = new URL(request.url)
    const [, name, inserted] = WELL_KNOWN.exec(url.pathname) ?? []
    if (inserted !== undefined && `${inserted}/`.startsWith(`${pathname}/`))
      url.pathname = `${name}${inserted.slice(pathname.length)}`
    else if (url.pathname.startsWith(`${pathname}/`)) url.pathname = url.pathname.slice(pathname.length)
    else return fetch(request, ...rest)
    return fetch(new Request(url, request), ...rest)
  }
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => {
      clearTimeout(timer)
      clearInterval(sweep)
      resolve()
    })
    // A connection that is busy now may be idle in a moment, and would be kept alive.
    const sweep = setInterval(() => server.closeIdleConnections(), 50)
    const timer = setTimeout(() => server.closeAllConnections(), DRAIN_MS)
    server.closeIdleConnections()
  })
}
