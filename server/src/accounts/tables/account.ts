import { newId } from '../../crypto/ids.ts'
import { ApiError } from '../../http/errors.ts'
import type { Work } from '../../storage/database.ts'
import { findHome } from '../../storage/memberships.ts'
import { deleteSessionsOf } from '../../storage/sessions.ts'
import {
  type AccountRow,
  findAccount,
  findAccountById,
  insertAccount,
  listAccounts,
  setPassword,
} from '../../storage/sign-in-accounts.ts'
import { deleteResetLinks } from '../../storage/verifications.ts'
import { proveAddress } from '../registration.ts'
import { recordEnded } from './session.ts'
import {
  type AccountsWorld,
  type Criteria,
  type Model,
  type ModelTable,
  optionalText,
  text,
  unknownQuestion,
} from './table.ts'

/** better-auth's `account`: a password, or an account elsewhere, whose tokens we have no use for and do not keep. */
export function accountTable(world: AccountsWorld): ModelTable {
  const { visits, random, now: clock } = world

  /** What a new password means depends on how the person came to set it. */
  async function afterPassword(work: Work, userId: string, path: string, now: number): Promise<void> {
    await deleteResetLinks(work.trx, userId)
    if (path === '/reset-password') {
      // Who opened the mailed link has the address. Whoever had the old password is out.
      await recordEnded(work, await deleteSessionsOf(work.trx, userId), now, { by: path })
      await proveAddress(world, work, userId, now, { anew: true })
    }
    const action = path === '/reset-password' ? 'person.password_reset' : 'person.password_changed'
    const org_id = await findHome(work.trx, userId)
    work.record({ at: now, org_id, actor: userId, action, target: userId })
  }

  return {
    async create(data) {
      const now = clock()
      const { path } = visits.current()
      const account: AccountRow = {
        id: newId(random, 'acct'),
        user_id: text(data.userId),
        provider_id: text(data.providerId),
        account_id: text(data.accountId),
        password_hash: optionalText(data.password),
        scope: optionalText(data.scope),
        created_at: now,
        updated_at: now,
      }
      await visits.commit(async (work) => {
        if (!(await insertAccount(work.trx, account)))
          throw new ApiError('conflict', 'Another request signs in with this account just now; try again')
        if (path === '/sign-up/email') return
        const { user_id: actor, provider_id } = account
        if (account.password_hash !== null) return afterPassword(work, actor, path, now)
        const org_id = await findHome(work.trx, actor)
        work.record({ at: now, org_id, actor, action: 'person.account_linked', target: provider_id })
      })
      return modelOf(account)
    },

    find: async (by) => (await findBy(world, by)).map(modelOf),

    async update(by, changes) {
      const found = await findBy(world, by)
      const hash = optionalText(changes.password)
      if (hash === null) return found.map(modelOf)
      const now = clock()
      const { path } = visits.current()
      await visits.commit(async (work) => {
        for (const { id, user_id } of found) {
          await setPassword(work.trx, id, hash, now)
          await afterPassword(work, user_id, path, now)
        }
      })
      return found.map((account) => modelOf({ ...account, password_hash: hash, updated_at: now }))
    },

    delete: async (by) => {
      throw unknownQuestion('account', by)
    },
  }
}

async function findBy({ db }: AccountsWorld, by: Criteria): Promise<AccountRow[]> {
  if (by.id !== undefined) return list(await findAccountById(db.read, text(by.id)))
  if (by.providerId !== undefined && by.accountId !== undefined)
    return (
      list(await findAccount(db.read, text(by.providerId), text(by.accountId)))
        // Asked for with its owner, it must be that one's.
        .filter(({ user_id }) => by.userId === undefined || user_id === by.userId)
    )
  if (by.userId !== undefined) return listAccounts(db.read, text(by.userId))
  throw unknownQuestion('account', by)
}

const list = <T>(one: T | undefined): T[] => (one === undefined ? [] : [one])

function modelOf(account: AccountRow): Model {
  return {
    id: account.id,
    userId: account.user_id,
    providerId: account.provider_id,
    accountId: account.account_id,
    password: account.password_hash,
    scope: account.scope,
    createdAt: account.created_at,
    updatedAt: account.updated_at,
  }
}
