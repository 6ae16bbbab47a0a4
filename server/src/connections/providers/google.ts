import type { OAuthProvider } from './provider.ts'

export const google: OAuthProvider = {
  name: 'google',
  label: 'Google',
  kind: 'oauth2',
  issuer: 'https://accounts.google.com',
  revocation_url: 'https://oauth2.googleapis.com/revoke',
  token_endpoint_auth_method: 'client_secret_post',
  token_request: 'form',
  scopes: ['openid', 'email', 'profile'],
  scope_separator: ' ',
  pkce: true,
  // Without both, a person who has consented before gives no refresh token.
  authorization_params: { access_type: 'offline', prompt: 'consent' },
  refresh: 'reusable',
  revocation: { method: 'rfc7009', token: 'refresh_token', auth: 'none' },
  api_base_url: 'https://www.googleapis.com',
  api_hosts: [
    'gmail.googleapis.com',
    'people.googleapis.com',
    'docs.googleapis.com',
    'sheets.googleapis.com',
    'slides.googleapis.com',
    'tasks.googleapis.com',
  ],
  source: { url: 'https://developers.google.com/identity/protocols/oauth2/web-server', checked: '2026-11-21' },
}
