import type { OAuthProvider } from './provider.ts'

export const xero: OAuthProvider = {
  name: 'xero',
  label: 'Xero',
  kind: 'oauth2',
  authorization_url: 'https://login.xero.com/identity/connect/authorize',
  token_url: 'https://identity.xero.com/connect/token',
  revocation_url: 'https://identity.xero.com/connect/revocation',
  token_endpoint_auth_method: 'client_secret_basic',
  token_request: 'form',
  scopes: ['offline_access', 'accounting.settings.read', 'accounting.contacts.read'],
  scope_separator: ' ',
  pkce: false,
  refresh: 'rotating',
  rotation_leeway_s: 1800,
  // A token serves several organizations; every call names one in Xero-Tenant-Id.
  account: { url: 'https://api.xero.com/connections', id: '0.tenantId', label: '0.tenantName' },
  revocation: { method: 'rfc7009', token: 'refresh_token', auth: 'client' },
  api_base_url: 'https://api.xero.com',
  source: { url: 'https://developer.xero.com/faq/oauth2', checked: '2026-11-21' },
}
