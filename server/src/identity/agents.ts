import { z } from 'zod'
import { reaches, requireMember, requireOwner } from '../accounts/roles.ts'
import type { Deps, Principal } from '../context.ts'
import { newId, newSecret } from '../crypto/ids.ts'
import { ApiError } from '../http/errors.ts'
import { listCursor, nextCursor, type Page } from '../http/listing.ts'
import {
  type AgentReach,
  type AgentWithOwner,
  deleteAgent as deleteRow,
  expireAgentSecrets,
  findAgent,
  findLastSignIn,
  insertAgent,
  insertAgentSecret,
  listAgentSecrets,
  listAgents as listRows,
  updateAgent as updateRow,
} from '../storage/agents.ts'
import type { Db, Work } from '../storage/database.ts'
import { revokeGrantsOf } from '../storage/grants.ts'
import { findMemberByEmail } from '../storage/memberships.ts'
import { ensurePerson } from '../storage/persons.ts'
import { organizationTopic } from '../storage/topics.ts'
import { secretView } from './machine-secret.ts'
import { PublicJwk } from './public-jwk.ts'
import { denyOpen } from './request-status.ts'
import { isScope } from './scope.ts'

const YEARS_10_S = 315_360_000
const text = (max: number) =>
  z.string().trim().min(1, 'must not be empty').max(max, `must have at most ${max} characters`)
const scopeList = z
  .array(z.string().refine((scope) => scope !== '' && isScope(scope) && !scope.includes(' '), 'must be scope tokens'))
  .max(100)

const settings = {
  agent_name: text(100).nullable().optional(),
  capabilities: z.array(text(100)).max(100).optional(),
  model: text(200).nullable().optional(),
  allowed_clients: z.array(text(200)).max(1000).nullable().optional(),
  allowed_scopes: scopeList.nullable().optional(),
  jwk: PublicJwk.nullable().optional(),
  min_level: z.int().min(1).max(4).optional(),
  same_browser: z.enum(['required', 'off']).optional(),
  // A policy that is accepted must be enforced: these come with mail.
  second_factor: z.literal('none', 'only "none" is offered by this version').optional(),
  inbox: z.null('is not offered by this version').optional(),
  approval: z.enum(['never', 'first_time', 'always']).optional(),
}

const email = z.email('must be an e-mail address').max(254).toLowerCase()
const secretExpiresIn = z.int().min(60).max(YEARS_10_S).optional()

/** `POST /api/admin/agents`. */
export const NewAgent = z.object({
  user_email: email,
  user_name: text(100),
  ...settings,
  secret_expires_in: secretExpiresIn,
})

/** `POST /api/agents`: for oneself, or for a member of the organization. */
export const NewOwnAgent = z.object({
  user_email: email.optional(),
  ...settings,
  same_browser: settings.same_browser.default('required'),
  secret_expires_in: secretExpiresIn,
})

/** `PUT /api/admin/agents/:id`: what is left out stays as it is. */
export const AgentChanges = z.object({ ...settings })
export const Rotation = z.object({
  overlap: z
    .int()
    .min(0)
    .max(90 * 86_400)
    .default(0),
  secret_expires_in: secretExpiresIn,
})

export type AgentView = Awaited<ReturnType<typeof viewOf>>

/** Registers an agent for whomever the operator names. The answer is the only place its secret is ever seen. */
export async function createAgent(
  deps: Deps,
  input: z.input<typeof NewAgent>,
  principal: Principal,
): Promise<AgentView & { agent_secret: string }> {
  const agent = NewAgent.parse(input)
  return register(deps, agent, principal, async (trx, now) => {
    const person = await ensurePerson(trx, {
      user_id: newId(deps.random, 'user'),
      org_id: principal.orgId,
      email: agent.user_email,
      name: agent.user_name,
      email_verified_at: null,
      created_at: now,
    })
    return person.user_id
  })
}

/** Registers an agent for the caller, or, by an administrator, for another member. */
export async function createOwnAgent(
  deps: Deps,
  input: z.input<typeof NewOwnAgent>,
  principal: Principal,
): Promise<AgentView & { agent_secret: string }> {
  requireMember(principal)
  const agent = NewOwnAgent.parse(input)
  return register(deps, agent, principal, async (trx) => {
    if (principal.kind === 'person' && (agent.user_email ?? principal.email) === principal.email) return principal.id
    const owner = await findMemberByEmail(trx, principal.orgId, agent.user_email ?? '')
    if (!owner) throw notAMember()
    requireOwner(principal, owner.user_id)
    return owner.user_id
  })
}

function notAMember(): ApiError {
  return new ApiError('validation_failed', 'An agent acts for a member of your organization', {
    fields: { user_email: 'is not the address of a member; invite them first' },
  })
}

