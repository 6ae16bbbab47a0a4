import { newId } from '../../crypto/ids.ts'
import type { KeyRing } from '../../crypto/key-ring.ts'
import type { Random } from '../../crypto/random.ts'
import type { Db } from '../../storage/database.ts'
import {
  consumeVerification,
  deleteResetLinks,
  deleteVerifications,
  findVerification,
  findVerificationById,
  insertVerification,
  type VerificationRow,
} from '../../storage/verifications.ts'
import { type AccountsWorld, type Model, type ModelTable, text, time, unknownQuestion } from './table.ts'

const PURPOSE = 'verification'
/** What the value of a verification is bound to. */
export const verificationRecord = (id: string) => `verification:${id}`

/** What better-auth calls the link by which a person sets a password. */
export const RESET_PASSWORD = 'reset-password:'

/** Keeps something that is to be brought back once: its name hashed, its value sealed. */
export async function keepVerification(
  { ring, random }: { ring: KeyRing; random: Random },
  trx: Db,
  { identifier, value, now, expiresAt }: { identifier: string; value: string; now: number; expiresAt: number },
): Promise<VerificationRow> {
  const id = newId(random, 'ver')
  const userId = identifier.startsWith(RESET_PASSWORD) ? value : null
  const row: VerificationRow = {
    id,
    identifier_hash: ring.hash(PURPOSE, identifier),
    value_sealed: ring.seal(value, verificationRecord(id)),
    user_id: userId,
    created_at: now,
    updated_at: now,
    expires_at: expiresAt,
  }
  if (userId !== null) await deleteResetLinks(trx, userId)
  await insertVerification(trx, row)
  return row
}

/** better-auth's `verification`: reset links, challenges of passkeys, the state of a sign-in elsewhere. */
export function verificationTable(world: AccountsWorld): ModelTable {
  const { db, ring, visits, now: clock } = world
  const hashes = (identifier: unknown) => ring.hashes(PURPOSE, text(identifier))
  const modelOf = (row: VerificationRow, identifier: string): Model => ({
    id: row.id,
    identifier,
    value: ring.unseal(row.value_sealed, verificationRecord(row.id)),
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    expiresAt: row.expires_at,
  })

  return {
    async create(data) {
      const identifier = text(data.identifier)
      const kept = { identifier, value: text(data.value), now: clock(), expiresAt: time(data.expiresAt) }
      const row = await visits.guard(() => db.write(({ trx }) => keepVerification(world, trx, kept)))
      return modelOf(row, identifier)
    },

    async find(by) {
      const identifier = typeof by.identifier === 'string' ? by.identifier : ''
      const row =
        by.id === undefined
          ? await findVerification(db.read, hashes(by.identifier))
          : await findVerificationById(db.read, text(by.id))
      return row ? [modelOf(row, identifier)] : []
    },

    update: async (by) => {
      throw unknownQuestion('verification', by)
    },

    // Who wins must be known at once, so nothing here waits for the end of better-auth's transaction.
    delete: (by) => visits.guard(() => db.write(({ trx }) => deleteVerifications(trx, hashes(by.identifier)))),
    async consume(by) {
      const row = await visits.guard(() => db.write(({ trx }) => consumeVerification(trx, text(by.id))))
      return row && modelOf(row, '')
    },
  }
}
