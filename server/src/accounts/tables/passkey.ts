import { newId } from '../../crypto/ids.ts'
import { ApiError } from '../../http/errors.ts'
import type { Work } from '../../storage/database.ts'
import { findHome } from '../../storage/memberships.ts'
import {
  deletePasskey,
  findPasskey,
  findPasskeyByCredential,
  insertPasskey,
  listPasskeys,
  type PasskeyRow,
  updatePasskey,
} from '../../storage/passkeys.ts'
import {
  type AccountsWorld,
  type Criteria,
  type Model,
  type ModelTable,
  optionalText,
  text,
  unknownQuestion,
} from './table.ts'

const NAME_LENGTH = 100

/** The plugin's `passkey`: a public key, and nothing secret. */
export function passkeyTable(world: AccountsWorld): ModelTable {
  const { visits, random, now: clock } = world

  async function record({ trx, record }: Work, action: string, { id, user_id }: PasskeyRow): Promise<void> {
    const org_id = await findHome(trx, user_id)
    record({ at: clock(), org_id, actor: user_id, action, target: id })
  }

  return {
    async create(data) {
      const passkey: PasskeyRow = {
        id: newId(random, 'passkey'),
        user_id: text(data.userId),
        name: optionalText(data.name)?.slice(0, NAME_LENGTH) ?? null,
        credential_id: text(data.credentialID),
        public_key: text(data.publicKey),
        counter: Number(data.counter),
        device_type: text(data.deviceType),
        backed_up: data.backedUp ? 1 : 0,
        transports: optionalText(data.transports)?.slice(0, NAME_LENGTH) ?? null,
        aaguid: optionalText(data.aaguid),
        created_at: clock(),
      }
      await visits.commit(async (work) => {
        if (!(await insertPasskey(work.trx, passkey)))
          throw new ApiError('conflict', 'This passkey is registered already')
        await record(work, 'passkey.added', passkey)
      })
      return modelOf(passkey)
    },

    find: async (by) => (await findBy(world, by)).map(modelOf),

    async update(by, changes) {
      let updated: PasskeyRow | undefined
      await visits.commit(async (work) => {
        updated = await updatePasskey(work.trx, text(by.id), {
          ...(changes.counter !== undefined && { counter: Number(changes.counter) }),
          ...(changes.name !== undefined && { name: text(changes.name).slice(0, NAME_LENGTH) }),
        })
        if (updated && changes.name !== undefined) await record(work, 'passkey.renamed', updated)
      })
      return updated ? [modelOf(updated)] : []
    },

    async delete(by) {
      let deleted: PasskeyRow | undefined
      await visits.commit(async (work) => {
        deleted = await deletePasskey(work.trx, text(by.id))
        if (deleted) await record(work, 'passkey.removed', deleted)
      })
      return deleted ? 1 : 0
    },
  }
}

async function findBy({ db }: AccountsWorld, by: Criteria): Promise<PasskeyRow[]> {
  if (by.userId !== undefined) return listPasskeys(db.read, text(by.userId))
  const found =
    by.id !== undefined
      ? await findPasskey(db.read, text(by.id))
      : by.credentialID !== undefined
        ? await findPasskeyByCredential(db.read, text(by.credentialID))
        : undefined
  if (by.id === undefined && by.credentialID === undefined) throw unknownQuestion('passkey', by)
  return found ? [found] : []
}

function modelOf(passkey: PasskeyRow): Model {
  return {
    id: passkey.id,
    userId: passkey.user_id,
    name: passkey.name,
    credentialID: passkey.credential_id,
    publicKey: passkey.public_key,
    counter: passkey.counter,
    deviceType: passkey.device_type,
    backedUp: passkey.backed_up === 1,
    transports: passkey.transports,
    aaguid: passkey.aaguid,
    createdAt: passkey.created_at,
  }
}
