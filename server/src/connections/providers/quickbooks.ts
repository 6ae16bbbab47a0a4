import type { OAuthProvider } from './provider.ts'

export const quickbooks: OAuthProvider = {
  name: 'quickbooks',
  label: 'QuickBooks',
  kind: 'oauth2',
  authorization_url: 'https://appcenter.intuit.com/connect/oauth2',
  token_url: 'https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer',
  revocation_url: 'https://developer.api.intuit.com/v2/oauth2/tokens/revoke',
  token_endpoint_auth_method: 'client_secret_basic',
  token_request: 'form',
  scopes: ['com.intuit.quickbooks.accounting', 'openid', 'email'],
  scope_separator: ' ',
  pkce: false,
  refresh: 'rotating',
  // The company, which is in the path of every call.
  callback_params: ['realmId'],
  account: { url: 'https://accounts.platform.intuit.com/v1/openid_connect/userinfo', id: 'sub', label: 'email' },
  revocation: { method: 'post_json', token: 'refresh_token', auth: 'client' },
  api_base_url: 'https://quickbooks.api.intuit.com/v3',
  api_hosts: ['accounts.platform.intuit.com'],
  source: {
    url: 'https://developer.intuit.com/app/developer/qbo/docs/develop/authentication-and-authorization/faq',
    checked: '2026-11-21',
  },
}
