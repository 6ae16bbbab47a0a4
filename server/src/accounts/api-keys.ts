import { z } from 'zod'
import type { Deps, PersonPrincipal } from '../context.ts'
import { checksum } from '../crypto/checksum.ts'
import { newId } from '../crypto/ids.ts'
import type { Random } from '../crypto/random.ts'
import { ApiError } from '../http/errors.ts'
import {
  type ApiKeyRow,
  findLiveApiKey,
  insertApiKey,
  type KeyHolder,
  listApiKeys as listRows,
  revokeApiKey as revokeRow,
  touchApiKey,
} from '../storage/api-keys.ts'
import type { Work } from '../storage/database.ts'
import { requireMember } from './roles.ts'

const PREFIX = 'sk-aa-v1-'
const KEY = /^sk-aa-v1-[A-Za-z0-9_-]{43}[A-Za-z0-9]{6}$/
const CHECKSUM_SIGNS = 6
const SHOWN_SIGNS = PREFIX.length + 4
const YEARS_10_S = 315_360_000

/** What a key opens: models on its person's budget, the usage, the connections, and this API itself. */
export const KEY_SCOPES = ['agent-fuel', 'usage-tracking', 'connections', 'manage'] as const
/** Deny by default: what changes agents and applications is asked for by name. */
const DEFAULT_KEY_SCOPES = ['agent-fuel', 'connections'] as const

/** One model of a provider, or all whose names begin so. */
const MODEL_PATTERN = /^[a-z0-9][a-z0-9._-]{0,63}\/(\*|[\w.:/@+-]{1,200}\*?)$/

export const NewApiKey = z.object({
  name: z.string().trim().min(1, 'must not be empty').max(100, 'must have at most 100 characters'),
  scopes: z
    .array(z.enum(KEY_SCOPES))
    .min(1)
    .default([...DEFAULT_KEY_SCOPES]),
  /** Absent: all models that the person may call. */
  models: z
    .array(z.string().regex(MODEL_PATTERN, 'must be provider/model; * at the end stands for the rest'))
    .min(1, 'must name a model; leave it out to allow all')
    .max(100)
    .optional(),
  /** Seconds. */
  expires_in: z.int().min(60).max(YEARS_10_S).optional(),
})

/** Who manages makes agents, and these call whatever their owner may. */
function refuseWideLimits({ models, scopes }: z.output<typeof NewApiKey>): void {
  if (models && scopes.includes('manage'))
    throw new ApiError('validation_failed', 'A key that manages cannot be for some models only', {
      fields: { models: 'go without the scope manage: who manages makes agents, which may call all' },
    })
}

export type ApiKeyView = ReturnType<typeof viewOf>

/** 256 random bits behind a prefix that people and scanners know, and a checksum. */
export function newApiKey(random: Random): string {
  const body = PREFIX + random(32).toString('base64url')
  return body + checksum(body)
}

export function isApiKey(credential: string): boolean {
  if (!KEY.test(credential)) return false
  return checksum(credential.slice(0, -CHECKSUM_SIGNS)) === credential.slice(-CHECKSUM_SIGNS)
}

export function apiKeyRow(
  { ring, random }: Pick<Deps, 'ring' | 'random'>,
  key: string,
  row: Pick<ApiKeyRow, 'org_id' | 'user_id' | 'client_id' | 'grant_id' | 'name' | 'scope' | 'expires_at'> &
    Partial<Pick<ApiKeyRow, 'models'>>,
  now: number,
): ApiKeyRow {
  return {
    key_id: newId(random, 'key'),
    models: null,
    ...row,
    key_hash: ring.hash('api_key', key),
    prefix: key.slice(0, SHOWN_SIGNS),
    last_four: key.slice(-4),
    created_at: now,
    last_used_at: null,
    revoked_at: null,
  }
}

const TOUCH_MS = 60_000

