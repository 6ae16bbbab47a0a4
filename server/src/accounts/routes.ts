import { createRoute, z } from '@hono/zod-openapi'
import type { Context } from 'hono'
import type { Deps, Env, PersonPrincipal, Principal } from '../context.ts'
import { ApiError } from '../http/errors.ts'
import { jsonRoutes, reply, replyEmpty } from '../http/json-routes.ts'
import { ListQuery } from '../http/listing.ts'
import { errors, ok } from '../http/openapi-errors.ts'
import { IdParam, jsonBody, PERSON, pageOf } from '../http/route-schemas.ts'
import { ofAddress, takeAttempt } from './attempts.ts'
import { GivenPassword, lineOf, PasskeyResponse } from './auth-schemas.ts'
import { hasDevInbox } from './dev-inbox.ts'
import {
  acceptInvitation,
  invite,
  listInvitations,
  NewInvitation,
  readInvitation,
  withdrawInvitation,
} from './invitations.ts'
import {
  enterOrganization,
  reauthenticateByPasskey,
  reauthenticateByPassword,
  reauthenticationOptions,
  whoAmI,
} from './me.ts'
import { changeRole, listMembers, removeMember } from './members.ts'
import { foundOrganization, getOrganization, renameOrganization } from './organizations.ts'
import { endOwnSession, endOwnSessions, listOwnSessions } from './own-sessions.ts'
import { requirePersonPrincipal } from './roles.ts'

export { authRoutes } from './auth-routes.ts'

const me = { tags: ['Account'], security: [{ session: [] }] }
const organization = { tags: ['Organization'], security: PERSON }

const Role = z.enum(['admin', 'member', 'viewer'])
const OwnOrganization = z.object({ id: z.string(), name: z.string(), role: Role })
const Me = z
  .object({
    user: z.object({ id: z.string(), name: z.string(), email: z.string(), email_verified: z.boolean() }),
    organization: z.object({ id: z.string(), name: z.string() }),
    role: Role,
    organizations: z.array(OwnOrganization),
    operator: z.boolean(),
    session: z.object({ id: z.string(), authenticated_at: z.string(), fresh_until: z.string() }).nullable(),
  })
  .openapi('Me')
const Fresh = z.object({ fresh_until: z.string() })
const Session = z
  .object({
    id: z.string(),
    current: z.boolean(),
    ip_address: z.string().nullable(),
    user_agent: z.string().nullable(),
    created_at: z.string(),
    expires_at: z.string(),
  })
  .openapi('Session')
const Organization = z.object({ id: z.string(), name: z.string(), created_at: z.string() }).openapi('Organization')
const Member = z
  .object({
    user_id: z.string(),
    name: z.string(),
    email: z.string(),
    email_verified: z.boolean(),
    role: Role,
    joined_at: z.string(),
    pending: z.boolean(),
  })
  .openapi('Member')
const Invitation = z
  .object({
    invitation_id: z.string(),
    email: z.string(),
    role: Role,
    created_at: z.string(),
    expires_at: z.string(),
    link: z.string().optional(),
  })
  .openapi('Invitation')
const OrganizationName = z.object({ name: lineOf(100) })
const Token = z.object({ token: z.string().min(1).max(200) })
/** One of the two. */
const Proof = z
  .object({ password: GivenPassword.optional(), passkey: PasskeyResponse.optional() })
  .refine(({ password, passkey }) => (password === undefined) !== (passkey === undefined), {
    path: ['password'],
    message: 'send either the password or a passkey',
  })

