import type { OutsidePrincipal, PersonPrincipal, Principal } from '../../context.ts'
import { ApiError } from '../../http/errors.ts'

/** Who has credits, keys and usage of their own: a person, ours or one whom an issuer elsewhere vouches for. */
export type BudgetOwner = Pick<PersonPrincipal | OutsidePrincipal, 'id' | 'orgId'>

export function requireBudgetOwner(principal: Principal): BudgetOwner {
  if (principal.kind !== 'person' && principal.kind !== 'outside')
    throw new ApiError('forbidden', 'This is for a person who is signed in')
  return principal
}

/** Whose usage may be looked at. */
export interface UsageOwner extends BudgetOwner {
  /** Only what went through this app: it holds the key, and what its user does elsewhere is not its affair. */
  clientId?: string
}

export function requireUsageOwner(principal: Principal): UsageOwner {
  const { id, orgId } = requireBudgetOwner(principal)
  const clientId =
    principal.kind === 'person' && principal.credential.kind === 'api_key' && principal.credential.clientId
  return { id, orgId, ...(clientId && { clientId }) }
}
