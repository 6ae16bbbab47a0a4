import type { OAuthProvider } from './provider.ts'

export const square: OAuthProvider = {
  name: 'square',
  label: 'Square',
  kind: 'oauth2',
  authorization_url: 'https://connect.squareup.com/oauth2/authorize',
  token_url: 'https://connect.squareup.com/oauth2/token',
  token_endpoint_auth_method: 'client_secret_post',
  token_request: 'json',
  // Square's PKCE is for clients without a secret.
  scopes: ['MERCHANT_PROFILE_READ', 'PAYMENTS_READ'],
  scope_separator: ' ',
  pkce: false,
  authorization_params: { session: 'false' },
  refresh: 'reusable',
  response: { expires_in: null, expires_at: 'expires_at' },
  account: { url: 'https://connect.squareup.com/v2/merchants/me', id: 'merchant.id', label: 'merchant.business_name' },
  api_base_url: 'https://connect.squareup.com/v2',
  source: { url: 'https://developer.squareup.com/reference/square/o-auth/obtain-token', checked: '2026-11-21' },
}
