import { createRoute, z } from '@hono/zod-openapi'
import type { Deps } from '../context.ts'
import { jsonRoutes, reply, replyEmpty } from '../http/json-routes.ts'
import { errors, ok } from '../http/openapi-errors.ts'
import { ADMIN, jsonBody, pageOf } from '../http/route-schemas.ts'
import { createProvider, deleteProvider, listProviders, updateProvider } from './provider-administration.ts'
import { NewProvider, ProviderChanges } from './provider-settings.ts'

const providers = { tags: ['Providers'], security: ADMIN }

const Provider = z
  .looseObject({
    name: z.string(),
    label: z.string(),
    kind: z.enum(['oauth2', 'api_key']),
    in_catalogue: z.boolean(),
    configured: z.boolean(),
    client_id: z.string().nullable(),
    has_client_secret: z.boolean(),
    redirect_uri: z.string(),
  })
  .openapi('Provider')
const NameParam = z.object({
  name: z
    .string()
    .max(64)
    .refine((name) => !name.includes('\0')),
})

const routes = {
  create: createRoute({
    method: 'post',
    path: '/providers',
    ...providers,
    summary: 'Set up a provider',
    description: 'One of the catalogue needs a client id and secret only. The secret is never read back.',
    request: jsonBody(NewProvider),
    responses: { 201: ok(Provider, 'The provider'), ...errors(401, 403, 409, 422) },
  }),
  list: createRoute({
    method: 'get',
    path: '/providers',
    ...providers,
    summary: 'List providers',
    responses: { 200: ok(pageOf(Provider), 'Those set up, then the rest of the catalogue'), ...errors(401, 403) },
  }),
  update: createRoute({
    method: 'put',
    path: '/providers/{name}',
    ...providers,
    summary: 'Change a provider',
    description: 'Fields that are left out stay as they are.',
    request: { params: NameParam, ...jsonBody(ProviderChanges) },
    responses: { 200: ok(Provider, 'The provider as it is now'), ...errors(401, 403, 404, 422) },
  }),
  delete: createRoute({
    method: 'delete',
    path: '/providers/{name}',
    ...providers,
    summary: 'Take a provider away',
    request: { params: NameParam },
    responses: { 204: { description: 'It is gone' }, ...errors(401, 403, 404) },
  }),
}

/** Providers, below /api/admin. */
export function providerAdminRoutes(deps: Deps) {
  return jsonRoutes()
    .openapi(routes.create, async (c) =>
      reply(c, await createProvider(deps, c.req.valid('json'), c.get('principal')), 201),
    )
    .openapi(routes.list, async (c) => reply(c, await listProviders(deps)))
    .openapi(routes.update, async (c) => {
      const { name } = c.req.valid('param')
      return reply(c, await updateProvider(deps, name, c.req.valid('json'), c.get('principal')))
    })
    .openapi(routes.delete, async (c) => {
      await deleteProvider(deps, c.req.valid('param').name, c.get('principal'))
      return replyEmpty(c)
    })
}
