import type { Deps, Operator } from '../context.ts'
import { newSecret } from '../crypto/ids.ts'
import type { KeyRing } from '../crypto/key-ring.ts'
import type { Random } from '../crypto/random.ts'
import type { Database } from '../storage/database.ts'
import { claimSetting, findSetting } from '../storage/settings.ts'

const SETTING = 'admin_key_hash'

/**
 * Keyed hash of the operator's key: of the one configured, else of the one made on the first start. `made` is that key,
 * for the one process that made it to print; it cannot be had again.
 */
export async function openAdminKey(
  { db, ring, random }: { db: Database; ring: KeyRing; random: Random },
  configured: string | undefined,
): Promise<{ hash: string; made?: string }> {
  if (configured !== undefined) return { hash: ring.hash('admin_key', configured) }
  const known = await findSetting(db.read, SETTING)
  if (known !== undefined) return { hash: known }

  const made = newSecret(random, 'aak')
  const hash = ring.hash('admin_key', made)
  if (await db.write(({ trx }) => claimSetting(trx, SETTING, hash))) return { hash, made }
  return { hash: (await findSetting(db.read, SETTING)) ?? hash }
}

export function isAdminKey(ring: KeyRing, key: string, hash: string): boolean {
  return ring.matches('admin_key', key, hash)
}

/** Who holds the admin key, as against an administrator of the first organization, who is known by name. */
const KEY_HOLDER = 'operator'

/** Who holds the admin key: sees every organization, and makes things in the first. */
export function operatorPrincipal({ orgId }: Pick<Deps, 'orgId'>): Operator {
  return { kind: 'operator', id: KEY_HOLDER, orgId }
}

export const isByAdminKey = ({ id }: Pick<Operator, 'id'>): boolean => id === KEY_HOLDER
