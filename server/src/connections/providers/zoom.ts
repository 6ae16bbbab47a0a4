import type { OAuthProvider } from './provider.ts'

export const zoom: OAuthProvider = {
  name: 'zoom',
  label: 'Zoom',
  kind: 'oauth2',
  authorization_url: 'https://zoom.us/oauth/authorize',
  token_url: 'https://zoom.us/oauth/token',
  revocation_url: 'https://zoom.us/oauth/revoke',
  token_endpoint_auth_method: 'client_secret_basic',
  token_request: 'form',
  // They are chosen where the app is registered.
  scopes: [],
  scope_separator: ' ',
  pkce: true,
  refresh: 'rotating',
  account: { url: 'https://api.zoom.us/v2/users/me', id: 'id', label: 'email' },
  revocation: { method: 'rfc7009', token: 'access_token', auth: 'client' },
  api_base_url: 'https://api.zoom.us/v2',
  source: { url: 'https://developers.zoom.us/docs/integrations/oauth/', checked: '2026-11-21' },
}
