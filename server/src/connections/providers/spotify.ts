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
  account: { url: 'https://api.spotify.com/v1/me', id: 'id', label: 'email' },
  api_base_url: 'https://api.spotify.com/v1',
  source: { url: 'https://developer.spotify.com/documentation/web-api/tutorials/code-flow' },
}
