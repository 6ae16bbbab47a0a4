import type { OAuthProvider } from './provider.ts'

/** The person, by the user token that is nested in the same answer. */
export const slackUser: OAuthProvider = {
  name: 'slack-user',
  label: 'Slack (as the person)',
  kind: 'oauth2',
  authorization_url: 'https://slack.com/oauth/v2/authorize',
  token_url: 'https://slack.com/api/oauth.v2.access',
  revocation_url: 'https://slack.com/api/auth.revoke',
  token_endpoint_auth_method: 'client_secret_basic',
  token_request: 'form',
  scopes: ['channels:read', 'search:read', 'users:read'],
  scope_separator: ',',
  scope_parameter: 'user_scope',
  pkce: false,
  refresh: 'rotating',
  dead_refresh_errors: ['invalid_refresh_token'],
  response: {
    access_token: 'authed_user.access_token',
    refresh_token: 'authed_user.refresh_token',
    expires_in: 'authed_user.expires_in',
    scope: 'authed_user.scope',
    scope_form: 'comma',
    token_type: 'user',
    ok: 'ok',
    error_status: 200,
  },
  // A refresh answers with the person's tokens at the top.
  refresh_response: { token_type: 'user', scope_form: 'comma', ok: 'ok', error_status: 200 },
  account: { id: 'authed_user.id', label: 'team.name' },
  revocation: { method: 'get_query', token: 'access_token', auth: 'bearer', parameter: null },
  api_base_url: 'https://slack.com/api',
  api_hosts: ['files.slack.com'],
  source: { url: 'https://docs.slack.dev/authentication/using-token-rotation', checked: '2026-11-21' },
}
