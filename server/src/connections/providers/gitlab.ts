import type { OAuthProvider } from './provider.ts'

export const gitlab: OAuthProvider = {
  name: 'gitlab',
  label: 'GitLab',
  kind: 'oauth2',
  authorization_url: 'https://gitlab.com/oauth/authorize',
  token_url: 'https://gitlab.com/oauth/token',
  revocation_url: 'https://gitlab.com/oauth/revoke',
  token_endpoint_auth_method: 'client_secret_post',
  token_request: 'form',
  scopes: ['read_user', 'read_api'],
  scope_separator: ' ',
  pkce: true,
  refresh: 'rotating',
  account: { url: 'https://gitlab.com/api/v4/user', id: 'id', label: 'username' },
  revocation: { method: 'rfc7009', token: 'access_token', auth: 'client' },
  api_base_url: 'https://gitlab.com/api/v4',
  source: { url: 'https://docs.gitlab.com/api/oauth2/', checked: '2026-11-21' },
}
