import type { OAuthProvider } from './provider.ts'

export const canva: OAuthProvider = {
  name: 'canva',
  label: 'Canva',
  kind: 'oauth2',
  authorization_url: 'https://www.canva.com/api/oauth/authorize',
  token_url: 'https://api.canva.com/rest/v1/oauth/token',
  revocation_url: 'https://api.canva.com/rest/v1/oauth/revoke',
  token_endpoint_auth_method: 'client_secret_basic',
  token_request: 'form',
  scopes: ['profile:read', 'design:meta:read'],
  scope_separator: ' ',
  pkce: true,
  refresh: 'rotating',
  account: { url: 'https://api.canva.com/rest/v1/users/me', id: 'team_user.user_id', label: 'team_user.user_id' },
  revocation: { method: 'rfc7009', token: 'refresh_token', auth: 'client' },
  api_base_url: 'https://api.canva.com/rest/v1',
  source: { url: 'https://www.canva.dev/docs/connect/authentication/', checked: '2026-11-21' },
}