async function register(
  deps: Deps,
  agent: z.output<typeof AgentChanges> & { secret_expires_in?: number | undefined },
  principal: Principal,
  findOwner: (trx: Db, now: number) => Promise<string>,
): Promise<AgentView & { agent_secret: string }> {
  const now = deps.now()
  const agentId = newId(deps.random, 'agent')
  const secret = newSecret(deps.random, 'aas')
  await deps.db.write(async ({ trx, record, notify }) => {
    await insertAgent(trx, {
      agent_id: agentId,
      org_id: principal.orgId,
      user_id: await findOwner(trx, now),
      agent_name: null,
      capabilities: '[]',
      min_level: 1,
      same_browser: 0,
      tokens_not_before: 0,
      ...columnsOf(agent),
      created_at: now,
      updated_at: now,
    })
    await insertAgentSecret(trx, secretRow(deps, agentId, secret, agent.secret_expires_in, now))
    record({
      at: now,
      org_id: principal.orgId,
      actor: principal.id,
      action: 'agent.created',
      target: agentId,
      agent_id: agentId,
    })
    notify(organizationTopic(principal.orgId))
  })
  return { ...(await viewOf(deps, agentId)), agent_secret: secret }
}

function columnsOf(changes: z.output<typeof AgentChanges>) {
  const json = (value: unknown) => (value === null ? null : JSON.stringify(value))
  return {
    ...(changes.agent_name !== undefined && { agent_name: changes.agent_name }),
    ...(changes.capabilities !== undefined && { capabilities: JSON.stringify(changes.capabilities) }),
    ...(changes.model !== undefined && { model: changes.model }),
    ...(changes.allowed_clients !== undefined && { allowed_clients: json(changes.allowed_clients) }),
    ...(changes.allowed_scopes !== undefined && { allowed_scopes: json(changes.allowed_scopes) }),
    ...(changes.jwk !== undefined && { jwk: json(changes.jwk) }),
    ...(changes.min_level !== undefined && { min_level: changes.min_level }),
    ...(changes.approval !== undefined && { approval: changes.approval }),
    ...(changes.same_browser !== undefined && { same_browser: changes.same_browser === 'required' ? 1 : 0 }),
  }
}

function secretRow(
  { ring, random }: Deps,
  agentId: string,
  secret: string,
  expiresIn: number | undefined,
  now: number,
) {
  return {
    secret_id: newId(random, 'sec'),
    agent_id: agentId,
    secret_hash: ring.hash('agent_secret', secret),
    last_four: secret.slice(-4),
    created_at: now,
    expires_at: expiresIn === undefined ? null : now + expiresIn * 1000,
  }
}

export async function getAgent(deps: Deps, agentId: string, principal: Principal): Promise<AgentView> {
  if (!mayManage(principal, await findAgent(deps.db.read, agentId))) throw unknownAgent(agentId)
  return viewOf(deps, agentId)
}

export async function listAgents(
  deps: Deps,
  limit: number,
  cursor: string | undefined,
  principal: Principal,
): Promise<Page<AgentSummary>> {
  const rows = await listRows(deps.db.read, agentReach(principal), limit + 1, listCursor(cursor))
  const shown = rows.slice(0, limit)
  return {
    data: shown.map((agent) => summaryOf(agent, agent.last_sign_in_at)),
    next_cursor: nextCursor(rows, limit, ({ created_at, agent_id }) => ({ created_at, id: agent_id })),
  }
}

export async function updateAgent(
  deps: Deps,
  agentId: string,
  changes: z.output<typeof AgentChanges>,
  principal: Principal,
): Promise<AgentView> {
  await change(deps, agentId, principal, 'agent.updated', { fields: Object.keys(changes) }, async ({ trx }, now) => {
    await updateRow(trx, agentId, { ...columnsOf(changes), updated_at: now })
  })
  return viewOf(deps, agentId)
}

/** A new secret; those before it live on for `overlap` seconds. */
export async function rotateAgentSecret(
  deps: Deps,
  agentId: string,
  { overlap, secret_expires_in }: z.output<typeof Rotation>,
  principal: Principal,
): Promise<AgentView & { agent_secret: string }> {
  const secret = newSecret(deps.random, 'aas')
  await change(deps, agentId, principal, 'agent.secret_rotated', { overlap }, async ({ trx }, now) => {
    await expireAgentSecrets(trx, agentId, now + overlap * 1000)
    await insertAgentSecret(trx, secretRow(deps, agentId, secret, secret_expires_in, now))
  })
  return { ...(await viewOf(deps, agentId)), agent_secret: secret }
}

/** A disabled agent is out everywhere at once: its tokens, its sessions, the sign-ins under way. */
export async function disableAgent(deps: Deps, agentId: string, principal: Principal): Promise<AgentView> {
  await change(deps, agentId, principal, 'agent.disabled', {}, async (work, now) => {
    await updateRow(work.trx, agentId, { disabled_at: now, tokens_not_before: now, updated_at: now })
    await denyOpen(work, { agent_id: agentId })
    await revokeGrantsOf(work.trx, { agent_id: agentId }, 'agent_disabled', now)
  })
  return viewOf(deps, agentId)
}

