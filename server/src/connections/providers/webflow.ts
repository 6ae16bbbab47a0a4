import type { OAuthProvider } from './provider.ts'

export const webflow: OAuthProvider = {
  name: 'webflow',
  label: 'Webflow',
  kind: 'oauth2',
  authorization_url: 'https://webflow.com/oauth/authorize',
  token_url: 'https://api.webflow.com/oauth/access_token',
  revocation_url: 'https://webflow.com/oauth/revoke_authorization',
  token_endpoint_auth_method: 'client_secret_post',
  token_request: 'form',
  scopes: ['authorized_user:read', 'sites:read'],
  scope_separator: ' ',
  pkce: false,
  refresh: 'none',
  response: { expires_in: null },
  account: { url: 'https://api.webflow.com/v2/token/authorized_by', id: 'id', label: 'email' },
  revocation: { method: 'rfc7009', token: 'access_token', auth: 'client', parameter: 'access_token' },
  api_base_url: 'https://api.webflow.com/v2',
  source: { url: 'https://developers.webflow.com/data/reference/oauth-app', checked: '2026-11-21' },
}
