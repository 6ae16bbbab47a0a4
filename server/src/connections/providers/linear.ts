import type { OAuthProvider } from './provider.ts'

export const linear: OAuthProvider = {
  name: 'linear',
  label: 'Linear',
  kind: 'oauth2',
  authorization_url: 'https://linear.app/oauth/authorize',
  token_url: 'https://api.linear.app/oauth/token',
  revocation_url: 'https://api.linear.app/oauth/revoke',
  token_endpoint_auth_method: 'client_secret_post',
  token_request: 'form',
  scopes: ['read', 'write'],
  scope_separator: ',',
  pkce: true,
  authorization_params: { prompt: 'consent' },
  refresh: 'rotating',
  account: {
    url: 'https://api.linear.app/graphql',
    method: 'POST',
    body: '{"query":"{ viewer { id email } }"}',
    id: 'data.viewer.id',
    label: 'data.viewer.email',
  },
  revocation: { method: 'rfc7009', token: 'access_token', auth: 'bearer', parameter: null },
  api_base_url: 'https://api.linear.app',
  source: { url: 'https://linear.app/developers/oauth-2-0-authentication', checked: '2026-11-21' },
}
