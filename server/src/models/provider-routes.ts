import { createRoute, z } from '@hono/zod-openapi'
import type { Deps } from '../context.ts'
import { jsonRoutes, reply, replyEmpty } from '../http/json-routes.ts'
import { errors, ok } from '../http/openapi-errors.ts'
import { ADMIN, IdParam, jsonBody, pageOf } from '../http/route-schemas.ts'
import {
  createModelProvider,
  getModelProvider,
  listProviders,
  removeModelProvider,
  replaceModelProvider,
} from './provider-administration.ts'
import { ModelProviderChange, NewModelProvider, PROVIDER_KINDS } from './provider-settings.ts'

const providers = { tags: ['Model providers'], security: ADMIN }

const ModelProvider = z
  .looseObject({
    id: z.string(),
    kind: z.enum(PROVIDER_KINDS),
    enabled: z.boolean(),
    models: z.array(z.looseObject({ id: z.string() })),
    credentials: z.array(z.string()),
  })
  .openapi('ModelProvider')

const routes = {
  create: createRoute({
    method: 'post',
    path: '/model-providers',
    ...providers,
    summary: 'Add a provider of models',
    description: 'It serves from the next request on, in every process. Its credentials are never read back.',
    request: jsonBody(NewModelProvider),
    responses: { 201: ok(ModelProvider, 'The provider'), ...errors(401, 403, 409, 422) },
  }),
  list: createRoute({
    method: 'get',
    path: '/model-providers',
    ...providers,
    summary: 'List the providers of models',
    responses: { 200: ok(pageOf(ModelProvider), 'In the order in which a model is looked for'), ...errors(401, 403) },
  }),
  get: createRoute({
    method: 'get',
    path: '/model-providers/{id}',
    ...providers,
    summary: 'One provider of models',
    request: { params: IdParam },
    responses: { 200: ok(ModelProvider, 'The provider'), ...errors(401, 403, 404) },
  }),
  replace: createRoute({
    method: 'put',
    path: '/model-providers/{id}',
    ...providers,
    summary: 'Change a provider of models',
    description: 'Send the whole of it; credentials that are left out stay, and null takes one away.',
    request: { params: IdParam, ...jsonBody(ModelProviderChange) },
    responses: { 200: ok(ModelProvider, 'The provider as it is now'), ...errors(401, 403, 404, 422) },
  }),
  remove: createRoute({
    method: 'delete',
    path: '/model-providers/{id}',
    ...providers,
    summary: 'Take a provider of models away',
    request: { params: IdParam },
    responses: { 204: { description: 'It is gone' }, ...errors(401, 403, 404) },
  }),
}

/** Providers of models, below /api/admin. */
export function modelProviderRoutes(deps: Deps) {
  return jsonRoutes()
    .openapi(routes.create, async (c) =>
      reply(c, await createModelProvider(deps, c.req.valid('json'), c.get('principal')), 201),
    )
    .openapi(routes.list, async (c) => reply(c, await listProviders(deps)))
    .openapi(routes.get, async (c) => reply(c, await getModelProvider(deps, c.req.valid('param').id)))
    .openapi(routes.replace, async (c) => {
      const { id } = c.req.valid('param')
      return reply(c, await replaceModelProvider(deps, id, c.req.valid('json'), c.get('principal')))
    })
    .openapi(routes.remove, async (c) => {
      await removeModelProvider(deps, c.req.valid('param').id, c.get('principal'))
      return replyEmpty(c)
    })
}
