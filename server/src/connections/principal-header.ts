import type { Principal } from '../context.ts'
import { ApiError } from '../http/errors.ts'

/** Whom a gateway speaks for at the broker, beside the broker's key: a gateway has resolved the caller already. */
export const PRINCIPAL_HEADER = 'x-auth-agent-principal'

/** Headers hold ASCII, names of people do not. */
export function writePrincipal(principal: Principal): string {
  return Buffer.from(JSON.stringify(principal)).toString('base64url')
}

/** Whoever holds the broker's key is believed; what is not a principal at all is a 400. */
export function readPrincipal(text: string): Principal {
  try {
    const principal: Principal = JSON.parse(Buffer.from(text, 'base64url').toString())
    if (['operator', 'person', 'agent', 'outside'].includes(principal.kind) && principal.id && principal.orgId)
      return principal
  } catch {
    // Told below, as what is JSON but no principal.
  }
  throw new ApiError('invalid_request', `${PRINCIPAL_HEADER} must name the caller, as gateways write it`)
}
