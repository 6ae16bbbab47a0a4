import { createHash, randomBytes } from 'node:crypto'

/** RFC 7636, and the state and nonce that a careful website sends along. */
export function authorizationRequest(client: { id: string; redirectUri: string }, extra: Record<string, string> = {}) {
  const verifier = randomBytes(32).toString('base64url')
  const state = randomBytes(16).toString('base64url')
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: client.id,
    redirect_uri: client.redirectUri,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    scope: 'openid profile email offline_access',
    state,
    nonce: randomBytes(16).toString('base64url'),
    ...extra,
  })
  return { verifier, state, query: query.toString() }
}
