import type { OAuthProvider } from './provider.ts'

export const calendly: OAuthProvider = {
  name: 'calendly',
  label: 'Calendly',
  kind: 'oauth2',
  authorization_url: 'https://auth.calendly.com/oauth/authorize',
  token_url: 'https://auth.calendly.com/oauth/token',
  revocation_url: 'https://auth.calendly.com/oauth/revoke',
  token_endpoint_auth_method: 'client_secret_basic',
  token_request: 'form',
  scopes: ['users:read', 'event_types:read', 'scheduled_events:read'],
  scope_separator: ' ',
  pkce: true,
  refresh: 'rotating',
  account: { url: 'https://api.calendly.com/users/me', id: 'resource.uri', label: 'resource.email' },
  revocation: { method: 'rfc7009', token: 'refresh_token', auth: 'post' },
  api_base_url: 'https://api.calendly.com',
  source: {
    url: 'https://developer.calendly.com/api-docs/calendly-o-auth/o-auth/post-oauth-refresh-token',
    checked: '2026-11-21',
  },
}
