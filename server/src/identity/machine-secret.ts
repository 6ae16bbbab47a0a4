import type { KeyRing } from '../crypto/key-ring.ts'
import type { SecretRow } from '../storage/agents.ts'

export type SecretPurpose = 'agent_secret' | 'client_secret'

/** Stands in where nobody has that name, so that the answer takes as long. */
const NOBODY = [':']

/** Whether a secret is one of those that are live. Tries them all: the time tells neither which, nor whether there are any. */
export function isLiveSecret(
  ring: KeyRing,
  purpose: SecretPurpose,
  secret: string,
  hashes: readonly string[],
): boolean {
  let right = false
  for (const hash of hashes.length > 0 ? hashes : NOBODY) right = ring.matches(purpose, secret, hash) || right
  return right
}

/** What may be told of a secret. */
export function secretView({ secret_id, last_four, created_at, expires_at }: SecretRow) {
  return {
    secret_id,
    last_four,
    created_at: new Date(created_at).toISOString(),
    expires_at: expires_at === null ? null : new Date(expires_at).toISOString(),
  }
}
