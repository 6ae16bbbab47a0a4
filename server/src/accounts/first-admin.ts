import type { Deps } from '../context.ts'
import { newId } from '../crypto/ids.ts'
import { findPersonByEmail, registerPerson, updatePerson } from '../storage/persons.ts'
import { deleteSessionsOf } from '../storage/sessions.ts'
import { claimSetting } from '../storage/settings.ts'
import { deletePassword, insertAccount, listAccounts, setPassword } from '../storage/sign-in-accounts.ts'
import { enterAsAdmin, FIRST_PERSON, proveAddress } from './registration.ts'
import { keepVerification, RESET_PASSWORD } from './tables/verification.ts'

const LINK_MS = 86_400_000
const ACTOR = 'operator'

export interface MadeAdmin {
  email: string
  /** Whether there was such a person before. */
  known: boolean
  /** Where they set a password; absent when one was given. */
  link?: string
}

/**
 * Makes a person an administrator of the operator's organization, by who runs the server: the address is taken as proved.
 * For a first administrator where nobody may sign up as one, and for an operator who is locked out.
 */
export async function makeAdmin(
  deps: Deps,
  { email, name, password }: { email: string; name: string | undefined; password: string | undefined },
): Promise<MadeAdmin> {
  const { db, random, auth, orgId, config } = deps
  const now = deps.now()
  const passwordHash = password === undefined ? undefined : await auth.hashPassword(password)
  const token = random(24).toString('base64url')

  const known = await db.write(async (work) => {
    const { trx, record } = work
    const before = await findPersonByEmail(trx, email)
    const userId = before?.user_id ?? newId(random, 'user')
    if (before?.registered_at == null) {
      const own = name ?? before?.name ?? email
      const created_at = before?.created_at ?? now
      const person = { user_id: userId, org_id: orgId, email, name: own, registered_at: now, created_at }
      if (!(await registerPerson(trx, person))) throw new Error(`${email} signs up just now; run this again`)
      record({ at: now, org_id: orgId, actor: ACTOR, action: 'person.registered', target: userId })
    } else if (name !== undefined) await updatePerson(trx, userId, { name, updated_at: now })

    // Nobody who only happens to sign up first becomes one from here on.
    await claimSetting(trx, FIRST_PERSON, userId)
    await enterAsAdmin(work, userId, orgId, now)
    await updatePerson(trx, userId, { org_id: orgId })
    await proveAddress(deps, work, userId, now, { anew: true })
    // Of whoever signed up with the address before it was proved.
    if (before?.email_verified_at === null) await deletePassword(trx, userId)

    if (passwordHash !== undefined) {
      const account = (await listAccounts(trx, userId)).find(({ provider_id }) => provider_id === 'credential')
      if (account) await setPassword(trx, account.id, passwordHash, now)
      else
        await insertAccount(trx, {
          id: newId(random, 'acct'),
          user_id: userId,
          provider_id: 'credential',
          account_id: userId,
          password_hash: passwordHash,
          scope: null,
          created_at: now,
          updated_at: now,
        })
      await deleteSessionsOf(trx, userId)
      record({ at: now, org_id: orgId, actor: ACTOR, action: 'person.password_reset', target: userId })
    } else
      await keepVerification(deps, trx, {
        identifier: `${RESET_PASSWORD}${token}`,
        value: userId,
        now,
        expiresAt: now + LINK_MS,
      })
    return before?.registered_at != null
  })
  const link = `${config.issuer}/console/reset-password?token=${token}`
  return { email, known, ...(passwordHash === undefined && { link }) }
}
