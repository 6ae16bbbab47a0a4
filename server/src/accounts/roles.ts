import type { PersonPrincipal, Principal } from '../context.ts'
import { ApiError } from '../http/errors.ts'

/** Whose rows a caller sees: those of one organization, or of all. */
export function reachOf(principal: Principal): string | undefined {
  return principal.kind === 'operator' ? undefined : principal.orgId
}

/** Whether a row of that organization is there at all, for this caller. */
export function reaches(principal: Principal, orgId: string): boolean {
  return principal.kind === 'operator' || principal.orgId === orgId
}

/** Viewers look on. */
export function requireMember(principal: Principal): void {
  if ('role' in principal && principal.role === 'viewer')
    throw new ApiError('forbidden', 'You may look but not change; ask an administrator of the organization')
}

/** What concerns the whole organization is for its administrators. */
export function requireOrganizationAdmin(principal: Principal): void {
  if (principal.kind === 'outside' || (principal.kind === 'person' && principal.role !== 'admin'))
    throw new ApiError('forbidden', 'This is for administrators of the organization')
}

/** What belongs to one person is theirs to change, and the administrators'. */
export function requireOwner(principal: Principal, userId: string): void {
  requireMember(principal)
  const isAdmin = principal.kind === 'operator' || (principal.kind === 'person' && principal.role === 'admin')
  if (!isAdmin && principal.id !== userId)
    throw new ApiError('forbidden', 'This belongs to somebody else; ask them, or an administrator')
}

/** What is a person's own, such as their sessions, is not for keys of an organization. */
export function requirePersonPrincipal(principal: Principal): PersonPrincipal {
  if (principal.kind !== 'person') throw new ApiError('forbidden', 'This is for a person who is signed in')
  return principal
}
