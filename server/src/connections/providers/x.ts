import type { OAuthProvider } from './provider.ts'

export const x: OAuthProvider = {
  name: 'x',
  label: 'X (Twitter)',
  kind: 'oauth2',
  authorization_url: 'https://x.com/i/oauth2/authorize',
  token_url: 'https://api.x.com/2/oauth2/token',
  revocation_url: 'https://api.x.com/2/oauth2/revoke',
  token_endpoint_auth_method: 'client_secret_basic',
  token_request: 'form',
  scopes: ['tweet.read', 'users.read', 'offline.access'],
  scope_separator: ' ',
  pkce: true,
  refresh: 'rotating',
  account: { url: 'https://api.x.com/2/users/me', id: 'data.id', label: 'data.username' },
  revocation: { method: 'rfc7009', token: 'access_token', auth: 'client' },
  api_base_url: 'https://api.x.com/2',
  source: { url: 'https://docs.x.com/fundamentals/authentication/oauth-2-0/authorization-code', checked: '2026-11-21' },
}
