import { z } from '@hono/zod-openapi'
import type { Deps } from './context.ts'
import { errors, ok } from './http/openapi-errors.ts'
import { protocolRoutes } from './http/protocol-routes.ts'
import { json } from './http/respond.ts'
import { VERSION } from './version.ts'

const Health = z.object({ status: z.string(), version: z.string(), timestamp: z.string() }).openapi('Health')

/** Load balancers ask often; the database need not be asked each time. */
const PROBE_MS = 1000

export function healthRoutes(deps: Deps) {
  const probe = createProbe(deps)
  const health = () => ({ status: 'ok', version: VERSION, timestamp: new Date(deps.now()).toISOString() })

  return protocolRoutes([
    ...['/health', '/live', '/api/health'].map((path) => ({
      method: 'get' as const,
      path,
      tag: 'Server',
      summary: 'The process is alive',
      responses: { 200: ok(Health, 'Alive') },
      handler: (c: Parameters<typeof json>[0]) => json(c, health()),
    })),
    {
      method: 'get',
      path: '/ready',
      tag: 'Server',
      summary: 'The process can serve',
      description: '503 while the database cannot be written, and while the process drains.',
      responses: { 200: ok(Health, 'Ready'), ...errors(503) },
      handler: async (c) => {
        const reason = deps.draining.aborted ? 'draining' : await probe()
        if (reason === undefined) return json(c, health())
        return json(c, { ...health(), status: 'unavailable', reason }, 503)
      },
    },
    {
      method: 'get',
      path: '/metrics',
      tag: 'Server',
      summary: 'Metrics for Prometheus',
      responses: { 200: { description: 'Metrics', content: { 'text/plain': { schema: z.string() } } } },
      handler: async (c) => {
        const { registry } = deps.metrics
        return c.body(await registry.metrics(), 200, { 'Content-Type': registry.contentType })
      },
    },
  ])
}

/** Why the database cannot serve, or undefined. Asked once a second at most, by one caller. */
function createProbe({ db, log }: Deps): () => Promise<string | undefined> {
  let last: { at: number; reason: Promise<string | undefined> } | undefined
  return () => {
    const at = performance.now()
    if (!last || at - last.at > PROBE_MS) {
      const reason = db.probe().then(
        () => undefined,
        (error: unknown) => {
          log.error({ error }, 'the database cannot serve')
          return 'database'
        },
      )
      last = { at, reason }
    }
    return last.reason
  }
}
