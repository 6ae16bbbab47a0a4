import { z } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { ownOrigins } from '../../accounts/better-auth.ts'
import type { Deps, Env } from '../../context.ts'
import { header } from '../../http/node-request.ts'
import { errors, ok } from '../../http/openapi-errors.ts'
import { protocolRoutes } from '../../http/protocol-routes.ts'
import { json, jsonWithCookies, noContent, seeOther } from '../../http/respond.ts'
import { PERSON } from '../../http/route-schemas.ts'
import { refuseOtherOrigins } from '../../http/same-origin.ts'
import { browserCookie } from '../browser-binding.ts'
import { callback } from '../callback.ts'
import { beginAuthorization } from './authorization.ts'
import { clientMetadata, clientMetadataUrl } from './client-registration.ts'
import { mcpServerOf } from './provider-name.ts'
import { unknownMcpServer } from './servers.ts'

const TAG = 'MCP servers'
const PAGE = { description: 'A page', content: { 'text/html': { schema: z.string() } } }

/** OAuth to the MCP servers of others: where an administrator begins, where they come back, and who we say we are. */
export function mcpAuthorizationRoutes(deps: Deps) {
  return protocolRoutes([
    {
      method: 'get',
      path: '/api/mcp/oauth/:server/start',
      tag: TAG,
      security: PERSON,
      summary: 'Begin the authorization of an MCP server',
      description:
        'For administrators. A browser that navigates here is sent on (303); everybody else gets the address as JSON. The browser that begins is the one that has to come back: a session’s own, else the first that opens the address.',
      responses: {
        200: ok(z.object({ authorization_url: z.string(), connection_id: z.string() }), 'Where to go'),
        303: { description: 'To the authorization server' },
        ...errors(401, 403, 404, 409, 429, 503),
      },
      handler: (c) => start(deps, c),
    },
    {
      method: 'get',
      path: '/api/mcp/oauth/:server/callback',
      tag: TAG,
      summary: 'Come back from the authorization server of an MCP server',
      description: 'Once, with the `state` that was begun with, in the browser that began; then on to the console.',
      query: z.object({
        state: z.string(),
        code: z.string().optional(),
        error: z.string().optional(),
        iss: z.string().optional(),
      }),
      responses: { 200: PAGE, 303: { description: 'To the console' }, 400: PAGE },
      handler: (c) => {
        const server = c.req.param('server')
        return callback(deps, c, ({ provider_name }) => mcpServerOf(provider_name) === server)
      },
    },
    {
      method: 'get',
      path: '/api/mcp/oauth/:server/client-metadata',
      tag: TAG,
      summary: 'Who we are to an authorization server that takes client ID metadata documents',
      responses: { 200: ok(z.record(z.string(), z.unknown()), 'The document') },
      handler: (c) => {
        // The same for whatever could be one: it tells nobody which servers there are.
        const server = c.req.param('server') ?? ''
        if (!/^mcp_[0-9a-z]{26}$/.test(server)) throw unknownMcpServer()
        return json(c, { client_id: clientMetadataUrl(deps.config, server), ...clientMetadata(deps.config, server) })
      },
    },
  ])
}

async function start(deps: Deps, c: Context<Env>): Promise<Response> {
  // Whatever looks at links before people do begins nothing.
  if (c.req.method === 'HEAD') return noContent(c)
  const principal = c.get('principal')
  // Another site that sends a signed-in administrator here would have them authorize as whom it likes.
  if (principal.kind === 'person' && principal.credential.kind === 'session')
    refuseOtherOrigins(c, ownOrigins(deps.config))
  const begun = await beginAuthorization(deps, c.req.param('server') ?? '', principal)

  const cookies = begun.browserSecret === undefined ? [] : [browserCookie(deps, begun.state, begun.browserSecret)]
  if (navigates(c)) return seeOther(c, begun.authUrl, cookies)
  const { authUrl: authorization_url, connection_id } = begun
  return jsonWithCookies(c, { authorization_url, connection_id }, cookies)
}

/** A person who goes there, rather than a page or a program that asks. */
function navigates(c: Context<Env>): boolean {
  const mode = header(c, 'sec-fetch-mode')
  return mode === undefined ? (header(c, 'accept') ?? '').includes('text/html') : mode === 'navigate'
}
