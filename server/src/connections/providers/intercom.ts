import type { OAuthProvider } from './provider.ts'

export const intercom: OAuthProvider = {
  name: 'intercom',
  label: 'Intercom',
  kind: 'oauth2',
  authorization_url: 'https://app.intercom.com/oauth',
  token_url: 'https://api.intercom.io/auth/eagle/token',
  token_endpoint_auth_method: 'client_secret_post',
  token_request: 'form',
  // They are chosen where the app is registered.
  scopes: [],
  scope_separator: ' ',
  pkce: false,
  refresh: 'none',
  response: { expires_in: null, error: 'errors.0.code', error_description: 'errors.0.message' },
  account: { url: 'https://api.intercom.io/me', id: 'app.id_code', label: 'app.name' },
  api_base_url: 'https://api.intercom.io',
  source: {
    url: 'https://developers.intercom.com/docs/build-an-integration/learn-more/authentication/setting-up-oauth',
    checked: '2026-11-21',
  },
}
