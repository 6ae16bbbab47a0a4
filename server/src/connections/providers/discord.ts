import type { OAuthProvider } from './provider.ts'

export const discord: OAuthProvider = {
  name: 'discord',
  label: 'Discord',
  kind: 'oauth2',
  issuer: 'https://discord.com',
  iss_parameter: true,
  authorization_url: 'https://discord.com/oauth2/authorize',
  token_url: 'https://discord.com/api/oauth2/token',
  revocation_url: 'https://discord.com/api/oauth2/token/revoke',
  jwks_uri: 'https://discord.com/api/oauth2/keys',
  token_endpoint_auth_method: 'client_secret_basic',
  token_request: 'form',
  scopes: ['identify', 'email'],
  scope_separator: ' ',
  pkce: true,
  refresh: 'rotating',
  account: { url: 'https://discord.com/api/v10/users/@me', id: 'id', label: 'username' },
  revocation: { method: 'rfc7009', token: 'refresh_token', auth: 'client' },
  api_base_url: 'https://discord.com/api/v10',
  source: { url: 'https://docs.discord.com/developers/topics/oauth2', checked: '2026-11-21' },
}
