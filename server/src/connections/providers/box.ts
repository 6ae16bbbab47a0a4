import type { OAuthProvider } from './provider.ts'

export const box: OAuthProvider = {
  name: 'box',
  label: 'Box',
  kind: 'oauth2',
  authorization_url: 'https://account.box.com/api/oauth2/authorize',
  token_url: 'https://api.box.com/oauth2/token',
  revocation_url: 'https://api.box.com/oauth2/revoke',
  token_endpoint_auth_method: 'client_secret_post',
  token_request: 'form',
  // They are chosen where the app is registered.
  scopes: [],
  scope_separator: ' ',
  pkce: false,
  refresh: 'rotating',
  account: { url: 'https://api.box.com/2.0/users/me', id: 'id', label: 'login' },
  revocation: { method: 'rfc7009', token: 'access_token', auth: 'client' },
  api_base_url: 'https://api.box.com/2.0',
  api_hosts: ['upload.box.com'],
  source: { url: 'https://developer.box.com/guides/authentication/tokens/refresh', checked: '2026-11-21' },
}
