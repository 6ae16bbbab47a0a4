import type { OAuthProvider } from './provider.ts'

export const pipedrive: OAuthProvider = {
  name: 'pipedrive',
  label: 'Pipedrive',
  kind: 'oauth2',
  parameters: [{ name: 'company', label: 'Company (acme, of acme.pipedrive.com)', pattern: '[a-z0-9](-*[a-z0-9])*' }],
  authorization_url: 'https://oauth.pipedrive.com/oauth/authorize',
  token_url: 'https://oauth.pipedrive.com/oauth/token',
  revocation_url: 'https://oauth.pipedrive.com/oauth/revoke',
  token_endpoint_auth_method: 'client_secret_basic',
  token_request: 'form',
  // They are chosen where the app is registered.
  scopes: [],
  scope_separator: ' ',
  pkce: false,
  refresh: 'rotating',
  account: { url: 'https://{company}.pipedrive.com/api/v1/users/me', id: 'data.id', label: 'data.email' },
  revocation: { method: 'rfc7009', token: 'refresh_token', auth: 'client' },
  api_base_url: 'https://{company}.pipedrive.com',
  source: { url: 'https://developers.pipedrive.com/docs/api/v1/Oauth', checked: '2026-11-21' },
}
