import type { Selectable, Updateable } from 'kysely'
import type { SecretRow } from './agents.ts'
import type { Db } from './database.ts'
import { prepared } from './prepared.ts'
import type { ClientSecretTable, ClientTable } from './schema.ts'

export type ClientRow = Selectable<ClientTable>

const byId = prepared<{ clientId: string }, ClientRow>((db, param) =>
  db.selectFrom('client').selectAll().where('client_id', '=', param('clientId')),
)

export async function findClient(db: Db, clientId: string): Promise<ClientRow | undefined> {
  return (await byId(db, { clientId })).rows[0]
}

const withSecrets = prepared<{ clientId: string; now: number }, ClientRow & { secret_hash: string | null }>(
  (db, param) =>
    db
      .selectFrom('client')
      .leftJoin('client_secret as secret', (join) =>
        join
          .onRef('secret.client_id', '=', 'client.client_id')
          .on((e) => e.or([e('secret.expires_at', 'is', null), e('secret.expires_at', '>', param('now'))])),
      )
      .selectAll('client')
      .select('secret.secret_hash')
      .where('client.client_id', '=', param('clientId')),
)

/** A client with the hashes of its live secrets, in one question. */
export async function findClientWithSecrets(
  db: Db,
  clientId: string,
  now: number,
): Promise<{ client: ClientRow | undefined; secretHashes: string[] }> {
  const { rows } = await withSecrets(db, { clientId, now })
  return { client: rows[0], secretHashes: rows.flatMap(({ secret_hash }) => secret_hash ?? []) }
}

const liveSecrets = prepared<{ clientId: string; now: number }, SecretRow>((db, param) =>
  db
    .selectFrom('client_secret')
    .select(['secret_id', 'secret_hash', 'last_four', 'created_at', 'expires_at'])
    .where('client_id', '=', param('clientId'))
    .where((e) => e.or([e('expires_at', 'is', null), e('expires_at', '>', param('now'))]))
    .orderBy('created_at', 'desc'),
)

export async function listClientSecrets(db: Db, clientId: string, now: number): Promise<SecretRow[]> {
  return (await liveSecrets(db, { clientId, now })).rows
}

export async function listClients(
  db: Db,
  orgId: string | undefined,
  limit: number,
  after?: { created_at: number; id: string },
): Promise<ClientRow[]> {
  let query = db.selectFrom('client').selectAll().orderBy('created_at').orderBy('client_id').limit(limit)
  if (orgId !== undefined) query = query.where('org_id', '=', orgId)
  if (after)
    query = query.where((e) => e(e.refTuple('created_at', 'client_id'), '>', e.tuple(after.created_at, after.id)))
  return query.execute()
}

/** False when the id is taken. */
export async function insertClient(trx: Db, client: ClientRow): Promise<boolean> {
  const inserted = await trx
    .insertInto('client')
    .values(client)
    .onConflict((conflict) => conflict.column('client_id').doNothing())
    .executeTakeFirst()
  return inserted.numInsertedOrUpdatedRows === 1n
}

/** Puts them in the place of those before. */
export async function replaceClientOrigins(trx: Db, clientId: string, origins: readonly string[]): Promise<void> {
  await trx.deleteFrom('client_origin').where('client_id', '=', clientId).execute()
  if (origins.length === 0) return
  const rows = origins.map((origin) => ({ client_id: clientId, origin }))
  await trx.insertInto('client_origin').values(rows).execute()
}

const byOrigin = prepared<{ origin: string }, { client_id: string }>((db, param) =>
  db.selectFrom('client_origin').select('client_id').where('origin', '=', param('origin')).limit(1),
)

/** Whether a page of any registered website is there. */
export async function isClientOrigin(db: Db, origin: string): Promise<boolean> {
  return (await byOrigin(db, { origin })).rows.length > 0
}

export async function insertClientSecret(trx: Db, secret: ClientSecretTable): Promise<void> {
  await trx.insertInto('client_secret').values(secret).execute()
}

export async function expireClientSecrets(trx: Db, clientId: string, at: number): Promise<void> {
  await trx
    .updateTable('client_secret')
    .set({ expires_at: at })
    .where('client_id', '=', clientId)
    .where((e) => e.or([e('expires_at', 'is', null), e('expires_at', '>', at)]))
    .execute()
}

export async function updateClient(trx: Db, clientId: string, changes: Updateable<ClientTable>): Promise<boolean> {
  const updated = await trx.updateTable('client').set(changes).where('client_id', '=', clientId).executeTakeFirst()
  return updated.numUpdatedRows === 1n
}

export async function deleteClient(trx: Db, clientId: string): Promise<boolean> {
  const deleted = await trx.deleteFrom('client').where('client_id', '=', clientId).executeTakeFirst()
  return deleted.numDeletedRows === 1n
}

/** The organization that a token's client belongs to; of its agent, where an agent is its own client. */
export async function findOrganizationOf(db: Db, clientId: string, agentId: string): Promise<string | undefined> {
  const row = await db
    .selectFrom('client')
    .select('org_id')
    .where('client_id', '=', clientId)
    .unionAll(db.selectFrom('agent').select('org_id').where('agent_id', '=', agentId))
    .executeTakeFirst()
  return row?.org_id
}

/** Whether another organization had, and deleted, a client of that id. */
export async function wasDeletedElsewhere(db: Db, clientId: string, orgId: string): Promise<boolean> {
  const row = await db
    .selectFrom('audit_event')
    .select('seq')
    .where('action', '=', 'client.deleted')
    .where('target', '=', clientId)
    .where('org_id', '!=', orgId)
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}
