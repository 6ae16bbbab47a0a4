import type { OAuthProvider } from './provider.ts'

export const bitbucket: OAuthProvider = {
  name: 'bitbucket',
  label: 'Bitbucket',
  kind: 'oauth2',
  authorization_url: 'https://bitbucket.org/site/oauth2/authorize',
  token_url: 'https://bitbucket.org/site/oauth2/access_token',
  token_endpoint_auth_method: 'client_secret_basic',
  token_request: 'form',
  // They are chosen where the consumer is registered.
  scopes: [],
  scope_separator: ' ',
  pkce: false,
  refresh: 'rotating',
  account: { url: 'https://api.bitbucket.org/2.0/user', id: 'uuid', label: 'display_name' },
  api_base_url: 'https://api.bitbucket.org/2.0',
  source: { url: 'https://developer.atlassian.com/cloud/bitbucket/oauth-2/', checked: '2026-11-21' },
}
