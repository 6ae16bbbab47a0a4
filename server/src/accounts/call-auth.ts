import type { Context } from 'hono'
import type { Deps, Env } from '../context.ts'
import { header } from '../http/node-request.ts'
import type { Visit } from './visit.ts'

/**
 * Calls better-auth for a caller of ours: with their cookies, what we checked of their body, and nothing else of their
 * request. Where they come from has been checked too, so the Origin that better-auth insists on is our own.
 */
export function callAuth(
  { auth, config }: Deps,
  c: Context<Env>,
  path: string,
  body?: object,
  again?: Visit['again'],
): Promise<Response> {
  const cookie = header(c, 'cookie')
  const request = new Request(`${config.issuer}/api/auth${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      origin: new URL(config.issuer).origin,
      ...(cookie !== undefined && { cookie }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  return auth.handle(request, {
    path: path.split('?', 1)[0] ?? path,
    address: c.get('address'),
    userAgent: header(c, 'user-agent') ?? null,
    ...(again && { again }),
  })
}