/** Whose key this is, while it lives. Using it is noted once a minute, aside of the answer. */
export async function findKeyHolder(deps: Deps, credential: string): Promise<KeyHolder | undefined> {
  if (!isApiKey(credential)) return undefined
  const now = deps.now()
  const holder = await findLiveApiKey(deps.db.read, deps.ring.hashes('api_key', credential), now)
  if (holder && (holder.last_used_at ?? 0) < now - TOUCH_MS) noteUse(deps, holder.key_id, now)
  return holder
}

function noteUse({ db, log }: Deps, keyId: string, now: number): void {
  db.write(({ trx }) => touchApiKey(trx, keyId, now, now - TOUCH_MS)).catch((error: unknown) =>
    log.warn({ error }, 'the use of an API key could not be noted'),
  )
}

/** Makes a key of a person, in the caller's transaction. Only its hash is kept. */
export async function makeApiKey(
  deps: Deps,
  { trx, record }: Work,
  { userId, orgId, actor, input }: { userId: string; orgId: string; actor: string; input: z.output<typeof NewApiKey> },
  now: number,
): Promise<{ row: ApiKeyRow; key: string }> {
  refuseWideLimits(input)
  const key = newApiKey(deps.random)
  const expiresAt = input.expires_in === undefined ? null : now + input.expires_in * 1000
  const owner = { org_id: orgId, user_id: userId, client_id: null, grant_id: null }
  const scope = [...new Set(input.scopes)].join(' ')
  const models = input.models && [...new Set(input.models)]
  const limits = { scope, expires_at: expiresAt, models: models ? JSON.stringify(models) : null }
  const row = apiKeyRow(deps, key, { ...owner, name: input.name, ...limits }, now)
  await insertApiKey(trx, row)
  record({
    at: now,
    org_id: orgId,
    actor,
    action: 'api_key.created',
    target: row.key_id,
    detail: { name: input.name, scope, ...(models && { models }) },
  })
  return { row, key }
}

export async function createApiKey(deps: Deps, input: z.output<typeof NewApiKey>, person: PersonPrincipal) {
  requireMember(person)
  const now = deps.now()
  const owner = { userId: person.id, orgId: person.orgId, actor: person.id, input }
  const { row, key } = await deps.db.write((work) => makeApiKey(deps, work, owner, now))
  return { ...viewOf({ ...row, client_name: null }), api_key: key }
}

export async function listApiKeys({ db }: Deps, person: PersonPrincipal) {
  const rows = await listRows(db.read, { userId: person.id, orgId: person.orgId })
  return { data: rows.map(viewOf), next_cursor: null }
}

export async function revokeApiKey(deps: Deps, keyId: string, person: PersonPrincipal): Promise<void> {
  const now = deps.now()
  await deps.db.write(async ({ trx, record }) => {
    if (!(await revokeRow(trx, { keyId, userId: person.id, orgId: person.orgId, now })))
      throw new ApiError('not_found', `There is no API key ${keyId.slice(0, 64)}`)
    record({ at: now, org_id: person.orgId, actor: person.id, action: 'api_key.revoked', target: keyId })
  })
}

/** The models that a key may call; null: all that its person may. */
export function modelsOf({ models }: Pick<ApiKeyRow, 'models'>): string[] | null {
  return models === null ? null : JSON.parse(models)
}

export function viewOf(row: ApiKeyRow & { client_name: string | null }) {
  const time = (at: number | null) => (at === null ? null : new Date(at).toISOString())
  return {
    key_id: row.key_id,
    name: row.name,
    scopes: row.scope.split(' ').filter(Boolean),
    models: modelsOf(row),
    prefix: row.prefix,
    last_four: row.last_four,
    client_id: row.client_id,
    client_name: row.client_name,
    created_at: new Date(row.created_at).toISOString(),
    expires_at: time(row.expires_at),
    last_used_at: time(row.last_used_at),
  }
}
