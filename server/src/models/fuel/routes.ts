import { createRoute, z } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { stream } from 'hono/streaming'
import type { Deps, Env } from '../../context.ts'
import { jsonRoutes, reply, replyEmpty } from '../../http/json-routes.ts'
import { ListQuery, QueryTime } from '../../http/listing.ts'
import { errors, ok } from '../../http/openapi-errors.ts'
import { ADMIN, IdParam, jsonBody, PERSON, pageOf } from '../../http/route-schemas.ts'
import { USAGE_GROUPS } from '../../storage/usage.ts'
import { requireBudgetOwner, requireUsageOwner } from './budget-owner.ts'
import { getPaymentMethod, setPaymentMethod } from './payment-method.ts'
import { deletePrice, GivenPrice, listPrices, setPrice } from './price-administration.ts'
import { deleteProviderKey, GivenKey, getProviderKey, listProviderKeys, setProviderKey } from './provider-keys.ts'
import { listReceipts, receiptsFile, usageBy } from './usage.ts'

const fuel = { tags: ['AI fuel'], security: PERSON }

const pricing = { tags: ['AI fuel'], security: ADMIN }

const ProviderId = z.object({
  id: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'must be the id of a provider of models'),
})
const ProviderKey = z
  .object({
    provider_id: z.string(),
    last_four: z.string(),
    created_at: z.string(),
    updated_at: z.string(),
  })
  .openapi('ProviderKey')
const Method = z.object({ payment_method: z.enum(['credits', 'byok']) })
const Lot = z
  .object({
    credits: z.number(),
    expires_at: z.string().nullable(),
    client_id: z.string(),
    client_name: z.string().nullable(),
    excluded_models: z.array(z.string()),
  })
  .openapi('CreditLot')
const PaymentMethod = Method.extend({ credits: z.number(), lots: z.array(Lot) }).openapi('PaymentMethod')
const Period = z.object({ since: QueryTime.optional(), until: QueryTime.optional() })
const Sum = z
  .object({
    day: z.string().optional(),
    model: z.string().optional(),
    app: z.string().nullable().optional(),
    agent: z.string().nullable().optional(),
    key: z.string().nullable().optional(),
    requests: z.int(),
    input_tokens: z.int(),
    output_tokens: z.int(),
    cost_cents: z.number(),
  })
  .openapi('Usage')
const Receipt = z
  .object({
    usage_id: z.string(),
    request_id: z.string(),
    at: z.string(),
    settled_at: z.string(),
    operation: z.enum(['chat', 'responses', 'messages', 'embeddings']),
    model_asked: z.string(),
    model_served: z.string().nullable(),
    provider: z.string().nullable(),
    client_id: z.string().nullable(),
    agent_id: z.string().nullable(),
    key_id: z.string().nullable(),
    payment_method: z.enum(['credits', 'byok']),
    status: z.enum(['completed', 'failed', 'client_closed', 'lost']),
    attempts: z.int(),
    input_tokens: z.int(),
    cached_tokens: z.int(),
    cache_write_tokens: z.int(),
    output_tokens: z.int(),
    reasoning_tokens: z.int(),
    estimated: z.boolean(),
    cost_cents: z.number(),
    ttft_ms: z.int().nullable(),
    duration_ms: z.int().nullable(),
  })
  .openapi('Receipt')

const Price = z
  .object({
    pattern: z.string(),
    input_per_mtok: z.number(),
    output_per_mtok: z.number(),
    cached_per_mtok: z.number().nullable(),
    updated_at: z.string(),
  })
  .openapi('ModelPrice')

