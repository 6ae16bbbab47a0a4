import type { OAuthProvider } from './provider.ts'

/** The app itself, as a bot in a workspace. */
export const slack: OAuthProvider = {
  name: 'slack',
  label: 'Slack',
  kind: 'oauth2',
  authorization_url: 'https://slack.com/oauth/v2/authorize',
  token_url: 'https://slack.com/api/oauth.v2.access',
  revocation_url: 'https://slack.com/api/auth.revoke',
  token_endpoint_auth_method: 'client_secret_basic',
  token_request: 'form',
  scopes: ['channels:read', 'chat:write', 'users:read'],
  scope_separator: ',',
  pkce: false,
  // Where the app has token rotation on; else the token does not expire and comes alone.
  refresh: 'rotating',
  dead_refresh_errors: ['invalid_refresh_token'],
  response: { ok: 'ok', error_status: 200, token_type: 'bot', scope_form: 'comma' },
  account: { id: 'team.id', label: 'team.name' },
  revocation: { method: 'get_query', token: 'access_token', auth: 'bearer', parameter: null },
  api_base_url: 'https://slack.com/api',
  api_hosts: ['files.slack.com'],
  source: { url: 'https://docs.slack.dev/authentication/using-token-rotation', checked: '2026-11-21' },
}
