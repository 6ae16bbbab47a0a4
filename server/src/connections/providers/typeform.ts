import type { OAuthProvider } from './provider.ts'

export const typeform: OAuthProvider = {
  name: 'typeform',
  label: 'Typeform',
  kind: 'oauth2',
  authorization_url: 'https://api.typeform.com/oauth/authorize',
  token_url: 'https://api.typeform.com/oauth/token',
  token_endpoint_auth_method: 'client_secret_post',
  token_request: 'form',
  scopes: ['offline', 'accounts:read', 'forms:read', 'responses:read'],
  scope_separator: ' ',
  pkce: false,
  refresh: 'rotating',
  account: { url: 'https://api.typeform.com/me', id: 'user_id', label: 'email' },
  api_base_url: 'https://api.typeform.com',
  source: { url: 'https://www.typeform.com/developers/get-started/applications/', checked: '2026-11-21' },
}
