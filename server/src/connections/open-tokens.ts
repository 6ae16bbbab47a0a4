import type { Deps } from '../context.ts'
import { openSealed } from './integrity.ts'
import type { ActiveConnection } from './standing.ts'
import { type Tokens, unsealTokens } from './vault.ts'

/** The tokens of a connection. Throws `integrity_error` where they were tampered with, and tells the audit log. */
export function openTokens(deps: Pick<Deps, 'ring' | 'db' | 'now'>, row: ActiveConnection): Promise<Tokens> {
  return openSealed(deps, sealedOf(row), () => unsealTokens(deps, row, row.tokens_sealed))
}

/** The tokens before. */
export function openPreviousTokens(
  deps: Pick<Deps, 'ring' | 'db' | 'now'>,
  row: ActiveConnection,
  sealed: string,
): Promise<Tokens> {
  return openSealed(deps, sealedOf(row), () => unsealTokens(deps, { ...row, generation: row.generation - 1 }, sealed))
}

const sealedOf = ({ org_id, connection_id: target, provider_name: provider }: ActiveConnection) => ({
  org_id,
  target,
  provider,
})
