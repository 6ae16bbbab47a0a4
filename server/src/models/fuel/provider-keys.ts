import { z } from 'zod'
import type { Deps } from '../../context.ts'
import { UnsealError } from '../../crypto/key-ring.ts'
import { ApiError } from '../../http/errors.ts'
import { findModelProvider } from '../../storage/model-providers.ts'
import {
  deleteProviderKey as deleteRow,
  findProviderKey,
  listProviderKeys as listRows,
  type ProviderKeyRow,
  saveProviderKey,
} from '../../storage/provider-keys.ts'
import { isProviderKind } from '../provider-settings.ts'
import type { BudgetOwner } from './budget-owner.ts'

/** What the key of a person at a provider is bound to. */
export const providerKeyRecord = (userId: string, providerId: string) => `provider_key:${userId}:${providerId}`

/** `PUT /api/provider-keys/{id}`. It goes into a header: no sign that would end one. */
export const GivenKey = z.object({
  api_key: z
    .string()
    .min(1, 'must not be empty')
    .max(4096)
    .regex(/^[\x21-\x7e]*$/, 'must be a key as the provider shows it, without spaces'),
})

/** What a key is too short to show the end of. */
const SHORT = 8

/** Sealed, and never shown again. It stays when the provider goes, for its owner to take away. */
export async function setProviderKey(
  { db, ring, now: clock }: Deps,
  providerId: string,
  { api_key: key }: z.output<typeof GivenKey>,
  person: BudgetOwner,
) {
  const now = clock()
  const row: ProviderKeyRow = {
    user_id: person.id,
    provider_id: providerId,
    key_sealed: ring.seal(key, providerKeyRecord(person.id, providerId)),
    last_four: key.length < SHORT ? '' : key.slice(-4),
    created_at: now,
    updated_at: now,
  }
  return db.write(async ({ trx, record }) => {
    // A slip of the pen would lie there for ever, and be sent to whoever is called so one day. What a provider of a kind is
    // called at first may be given before it is there.
    if (!isProviderKind(providerId) && !(await findModelProvider(trx, providerId)))
      throw new ApiError('not_found', `There is no provider of models ${providerId}; GET /api/models lists them`)
    const saved = await saveProviderKey(trx, row)
    record({
      at: now,
      org_id: person.orgId,
      actor: person.id,
      action: 'provider_key.set',
      detail: { provider: providerId },
    })
    return viewOf(saved)
  })
}

export async function listProviderKeys({ db }: Deps, person: BudgetOwner) {
  return { data: (await listRows(db.read, person.id)).map(viewOf), next_cursor: null }
}

export async function getProviderKey({ db }: Deps, providerId: string, person: BudgetOwner) {
  const row = await findProviderKey(db.read, person.id, providerId)
  if (!row) throw unknownKey(providerId)
  return viewOf(row)
}

export async function deleteProviderKey({ db, now: clock }: Deps, providerId: string, person: BudgetOwner) {
  await db.write(async ({ trx, record }) => {
    if (!(await deleteRow(trx, person.id, providerId))) throw unknownKey(providerId)
    record({
      at: clock(),
      org_id: person.orgId,
      actor: person.id,
      action: 'provider_key.deleted',
      detail: { provider: providerId },
    })
  })
}

function unknownKey(providerId: string): ApiError {
  return new ApiError('not_found', `You have no key at ${providerId.slice(0, 64)}`)
}

/** A person's own key, to call a provider with. Without one there is no call: credits do not step in. */
export async function keyOf({ db, ring }: Pick<Deps, 'db' | 'ring'>, userId: string, providerId: string) {
  const row = await findProviderKey(db.read, userId, providerId)
  if (!row)
    throw new ApiError(
      'byok_key_missing',
      `You pay by your own keys, and have none at ${providerId.slice(0, 64)}: add it with PUT /api/provider-keys/${providerId.slice(0, 64)}, or pay by credits`,
    )
  try {
    return ring.unseal(row.key_sealed, providerKeyRecord(userId, providerId))
  } catch (cause) {
    if (cause instanceof UnsealError)
      throw new ApiError('integrity_error', 'The stored key cannot be trusted; set it again', { cause })
    throw cause
  }
}

function viewOf({ provider_id, last_four, created_at, updated_at }: ProviderKeyRow) {
  return {
    provider_id,
    last_four,
    created_at: new Date(created_at).toISOString(),
    updated_at: new Date(updated_at).toISOString(),
  }
}
