import type { OAuthProvider } from './provider.ts'

export const asana: OAuthProvider = {
  name: 'asana',
  label: 'Asana',
  kind: 'oauth2',
  authorization_url: 'https://app.asana.com/-/oauth_authorize',
  token_url: 'https://app.asana.com/-/oauth_token',
  revocation_url: 'https://app.asana.com/-/oauth_revoke',
  token_endpoint_auth_method: 'client_secret_post',
  token_request: 'form',
  scopes: ['users:read', 'projects:read', 'tasks:read'],
  scope_separator: ' ',
  pkce: true,
  refresh: 'reusable',
  account: { url: 'https://app.asana.com/api/1.0/users/me', id: 'data.gid', label: 'data.email' },
  revocation: { method: 'rfc7009', token: 'refresh_token', auth: 'client' },
  api_base_url: 'https://app.asana.com/api/1.0',
  source: { url: 'https://developers.asana.com/docs/oauth', checked: '2026-11-21' },
}
