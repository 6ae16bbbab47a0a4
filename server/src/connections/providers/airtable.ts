import type { OAuthProvider } from './provider.ts'

export const airtable: OAuthProvider = {
  name: 'airtable',
  label: 'Airtable',
  kind: 'oauth2',
  authorization_url: 'https://airtable.com/oauth2/v1/authorize',
  token_url: 'https://airtable.com/oauth2/v1/token',
  token_endpoint_auth_method: 'client_secret_basic',
  token_request: 'form',
  scopes: ['data.records:read', 'schema.bases:read', 'user.email:read'],
  scope_separator: ' ',
  pkce: true,
  refresh: 'rotating',
  account: { url: 'https://api.airtable.com/v0/meta/whoami', id: 'id', label: 'email' },
  api_base_url: 'https://api.airtable.com/v0',
  source: { url: 'https://airtable.com/developers/web/api/oauth-reference', checked: '2026-11-21' },
}
