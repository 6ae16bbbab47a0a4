import { z } from 'zod'
import { ModelPatterns } from '../accounts/credit-lots.ts'
import { reaches, reachOf, requireMember } from '../accounts/roles.ts'
import type { Deps, Principal } from '../context.ts'
import { newId, newSecret } from '../crypto/ids.ts'
import { ApiError } from '../http/errors.ts'
import { listCursor, nextCursor, type Page } from '../http/listing.ts'
import { validationFailed } from '../http/validation.ts'
import {
  type ClientRow,
  deleteClient as deleteRow,
  expireClientSecrets,
  findClient,
  insertClient,
  insertClientSecret,
  listClientSecrets,
  listClients as listRows,
  replaceClientOrigins,
  updateClient as updateRow,
  wasDeletedElsewhere,
} from '../storage/clients.ts'
import type { Work } from '../storage/database.ts'
import { revokeGrantsOf } from '../storage/grants.ts'
import { organizationTopic } from '../storage/topics.ts'
import type { Rotation } from './agents.ts'
import { CLIENT_AUTH_METHODS } from './client-auth.ts'
import { secretView } from './machine-secret.ts'
import { PublicJwks } from './public-jwk.ts'
import { originsOf, redirectUriFault } from './redirect-uri.ts'
import { denyOpen } from './request-status.ts'
import { checkedResources } from './resource.ts'
import { DEFAULT_SCOPE, FUEL_SCOPES, isScope } from './scope.ts'

const GRANT_TYPES = ['authorization_code', 'refresh_token', 'client_credentials'] as const
const SUBJECTS = ['agent', 'user'] as const
/** A thousand dollars a user: beyond it, somebody has mistaken the unit. */
const MAX_PROMOTION_CENTS = 100_000
const SHORTEST_PROMOTION_S = 3600
const LONGEST_PROMOTION_S = 10 * 365 * 86_400
/**
 * A chosen id must never look like one of ours: `sub` of an agent and of a client share a claim (RFC 9700 §4.15), and the
 * audit log calls its actors by their ids.
 */
const RESERVED_IDS = /^(?:(?:agent|req|code|rt|conn|user|org|grant|sk)[_-]|(?:operator|anonymous)$)/

const redirectUri = z.string().transform((uri, ctx) => {
  const fault = redirectUriFault(uri)
  if (fault) ctx.addIssue(fault)
  return uri
})
const resource = z.string().transform((uri, ctx) => {
  try {
    checkedResources([uri])
  } catch {
    ctx.addIssue('must be an absolute URI without a fragment')
  }
  return uri
})
const name = z
  .string()
  .trim()
  .min(1, 'must not be empty')
  .max(100, 'must have at most 100 characters')
  .regex(/^\P{Cc}*$/u, 'must have no control characters')

const settings = {
  client_name: name,
  redirect_uris: z.array(redirectUri).max(50),
  grant_types: z.array(z.enum(GRANT_TYPES)).min(1),
  scope: z.string().max(1000).refine(isScope, 'must be scope tokens separated by spaces'),
  token_endpoint_auth_method: z.enum(CLIENT_AUTH_METHODS),
  jwks: PublicJwks.nullable(),
  /** What `resource` may name; null is anything that is not ours. */
  resources: z.array(resource).max(50).nullable(),
  /** Who may sign in: agents, people, or both. */
  subjects: z
    .array(z.enum(SUBJECTS))
    .min(1)
    .transform((subjects) => SUBJECTS.filter((subject) => subjects.includes(subject))),
  access_token_format: z.enum(['jwt', 'api_key']),
  /** Cents that each new user of the app gets once. */
  promotional_credits: z.int().min(0).max(MAX_PROMOTION_CENTS),
  /** Seconds after they are given, at least an hour; null: they do not end. */
  promotional_credits_expire_in: z.int().min(SHORTEST_PROMOTION_S).max(LONGEST_PROMOTION_S).nullable(),
  /** What they do not pay for. */
  promotional_excluded_models: ModelPatterns,
  // A setting that is accepted must do something: this comes with the egress guard.
  jwks_uri: z.null('is not offered by this version; send the keys as jwks'),
  min_level: z.int().min(1).max(4),
  resource_server: z.boolean(),
}

