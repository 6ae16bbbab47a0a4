import { createRoute, z } from '@hono/zod-openapi'
import { requirePersonPrincipal } from '../accounts/roles.ts'
import type { Deps } from '../context.ts'
import { jsonRoutes, reply, replyEmpty } from '../http/json-routes.ts'
import { ListQuery } from '../http/listing.ts'
import { errors, ok } from '../http/openapi-errors.ts'
import { ADMIN, IdParam, PERSON, pageOf, type Security } from '../http/route-schemas.ts'
import { listApps, withdrawApp } from './app-approvals.ts'
import { decide, listApprovals } from './approvals.ts'
import { endGrant, listGrants } from './live-grants.ts'
import { overview } from './overview.ts'
import { getSignIn, listSignIns, STEPS, signInStream } from './sign-ins.ts'

const id = z
  .string()
  .max(200)
  .refine((text) => !text.includes('\0'), 'must not hold a NUL')
  .optional()
const Of = { agent_id: id, client_id: id }

const Grant = z
  .object({
    grant_id: z.string(),
    client_id: z.string(),
    client_name: z.string(),
    agent_id: z.string().nullable(),
    agent_name: z.string().nullable(),
    user_id: z.string().nullable(),
    user_name: z.string().nullable(),
    request_id: z.string(),
    scope: z.string(),
    model: z.string().nullable(),
    acr: z.string(),
    created_at: z.string(),
    expires_at: z.string(),
  })
  .openapi('Grant')
const Status = z.enum(['pending', 'approval_required', 'authenticated', 'completed', 'denied', 'expired'])
const SignIn = z
  .object({
    request_id: z.string(),
    status: Status,
    client_id: z.string(),
    client_name: z.string(),
    host: z.string(),
    agent_id: z.string().nullable(),
    agent_name: z.string().nullable(),
    user_id: z.string().nullable(),
    user_name: z.string().nullable(),
    model: z.string().nullable(),
    acr: z.string().nullable(),
    scope: z.string(),
    created_at: z.string(),
    expires_at: z.string(),
    failure: z.object({ at: z.string(), reason: z.string() }).nullable(),
    timeline: z.array(z.object({ step: z.enum(STEPS), at: z.string(), reason: z.string().optional() })),
  })
  .openapi('SignIn')
const Approval = z
  .object({
    request_id: z.string(),
    status: z.enum(['pending', 'approved', 'denied', 'expired']),
    agent_id: z.string(),
    agent_name: z.string().nullable(),
    client_id: z.string(),
    client_name: z.string(),
    host: z.string(),
    scope: z.string(),
    model: z.string().nullable(),
    acr: z.string().nullable(),
    asked_at: z.string(),
    expires_at: z.string(),
    decided_at: z.string().nullable(),
    decided_by_name: z.string().nullable(),
  })
  .openapi('Approval')
const App = z
  .object({
    client_id: z.string(),
    client_name: z.string(),
    host: z.string().nullable(),
    scope: z.string(),
    approved_at: z.string(),
    live_keys: z.int(),
  })
  .openapi('ApprovedApp')
const Overview = z
  .object({
    checklist: z.object({
      email_verified: z.boolean(),
      agent: z.boolean(),
      application: z.boolean(),
      sign_in: z.boolean(),
    }),
    counts: z.object({
      agents: z.int(),
      applications: z.int(),
      live_sign_ins: z.int(),
      pending_approvals: z.int(),
    }),
    days: z.array(z.object({ date: z.string(), signed_in: z.int(), failed: z.int() })),
  })
  .openapi('Overview')

const seenFor = (security: Security) => ({
  listGrants: createRoute({
    method: 'get',
    path: '/tokens',
    tags: ['Sign-ins'],
    security,
    summary: 'List the sign-ins that are alive',
    request: { query: ListQuery.extend(Of) },
    responses: { 200: ok(pageOf(Grant), 'A page of grants, newest first'), ...errors(401, 403) },
  }),
  endGrant: createRoute({
    method: 'delete',
    path: '/tokens/{id}',
    tags: ['Sign-ins'],
    security,
    summary: 'End a sign-in',
    description: 'The website loses it at once: its tokens introspect as inactive and cannot be refreshed.',
    request: { params: IdParam },
    responses: { 204: { description: 'It is over' }, ...errors(401, 403, 404) },
  }),
  listSignIns: createRoute({
    method: 'get',
    path: '/sign-ins',
    tags: ['Sign-ins'],
    security,
    summary: 'List sign-ins, each with its timeline',
    description: 'At the websites of the organization, and of its agents wherever they sign in.',
    request: { query: ListQuery.extend({ ...Of, status: Status.optional() }) },
    responses: { 200: ok(pageOf(SignIn), 'A page of sign-ins, newest first'), ...errors(401, 403, 422) },
  }),
  getSignIn: createRoute({
    method: 'get',
    path: '/sign-ins/{id}',
    tags: ['Sign-ins'],
    security,
    summary: 'One sign-in',
    request: { params: IdParam },
    responses: { 200: ok(SignIn, 'The sign-in'), ...errors(401, 403, 404) },
  }),
  listApprovals: createRoute({
    method: 'get',
    path: '/approvals',
    tags: ['Sign-ins'],
    security,
    summary: 'List the sign-ins that wait for a person, or that one decided',
    request: { query: ListQuery.extend({ status: z.enum(['pending', 'decided']).default('pending') }) },
    responses: { 200: ok(pageOf(Approval), 'A page of approvals, newest first'), ...errors(401, 403, 422) },
  }),
})

