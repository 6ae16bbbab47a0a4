import { createRoute, z } from '@hono/zod-openapi'
import type { Deps } from '../context.ts'
import { jsonRoutes, reply } from '../http/json-routes.ts'
import { errors, ok } from '../http/openapi-errors.ts'
import { ADMIN, IdParam, jsonBody, pageOf } from '../http/route-schemas.ts'
import { readDevInbox } from './dev-inbox.ts'
import { disablePerson, enablePerson } from './disabled-people.ts'
import { createUser, getUser, listUsers, NewUser, UsersQuery } from './users.ts'

const people = { tags: ['People'], security: ADMIN }

const Role = z.enum(['admin', 'member', 'viewer'])
const User = z
  .object({
    id: z.string(),
    email: z.string(),
    name: z.string(),
    role: Role.nullable(),
    email_verified: z.boolean(),
    registered: z.boolean(),
    disabled: z.boolean(),
    disabled_at: z.string().nullable(),
    /** Its name is null for the admin key, and for who is gone. */
    disabled_by: z.object({ id: z.string(), name: z.string().nullable() }).nullable(),
    organizations: z.array(z.object({ id: z.string(), name: z.string(), role: Role })),
    credits: z.number().openapi({ description: 'Cents that they can spend on models now' }),
    spent_30d_cents: z.number().openapi({ description: 'Credits that they spent in the last 30 days' }),
    created_at: z.string(),
  })
  .openapi('User')
const Mail = z
  .object({
    id: z.string(),
    to: z.string(),
    subject: z.string(),
    text: z.string(),
    links: z.array(z.string()),
    created_at: z.string(),
  })
  .openapi('Mail')

// NUL cannot be stored in Postgres, nor therefore asked for.
const Recipient = z
  .string()
  .max(254)
  .refine((to) => !to.includes('\0'), 'must not hold a NUL')

const routes = {
  create: createRoute({
    method: 'post',
    path: '/users',
    ...people,
    summary: 'Name a person to your organization',
    description: 'They are in it once they have signed up with the address and proved it.',
    request: jsonBody(NewUser),
    responses: { 201: ok(User, 'The person'), ...errors(401, 403, 409, 422) },
  }),
  list: createRoute({
    method: 'get',
    path: '/users',
    ...people,
    summary: 'List people',
    description:
      '`role` is the one in your organization; null: they are not in it. `q` finds those whose names and addresses hold all of its words, and who has that id.',
    request: { query: UsersQuery },
    responses: { 200: ok(pageOf(User), 'A page of people, oldest first'), ...errors(401, 403) },
  }),
  get: createRoute({
    method: 'get',
    path: '/users/{id}',
    ...people,
    summary: 'One person',
    request: { params: IdParam },
    responses: { 200: ok(User, 'The person'), ...errors(401, 403, 404) },
  }),
  disable: createRoute({
    method: 'post',
    path: '/users/{id}/disable',
    ...people,
    summary: 'Let a person do nothing any more',
    description:
      'At once, in every process: their sessions and sign-ins end, and their API keys, agents and tokens of another issuer are refused. Keys and agents are kept. Not who asks; and only the admin key disables the last administrator of the organization that runs the server.',
    request: { params: IdParam },
    responses: { 200: ok(User, 'The person'), ...errors(401, 403, 404, 409) },
  }),
  enable: createRoute({
    method: 'post',
    path: '/users/{id}/enable',
    ...people,
    summary: 'Let a person do again what they did',
    description: 'Their keys and agents work again; they sign in anew.',
    request: { params: IdParam },
    responses: { 200: ok(User, 'The person'), ...errors(401, 403, 404) },
  }),
  inbox: createRoute({
    method: 'get',
    path: '/dev-inbox',
    tags: ['Server'],
    security: ADMIN,
    summary: 'Read the mail that no service delivers',
    description: 'Not in production, and not where a mail service is configured.',
    request: { query: z.object({ to: Recipient.optional() }) },
    responses: {
      200: ok(z.object({ data: z.array(Mail) }), 'The newest mails, newest first'),
      ...errors(401, 403, 404),
    },
  }),
}

/** People, and the mail to them, below /api/admin. */
export function usersAdminRoutes(deps: Deps) {
  return jsonRoutes()
    .openapi(routes.create, async (c) => reply(c, await createUser(deps, c.get('principal'), c.req.valid('json')), 201))
    .openapi(routes.list, async (c) => reply(c, await listUsers(deps, c.get('principal').orgId, c.req.valid('query'))))
    .openapi(routes.get, async (c) => reply(c, await getUser(deps, c.get('principal').orgId, c.req.valid('param').id)))
    .openapi(routes.disable, async (c) =>
      reply(c, await disablePerson(deps, c.get('principal'), c.req.valid('param').id)),
    )
    .openapi(routes.enable, async (c) =>
      reply(c, await enablePerson(deps, c.get('principal'), c.req.valid('param').id)),
    )
    .openapi(routes.inbox, async (c) => reply(c, await readDevInbox(deps, c.req.valid('query').to)))
}
