import type { Deps } from '../context.ts'
import { ApiError } from '../http/errors.ts'
import type { ConnectionRow } from '../storage/connections.ts'
import { findProviderRow } from '../storage/providers.ts'

type Postponed = Pick<ConnectionRow, 'fault' | 'next_attempt_at' | 'provider_name' | 'updated_at'>

/** Throws while the provider is not to be asked again; what the operator has changed since is tried at once. */
export async function refuseWhilePostponed(deps: Pick<Deps, 'db'>, row: Postponed, now: number): Promise<void> {
  if (row.next_attempt_at === null || row.next_attempt_at <= now) return
  const waitMs = row.next_attempt_at - now
  if (row.fault !== 'misconfigured') throw unavailable(waitMs)
  const provider = await findProviderRow(deps.db.read, row.provider_name)
  if (!provider || provider.updated_at <= row.updated_at) throw misconfigured()
}

export function unavailable(waitMs: number, cause?: Error): ApiError {
  const seconds = Math.max(1, Math.ceil(waitMs / 1000))
  return new ApiError('provider_unavailable', `The provider cannot be reached now; try again in ${seconds} s`, {
    headers: { 'Retry-After': String(seconds) },
    cause,
  })
}

export function misconfigured(cause?: Error): ApiError {
  return new ApiError(
    'provider_misconfigured',
    'The provider refuses our client, or we have its address wrong; the operator has to mend it, the person need not do anything',
    { cause },
  )
}
