import type { OAuthProvider } from './provider.ts'

export const notion: OAuthProvider = {
  name: 'notion',
  label: 'Notion',
  kind: 'oauth2',
  authorization_url: 'https://api.notion.com/v1/oauth/authorize',
  token_url: 'https://api.notion.com/v1/oauth/token',
  revocation_url: 'https://api.notion.com/v1/oauth/revoke',
  token_endpoint_auth_method: 'client_secret_basic',
  token_request: 'json',
  // People choose pages, not scopes.
  scopes: [],
  scope_separator: ' ',
  pkce: false,
  authorization_params: { owner: 'user' },
  refresh: 'rotating',
  response: { expires_in: null },
  account: { id: 'workspace_id', label: 'workspace_name' },
  revocation: { method: 'post_json', token: 'access_token', auth: 'client' },
  api_base_url: 'https://api.notion.com/v1',
  api_headers: { 'notion-version': '2026-03-11' },
  source: { url: 'https://developers.notion.com/reference/create-a-token', checked: '2026-11-21' },
}
