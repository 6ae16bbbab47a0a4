import type { Deps } from '../context.ts'
import { sha256 } from '../crypto/jws.ts'
import { ApiError } from '../http/errors.ts'
import { addAuthFailure, findAuthFailures } from '../storage/auth-failures.ts'
import type { AuditEntry, Work } from '../storage/database.ts'
import type { AuthFailureTable } from '../storage/schema.ts'

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
  /** What else is noted of a failure within the limits, in the same transaction. */
  note?: (work: Work) => Promise<void>
}

/**
 * Counts a wrong credential and throws. A right one is never counted nor refused: secrets have 256 bits, so the limit is
 * against floods, and must not let one caller lock another out. The counts are in the database, common to all processes.
 */
export async function failAttempt(
  { db, now: clock }: Deps,
  { name, address, error, audit, note }: Attempt,
): Promise<never> {
  const now = clock()
  const since = now - WINDOW_MS
  // Hashed: a name that was made up may be of any length.
  const ofName = sha256(`${name}\0${address}`)
  const ofAddress = sha256(`\0${address}`)
  const before = await Promise.all([
    findAuthFailures(db.read, ofName, since),
    findAuthFailures(db.read, ofAddress, since),
  ])
  // Who is over the limit already costs no write.
  refuseBeyond(before, 0, now)

  const counts = await db.write(async (work) => {
    const { trx, record } = work
    const byName = await addAuthFailure(trx, ofName, now, since)
    const byAddress = await addAuthFailure(trx, ofAddress, now, since)
    if (note && byName.count <= PER_NAME_AND_ADDRESS) await note(work)
    if (audit && byName.count <= PER_NAME_AND_ADDRESS) record(eventOf(audit, name, address, now))
    return [byName, byAddress] as const
  })
  refuseBeyond(counts, 1, now)
  throw error
}

type Counts = readonly [AuthFailureTable | undefined, AuthFailureTable | undefined]

/** `counted` is 1 where the counts hold the present failure already. */
function refuseBeyond([byName, byAddress]: Counts, counted: 0 | 1, now: number): void {
  if (byName && byName.count - counted >= PER_NAME_AND_ADDRESS) throw tooMany(byName.started_at + WINDOW_MS - now)
  if (byAddress && byAddress.count - counted >= PER_ADDRESS) throw tooMany(byAddress.started_at + WINDOW_MS - now)
}

function eventOf(audit: NonNullable<Attempt['audit']>, actor: string, address: string, now: number): AuditEntry {
  return {
    at: now,
    org_id: audit.orgId,
    actor,
    action: audit.action,
    agent_id: audit.agentId ?? null,
    client_id: audit.clientId ?? null,
    request_id: audit.requestId ?? null,
    detail: { address },
  }
}

function tooMany(waitMs: number): ApiError {
  const seconds = Math.max(1, Math.ceil(waitMs / 1000))
  return new ApiError('rate_limit_exceeded', `Too many wrong credentials; wait ${seconds} s and send the right ones`, {
    headers: { 'Retry-After': String(seconds) },
  })
}
