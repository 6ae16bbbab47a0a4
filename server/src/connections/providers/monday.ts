import type { OAuthProvider } from './provider.ts'

export const monday: OAuthProvider = {
  name: 'monday',
  label: 'monday.com',
  kind: 'oauth2',
  authorization_url: 'https://auth.monday.com/oauth2/authorize',
  token_url: 'https://auth.monday.com/oauth2/token',
  token_endpoint_auth_method: 'client_secret_post',
  token_request: 'json',
  scopes: ['me:read', 'boards:read'],
  scope_separator: ' ',
  pkce: false,
  refresh: 'none',
  response: { expires_in: null },
  account: {
    url: 'https://api.monday.com/v2',
    method: 'POST',
    body: '{"query":"{ me { id email } }"}',
    id: 'data.me.id',
    label: 'data.me.email',
  },
  api_base_url: 'https://api.monday.com/v2',
  api_token: { header: 'authorization' },
  source: { url: 'https://developer.monday.com/apps/docs/oauth', checked: '2026-11-21' },
}
