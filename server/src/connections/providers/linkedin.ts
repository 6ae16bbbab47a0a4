import type { OAuthProvider } from './provider.ts'

export const linkedin: OAuthProvider = {
  name: 'linkedin',
  label: 'LinkedIn',
  kind: 'oauth2',
  authorization_url: 'https://www.linkedin.com/oauth/v2/authorization',
  token_url: 'https://www.linkedin.com/oauth/v2/accessToken',
  token_endpoint_auth_method: 'client_secret_post',
  token_request: 'form',
  // No issuer here: LinkedIn's id_token leaves out the nonce and cannot be believed.
  scopes: ['openid', 'profile', 'email'],
  scope_separator: ' ',
  pkce: false,
  // Approved marketing partners only.
  refresh: 'reusable',
  response: { token_type: null, scope_form: 'comma' },
  account: { url: 'https://api.linkedin.com/v2/userinfo', id: 'sub', label: 'email' },
  api_base_url: 'https://api.linkedin.com',
  source: {
    url: 'https://learn.microsoft.com/en-us/linkedin/shared/authentication/programmatic-refresh-tokens',
    checked: '2026-11-21',
  },
}