const signIns = { tags: ['Sign-ins'], security: PERSON }
const routes = {
  stream: createRoute({
    method: 'get',
    path: '/sign-ins/stream',
    ...signIns,
    summary: 'Sign-ins as they move',
    description: 'Server-sent events: `ready` once, then `sign-in` with a sign-in as in the list, on every change.',
    responses: {
      200: { description: 'A stream', content: { 'text/event-stream': { schema: z.string() } } },
      ...errors(401, 403, 429),
    },
  }),
  approve: createRoute({
    method: 'post',
    path: '/approvals/{id}/approve',
    ...signIns,
    summary: 'Let an agent in',
    description: 'Needs a person who has just signed in, or proved by password or passkey to be there.',
    request: { params: IdParam },
    responses: { 200: ok(Approval, 'The decision'), ...errors(401, 403, 404, 409, 410) },
  }),
  deny: createRoute({
    method: 'post',
    path: '/approvals/{id}/deny',
    ...signIns,
    summary: 'Do not let an agent in',
    request: { params: IdParam },
    responses: { 200: ok(Approval, 'The decision'), ...errors(401, 403, 404, 409, 410) },
  }),
  listApps: createRoute({
    method: 'get',
    path: '/apps',
    ...signIns,
    summary: 'List the apps that you approved',
    responses: { 200: ok(pageOf(App), 'The apps, newest first'), ...errors(401, 403) },
  }),
  withdrawApp: createRoute({
    method: 'delete',
    path: '/apps/{id}',
    ...signIns,
    summary: 'Withdraw your approval of an app',
    description: 'Its keys and tokens end at once.',
    request: { params: IdParam },
    responses: { 204: { description: 'It is out' }, ...errors(401, 403, 404) },
  }),
  overview: createRoute({
    method: 'get',
    path: '/overview',
    ...signIns,
    summary: 'What stands and what moves in the organization',
    responses: { 200: ok(Overview, 'First steps, counts, and the last days'), ...errors(401, 403) },
  }),
}

/** Sign-ins below /api/admin: of all organizations. To decide one takes a person. */
export function signInAdminRoutes(deps: Deps) {
  return seen(deps, ADMIN)
}

/** Sign-ins, approvals and approved apps below /api. */
export function signInRoutes(deps: Deps) {
  return jsonRoutes()
    .openapi(routes.stream, (c) => signInStream(deps, c) as never)
    .route('/', seen(deps, PERSON))
    .openapi(routes.approve, async (c) => {
      const person = requirePersonPrincipal(c.get('principal'))
      return reply(c, await decide(deps, c.req.valid('param').id, 'approve', person))
    })
    .openapi(routes.deny, async (c) => {
      const person = requirePersonPrincipal(c.get('principal'))
      return reply(c, await decide(deps, c.req.valid('param').id, 'deny', person))
    })
    .openapi(routes.listApps, async (c) => reply(c, await listApps(deps, requirePersonPrincipal(c.get('principal')))))
    .openapi(routes.withdrawApp, async (c) => {
      await withdrawApp(deps, c.req.valid('param').id, requirePersonPrincipal(c.get('principal')))
      return replyEmpty(c)
    })
    .openapi(routes.overview, async (c) => reply(c, await overview(deps, c.get('principal'))))
}

function seen(deps: Deps, security: Security) {
  const seenRoutes = seenFor(security)
  return jsonRoutes()
    .openapi(seenRoutes.listGrants, async (c) =>
      reply(c, await listGrants(deps, c.req.valid('query'), c.get('principal'))),
    )
    .openapi(seenRoutes.endGrant, async (c) => {
      await endGrant(deps, c.req.valid('param').id, c.get('principal'))
      return replyEmpty(c)
    })
    .openapi(seenRoutes.listSignIns, async (c) =>
      reply(c, await listSignIns(deps, c.req.valid('query'), c.get('principal'))),
    )
    .openapi(seenRoutes.getSignIn, async (c) =>
      reply(c, await getSignIn(deps, c.req.valid('param').id, c.get('principal'))),
    )
    .openapi(seenRoutes.listApprovals, async (c) =>
      reply(c, await listApprovals(deps, c.req.valid('query'), c.get('principal'))),
    )
}
