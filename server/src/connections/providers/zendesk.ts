import type { OAuthProvider } from './provider.ts'

export const zendesk: OAuthProvider = {
  name: 'zendesk',
  label: 'Zendesk',
  kind: 'oauth2',
  parameters: [{ name: 'subdomain', label: 'Subdomain (acme, of acme.zendesk.com)', pattern: '[a-z0-9](-*[a-z0-9])*' }],
  authorization_url: 'https://{subdomain}.zendesk.com/oauth/authorizations/new',
  token_url: 'https://{subdomain}.zendesk.com/oauth/tokens',
  revocation_url: 'https://{subdomain}.zendesk.com/api/v2/oauth/tokens/current.json',
  token_endpoint_auth_method: 'client_secret_post',
  token_request: 'json',
  scopes: ['read', 'write'],
  scope_separator: ' ',
  pkce: true,
  // Unless asked for, no lifetime is said.
  token_params: { expires_in: 86_400, refresh_token_expires_in: 5_184_000 },
  refresh_params: { expires_in: 86_400, refresh_token_expires_in: 5_184_000 },
  refresh: 'rotating',
  account: { url: 'https://{subdomain}.zendesk.com/api/v2/users/me.json', id: 'user.id', label: 'user.email' },
  revocation: { method: 'delete', token: 'access_token', auth: 'bearer', parameter: null },
  api_base_url: 'https://{subdomain}.zendesk.com/api/v2',
  source: {
    url: 'https://developer.zendesk.com/api-reference/ticketing/oauth/grant_type_tokens/',
    checked: '2026-11-21',
  },
}
