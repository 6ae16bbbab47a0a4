import type { OAuthProvider } from './provider.ts'

export const figma: OAuthProvider = {
  name: 'figma',
  label: 'Figma',
  kind: 'oauth2',
  authorization_url: 'https://www.figma.com/oauth',
  token_url: 'https://api.figma.com/v1/oauth/token',
  token_endpoint_auth_method: 'client_secret_basic',
  token_request: 'form',
  scopes: ['current_user:read', 'file_content:read'],
  scope_separator: ' ',
  pkce: true,
  refresh: 'reusable',
  account: { url: 'https://api.figma.com/v1/me', id: 'id', label: 'email' },
  api_base_url: 'https://api.figma.com/v1',
  source: { url: 'https://developers.figma.com/docs/rest-api/authentication/', checked: '2026-11-21' },
}
