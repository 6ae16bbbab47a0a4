import type { OAuthProvider } from './provider.ts'

export const spotify: OAuthProvider = {
  name: 'spotify',
  label: 'Spotify',
  kind: 'oauth2',
  authorization_url: 'https://accounts.spotify.com/authorize',
  token_url: 'https://accounts.spotify.com/api/token',
  token_endpoint_auth_method: 'client_secret_basic',
  token_request: 'form',
  scopes: ['user-read-email', 'user-read-private', 'playlist-read-private'],
  scope_separator: ' ',
  pkce: false,
  refresh: 'reusable',
  // `id` may change; `email` is kept from apps in development mode.
  account: { url: 'https://api.spotify.com/v1/me', id: 'account_id', label: 'display_name' },
  api_base_url: 'https://api.spotify.com/v1',
  source: {
    url: 'https://developer.spotify.com/documentation/web-api/tutorials/refreshing-tokens',
    checked: '2026-11-21',
  },
}
