import type { OAuthProvider } from './provider.ts'

export const zoho: OAuthProvider = {
  name: 'zoho',
  label: 'Zoho',
  kind: 'oauth2',
  parameters: [
    {
      name: 'region',
      // Canada is missing: its accounts are at zohocloud.ca, its API is at zohoapis.ca.
      label: 'Data centre (com, eu, in, com.au, jp, com.cn, sa, uk, ae)',
      pattern: 'com|eu|in|com\\.au|jp|com\\.cn|sa|uk|ae',
    },
  ],
  authorization_url: 'https://accounts.zoho.{region}/oauth/v2/auth',
  token_url: 'https://accounts.zoho.{region}/oauth/v2/token',
  revocation_url: 'https://accounts.zoho.{region}/oauth/v2/token/revoke',
  token_endpoint_auth_method: 'client_secret_post',
  token_request: 'form',
  scopes: ['AaaServer.profile.READ', 'ZohoCRM.modules.READ'],
  scope_separator: ',',
  pkce: false,
  authorization_params: { access_type: 'offline', prompt: 'consent' },
  refresh: 'reusable',
  dead_refresh_errors: ['invalid_code'],
  response: { error_status: 200 },
  account: { url: 'https://accounts.zoho.{region}/oauth/user/info', id: 'ZUID', label: 'Email' },
  revocation: { method: 'rfc7009', token: 'refresh_token', auth: 'none' },
  api_base_url: 'https://www.zohoapis.{region}',
  api_hosts: ['accounts.zoho.{region}'],
  api_token: { header: 'authorization', prefix: 'Zoho-oauthtoken ' },
  source: { url: 'https://www.zoho.com/calendar/help/api/oauth2-user-guide.html', checked: '2026-11-21' },
}
