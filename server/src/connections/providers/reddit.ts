import type { OAuthProvider } from './provider.ts'

export const reddit: OAuthProvider = {
  name: 'reddit',
  label: 'Reddit',
  kind: 'oauth2',
  authorization_url: 'https://www.reddit.com/api/v1/authorize',
  token_url: 'https://www.reddit.com/api/v1/access_token',
  revocation_url: 'https://www.reddit.com/api/v1/revoke_token',
  token_endpoint_auth_method: 'client_secret_basic',
  token_request: 'form',
  scopes: ['identity', 'read'],
  scope_separator: ' ',
  pkce: false,
  authorization_params: { duration: 'permanent' },
  refresh: 'rotating',
  account: { url: 'https://oauth.reddit.com/api/v1/me', id: 'id', label: 'name' },
  revocation: { method: 'rfc7009', token: 'refresh_token', auth: 'client' },
  api_base_url: 'https://oauth.reddit.com',
  // Common user agents are throttled.
  api_headers: { 'user-agent': 'web:auth-agent:v1' },
  source: { url: 'https://github.com/reddit-archive/reddit/wiki/OAuth2', checked: '2026-11-21' },
}
