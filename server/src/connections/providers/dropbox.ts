import type { OAuthProvider } from './provider.ts'

export const dropbox: OAuthProvider = {
  name: 'dropbox',
  label: 'Dropbox',
  kind: 'oauth2',
  authorization_url: 'https://www.dropbox.com/oauth2/authorize',
  token_url: 'https://api.dropboxapi.com/oauth2/token',
  revocation_url: 'https://api.dropboxapi.com/2/auth/token/revoke',
  token_endpoint_auth_method: 'client_secret_basic',
  token_request: 'form',
  scopes: ['account_info.read', 'files.metadata.read'],
  scope_separator: ' ',
  pkce: true,
  authorization_params: { token_access_type: 'offline' },
  refresh: 'reusable',
  account: {
    url: 'https://api.dropboxapi.com/2/users/get_current_account',
    method: 'POST',
    body: 'null',
    id: 'account_id',
    label: 'email',
  },
  revocation: { method: 'post_json', token: 'access_token', auth: 'bearer', parameter: null },
  api_base_url: 'https://api.dropboxapi.com/2',
  api_hosts: ['content.dropboxapi.com'],
  source: { url: 'https://dropbox.tech/developers/using-oauth-2-0-with-offline-access', checked: '2026-11-21' },
}