/** `POST /api/admin/clients`. */
export const NewClient = z
  .object(settings)
  .partial()
  .required({ client_name: true })
  .extend({
    client_id: z
      .string()
      .regex(/^[a-z0-9][a-z0-9_-]{2,63}$/, 'must have 3 to 64 lower-case letters, digits, - or _')
      .refine((id) => !RESERVED_IDS.test(id), 'must not be an id of ours, nor begin like one')
      .optional(),
    redirect_uris: settings.redirect_uris.default([]),
    grant_types: settings.grant_types.default(['authorization_code', 'refresh_token']),
    scope: settings.scope.optional(),
    jwks: settings.jwks.default(null),
    resources: settings.resources.default(null),
    subjects: settings.subjects.default(['agent']),
    access_token_format: settings.access_token_format.default('jwt'),
    promotional_credits: settings.promotional_credits.default(0),
    promotional_credits_expire_in: settings.promotional_credits_expire_in.default(null),
    promotional_excluded_models: settings.promotional_excluded_models.default([]),
    min_level: settings.min_level.default(1),
    resource_server: settings.resource_server.default(false),
  })
  .superRefine(checkTogether)

/** `PUT /api/admin/clients/:id`: what is left out stays as it is. */
export const ClientChanges = z.object(settings).partial()

interface Together {
  redirect_uris: string[]
  grant_types: readonly string[]
  token_endpoint_auth_method?: string | null | undefined
  jwks: unknown
  subjects: readonly string[]
  access_token_format: string
  promotional_credits: number
}

/** What each field allows alone but not beside the others. */
function checkTogether(client: Together, ctx: z.RefinementCtx): void {
  const add = (field: string, message: string) => ctx.addIssue({ code: 'custom', path: [field], message })
  if (client.grant_types.includes('authorization_code') && client.redirect_uris.length === 0)
    add('redirect_uris', 'must name at least one, for the authorization_code grant')
  if (client.token_endpoint_auth_method === 'none' && client.grant_types.includes('client_credentials'))
    add('grant_types', 'a public client cannot use client_credentials')
  if (client.token_endpoint_auth_method === 'private_key_jwt' && !client.jwks)
    add('jwks', 'must hold the public keys, for private_key_jwt')
  if (!client.subjects.includes('user') && client.access_token_format === 'api_key')
    add('access_token_format', 'api_key is for apps that sign in people: add "user" to subjects')
  if (!client.subjects.includes('user') && client.promotional_credits > 0)
    add('promotional_credits', 'are for apps that sign in people: add "user" to subjects')
}

export type ClientView = Awaited<ReturnType<typeof viewOf>>

/** Registers a website. The answer is the only place its secret is ever seen. */
export async function createClient(
  deps: Deps,
  input: z.input<typeof NewClient>,
  principal: Principal,
): Promise<ClientView & { client_secret?: string }> {
  requireMember(principal)
  requireCreditor(principal, input)
  const now = deps.now()
  const client = NewClient.parse(input)
  const clientId = client.client_id ?? newId(deps.random, 'client')
  const secret = usesSecret(client) ? newSecret(deps.random, 'acs') : undefined
  const row: ClientRow = {
    client_id: clientId,
    org_id: principal.orgId,
    client_name: client.client_name,
    redirect_uris: JSON.stringify(client.redirect_uris),
    grant_types: JSON.stringify(client.grant_types),
    scope: client.scope ?? defaultScopeOf(client),
    token_endpoint_auth_method: client.token_endpoint_auth_method ?? null,
    jwks: client.jwks ? JSON.stringify(client.jwks) : null,
    resources: client.resources ? JSON.stringify(client.resources) : null,
    subjects: JSON.stringify(client.subjects),
    access_token_format: client.access_token_format,
    promotional_credits: client.promotional_credits,
    promotional_credits_expire_in: client.promotional_credits_expire_in,
    promotional_excluded_models: JSON.stringify(client.promotional_excluded_models),
    min_level: client.min_level,
    resource_server: client.resource_server ? 1 : 0,
    created_at: now,
    updated_at: now,
  }
  await deps.db.write(async ({ trx, record, notify }) => {
    // Agents' lists and people's habits go by the id: it must not come to mean somebody else.
    const isAnothers = client.client_id !== undefined && (await wasDeletedElsewhere(trx, clientId, principal.orgId))
    if (isAnothers || !(await insertClient(trx, row)))
      throw new ApiError('conflict', `The client_id ${clientId} is taken; choose another`)
    await replaceClientOrigins(trx, clientId, originsOf(client.redirect_uris))
    if (secret) await insertClientSecret(trx, secretRow(deps, clientId, secret, undefined, now))
    record({
      at: now,
      org_id: principal.orgId,
      actor: principal.id,
      action: 'client.created',
      target: clientId,
      client_id: clientId,
    })
    notify(organizationTopic(principal.orgId))
  })
  return { ...(await viewOf(deps, clientId)), ...(secret && { client_secret: secret }) }
}

/**
 * Promotional credits are paid by who runs this server: only the operator gives them away, or says until when and for
 * what. Others may stop giving them.
 */
