import type { OAuthProvider } from './provider.ts'

export const paypal: OAuthProvider = {
  name: 'paypal',
  label: 'PayPal',
  kind: 'oauth2',
  authorization_url: 'https://www.paypal.com/signin/authorize',
  token_url: 'https://api-m.paypal.com/v1/oauth2/token',
  token_endpoint_auth_method: 'client_secret_basic',
  token_request: 'form',
  scopes: ['openid', 'profile', 'email'],
  scope_separator: ' ',
  pkce: false,
  authorization_params: { flowEntry: 'static' },
  refresh: 'rotating',
  account: {
    url: 'https://api-m.paypal.com/v1/identity/oauth2/userinfo?schema=paypalv1.1',
    id: 'user_id',
    label: 'emails.0.value',
  },
  api_base_url: 'https://api-m.paypal.com',
  source: { url: 'https://developer.paypal.com/log-in/build', checked: '2026-11-21' },
}
