import type { OAuthProvider } from './provider.ts'

export const microsoft: OAuthProvider = {
  name: 'microsoft',
  label: 'Microsoft',
  kind: 'oauth2',
  // The common endpoints serve every tenant; each signs with its own issuer, which names the tenant.
  issuer: 'https://login.microsoftonline.com/{tid}/v2.0',
  issuer_claim: { name: 'tid', pattern: '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}' },
  authorization_url: 'https://login.microsoftonline.com/common/oauth2/v2.0/authorize',
  token_url: 'https://login.microsoftonline.com/common/oauth2/v2.0/token',
  jwks_uri: 'https://login.microsoftonline.com/common/discovery/v2.0/keys',
  token_endpoint_auth_method: 'client_secret_post',
  token_request: 'form',
  scopes: ['openid', 'profile', 'email', 'offline_access', 'https://graph.microsoft.com/User.Read'],
  scope_separator: ' ',
  pkce: true,
  // Every refresh brings another token, but the old ones are not revoked.
  refresh: 'reusable',
  dead_refresh_errors: ['interaction_required'],
  account: { url: 'https://graph.microsoft.com/v1.0/me', id: 'id', label: 'userPrincipalName' },
  api_base_url: 'https://graph.microsoft.com/v1.0',
  source: {
    url: 'https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-auth-code-flow',
    checked: '2026-11-21',
  },
}
