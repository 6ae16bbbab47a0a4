import { sql } from 'kysely'
import type { Db } from './database.ts'
import { prepared } from './prepared.ts'
import type { AuthFailureTable } from './schema.ts'

const byKey = prepared<{ key: string; since: number }, AuthFailureTable>((db, param) =>
  db.selectFrom('auth_failure').selectAll().where('key', '=', param('key')).where('started_at', '>', param('since')),
)

/** Failures counted under a key in the window that began after `since`. */
export async function findAuthFailures(db: Db, key: string, since: number): Promise<AuthFailureTable | undefined> {
  return (await byKey(db, { key, since })).rows[0]
}

/** Counts one more and gives the count; a window that began before `since` gives way to a new one. */
export async function addAuthFailure(trx: Db, key: string, now: number, since: number): Promise<AuthFailureTable> {
  return trx
    .insertInto('auth_failure')
    .values({ key, started_at: now, count: 1 })
    .onConflict((conflict) =>
      conflict.column('key').doUpdateSet({
        count: sql<number>`case when auth_failure.started_at > ${since} then auth_failure.count + 1 else 1 end`,
        started_at: sql<number>`case when auth_failure.started_at > ${since} then auth_failure.started_at else ${now} end`,
      }),
    )
    .returningAll()
    .executeTakeFirstOrThrow()
}

/** What was counted beforehand turned out to be no failure. */
export async function takeBackAuthFailure(trx: Db, key: string): Promise<void> {
  await trx
    .updateTable('auth_failure')
    .set((e) => ({ count: e('count', '-', 1) }))
    .where('key', '=', key)
    .where('count', '>', 0)
    .execute()
}
