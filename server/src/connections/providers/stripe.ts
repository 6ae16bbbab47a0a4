import type { OAuthProvider } from './provider.ts'

export const stripe: OAuthProvider = {
  name: 'stripe',
  label: 'Stripe Connect',
  kind: 'oauth2',
  authorization_url: 'https://connect.stripe.com/oauth/authorize',
  token_url: 'https://connect.stripe.com/oauth/token',
  // The platform's secret key is the client secret.
  token_endpoint_auth_method: 'client_secret_post',
  token_request: 'form',
  scopes: ['read_write'],
  scope_separator: ' ',
  pkce: false,
  refresh: 'reusable',
  response: { expires_in: null },
  account: { id: 'stripe_user_id', label: 'stripe_user_id' },
  api_base_url: 'https://api.stripe.com/v1',
  source: { url: 'https://docs.stripe.com/connect/oauth-reference', checked: '2026-11-21' },
}