export async function enableAgent(deps: Deps, agentId: string, principal: Principal): Promise<AgentView> {
  await change(deps, agentId, principal, 'agent.enabled', {}, async ({ trx }, now) => {
    await updateRow(trx, agentId, { disabled_at: null, updated_at: now })
  })
  return viewOf(deps, agentId)
}

/** Ends every sign-in of an agent, and the tokens it got for itself; it may sign in again. */
export async function revokeAllOfAgent(
  deps: Deps,
  agentId: string,
  principal: Principal,
): Promise<{ revoked: number }> {
  let revoked = 0
  await change(deps, agentId, principal, 'agent.sessions_revoked', {}, async (work, now) => {
    await updateRow(work.trx, agentId, { tokens_not_before: now })
    revoked = await revokeGrantsOf(work.trx, { agent_id: agentId }, 'revoked_by_owner', now)
    await denyOpen(work, { agent_id: agentId })
  })
  return { revoked }
}

export async function deleteAgent(deps: Deps, agentId: string, principal: Principal): Promise<void> {
  await change(deps, agentId, principal, 'agent.deleted', {}, async (work, now) => {
    await denyOpen(work, { agent_id: agentId })
    await revokeGrantsOf(work.trx, { agent_id: agentId }, 'agent_deleted', now)
    await deleteRow(work.trx, agentId)
  })
}

/** One act on an agent that the caller may see and manage, and its event, or neither. */
async function change(
  { db, now: clock }: Deps,
  agentId: string,
  principal: Principal,
  action: string,
  detail: Record<string, unknown>,
  act: (work: Work, now: number) => Promise<void>,
): Promise<void> {
  const now = clock()
  await db.write(async (work) => {
    const agent = await findAgent(work.trx, agentId)
    if (!mayManage(principal, agent)) throw unknownAgent(agentId)
    if (!isOwnerOf(principal, agent)) requireOwner(principal, agent.user_id)
    await act(work, now)
    work.record({
      at: now,
      org_id: agent.org_id,
      actor: principal.id,
      action,
      target: agentId,
      agent_id: agentId,
      detail,
    })
    work.notify(organizationTopic(agent.org_id))
  })
}

/** The agents that a caller sees: their organization's, and those that act for them wherever they were made. */
export function agentReach(principal: Principal): AgentReach | undefined {
  if (principal.kind === 'operator') return undefined
  return { orgId: principal.orgId, userId: ownsElsewhere(principal) ? principal.id : undefined }
}

/** What others made for a person is theirs once they have proved the address. */
export function isOwnerOf(principal: Principal, agent: Pick<AgentWithOwner, 'user_id'>): boolean {
  return ownsElsewhere(principal) && principal.id === agent.user_id
}

/** A key is for the organization that it was made in, whatever else its person has. */
function ownsElsewhere(principal: Principal): boolean {
  return principal.kind === 'person' && principal.emailVerified && principal.credential.kind === 'session'
}

function mayManage(principal: Principal, agent: AgentWithOwner | undefined): agent is AgentWithOwner {
  return agent !== undefined && (reaches(principal, agent.org_id) || isOwnerOf(principal, agent))
}

function unknownAgent(agentId: string): ApiError {
  return new ApiError('not_found', `There is no agent ${agentId.slice(0, 64)}`)
}

export type AgentSummary = ReturnType<typeof summaryOf>

function summaryOf(agent: AgentWithOwner, lastSignInAt: number | null) {
  const parse = (json: string | null) => (json === null ? null : JSON.parse(json))
  return {
    agent_id: agent.agent_id,
    agent_name: agent.agent_name,
    user_id: agent.user_id,
    user_email: agent.email,
    user_email_verified: agent.email_verified_at !== null,
    user_name: agent.user_name,
    capabilities: parse(agent.capabilities) as string[],
    model: agent.model,
    allowed_clients: parse(agent.allowed_clients) as string[] | null,
    allowed_scopes: parse(agent.allowed_scopes) as string[] | null,
    second_factor: 'none' as const,
    jwk: parse(agent.jwk) as object | null,
    min_level: agent.min_level,
    same_browser: agent.same_browser === 1 ? ('required' as const) : ('off' as const),
    approval: agent.approval,
    disabled: agent.disabled_at !== null,
    last_sign_in_at: lastSignInAt === null ? null : new Date(lastSignInAt).toISOString(),
    created_at: new Date(agent.created_at).toISOString(),
    updated_at: new Date(agent.updated_at).toISOString(),
  }
}

async function viewOf({ db, now }: Deps, agentId: string) {
  const agent = await findAgent(db.read, agentId)
  if (!agent) throw unknownAgent(agentId)
  const [secrets, lastSignInAt] = await Promise.all([
    listAgentSecrets(db.read, agentId, now()),
    findLastSignIn(db.read, agentId),
  ])
  return { ...summaryOf(agent, lastSignInAt), secrets: secrets.map(secretView) }
}
