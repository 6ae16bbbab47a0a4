import type { Deps } from '../context.ts'
import { sha256 } from '../crypto/jws.ts'
import { ApiError } from '../http/errors.ts'
import { addAuthFailure, findAuthFailures } from '../storage/auth-failures.ts'

const WINDOW_MS = 60_000
const PER_NAME_AND_ADDRESS = 10
const PER_ADDRESS = 60

interface Attempt {
  /** Who was claimed to be calling: an agent's or a client's id, as sent. */
  name: string
  address: string
  /** What a caller within its limits is told. */
  error: ApiError
  /** Also told to the audit log, when the one who was claimed exists. */
  audit?: { orgId: string; action: string; agentId?: string; clientId?: string; requestId?: string }
}

/**
 * Counts a wrong credential and throws. A right one is never counted nor refused: secrets have 256 bits, so the limit is
 * against floods, and must not let one caller lock another out. The counts are in the database, common to all processes.
 */
export async function failAttempt({ db, now: clock }: Deps, { name, address, error, audit }: Attempt): Promise<never> {
  const now = clock()
  const since = now - WINDOW_MS
  // Hashed: a name that was made up may be of any length.
  const ofName = sha256(`${name}\0${address}`)
  const ofAddress = sha256(`\0${address}`)
  const [byName, byAddress] = await Promise.all([
    findAuthFailures(db.read, ofName, since),
    findAuthFailures(db.read, ofAddress, since),
  ])
  const exceeded =
    (byName && byName.count >= PER_NAME_AND_ADDRESS && byName) ||
    (byAddress && byAddress.count >= PER_ADDRESS && byAddress)
  if (exceeded) throw tooMany(exceeded.started_at + WINDOW_MS - now)

  await db.write(async ({ trx, record }) => {
    await addAuthFailure(trx, ofName, now, since)
    await addAuthFailure(trx, ofAddress, now, since)
    if (audit)
      record({
        at: now,
        org_id: audit.orgId,
        actor: name,
        action: audit.action,
        agent_id: audit.agentId ?? null,
        client_id: audit.clientId ?? null,
        request_id: audit.requestId ?? null,
        detail: { address },
      })
  })
  throw error
}

function tooMany(waitMs: number): ApiError {
  const seconds = Math.max(1, Math.ceil(waitMs / 1000))
  return new ApiError('rate_limit_exceeded', `Too many wrong credentials; wait ${seconds} s and send the right ones`, {
    headers: { 'Retry-After': String(seconds) },
  })
}
