import type { OAuthProvider } from './provider.ts'

export const miro: OAuthProvider = {
  name: 'miro',
  label: 'Miro',
  kind: 'oauth2',
  authorization_url: 'https://miro.com/oauth/authorize',
  token_url: 'https://api.miro.com/v1/oauth/token',
  token_endpoint_auth_method: 'client_secret_post',
  token_request: 'form',
  // They are chosen where the app is registered.
  scopes: [],
  scope_separator: ' ',
  pkce: false,
  refresh: 'rotating',
  account: { url: 'https://api.miro.com/v1/oauth-token', id: 'team.id', label: 'team.name' },
  api_base_url: 'https://api.miro.com/v2',
  source: { url: 'https://developers.miro.com/docs/getting-started-with-oauth', checked: '2026-11-21' },
}
