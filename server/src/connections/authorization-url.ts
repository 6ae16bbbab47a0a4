import type { OAuthProvider } from './providers/provider.ts'

interface AuthorizationRequest {
  clientId: string
  redirectUri: string
  state: string
  scopes: readonly string[]
  nonce: string | undefined
  /** S256. Undefined: the provider takes none. */
  challenge: string | undefined
  loginHint: string | undefined
}

/** RFC 6749 §4.1.1, RFC 7636 §4.3. The protocol's parameters come last, so that nothing configured replaces them. */
export function authorizationUrl(provider: OAuthProvider, endpoint: string, request: AuthorizationRequest): string {
  const { clientId, redirectUri, state, scopes, nonce, challenge, loginHint } = request
  const url = new URL(endpoint)
  const set = (parameters: Record<string, string | undefined>) => {
    for (const [name, value] of Object.entries(parameters)) if (value !== undefined) url.searchParams.set(name, value)
  }
  set({ ...provider.authorization_params, login_hint: loginHint })
  if (scopes.length > 0) set({ [provider.scope_parameter ?? 'scope']: scopes.join(provider.scope_separator) })
  set({ response_type: 'code', client_id: clientId, redirect_uri: redirectUri, state, nonce })
  if (challenge !== undefined) set({ code_challenge: challenge, code_challenge_method: 'S256' })
  return url.href
}
