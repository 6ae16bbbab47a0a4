import { newId } from '../crypto/ids.ts'
import type { Random } from '../crypto/random.ts'
import type { Database } from '../storage/database.ts'
import { claimSetting, findSetting } from '../storage/settings.ts'

const SETTING = 'first_organization'

/** The organization that the operator works in: made on the first start, by one process. */
export async function openFirstOrganization(db: Database, random: Random, now: number): Promise<string> {
  const known = await findSetting(db.read, SETTING)
  if (known !== undefined) return known
  const orgId = newId(random, 'org')
  const made = await db.write(async ({ trx }) => {
    if (!(await claimSetting(trx, SETTING, orgId))) return false
    await trx.insertInto('organization').values({ org_id: orgId, name: 'My organization', created_at: now }).execute()
    return true
  })
  return made ? orgId : ((await findSetting(db.read, SETTING)) ?? orgId)
}
