import type { KeyRing } from '../crypto/key-ring.ts'
import type { Random } from '../crypto/random.ts'
import type { Database } from '../storage/database.ts'
import { claimSetting, findSetting, replaceSetting } from '../storage/settings.ts'

const SETTING = 'auth_secret'
const RECORD = `setting:${SETTING}`

/**
 * What better-auth signs its cookies and links with: made once, and sealed anew when the primary master key has changed.
 * Were it derived from that key, a rotation would sign everybody out.
 */
export async function openAuthSecret(db: Database, ring: KeyRing, random: Random): Promise<string> {
  const known = await findSetting(db.read, SETTING)
  if (known === undefined) return makeSecret(db, ring, random)
  const secret = ring.unseal(known, RECORD)
  if (known.split('.')[1] !== ring.ids[0])
    await db.write(({ trx }) => replaceSetting(trx, SETTING, known, ring.seal(secret, RECORD)))
  return secret
}

async function makeSecret(db: Database, ring: KeyRing, random: Random): Promise<string> {
  const made = random(32).toString('base64url')
  if (await db.write(({ trx }) => claimSetting(trx, SETTING, ring.seal(made, RECORD)))) return made
  // Another process was first.
  const known = await findSetting(db.read, SETTING)
  if (known === undefined) throw new Error('The secret of the sessions is gone')
  return ring.unseal(known, RECORD)
}