const routes = {
  providers: createRoute({
    method: 'get',
    path: '/account/providers',
    tags: ['Account'],
    summary: 'How people sign in here',
    responses: {
      200: ok(
        z.object({
          github: z.boolean(),
          google: z.boolean(),
          email_verification_required: z.boolean(),
          development_inbox: z.boolean(),
        }),
        'What is configured',
      ),
    },
  }),
  me: createRoute({
    method: 'get',
    path: '/me',
    ...me,
    summary: 'Who is signed in, and where they work',
    responses: { 200: ok(Me, 'The person, their organization and the others they are in'), ...errors(401, 403) },
  }),
  enter: createRoute({
    method: 'put',
    path: '/me/organization',
    ...me,
    summary: 'Work in another organization',
    request: jsonBody(z.object({ organization_id: z.string().max(200) })),
    responses: { 200: ok(Me, 'As GET /api/me'), ...errors(401, 403, 404, 422) },
  }),
  reauthenticate: createRoute({
    method: 'post',
    path: '/me/reauthenticate',
    ...me,
    summary: 'Prove to be there, by password or passkey',
    request: jsonBody(Proof),
    responses: { 200: ok(Fresh, 'Until when that holds'), ...errors(400, 401, 403, 422, 429) },
  }),
  reauthenticationOptions: createRoute({
    method: 'get',
    path: '/me/reauthenticate/options',
    ...me,
    summary: 'Begin to prove it by a passkey',
    responses: { 200: ok(z.looseObject({}), 'WebAuthn request options'), ...errors(401, 403, 409) },
  }),
  sessions: createRoute({
    method: 'get',
    path: '/sessions',
    ...me,
    summary: 'Browsers in which you are signed in',
    responses: { 200: ok(pageOf(Session), 'All of them, youngest first'), ...errors(401, 403) },
  }),
  endSession: createRoute({
    method: 'delete',
    path: '/sessions/{id}',
    ...me,
    summary: 'Sign a browser out',
    request: { params: IdParam },
    responses: { 204: { description: 'It is signed out' }, ...errors(401, 403, 404) },
  }),
  endSessions: createRoute({
    method: 'delete',
    path: '/sessions',
    ...me,
    summary: 'Sign all other browsers out',
    request: { query: z.object({ all: z.enum(['true', 'false']).default('false') }) },
    responses: { 204: { description: 'They are signed out; with `all`, this one too' }, ...errors(401, 403) },
  }),
  organization: createRoute({
    method: 'get',
    path: '/organization',
    ...organization,
    summary: 'The organization you work in',
    responses: { 200: ok(Organization, 'The organization'), ...errors(401, 403) },
  }),
  renameOrganization: createRoute({
    method: 'put',
    path: '/organization',
    ...organization,
    summary: 'Rename the organization',
    request: jsonBody(OrganizationName),
    responses: { 200: ok(Organization, 'The organization as it is now'), ...errors(401, 403, 422) },
  }),
  foundOrganization: createRoute({
    method: 'post',
    path: '/organizations',
    ...me,
    tags: ['Organization'],
    summary: 'Make an organization',
    description: 'You administer it. `PUT /api/me/organization` goes there.',
    request: jsonBody(OrganizationName),
    responses: { 201: ok(Organization, 'The organization'), ...errors(401, 403, 409, 422) },
  }),
  members: createRoute({
    method: 'get',
    path: '/members',
    ...organization,
    summary: 'List members',
    description: '`pending`: named by somebody else, and not in until they have proved the address.',
    request: { query: ListQuery },
    responses: { 200: ok(pageOf(Member), 'A page of members, oldest first'), ...errors(401, 403) },
  }),
  changeRole: createRoute({
    method: 'put',
    path: '/members/{id}',
    ...organization,
    summary: 'Give a member another role',
    request: { params: IdParam, ...jsonBody(z.object({ role: Role })) },
    responses: { 200: ok(Member, 'The member as they are now'), ...errors(401, 403, 404, 409, 422) },
  }),
  removeMember: createRoute({
    method: 'delete',
    path: '/members/{id}',
    ...organization,
    summary: 'Remove a member, or leave',
    description: 'Their access ends at once; their API keys of this organization too.',
    request: { params: IdParam },
    responses: { 204: { description: 'They are out' }, ...errors(401, 403, 404, 409) },
  }),
  invitations: createRoute({
    method: 'get',
    path: '/invitations',
    ...organization,
    summary: 'List open invitations',
    request: { query: ListQuery },
    responses: { 200: ok(pageOf(Invitation), 'A page of invitations, oldest first'), ...errors(401, 403) },
  }),
  invite: createRoute({
    method: 'post',
    path: '/invitations',
    ...organization,
    summary: 'Invite somebody',
    description: 'The link is mailed, and shown here this once. A new one takes the place of the one before.',
    request: jsonBody(NewInvitation),
    responses: {
      201: ok(Invitation.extend({ link: z.string() }), 'The invitation, with its link'),
      ...errors(401, 403, 409, 422, 429),
    },
  }),
  withdrawInvitation: createRoute({
    method: 'delete',
    path: '/invitations/{id}',
    ...organization,
    summary: 'Withdraw an invitation',
    request: { params: IdParam },
    responses: { 204: { description: 'Its link no longer works' }, ...errors(401, 403, 404) },
  }),
  readInvitation: createRoute({
    method: 'get',
    path: '/invitations/by-token',
    tags: ['Organization'],
    summary: 'What an invitation is to',
    request: { query: Token },
    responses: {
      200: ok(
        z.object({ organization_name: z.string(), email: z.string(), role: Role, expires_at: z.string() }),
        'The invitation',
      ),
      ...errors(410, 422, 429),
    },
  }),
  acceptInvitation: createRoute({
    method: 'post',
    path: '/invitations/accept',
    ...me,
    tags: ['Organization'],
    summary: 'Accept an invitation',
    description: 'Signed in with the address that was invited. This browser works in the organization from then on.',
    request: jsonBody(Token),
    responses: { 200: ok(Me, 'As GET /api/me'), ...errors(401, 403, 410, 422) },
  }),
}

