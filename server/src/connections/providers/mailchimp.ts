import type { OAuthProvider } from './provider.ts'

export const mailchimp: OAuthProvider = {
  name: 'mailchimp',
  label: 'Mailchimp',
  kind: 'oauth2',
  parameters: [{ name: 'dc', label: 'Data centre (us6, of us6.admin.mailchimp.com)', pattern: '[a-z]{2}[0-9]{1,3}' }],
  authorization_url: 'https://login.mailchimp.com/oauth2/authorize',
  token_url: 'https://login.mailchimp.com/oauth2/token',
  token_endpoint_auth_method: 'client_secret_post',
  token_request: 'form',
  // There are none.
  scopes: [],
  scope_separator: ' ',
  pkce: false,
  refresh: 'none',
  response: { expires_in: null },
  account: { url: 'https://{dc}.api.mailchimp.com/3.0/', id: 'account_id', label: 'account_name' },
  api_base_url: 'https://{dc}.api.mailchimp.com/3.0',
  source: { url: 'https://mailchimp.com/developer/marketing/guides/access-user-data-oauth-2/', checked: '2026-11-21' },
}
