import type { OAuthProvider } from './provider.ts'

export const github: OAuthProvider = {
  name: 'github',
  label: 'GitHub',
  kind: 'oauth2',
  authorization_url: 'https://github.com/login/oauth/authorize',
  token_url: 'https://github.com/login/oauth/access_token',
  revocation_url: 'https://api.github.com/applications/{client_id}/token',
  token_endpoint_auth_method: 'client_secret_post',
  token_request: 'form',
  scopes: ['read:user', 'repo'],
  scope_separator: ' ',
  pkce: true,
  // Tokens of a GitHub App expire and are refreshed; those of an OAuth app do neither.
  refresh: 'rotating',
  dead_refresh_errors: ['bad_refresh_token'],
  response: { scope_form: 'comma', error_status: 200 },
  account: { url: 'https://api.github.com/user', id: 'id', label: 'login' },
  revocation: { method: 'delete', token: 'access_token', auth: 'basic', parameter: 'access_token' },
  api_base_url: 'https://api.github.com',
  api_hosts: ['uploads.github.com'],
  // Without Accept the token endpoint answers with a form; without User-Agent the API refuses.
  api_headers: { accept: 'application/json', 'user-agent': 'auth-agent' },
  source: {
    url: 'https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps',
    checked: '2026-11-21',
  },
}
