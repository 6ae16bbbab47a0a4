import type { Deps } from '../context.ts'
import type { ConnectionTable } from '../storage/schema.ts'

/** What a provider gave, as it is kept. Times are epoch milliseconds. */
export interface Tokens {
  access_token: string
  token_type: string
  /** Of an OAuth connection that can be refreshed. */
  refresh_token?: string
  id_token?: string
  /** As the provider said it, or, where it said nothing, as it was asked. */
  scope?: string
  expires_at?: number
}

type Record = Pick<ConnectionTable, 'connection_id' | 'org_id' | 'generation'>

/** Bound to its organization, connection and generation: neither another row's tokens nor last week's can be put here. */
export const tokensRecord = ({ org_id, connection_id, generation }: Record) =>
  `connection.tokens:${org_id}:${connection_id}:${generation}`

/** Seals tokens for the generation that they will stand in. */
export function sealTokens({ ring }: Pick<Deps, 'ring'>, record: Record, tokens: Tokens): string {
  return ring.seal(JSON.stringify(tokens), tokensRecord(record))
}

/** Throws an `UnsealError` where the record was altered, moved, or put back from before. */
export function unsealTokens({ ring }: Pick<Deps, 'ring'>, record: Record, sealed: string): Tokens {
  return JSON.parse(ring.unseal(sealed, tokensRecord(record)))
}
