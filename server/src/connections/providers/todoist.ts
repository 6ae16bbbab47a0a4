import type { OAuthProvider } from './provider.ts'

export const todoist: OAuthProvider = {
  name: 'todoist',
  label: 'Todoist',
  kind: 'oauth2',
  authorization_url: 'https://app.todoist.com/oauth/authorize',
  token_url: 'https://api.todoist.com/oauth/access_token',
  token_endpoint_auth_method: 'client_secret_post',
  token_request: 'form',
  scopes: ['data:read', 'task:add'],
  scope_separator: ',',
  pkce: false,
  // Of apps with refresh tokens, which new ones are; the tokens of the others do not expire.
  refresh: 'rotating',
  account: { url: 'https://api.todoist.com/api/v1/user', id: 'id', label: 'email' },
  api_base_url: 'https://api.todoist.com/api/v1',
  source: { url: 'https://developer.todoist.com/api/v1/', checked: '2026-11-21' },
}