function requireCreditor(principal: Principal, asked: z.input<typeof ClientChanges>, before?: ClientRow): void {
  if (principal.kind === 'operator') return
  const expireIn = asked.promotional_credits_expire_in
  const excluded = asked.promotional_excluded_models
  const isAsked = {
    promotional_credits: Boolean(asked.promotional_credits),
    promotional_credits_expire_in:
      expireIn !== undefined && expireIn !== (before?.promotional_credits_expire_in ?? null),
    promotional_excluded_models:
      excluded !== undefined && JSON.stringify(excluded) !== (before?.promotional_excluded_models ?? '[]'),
  }
  const refused = Object.entries(isAsked).flatMap(([name, is]) => (is ? [name] : []))
  if (refused.length === 0) return
  throw new ApiError('forbidden', 'Promotional credits are given by the operator of this server', {
    fields: Object.fromEntries(refused.map((name) => [name, 'can be set by the operator only'])),
  })
}

/** An app that holds keys of people wants to call models with them. */
function defaultScopeOf(client: { access_token_format: string }): string {
  return client.access_token_format === 'api_key' ? `${DEFAULT_SCOPE} ${FUEL_SCOPES.join(' ')}` : DEFAULT_SCOPE
}

function usesSecret({ token_endpoint_auth_method: method }: Pick<Together, 'token_endpoint_auth_method'>): boolean {
  return method !== 'none' && method !== 'private_key_jwt'
}

function secretRow(
  { ring, random }: Deps,
  clientId: string,
  secret: string,
  expiresIn: number | undefined,
  now: number,
) {
  return {
    secret_id: newId(random, 'sec'),
    client_id: clientId,
    secret_hash: ring.hash('client_secret', secret),
    last_four: secret.slice(-4),
    created_at: now,
    expires_at: expiresIn === undefined ? null : now + expiresIn * 1000,
  }
}

export async function getClient(deps: Deps, clientId: string, principal: Principal): Promise<ClientView> {
  await findOwnClient(deps, clientId, principal)
  return viewOf(deps, clientId)
}

/** A client of the caller's organization; another's is not there. */
export async function findOwnClient({ db }: Deps, clientId: string, principal: Principal): Promise<ClientRow> {
  const client = await findClient(db.read, clientId)
  if (!client || !reaches(principal, client.org_id)) throw unknownClient(clientId)
  return client
}

async function viewOf(deps: Deps, clientId: string) {
  const client = await findClient(deps.db.read, clientId)
  if (!client) throw unknownClient(clientId)
  const secrets = await listClientSecrets(deps.db.read, clientId, deps.now())
  return { ...summaryOf(client), secrets: secrets.map(secretView) }
}

export async function listClients(
  deps: Deps,
  limit: number,
  cursor: string | undefined,
  principal: Principal,
): Promise<Page<ClientSummary>> {
  const rows = await listRows(deps.db.read, reachOf(principal), limit + 1, listCursor(cursor))
  const shown = rows.slice(0, limit)
  return {
    data: shown.map(summaryOf),
    next_cursor: nextCursor(rows, limit, ({ created_at, client_id }) => ({ created_at, id: client_id })),
  }
}

export async function updateClient(
  deps: Deps,
  clientId: string,
  changes: z.output<typeof ClientChanges>,
  principal: Principal,
): Promise<ClientView> {
  await change(
    deps,
    clientId,
    principal,
    'client.updated',
    { fields: Object.keys(changes) },
    async (work, client, now) => {
      requireCreditor(principal, changes, client)
      const together: Together = { ...summaryOf(client), ...changesIn(changes) }
      const checked = z.any().superRefine(checkTogether).safeParse(together)
      if (!checked.success) throw validationFailed(checked.error)
      if (usesSecret(together) !== usesSecret(client))
        throw new ApiError(
          'validation_failed',
          'The way of client authentication cannot change between secrets and none',
          {
            fields: { token_endpoint_auth_method: 'register another client instead' },
          },
        )
      await updateRow(work.trx, clientId, { ...columnsOf(changes), updated_at: now })
      if (!changes.redirect_uris) return
      await replaceClientOrigins(work.trx, clientId, originsOf(changes.redirect_uris))
      // What is under way was begun under the old list (requirement 122).
      await denyOpen(work, { client_id: clientId })
    },
  )
  return viewOf(deps, clientId)
}

/** The rules between fields hold for what the client will be: what it is, with what is sent put over it. */
function changesIn(changes: z.output<typeof ClientChanges>): Partial<Together> {
  return Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined))
}

