import { z } from 'zod'
import type { Actor, Deps } from '../context.ts'
import { newId, newSecret } from '../crypto/ids.ts'
import { ApiError } from '../http/errors.ts'
import { listCursor, nextCursor, type Page } from '../http/listing.ts'
import {
  type AgentWithOwner,
  deleteAgent as deleteRow,
  expireAgentSecrets,
  findAgent,
  insertAgent,
  insertAgentSecret,
  listAgentSecrets,
  listAgents as listRows,
  updateAgent as updateRow,
} from '../storage/agents.ts'
import type { Db, Work } from '../storage/database.ts'
import { revokeGrantsOf } from '../storage/grants.ts'
import { ensurePerson } from '../storage/persons.ts'
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
}

/** `POST /api/admin/agents`. */
export const NewAgent = z.object({
  user_email: z.email('must be an e-mail address').max(254).toLowerCase(),
  user_name: text(100),
  ...settings,
  secret_expires_in: z.int().min(60).max(YEARS_10_S).optional(),
})

/** `PUT /api/admin/agents/:id`: what is left out stays as it is. */
export const AgentChanges = z.object({ ...settings })
export const Rotation = z.object({
  overlap: z
    .int()
    .min(0)
    .max(90 * 86_400)
    .default(0),
  secret_expires_in: z.int().min(60).max(YEARS_10_S).optional(),
})

export type AgentView = Awaited<ReturnType<typeof viewOf>>

/** Registers an agent. The answer is the only place its secret is ever seen. */
export async function createAgent(
  deps: Deps,
  input: z.input<typeof NewAgent>,
  actor: Actor,
): Promise<AgentView & { agent_secret: string }> {
  const now = deps.now()
  const agent = NewAgent.parse(input)
  const agentId = newId(deps.random, 'agent')
  const secret = newSecret(deps.random, 'aas')

  await deps.db.write(async ({ trx, record }) => {
    const person = await ensurePerson(trx, {
      user_id: newId(deps.random, 'user'),
      org_id: deps.orgId,
      email: agent.user_email,
      name: agent.user_name,
      role: 'member',
      email_verified_at: null,
      created_at: now,
    })
    await insertAgent(trx, {
      agent_id: agentId,
      org_id: deps.orgId,
      user_id: person.user_id,
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
    record({ at: now, org_id: deps.orgId, actor, action: 'agent.created', target: agentId, agent_id: agentId })
  })
  return { ...(await viewOf(deps, deps.db.read, agentId)), agent_secret: secret }
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

export async function getAgent(deps: Deps, agentId: string): Promise<AgentView> {
  return viewOf(deps, deps.db.read, agentId)
}

export async function listAgents(deps: Deps, limit: number, cursor: string | undefined): Promise<Page<object>> {
  const rows = await listRows(deps.db.read, limit + 1, listCursor(cursor))
  const shown = rows.slice(0, limit)
  return {
    data: shown.map(summaryOf),
    next_cursor: nextCursor(rows, limit, ({ created_at, agent_id }) => ({ created_at, id: agent_id })),
  }
}

export async function updateAgent(
  deps: Deps,
  agentId: string,
  changes: z.output<typeof AgentChanges>,
  actor: Actor,
): Promise<AgentView> {
  await change(deps, agentId, actor, 'agent.updated', { fields: Object.keys(changes) }, async ({ trx }, now) => {
    await updateRow(trx, agentId, { ...columnsOf(changes), updated_at: now })
  })
  return viewOf(deps, deps.db.read, agentId)
}

/** A new secret; those before it live on for `overlap` seconds. */
export async function rotateAgentSecret(
  deps: Deps,
  agentId: string,
  { overlap, secret_expires_in }: z.output<typeof Rotation>,
  actor: Actor,
): Promise<AgentView & { agent_secret: string }> {
  const secret = newSecret(deps.random, 'aas')
  await change(deps, agentId, actor, 'agent.secret_rotated', { overlap }, async ({ trx }, now) => {
    await expireAgentSecrets(trx, agentId, now + overlap * 1000)
    await insertAgentSecret(trx, secretRow(deps, agentId, secret, secret_expires_in, now))
  })
  return { ...(await viewOf(deps, deps.db.read, agentId)), agent_secret: secret }
}

/** A disabled agent is out everywhere at once: its tokens, its sessions, the sign-ins under way. */
export async function disableAgent(deps: Deps, agentId: string, actor: Actor): Promise<AgentView> {
  await change(deps, agentId, actor, 'agent.disabled', {}, async (work, now) => {
    await updateRow(work.trx, agentId, { disabled_at: now, tokens_not_before: now, updated_at: now })
    await denyOpen(work, { agent_id: agentId })
    await revokeGrantsOf(work.trx, { agent_id: agentId }, 'agent_disabled', now)
  })
  return viewOf(deps, deps.db.read, agentId)
}

export async function enableAgent(deps: Deps, agentId: string, actor: Actor): Promise<AgentView> {
  await change(deps, agentId, actor, 'agent.enabled', {}, async ({ trx }, now) => {
    await updateRow(trx, agentId, { disabled_at: null, updated_at: now })
  })
  return viewOf(deps, deps.db.read, agentId)
}

/** Ends every sign-in of an agent, and the tokens it got for itself; it may sign in again. */
export async function revokeAllOfAgent(deps: Deps, agentId: string, actor: Actor): Promise<{ revoked: number }> {
  let revoked = 0
  await change(deps, agentId, actor, 'agent.sessions_revoked', {}, async (work, now) => {
    await updateRow(work.trx, agentId, { tokens_not_before: now })
    revoked = await revokeGrantsOf(work.trx, { agent_id: agentId }, 'revoked_by_owner', now)
    await denyOpen(work, { agent_id: agentId })
  })
  return { revoked }
}

export async function deleteAgent(deps: Deps, agentId: string, actor: Actor): Promise<void> {
  await change(deps, agentId, actor, 'agent.deleted', {}, async (work, now) => {
    await denyOpen(work, { agent_id: agentId })
    await revokeGrantsOf(work.trx, { agent_id: agentId }, 'agent_deleted', now)
    await deleteRow(work.trx, agentId)
  })
}

/** One act on an agent that exists, and its event, or neither. */
async function change(
  { db, now: clock }: Deps,
  agentId: string,
  actor: Actor,
  action: string,
  detail: Record<string, unknown>,
  act: (work: Work, now: number) => Promise<void>,
): Promise<void> {
  const now = clock()
  await db.write(async (work) => {
    const agent = await findAgent(work.trx, agentId)
    if (!agent) throw unknownAgent(agentId)
    await act(work, now)
    work.record({ at: now, org_id: agent.org_id, actor, action, target: agentId, agent_id: agentId, detail })
  })
}

function unknownAgent(agentId: string): ApiError {
  return new ApiError('not_found', `There is no agent ${agentId.slice(0, 64)}`)
}

function summaryOf(agent: AgentWithOwner) {
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
    disabled: agent.disabled_at !== null,
    created_at: new Date(agent.created_at).toISOString(),
    updated_at: new Date(agent.updated_at).toISOString(),
  }
}

async function viewOf({ now }: Deps, db: Db, agentId: string) {
  const agent = await findAgent(db, agentId)
  if (!agent) throw unknownAgent(agentId)
  const secrets = await listAgentSecrets(db, agentId, now())
  return { ...summaryOf(agent), secrets: secrets.map(secretView) }
}
