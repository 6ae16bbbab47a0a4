import { ApiError } from '../http/errors.ts'

/** What a website may ask of a sign-in. OIDC Core §5.4, §11. */
export const SIGN_IN_SCOPES = ['openid', 'profile', 'email', 'offline_access'] as const
export const DEFAULT_SCOPE = SIGN_IN_SCOPES.join(' ')

/** What an app may ask of a person's budget (contract, AI fuel). */
export const FUEL_SCOPES = ['agent-fuel', 'usage-tracking'] as const
/** The names that older apps know them by. */
const ALIASES: Readonly<Record<string, string>> = { api_access: 'agent-fuel', credit_usage: 'usage-tracking' }

/** The name that we know a scope by. */
export function canonicalScope(token: string): string {
  return ALIASES[token] ?? token
}

/** RFC 6749 §3.3: scope-token = 1*( %x21 / %x23-5B / %x5D-7E ). */
const SCOPE_TOKEN = /^[\x21\x23-\x5b\x5d-\x7e]+$/

/** The scopes of a space-separated list, each once, in the order given. */
export function parseScope(scope: string): string[] {
  return [...new Set(scope.split(' ').filter(Boolean))]
}

export function isScope(scope: string): boolean {
  return parseScope(scope).every((token) => SCOPE_TOKEN.test(token))
}

/** The scopes asked for, all of which must be allowed: never widened, and never narrowed in silence. */
export function requestedScope(requested: string | undefined, allowed: string): string {
  const asked = parseScope(requested ?? '')
  if (requested === undefined || asked.length === 0) return allowed
  const known = new Set(parseScope(allowed).map(canonicalScope))
  const refused = asked.filter((token) => !known.has(canonicalScope(token)))
  if (refused.length > 0 || !isScope(requested))
    throw new ApiError(
      'invalid_scope',
      `The client may not ask for ${isScope(requested) ? refused.join(', ').slice(0, 200) : 'that scope'}`,
    )
  return asked.join(' ')
}

export function hasScope(scope: string, token: string): boolean {
  return parseScope(scope).some((each) => canonicalScope(each) === token)
}