function columnsOf(changes: z.output<typeof ClientChanges>) {
  const json = (value: unknown) => (value === null ? null : JSON.stringify(value))
  return {
    ...(changes.client_name !== undefined && { client_name: changes.client_name }),
    ...(changes.redirect_uris !== undefined && { redirect_uris: JSON.stringify(changes.redirect_uris) }),
    ...(changes.grant_types !== undefined && { grant_types: JSON.stringify(changes.grant_types) }),
    ...(changes.scope !== undefined && { scope: changes.scope }),
    ...(changes.token_endpoint_auth_method !== undefined && {
      token_endpoint_auth_method: changes.token_endpoint_auth_method,
    }),
    ...(changes.jwks !== undefined && { jwks: json(changes.jwks) }),
    ...(changes.resources !== undefined && { resources: json(changes.resources) }),
    ...(changes.subjects !== undefined && { subjects: JSON.stringify(changes.subjects) }),
    ...(changes.access_token_format !== undefined && { access_token_format: changes.access_token_format }),
    ...(changes.promotional_credits !== undefined && { promotional_credits: changes.promotional_credits }),
    ...(changes.promotional_credits_expire_in !== undefined && {
      promotional_credits_expire_in: changes.promotional_credits_expire_in,
    }),
    ...(changes.promotional_excluded_models !== undefined && {
      promotional_excluded_models: JSON.stringify(changes.promotional_excluded_models),
    }),
    ...(changes.min_level !== undefined && { min_level: changes.min_level }),
    ...(changes.resource_server !== undefined && { resource_server: changes.resource_server ? 1 : 0 }),
  }
}

/** A new secret; those before it live on for `overlap` seconds. */
export async function rotateClientSecret(
  deps: Deps,
  clientId: string,
  { overlap, secret_expires_in }: z.output<typeof Rotation>,
  principal: Principal,
): Promise<ClientView & { client_secret: string }> {
  const secret = newSecret(deps.random, 'acs')
  await change(deps, clientId, principal, 'client.secret_rotated', { overlap }, async ({ trx }, client, now) => {
    if (!usesSecret(client)) throw new ApiError('conflict', 'This client has no secret: it authenticates another way')
    await expireClientSecrets(trx, clientId, now + overlap * 1000)
    await insertClientSecret(trx, secretRow(deps, clientId, secret, secret_expires_in, now))
  })
  return { ...(await viewOf(deps, clientId)), client_secret: secret }
}

/** Ends every sign-in at the website with it. */
export async function deleteClient(deps: Deps, clientId: string, principal: Principal): Promise<void> {
  await change(deps, clientId, principal, 'client.deleted', {}, async (work, _client, now) => {
    await denyOpen(work, { client_id: clientId })
    await revokeGrantsOf(work.trx, { client_id: clientId }, 'client_deleted', now)
    await deleteRow(work.trx, clientId)
  })
}

/** One act on a client that exists, and its event, or neither. */
async function change(
  { db, now: clock }: Deps,
  clientId: string,
  principal: Principal,
  action: string,
  detail: Record<string, unknown>,
  act: (work: Work, client: ClientRow, now: number) => Promise<void>,
): Promise<void> {
  const now = clock()
  await db.write(async (work) => {
    const client = await findClient(work.trx, clientId)
    if (!client || !reaches(principal, client.org_id)) throw unknownClient(clientId)
    requireMember(principal)
    await act(work, client, now)
    work.record({
      at: now,
      org_id: client.org_id,
      actor: principal.id,
      action,
      target: clientId,
      client_id: clientId,
      detail,
    })
    work.notify(organizationTopic(client.org_id))
  })
}

function unknownClient(clientId: string): ApiError {
  return new ApiError('not_found', `There is no client ${clientId.slice(0, 64)}`)
}

export type ClientSummary = ReturnType<typeof summaryOf>

function summaryOf(client: ClientRow) {
  const parse = (json: string | null) => (json === null ? null : JSON.parse(json))
  return {
    client_id: client.client_id,
    client_name: client.client_name,
    redirect_uris: parse(client.redirect_uris) as string[],
    grant_types: parse(client.grant_types) as string[],
    scope: client.scope,
    token_endpoint_auth_method: client.token_endpoint_auth_method ?? 'client_secret_basic',
    jwks: parse(client.jwks) as object | null,
    resources: parse(client.resources) as string[] | null,
    subjects: parse(client.subjects) as string[],
    access_token_format: client.access_token_format,
    promotional_credits: client.promotional_credits,
    promotional_credits_expire_in: client.promotional_credits_expire_in,
    promotional_excluded_models: parse(client.promotional_excluded_models) as string[],
    min_level: client.min_level,
    resource_server: client.resource_server === 1,
    created_at: new Date(client.created_at).toISOString(),
    updated_at: new Date(client.updated_at).toISOString(),
  }
}
