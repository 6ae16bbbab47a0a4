import { createRoute, z } from '@hono/zod-openapi'
import type { Deps } from '../context.ts'
import { jsonRoutes, reply, replyEmpty } from '../http/json-routes.ts'
import { errors, ok } from '../http/openapi-errors.ts'
import { IdParam, jsonBody, PERSON, pageOf } from '../http/route-schemas.ts'
import {
  createWebhook,
  deleteWebhook,
  listWebhookDeliveries,
  listWebhooks,
  NewWebhook,
  WEBHOOK_EVENTS,
} from './webhooks.ts'

const webhooks = { tags: ['Connections'], security: PERSON }

const Webhook = z
  .object({
    webhook_id: z.string(),
    url: z.string(),
    events: z.array(z.enum(WEBHOOK_EVENTS)),
    created_at: z.string(),
  })
  .openapi('Webhook')
const Delivery = z
  .object({
    delivery_id: z.string(),
    event: z.string(),
    attempts: z.int(),
    created_at: z.string(),
    delivered_at: z.string().nullable(),
    next_attempt_at: z.string().nullable(),
    last_status: z.int().nullable(),
    last_error: z.string().nullable(),
  })
  .openapi('WebhookDelivery')

const routes = {
  list: createRoute({
    method: 'get',
    path: '/webhooks',
    ...webhooks,
    summary: 'List webhooks',
    responses: { 200: ok(pageOf(Webhook), 'All of the organization'), ...errors(401, 403) },
  }),
  create: createRoute({
    method: 'post',
    path: '/webhooks',
    ...webhooks,
    summary: 'Hear of connections that become active, fail or recover',
    description:
      'Signed as Standard Webhooks say, by the `secret` in the answer, which is never shown again. Retried for a day and more.',
    request: jsonBody(NewWebhook),
    responses: { 201: ok(Webhook.extend({ secret: z.string() }), 'The webhook'), ...errors(401, 403, 409, 422) },
  }),
  remove: createRoute({
    method: 'delete',
    path: '/webhooks/{id}',
    ...webhooks,
    summary: 'Take a webhook away',
    request: { params: IdParam },
    responses: { 204: { description: 'It is gone' }, ...errors(401, 403, 404) },
  }),
  deliveries: createRoute({
    method: 'get',
    path: '/webhooks/{id}/deliveries',
    ...webhooks,
    summary: 'What became of the last events',
    request: { params: IdParam },
    responses: { 200: ok(pageOf(Delivery), 'The last 50, newest first'), ...errors(401, 403, 404) },
  }),
}

/** Webhooks below /api: of the caller's organization, for its administrators. */
export function webhookRoutes(deps: Deps) {
  return jsonRoutes()
    .openapi(routes.list, async (c) => reply(c, await listWebhooks(deps, c.get('principal'))))
    .openapi(routes.create, async (c) =>
      reply(c, await createWebhook(deps, c.req.valid('json'), c.get('principal')), 201),
    )
    .openapi(routes.remove, async (c) => {
      await deleteWebhook(deps, c.req.valid('param').id, c.get('principal'))
      return replyEmpty(c)
    })
    .openapi(routes.deliveries, async (c) =>
      reply(c, await listWebhookDeliveries(deps, c.req.valid('param').id, c.get('principal'))),
    )
}
