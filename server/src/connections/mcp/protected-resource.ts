import { z } from '@hono/zod-openapi'
import type { Config } from '../../config.ts'
import type { Deps } from '../../context.ts'
import type { ProtectedResource } from '../../door.ts'
import { ok } from '../../http/openapi-errors.ts'
import { protocolRoutes } from '../../http/protocol-routes.ts'
import { cacheable } from '../../http/respond.ts'
import { staticDocument } from '../../identity/metadata.ts'

const NAME = '/.well-known/oauth-protected-resource'
const MAX_AGE_S = 300

/** `/mcp`, as tokens name it. */
export function mcpResource({ issuer }: Pick<Config, 'issuer'>): ProtectedResource {
  const uri = `${issuer}/mcp`
  const { origin, pathname } = new URL(uri)
  return { uri, metadataUrl: `${origin}${NAME}${pathname}` }
}

/** RFC 9728 §2. No scopes: what a caller may do is decided by grants, not by its token. */
function resourceMetadata({ issuer }: Config): object {
  return {
    resource: mcpResource({ issuer }).uri,
    authorization_servers: [issuer],
    bearer_methods_supported: ['header'],
    resource_name: 'Auth Agent: connections',
    resource_documentation: `${issuer}/docs`,
  }
}

/** Where its path is inserted (RFC 9728 §3.1), and at the root, where clients look next. */
export function protectedResourceRoutes({ config }: Deps) {
  const { body, etag } = staticDocument(resourceMetadata(config))
  return protocolRoutes(
    [`${NAME}/mcp`, NAME].map((path) => ({
      method: 'get' as const,
      path,
      tag: 'Discovery',
      summary: 'Who gives tokens for `/mcp` (RFC 9728)',
      responses: { 200: ok(z.record(z.string(), z.unknown()), 'The document') },
      handler: (c) => cacheable(c, body, 'application/json', etag, MAX_AGE_S),
    })),
  )
}
