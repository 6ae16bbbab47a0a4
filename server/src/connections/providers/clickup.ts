import type { OAuthProvider } from './provider.ts'

export const clickup: OAuthProvider = {
  name: 'clickup',
  label: 'ClickUp',
  kind: 'oauth2',
  authorization_url: 'https://app.clickup.com/api',
  token_url: 'https://api.clickup.com/api/v2/oauth/token',
  token_endpoint_auth_method: 'client_secret_post',
  token_request: 'json',
  // There are none: people choose workspaces.
  scopes: [],
  scope_separator: ' ',
  pkce: false,
  refresh: 'none',
  response: { expires_in: null, error: 'ECODE', error_description: 'err' },
  account: { url: 'https://api.clickup.com/api/v2/user', id: 'user.id', label: 'user.email' },
  api_base_url: 'https://api.clickup.com/api/v2',
  source: { url: 'https://developer.clickup.com/docs/authentication', checked: '2026-11-21' },
}
