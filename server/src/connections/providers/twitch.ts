import type { OAuthProvider } from './provider.ts'

export const twitch: OAuthProvider = {
  name: 'twitch',
  label: 'Twitch',
  kind: 'oauth2',
  authorization_url: 'https://id.twitch.tv/oauth2/authorize',
  token_url: 'https://id.twitch.tv/oauth2/token',
  revocation_url: 'https://id.twitch.tv/oauth2/revoke',
  token_endpoint_auth_method: 'client_secret_post',
  token_request: 'form',
  scopes: ['user:read:email', 'user:read:follows'],
  scope_separator: ' ',
  pkce: false,
  refresh: 'rotating',
  dead_refresh_errors: ['Invalid refresh token'],
  response: { scope_form: 'array', error: 'message' },
  account: { url: 'https://api.twitch.tv/helix/users', id: 'data.0.id', label: 'data.0.login' },
  revocation: { method: 'rfc7009', token: 'access_token', auth: 'client_id' },
  api_base_url: 'https://api.twitch.tv/helix',
  api_headers: { 'client-id': '{client_id}' },
  source: { url: 'https://dev.twitch.tv/docs/authentication/refresh-tokens/', checked: '2026-11-21' },
}