const routes = {
  usage: createRoute({
    method: 'get',
    path: '/usage',
    ...fuel,
    summary: 'What your calls of models came to',
    description:
      'By day (UTC), model, app, agent or key; null: by none. `since` is included, `until` is not. `cost_cents` has fractions, and is what your credits paid. With a key that an app holds, what went through that app.',
    request: { query: Period.extend({ group_by: z.enum(USAGE_GROUPS).default('day') }) },
    responses: { 200: ok(z.object({ data: z.array(Sum) }), 'The sums'), ...errors(401, 403, 422) },
  }),
  receipts: createRoute({
    method: 'get',
    path: '/usage/receipts',
    ...fuel,
    summary: 'Your calls of models, one by one',
    request: { query: ListQuery.extend(Period.shape) },
    responses: { 200: ok(pageOf(Receipt), 'A page of calls, newest first'), ...errors(401, 403, 422) },
  }),
  receiptsFile: createRoute({
    method: 'get',
    path: '/usage/receipts.csv',
    ...fuel,
    summary: 'Download your calls of models',
    description: 'Every call of the period, newest first. `since` is included, `until` is not.',
    request: { query: Period },
    responses: {
      200: { description: 'The file', content: { 'text/csv': { schema: z.string() } } },
      ...errors(401, 403, 422),
    },
  }),
  paymentMethod: createRoute({
    method: 'get',
    path: '/payment-method',
    ...fuel,
    summary: 'What you pay by, and the cents that you can spend',
    description:
      '`credits` has fractions, net of what calls under way may cost. `lots` are those of them that apps gave you, in the order in which they are spent, before all others: until when, and not for which models.',
    responses: { 200: ok(PaymentMethod, 'The method'), ...errors(401, 403) },
  }),
  setPaymentMethod: createRoute({
    method: 'put',
    path: '/payment-method',
    ...fuel,
    summary: 'Pay by credits, or by your own keys at the providers',
    description: 'One never stands in for the other.',
    request: jsonBody(Method),
    responses: { 200: ok(PaymentMethod, 'As it is now'), ...errors(401, 403, 422) },
  }),
  keys: createRoute({
    method: 'get',
    path: '/provider-keys',
    ...fuel,
    summary: 'List your own keys at providers of models',
    responses: { 200: ok(pageOf(ProviderKey), 'All of them, by provider'), ...errors(401, 403) },
  }),
  key: createRoute({
    method: 'get',
    path: '/provider-keys/{id}',
    ...fuel,
    summary: 'Your own key at a provider of models',
    request: { params: ProviderId },
    responses: { 200: ok(ProviderKey, 'Its end, not the key'), ...errors(401, 403, 404) },
  }),
  setKey: createRoute({
    method: 'put',
    path: '/provider-keys/{id}',
    ...fuel,
    summary: 'Give your own key at a provider of models',
    description: 'Kept sealed, and never shown again. It takes the place of the one before.',
    request: { params: ProviderId, ...jsonBody(GivenKey) },
    responses: { 200: ok(ProviderKey, 'Its end, not the key'), ...errors(401, 403, 404, 422) },
  }),
  deleteKey: createRoute({
    method: 'delete',
    path: '/provider-keys/{id}',
    ...fuel,
    summary: 'Take your own key away',
    request: { params: ProviderId },
    responses: { 204: { description: 'It is gone' }, ...errors(401, 403, 404) },
  }),
  prices: createRoute({
    method: 'get',
    path: '/model-prices',
    ...pricing,
    summary: 'List the prices that you set',
    description: 'For all other models, the price is what the catalogue says that comes with the server.',
    responses: { 200: ok(pageOf(Price), 'All of them, by pattern'), ...errors(401, 403) },
  }),
  setPrice: createRoute({
    method: 'put',
    path: '/model-prices/{id}',
    ...pricing,
    summary: 'Set what models cost here',
    description:
      'In dollars for a million tokens. The id is `provider/model` or `model`, encoded for a path; a `*` at its end stands for the rest. The longest wins.',
    request: { params: IdParam, ...jsonBody(GivenPrice) },
    responses: { 200: ok(Price, 'The price'), ...errors(401, 403, 422) },
  }),
  deletePrice: createRoute({
    method: 'delete',
    path: '/model-prices/{id}',
    ...pricing,
    summary: 'Go by the catalogue again',
    request: { params: IdParam },
    responses: { 204: { description: 'It is gone' }, ...errors(401, 403, 404) },
  }),
}

/** What a person pays models by, and what they paid, below /api. */
export function fuelRoutes(deps: Deps) {
  return jsonRoutes()
    .openapi(routes.usage, async (c) => {
      const { group_by, ...period } = c.req.valid('query')
      return reply(c, await usageBy(deps, group_by, period, spender(c)))
    })
    .openapi(routes.receipts, async (c) => reply(c, await listReceipts(deps, c.req.valid('query'), spender(c))))
    .openapi(routes.receiptsFile, (c) => {
      const pieces = receiptsFile(deps, c.req.valid('query'), spender(c))
      c.header('Content-Type', 'text/csv; charset=utf-8')
      c.header('Content-Disposition', 'attachment; filename="receipts.csv"')
      c.header('Cache-Control', 'no-store')
      return stream(c, async (out) => {
        for await (const piece of pieces) await out.write(piece)
      }) as never
    })
    .openapi(routes.paymentMethod, async (c) => reply(c, await getPaymentMethod(deps, person(c))))
    .openapi(routes.setPaymentMethod, async (c) =>
      reply(c, await setPaymentMethod(deps, c.req.valid('json').payment_method, person(c))),
    )
    .openapi(routes.keys, async (c) => reply(c, await listProviderKeys(deps, person(c))))
    .openapi(routes.key, async (c) => reply(c, await getProviderKey(deps, c.req.valid('param').id, person(c))))
    .openapi(routes.setKey, async (c) =>
      reply(c, await setProviderKey(deps, c.req.valid('param').id, c.req.valid('json'), person(c))),
    )
    .openapi(routes.deleteKey, async (c) => {
      await deleteProviderKey(deps, c.req.valid('param').id, person(c))
      return replyEmpty(c)
    })
}

/** What models cost, below /api/admin. */
export function fuelAdminRoutes(deps: Deps) {
  return jsonRoutes()
    .openapi(routes.prices, async (c) => reply(c, await listPrices(deps)))
    .openapi(routes.setPrice, async (c) =>
      reply(c, await setPrice(deps, c.req.valid('param').id, c.req.valid('json'), c.get('principal'))),
    )
    .openapi(routes.deletePrice, async (c) => {
      await deletePrice(deps, c.req.valid('param').id, c.get('principal'))
      return replyEmpty(c)
    })
}

const person = (c: Context<Env>) => requireBudgetOwner(c.get('principal'))
const spender = (c: Context<Env>) => requireUsageOwner(c.get('principal'))
