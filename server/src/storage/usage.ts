import { type RawBuilder, type Selectable, sql } from 'kysely'
import type { Db } from './database.ts'
import { prepared } from './prepared.ts'
import type { UsageRecordTable } from './schema.ts'

export type UsageRow = Selectable<UsageRecordTable>

const insert = prepared<UsageRow, unknown>((db, param) =>
  db.insertInto('usage_record').values({
    usage_id: param('usage_id'),
    request_id: param('request_id'),
    user_id: param('user_id'),
    org_id: param('org_id'),
    client_id: param('client_id'),
    agent_id: param('agent_id'),
    key_id: param('key_id'),
    operation: param('operation'),
    model_asked: param('model_asked'),
    model_served: param('model_served'),
    provider: param('provider'),
    payment_method: param('payment_method'),
    status: param('status'),
    attempts: param('attempts'),
    input_tokens: param('input_tokens'),
    cached_tokens: param('cached_tokens'),
    cache_write_tokens: param('cache_write_tokens'),
    output_tokens: param('output_tokens'),
    reasoning_tokens: param('reasoning_tokens'),
    estimated: param('estimated'),
    cost_nano: param('cost_nano'),
    ttft_ms: param('ttft_ms'),
    duration_ms: param('duration_ms'),
    at: param('at'),
    settled_at: param('settled_at'),
  }),
)

export async function insertUsage(trx: Db, row: UsageRow): Promise<void> {
  await insert(trx, row)
}

/** Puts what became of a call in the place of what was thought lost, once. What that had cost. */
export async function replaceLostUsage(
  trx: Db,
  { usage_id, cost_nano: _, ...row }: UsageRow,
): Promise<number | undefined> {
  const replaced = await trx
    .updateTable('usage_record')
    .set(row)
    .where('usage_id', '=', usage_id)
    .where('status', '=', 'lost')
    .returning('cost_nano')
    .executeTakeFirst()
  return replaced?.cost_nano
}

export async function setUsageCost(trx: Db, usageId: string, costNano: number): Promise<void> {
  await trx.updateTable('usage_record').set({ cost_nano: costNano }).where('usage_id', '=', usageId).execute()
}

/** Whose calls, and of when: `since` is included, `until` is not. */
export interface UsageFilter {
  userId: string
  orgId: string
  /** Only those through this app. */
  clientId?: string | undefined
  since?: number | undefined
  until?: number | undefined
}

const usageOf = (db: Db, { userId, orgId, clientId, since, until }: UsageFilter) => {
  let query = db.selectFrom('usage_record').where('user_id', '=', userId)
  query = query.where('org_id', '=', orgId)
  if (clientId !== undefined) query = query.where('client_id', '=', clientId)
  if (since !== undefined) query = query.where('at', '>=', since)
  if (until !== undefined) query = query.where('at', '<', until)
  return query
}

export const USAGE_GROUPS = ['day', 'model', 'app', 'agent', 'key'] as const
export type UsageGroup = (typeof USAGE_GROUPS)[number]

const NAMES: Record<UsageGroup, RawBuilder<string | number | null>> = {
  /** Whole days since 1970, UTC. */
  day: sql`at / 86400000`,
  model: sql`coalesce(model_served, model_asked)`,
  app: sql`client_id`,
  agent: sql`agent_id`,
  key: sql`key_id`,
}

const GROUPS_SHOWN = 1000

/** Sums by day, model, app, agent or key; the newest days, or the dearest of the rest, first. */
export async function sumUsage(db: Db, filter: UsageFilter, group: UsageGroup) {
  return usageOf(db, filter)
    .select((e) => [
      NAMES[group].as('name'),
      e.fn.countAll<number>().as('requests'),
      sql<number>`cast(sum(input_tokens) as bigint)`.as('input_tokens'),
      sql<number>`cast(sum(output_tokens) as bigint)`.as('output_tokens'),
      sql<number>`cast(sum(cost_nano) as bigint)`.as('cost_nano'),
    ])
    .groupBy('name')
    .orderBy(group === 'day' ? 'name' : 'cost_nano', 'desc')
    .limit(GROUPS_SHOWN)
    .execute()
}

/** Newest first, after the one named. */
export async function listUsage(db: Db, filter: UsageFilter, limit: number, after?: string): Promise<UsageRow[]> {
  let query = usageOf(db, filter).selectAll().orderBy('usage_id', 'desc').limit(limit)
  if (after !== undefined) query = query.where('usage_id', '<', after)
  return query.execute()
}

/** What people spent since then, in nano-dollars; nobody is in it who called nothing. */
export async function spentSince(db: Db, userIds: readonly string[], since: number): Promise<Map<string, number>> {
  if (userIds.length === 0) return new Map()
  const rows = await db
    .selectFrom('usage_record')
    .select(['user_id', sql<number>`cast(sum(cost_nano) as bigint)`.as('nano')])
    .where('user_id', 'in', userIds)
    .where('at', '>=', since)
    .groupBy('user_id')
    .execute()
  return new Map(rows.map(({ user_id, nano }) => [user_id, nano]))
}

/** What people did through an app: how many calls, and for how many nano-dollars. */
export async function usageThroughApp(
  db: Db,
  clientId: string,
  userIds: readonly string[],
): Promise<Map<string, { requests: number; nano: number }>> {
  if (userIds.length === 0) return new Map()
  const rows = await db
    .selectFrom('usage_record')
    .select((e) => [
      'user_id',
      e.fn.countAll<number>().as('requests'),
      sql<number>`cast(sum(cost_nano) as bigint)`.as('nano'),
    ])
    .where('client_id', '=', clientId)
    .where('user_id', 'in', userIds)
    .groupBy('user_id')
    .execute()
  return new Map(rows.map(({ user_id, requests, nano }) => [user_id, { requests, nano }]))
}
