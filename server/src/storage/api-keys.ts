import type { Selectable } from 'kysely'
import type { Db } from './database.ts'
import { prepared } from './prepared.ts'
import type { ApiKeyTable, PersonTable, Role } from './schema.ts'

export type ApiKeyRow = Selectable<ApiKeyTable>

const HELD = [
  'api_key.key_id',
  'api_key.user_id',
  'api_key.org_id',
  'api_key.client_id',
  'api_key.scope',
  'api_key.models',
  'api_key.last_used_at',
] as const

/** A key with whom it is of, and what they are in its organization. */
export type KeyHolder = Pick<
  ApiKeyRow,
  'key_id' | 'user_id' | 'org_id' | 'client_id' | 'scope' | 'models' | 'last_used_at'
> &
  Pick<Selectable<PersonTable>, 'email' | 'email_verified_at'> & { user_name: string; role: Role | null }

const live = prepared<{ keyHash: string; now: number }, KeyHolder>((db, param) =>
  db
    .selectFrom('api_key')
    .innerJoin('person', 'person.user_id', 'api_key.user_id')
    .leftJoin('membership', (join) =>
      join
        .onRef('membership.org_id', '=', 'api_key.org_id')
        .onRef('membership.user_id', '=', 'api_key.user_id')
        .on((e) => e.or([e('membership.needs_proof', '=', 0), e('person.email_verified_at', 'is not', null)])),
    )
    .select(HELD)
    .select(['person.email', 'person.email_verified_at', 'person.name as user_name', 'membership.role'])
    .where('api_key.key_hash', '=', param('keyHash'))
    .where('api_key.revoked_at', 'is', null)
    .where('person.disabled_at', 'is', null)
    .where((e) => e.or([e('api_key.expires_at', 'is', null), e('api_key.expires_at', '>', param('now'))])),
)

/** By its hash, under any key of the ring; neither ended nor expired, and of a person who is not disabled. */
export async function findLiveApiKey(
  db: Db,
  keyHashes: readonly string[],
  now: number,
): Promise<KeyHolder | undefined> {
  for (const keyHash of keyHashes) {
    const [row] = (await live(db, { keyHash, now })).rows
    if (row) return row
  }
  return undefined
}

export async function insertApiKey(trx: Db, key: ApiKeyRow): Promise<void> {
  await trx.insertInto('api_key').values(key).execute()
}

/** Newest first: the keys of a person in an organization that have not been ended. */
export async function listApiKeys(
  db: Db,
  { userId, orgId }: { userId: string; orgId: string },
): Promise<(ApiKeyRow & { client_name: string | null })[]> {
  return db
    .selectFrom('api_key')
    .leftJoin('client', 'client.client_id', 'api_key.client_id')
    .selectAll('api_key')
    .select('client.client_name')
    .where('api_key.user_id', '=', userId)
    .where('api_key.org_id', '=', orgId)
    .where('api_key.revoked_at', 'is', null)
    .orderBy('api_key.created_at', 'desc')
    .orderBy('api_key.key_id')
    .execute()
}

/** True for the one that ended it. */
export async function revokeApiKey(
  trx: Db,
  { keyId, userId, orgId, now }: { keyId: string; userId: string; orgId: string; now: number },
): Promise<boolean> {
  const revoked = await trx
    .updateTable('api_key')
    .set({ revoked_at: now })
    .where('key_id', '=', keyId)
    .where('user_id', '=', userId)
    .where('org_id', '=', orgId)
    .where('revoked_at', 'is', null)
    .executeTakeFirst()
  return revoked.numUpdatedRows === 1n
}

/** Ends the oldest keys that an app holds of a person, but for so many. The ids of those it ended. */
export async function revokeSurplusKeys(
  trx: Db,
  { userId, clientId, keep, now }: { userId: string; clientId: string; keep: number; now: number },
): Promise<void> {
  const held = await trx
    .selectFrom('api_key')
    .select('key_id')
    .where('user_id', '=', userId)
    .where('client_id', '=', clientId)
    .where('revoked_at', 'is', null)
    .orderBy('created_at', 'desc')
    .orderBy('key_id', 'desc')
    .execute()
  const surplus = held.slice(keep).map(({ key_id }) => key_id)
  // In one order, one by one: exchanges at the same moment revoke the same ones, and would wait for each other.
  for (const keyId of surplus.sort())
    await trx
      .updateTable('api_key')
      .set({ revoked_at: now })
      .where('key_id', '=', keyId)
      .where('revoked_at', 'is', null)
      .execute()
}

/** Written at most once a minute: a look at the list, not a log. */
export async function touchApiKey(trx: Db, keyId: string, now: number, staleBefore: number): Promise<void> {
  await trx
    .updateTable('api_key')
    .set({ last_used_at: now })
    .where('key_id', '=', keyId)
    .where((e) => e.or([e('last_used_at', 'is', null), e('last_used_at', '<', staleBefore)]))
    .execute()
}

/** All of a person's, or those of one organization that they are no longer in. */
export async function revokeApiKeysOf(
  trx: Db,
  { orgId, userId, now }: { orgId?: string; userId: string; now: number },
): Promise<void> {
  let query = trx
    .updateTable('api_key')
    .set({ revoked_at: now })
    .where('user_id', '=', userId)
    .where('revoked_at', 'is', null)
  if (orgId !== undefined) query = query.where('org_id', '=', orgId)
  await query.execute()
}
