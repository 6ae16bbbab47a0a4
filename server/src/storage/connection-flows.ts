import type { Selectable } from 'kysely'
import type { Db } from './database.ts'
import type { ConnectionFlowTable } from './schema.ts'

export type ConnectionFlowRow = Selectable<ConnectionFlowTable>

export async function insertConnectionFlow(trx: Db, flow: ConnectionFlowRow): Promise<void> {
  await trx.insertInto('connection_flow').values(flow).execute()
}

/** By its hash under any key of the ring, whether it can still be used or not. */
export function findConnectionFlow(db: Db, stateHashes: readonly string[]): Promise<ConnectionFlowRow | undefined> {
  return db.selectFrom('connection_flow').selectAll().where('state_hash', 'in', stateHashes).executeTakeFirst()
}

/** Whether a person may still answer what they were asked for this connection. */
export async function isAskedFor(db: Db, connectionId: string, now: number): Promise<boolean> {
  const flow = await db
    .selectFrom('connection_flow')
    .select('state_hash')
    .where('connection_id', '=', connectionId)
    .where('used_at', 'is', null)
    .where('expires_at', '>', now)
    .limit(1)
    .executeTakeFirst()
  return flow !== undefined
}

/** True for one caller only, however many bring the same state; false once its time is over. */
export async function useConnectionFlow(trx: Db, stateHash: string, now: number): Promise<boolean> {
  const used = await trx
    .updateTable('connection_flow')
    .set({ used_at: now, secrets_sealed: '' })
    .where('state_hash', '=', stateHash)
    .where('used_at', 'is', null)
    .where('expires_at', '>', now)
    .executeTakeFirst()
  return used.numUpdatedRows === 1n
}

/** True for the first browser only. */
export async function bindFlowToBrowser(trx: Db, stateHash: string, browserHash: string): Promise<boolean> {
  const bound = await trx
    .updateTable('connection_flow')
    .set({ browser_hash: browserHash })
    .where('state_hash', '=', stateHash)
    .where('browser_hash', 'is', null)
    .where('used_at', 'is', null)
    .executeTakeFirst()
  return bound.numUpdatedRows === 1n
}

/** What the person consented to waits, in the place of what the flow began with. */
export async function holdConsent(trx: Db, stateHash: string, sealed: string): Promise<void> {
  await trx.updateTable('connection_flow').set({ secrets_sealed: sealed }).where('state_hash', '=', stateHash).execute()
}

/** The flow whose consent waits for this challenge, while there is time. */
export function findHeldFlow(
  db: Db,
  connectionId: string,
  challenge: string,
  now: number,
): Promise<ConnectionFlowRow | undefined> {
  return db
    .selectFrom('connection_flow')
    .selectAll()
    .where('connection_id', '=', connectionId)
    .where('session_challenge', '=', challenge)
    .where('used_at', 'is not', null)
    .where('secrets_sealed', '<>', '')
    .where('expires_at', '>', now)
    .executeTakeFirst()
}

/** Whose consent nobody confirmed in time. */
export function listUnconfirmedFlows(db: Db, now: number, limit: number): Promise<ConnectionFlowRow[]> {
  return db
    .selectFrom('connection_flow')
    .selectAll()
    .where('session_challenge', 'is not', null)
    .where('used_at', 'is not', null)
    .where('secrets_sealed', '<>', '')
    .where('expires_at', '<=', now)
    .limit(limit)
    .execute()
}

/** True for one caller only. */
export async function releaseHeldFlow(trx: Db, stateHash: string): Promise<boolean> {
  const released = await trx
    .updateTable('connection_flow')
    .set({ secrets_sealed: '' })
    .where('state_hash', '=', stateHash)
    .where('secrets_sealed', '<>', '')
    .executeTakeFirst()
  return released.numUpdatedRows === 1n
}
