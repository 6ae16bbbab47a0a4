import { sql } from 'kysely'
import type { Db } from './database.ts'
import { prepared } from './prepared.ts'

const MINUTE_MS = 60_000

interface Take {
  userId: string
  now: number
  costMs: number
  /** A person who may not call before that has used up their minute, */
  latest: number
  /** and beyond that was written by another clock, or before ours was set back. */
  absurd: number
}

/** One statement decides, whatever races: the row moves on by what a call costs, as long as there is room. */
const take = prepared<Take, { full_at: number }>((db, param) =>
  db
    .insertInto('model_rate')
    .values({
      user_id: param('userId'),
      full_at: sql<number>`cast(${param('now')} as bigint) + cast(${param('costMs')} as bigint)`,
    })
    .onConflict((c) =>
      c
        .column('user_id')
        .doUpdateSet({
          full_at: sql<number>`case when model_rate.full_at > cast(${param('now')} as bigint) and model_rate.full_at < cast(${param('absurd')} as bigint) then model_rate.full_at else cast(${param('now')} as bigint) end + cast(${param('costMs')} as bigint)`,
        })
        .where((e) =>
          e.or([e('model_rate.full_at', '<=', param('latest')), e('model_rate.full_at', '>=', param('absurd'))]),
        ),
    )
    .returning('full_at'),
)

const current = prepared<{ userId: string }, { full_at: number }>((db, param) =>
  db.selectFrom('model_rate').select('full_at').where('user_id', '=', param('userId')),
)

export interface Rate {
  allowed: boolean
  /** Calls that are left at once. */
  remaining: number
  /** Until there is one more (if none is left), or all are there again. */
  resetMs: number
}

/**
 * Takes one of so many calls a minute, common to all processes and to all keys of a person. A generic cell rate: a burst may
 * use all of them, and they come back evenly.
 */
export async function takeModelCall(trx: Db, userId: string, perMinute: number, now: number): Promise<Rate> {
  const costMs = MINUTE_MS / perMinute
  const taken = await take(trx, {
    userId,
    now: Math.floor(now),
    costMs: Math.ceil(costMs),
    latest: Math.floor(now + MINUTE_MS - costMs),
    absurd: Math.floor(now + 2 * MINUTE_MS),
  })
  const [row] = taken.rows
  if (row) {
    const usedMs = Number(row.full_at) - now
    return { allowed: true, remaining: callsLeft(usedMs, costMs), resetMs: usedMs }
  }
  const fullAt = Number((await current(trx, { userId })).rows[0]?.full_at ?? now)
  return { allowed: false, remaining: 0, resetMs: Math.max(1, fullAt + costMs - MINUTE_MS - now) }
}

/** What is left to a person now; asking takes nothing. */
export async function findModelRate(
  db: Db,
  userId: string,
  perMinute: number,
  now: number,
): Promise<Omit<Rate, 'allowed'>> {
  const fullAt = Number((await current(db, { userId })).rows[0]?.full_at ?? now)
  const usedMs = Math.max(0, fullAt - now)
  return { remaining: callsLeft(usedMs, MINUTE_MS / perMinute), resetMs: usedMs }
}

const callsLeft = (usedMs: number, costMs: number) => Math.max(0, Math.floor((MINUTE_MS - usedMs) / costMs))
