import { sql } from 'kysely'
import type { Db } from './database.ts'
import { prepared } from './prepared.ts'
import type { AuditEventTable, AuditHeadTable } from './schema.ts'

const insert = prepared<AuditEventTable, unknown>((db, param) =>
  db.insertInto('audit_event').values({
    chain: param('chain'),
    seq: param('seq'),
    at: param('at'),
    org_id: param('org_id'),
    actor: param('actor'),
    action: param('action'),
    target: param('target'),
    client_id: param('client_id'),
    agent_id: param('agent_id'),
    request_id: param('request_id'),
    detail: param('detail'),
    prev_hash: param('prev_hash'),
    hash: param('hash'),
  }),
)

export async function insertAuditEvents(trx: Db, events: readonly AuditEventTable[]): Promise<void> {
  for (const event of events) await insert(trx, event)
}

export interface AuditFilter {
  org_id?: string | undefined
  actor?: string | undefined
  action?: string | undefined
  client_id?: string | undefined
  agent_id?: string | undefined
  since?: number | undefined
  until?: number | undefined
}

/** Where a page of the log begins: just after this event. */
export interface AuditCursor {
  at: number
  chain: string
  seq: number
}

/** Newest first. */
export async function listAuditEvents(
  db: Db,
  filter: AuditFilter,
  limit: number,
  after?: AuditCursor,
): Promise<AuditEventTable[]> {
  let query = db.selectFrom('audit_event').selectAll()
  for (const column of ['org_id', 'actor', 'action', 'client_id', 'agent_id'] as const) {
    const value = filter[column]
    if (value !== undefined) query = query.where(column, '=', value)
  }
  if (filter.since !== undefined) query = query.where('at', '>=', filter.since)
  if (filter.until !== undefined) query = query.where('at', '<', filter.until)
  if (after) query = query.where(sql<boolean>`(at, chain, seq) < (${after.at}, ${after.chain}, ${after.seq})`)
  return query.orderBy('at', 'desc').orderBy('chain', 'desc').orderBy('seq', 'desc').limit(limit).execute()
}

/** Who did something to each of these at that very time, and what they are called if they are a person. */
export async function listActors(
  db: Db,
  action: string,
  done: readonly { target: string; at: number }[],
): Promise<{ target: string; actor: string; name: string | null }[]> {
  if (done.length === 0) return []
  return db
    .selectFrom('audit_event')
    .leftJoin('person', 'person.user_id', 'audit_event.actor')
    .select(['audit_event.actor', 'person.name'])
    .select((e) => e.ref('audit_event.target').$notNull().as('target'))
    .where('audit_event.action', '=', action)
    .where((e) => e.or(done.map(({ target, at }) => e.and({ 'audit_event.target': target, 'audit_event.at': at }))))
    .execute()
}

/** The next events of one chain, oldest first. */
export function listChainEvents(db: Db, chain: string, afterSeq: number, limit: number): Promise<AuditEventTable[]> {
  return db
    .selectFrom('audit_event')
    .selectAll()
    .where('chain', '=', chain)
    .where('seq', '>', afterSeq)
    .orderBy('seq')
    .limit(limit)
    .execute()
}

export async function listChains(db: Db): Promise<string[]> {
  const rows = await db
    .selectFrom('audit_event')
    .select('chain')
    .union(db.selectFrom('audit_head').select('chain'))
    .execute()
  return rows.map(({ chain }) => chain).sort()
}

export function listAuditHeads(db: Db, chain: string): Promise<AuditHeadTable[]> {
  return db.selectFrom('audit_head').selectAll().where('chain', '=', chain).orderBy('seq').execute()
}

/** How long a transaction may take, and a clock be behind, for its events still to be found by their time. */
const LATE_MS = 600_000

/** The last event of every chain that has grown since its head was last signed. Looks only at what is new since then. */
export async function listUnsignedHeads(db: Db): Promise<Pick<AuditEventTable, 'chain' | 'seq' | 'hash'>[]> {
  const { signed_at } = await db
    .selectFrom('audit_head')
    .select((e) => e.fn.max('signed_at').as('signed_at'))
    .executeTakeFirstOrThrow()
  return db
    .with('last', (cte) =>
      cte
        .selectFrom('audit_event')
        .select(['chain', (e) => e.fn.max('seq').as('seq')])
        .where('at', '>', Number(signed_at ?? 0) - LATE_MS)
        .groupBy('chain'),
    )
    .selectFrom('last')
    .innerJoin('audit_event as event', (join) =>
      join.onRef('event.chain', '=', 'last.chain').onRef('event.seq', '=', 'last.seq'),
    )
    .leftJoin('audit_head as head', (join) =>
      join.onRef('head.chain', '=', 'last.chain').onRef('head.seq', '=', 'last.seq'),
    )
    .where('head.chain', 'is', null)
    .select(['event.chain', 'event.seq', 'event.hash'])
    .execute()
}

export async function insertAuditHead(trx: Db, head: AuditHeadTable): Promise<void> {
  await trx
    .insertInto('audit_head')
    .values(head)
    .onConflict((c) => c.columns(['chain', 'seq']).doNothing())
    .execute()
}

export async function countAuditEvents(db: Db, action: string): Promise<number> {
  const row = await db
    .selectFrom('audit_event')
    .select((e) => e.fn.countAll<number>().as('count'))
    .where('action', '=', action)
    .executeTakeFirstOrThrow()
  return Number(row.count)
}
