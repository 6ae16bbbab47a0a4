import type { OAuthProvider } from './provider.ts'

export const facebook: OAuthProvider = {
  name: 'facebook',
  label: 'Facebook',
  kind: 'oauth2',
  authorization_url: 'https://www.facebook.com/v25.0/dialog/oauth',
  token_url: 'https://graph.facebook.com/v25.0/oauth/access_token',
  revocation_url: 'https://graph.facebook.com/v25.0/me/permissions',
  token_endpoint_auth_method: 'client_secret_post',
  token_request: 'form',
  scopes: ['public_profile', 'email'],
  scope_separator: ',',
  pkce: false,
  refresh: 'none',
  response: { error: 'error.type', error_description: 'error.message' },
  account: { url: 'https://graph.facebook.com/v25.0/me', id: 'id', label: 'name' },
  revocation: { method: 'delete', token: 'access_token', auth: 'bearer', parameter: null },
  api_base_url: 'https://graph.facebook.com/v25.0',
  source: {
    url: 'https://developers.facebook.com/docs/facebook-login/guides/access-tokens/get-long-lived',
    checked: '2026-11-21',
  },
}
