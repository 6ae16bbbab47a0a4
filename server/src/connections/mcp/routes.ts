import { z } from '@hono/zod-openapi'
import { createMcpHandler } from '@modelcontextprotocol/server'
import type { Context } from 'hono'
import { createMiddleware } from 'hono/factory'
import { ownOrigins } from '../../accounts/better-auth.ts'
import type { Deps, Env } from '../../context.ts'
import { readText } from '../../http/body.ts'
import { ApiError } from '../../http/errors.ts'
import { parseJsonObject } from '../../http/json.ts'
import { header } from '../../http/node-request.ts'
import { errors, ok } from '../../http/openapi-errors.ts'
import { protocolRoutes } from '../../http/protocol-routes.ts'
import { json } from '../../http/respond.ts'
import { requireCaller } from '../token.ts'
import { createMcpServer } from './mcp-server.ts'

const Message = z.object({
  jsonrpc: z.literal('2.0'),
  id: z.union([z.string(), z.int()]).optional(),
  method: z.string(),
  params: z.record(z.string(), z.unknown()).optional(),
})

export function mcpRoutes(deps: Deps) {
  return protocolRoutes([
    {
      method: 'post',
      path: '/mcp',
      tag: 'Connections',
      summary: 'Connections as tools (Model Context Protocol)',
      description:
        'Streamable HTTP without sessions, for revision 2026-07-28 and those before. The bearer is the same as below /v1, or a token that an agent got with `resource` naming this address.',
      security: [{ accessToken: [] }, { apiKey: [] }],
      json: Message,
      responses: {
        200: ok(z.record(z.string(), z.unknown()), 'The answer, as JSON or as server-sent events'),
        202: { description: 'A notification was taken' },
        ...errors(400, 401, 403, 413),
      },
      handler: (c) => mcp(deps, c),
    },
  ])
}

/**
 * Refuses pages that are not ours and that the operator did not list: a name that was bound to our address anew must not
 * make a browser speak for them (Streamable HTTP, Security).
 */
export function refuseUnlistedOrigins({ config }: Pick<Deps, 'config'>) {
  const allowed = new Set([...ownOrigins(config), ...config.corsOrigins])
  return createMiddleware<Env>(async (c, next) => {
    const origin = header(c, 'origin')
    if (origin !== undefined && !allowed.has(origin))
      throw new ApiError('forbidden', 'This origin may not call; the operator lists it in CORS_ORIGINS')
    await next()
  })
}

async function mcp(deps: Deps, c: Context<Env>): Promise<Response> {
  const principal = requireCaller(c)
  const text = await readText(c, deps.config.bodyLimitBytes)
  const message = readMessage(text)
  if (!message) return parseError(c)

  const caller = { principal, requestId: c.get('requestId'), elicitsUrl: saidElicitsUrl(c), signal: c.req.raw.signal }
  const handler = createMcpHandler(() => createMcpServer(deps, caller), {
    // Nothing is told of unasked: the list of tools is read again.
    maxSubscriptions: 0,
    onerror: (error) => deps.log.debug({ request_id: caller.requestId, error }, 'mcp'),
  })
  const answer = await handler.fetch(c.req.raw, { parsedBody: message })
  answer.headers.set('Cache-Control', 'no-store')
  answer.headers.set('X-Accel-Buffering', 'no')
  if (elicitsUrl(message)) answer.headers.set(SESSION, `${deps.random(16).toString('base64url')}${ELICITS_URL}`)
  return answer
}

/** Undefined where it is no JSON object. */
function readMessage(text: string): Record<string, unknown> | undefined {
  try {
    return parseJsonObject(text)
  } catch (thrown) {
    if (thrown instanceof ApiError) return undefined
    throw thrown
  }
}

function parseError(c: Context<Env>): Response {
  const error = { code: -32700, message: 'Parse error: the body is not one JSON-RPC message' }
  return json(c, { jsonrpc: '2.0', id: null, error }, 400)
}

/**
 * Clients of revisions before 2026-07-28 say what they can do once, at `initialize`, and send the id of their session ever
 * after. No session is kept: its id says that they can show links.
 */
const SESSION = 'mcp-session-id'
const ELICITS_URL = '.elicits-url'

function saidElicitsUrl(c: Context<Env>): boolean {
  return header(c, SESSION)?.endsWith(ELICITS_URL) ?? false
}

const Initialize = z.object({
  method: z.literal('initialize'),
  params: z.object({ capabilities: z.object({ elicitation: z.object({ url: z.object({}) }) }) }),
})

function elicitsUrl(message: object): boolean {
  return Initialize.safeParse(message).success
}
