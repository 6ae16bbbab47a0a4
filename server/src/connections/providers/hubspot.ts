import type { OAuthProvider } from './provider.ts'

export const hubspot: OAuthProvider = {
  name: 'hubspot',
  label: 'HubSpot',
  kind: 'oauth2',
  authorization_url: 'https://app.hubspot.com/oauth/authorize',
  token_url: 'https://api.hubapi.com/oauth/2026-03/token',
  revocation_url: 'https://api.hubapi.com/oauth/2026-03/token/revoke',
  token_endpoint_auth_method: 'client_secret_post',
  token_request: 'form',
  scopes: ['oauth', 'crm.objects.contacts.read'],
  scope_separator: ' ',
  pkce: false,
  refresh: 'reusable',
  account: { url: 'https://api.hubapi.com/account-info/2026-03/details', id: 'portalId', label: 'portalId' },
  revocation: { method: 'rfc7009', token: 'refresh_token', auth: 'client' },
  api_base_url: 'https://api.hubapi.com',
  source: {
    url: 'https://developers.hubspot.com/docs/api-reference/latest/authentication/oauth-tokens/revoke-token',
    checked: '2026-11-21',
  },
}