/** People's own account and their organization, below /api. */
export function accountRoutes(deps: Deps) {
  const { config } = deps
  const providers = {
    github: config.socialProviders.github !== undefined,
    google: config.socialProviders.google !== undefined,
    email_verification_required: config.requireEmailVerification,
    development_inbox: hasDevInbox(deps),
  }

  return jsonRoutes()
    .openapi(routes.providers, (c) => reply(c, providers))
    .openapi(routes.me, async (c) => reply(c, await whoAmI(deps, person(c))))
    .openapi(routes.enter, async (c) =>
      reply(c, await enterOrganization(deps, person(c), c.req.valid('json').organization_id)),
    )
    .openapi(routes.reauthenticate, async (c) => {
      const { password, passkey } = c.req.valid('json')
      if (passkey !== undefined) return (await reauthenticateByPasskey(deps, c, person(c), passkey)) as never
      return reply(c, await reauthenticateByPassword(deps, person(c), password ?? ''))
    })
    .openapi(routes.reauthenticationOptions, async (c) => (await reauthenticationOptions(deps, c, person(c))) as never)
    .openapi(routes.sessions, async (c) => reply(c, await listOwnSessions(deps, person(c))))
    .openapi(routes.endSession, async (c) => {
      await endOwnSession(deps, person(c), c.req.valid('param').id)
      return replyEmpty(c)
    })
    .openapi(routes.endSessions, async (c) => {
      await endOwnSessions(deps, person(c), c.req.valid('query').all === 'true')
      return replyEmpty(c)
    })
    .openapi(routes.organization, async (c) => reply(c, await getOrganization(deps, member(c).orgId)))
    .openapi(routes.renameOrganization, async (c) =>
      reply(c, await renameOrganization(deps, member(c), c.req.valid('json').name)),
    )
    .openapi(routes.foundOrganization, async (c) =>
      reply(c, await foundOrganization(deps, person(c), c.req.valid('json').name), 201),
    )
    .openapi(routes.members, async (c) => {
      const { limit, cursor } = c.req.valid('query')
      return reply(c, await listMembers(deps, member(c), limit, cursor))
    })
    .openapi(routes.changeRole, async (c) => {
      const { id } = c.req.valid('param')
      return reply(c, await changeRole(deps, member(c), id, c.req.valid('json').role))
    })
    .openapi(routes.removeMember, async (c) => {
      await removeMember(deps, member(c), c.req.valid('param').id)
      return replyEmpty(c)
    })
    .openapi(routes.invitations, async (c) => {
      const { limit, cursor } = c.req.valid('query')
      return reply(c, await listInvitations(deps, member(c), limit, cursor))
    })
    .openapi(routes.invite, async (c) => reply(c, await invite(deps, member(c), c.req.valid('json')), 201))
    .openapi(routes.readInvitation, async (c) => {
      const takeBack = await takeAttempt(deps, [ofAddress(c.get('address'), 'link')])
      const invitation = await readInvitation(deps, c.req.valid('query').token)
      await takeBack()
      return reply(c, invitation)
    })
    .openapi(routes.withdrawInvitation, async (c) => {
      await withdrawInvitation(deps, member(c), c.req.valid('param').id)
      return replyEmpty(c)
    })
    .openapi(routes.acceptInvitation, async (c) =>
      reply(c, await acceptInvitation(deps, person(c), c.req.valid('json').token)),
    )
}

const person = (c: Context<Env>): PersonPrincipal => requirePersonPrincipal(c.get('principal'))

/** Agents are in an organization, and have no say in it. */
function member(c: Context<Env>): Principal {
  const principal = c.get('principal')
  if (principal.kind === 'agent') throw new ApiError('forbidden', 'This is for people; an agent has no say in it')
  return principal
}
