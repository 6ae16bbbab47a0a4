import type { OAuthProvider } from './provider.ts'

export const atlassian: OAuthProvider = {
  name: 'atlassian',
  label: 'Atlassian (Jira, Confluence)',
  kind: 'oauth2',
  authorization_url: 'https://auth.atlassian.com/authorize',
  token_url: 'https://auth.atlassian.com/oauth/token',
  token_endpoint_auth_method: 'client_secret_post',
  token_request: 'json',
  scopes: ['offline_access', 'read:me', 'read:jira-user', 'read:jira-work'],
  scope_separator: ' ',
  pkce: false,
  authorization_params: { audience: 'api.atlassian.com', prompt: 'consent' },
  refresh: 'rotating',
  // After these ten minutes the access token that came with the old one ends too.
  rotation_leeway_s: 600,
  dead_refresh_statuses: [403],
  account: { url: 'https://api.atlassian.com/me', id: 'account_id', label: 'email' },
  api_base_url: 'https://api.atlassian.com',
  source: { url: 'https://developer.atlassian.com/cloud/oauth/getting-started/refresh-tokens/', checked: '2026-11-21' },
}
