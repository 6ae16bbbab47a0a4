import type { OAuthProvider } from './provider.ts'

export const salesforce: OAuthProvider = {
  name: 'salesforce',
  label: 'Salesforce',
  kind: 'oauth2',
  parameters: [
    {
      name: 'domain',
      label: 'My Domain name (acme, or acme--test.sandbox)',
      pattern: '[a-z0-9](-*[a-z0-9])*(\\.(sandbox|develop|scratch))?',
    },
  ],
  authorization_url: 'https://{domain}.my.salesforce.com/services/oauth2/authorize',
  token_url: 'https://{domain}.my.salesforce.com/services/oauth2/token',
  revocation_url: 'https://{domain}.my.salesforce.com/services/oauth2/revoke',
  token_endpoint_auth_method: 'client_secret_post',
  token_request: 'form',
  scopes: ['api', 'id', 'refresh_token'],
  scope_separator: ' ',
  pkce: true,
  // Only where the app has rotation on; the token is then good for one use.
  refresh: 'rotating',
  // The answer does not say: it is the organization's session timeout, two hours unless changed.
  expires_in_default_s: 7200,
  response: { expires_in: null },
  account: {
    url: 'https://{domain}.my.salesforce.com/services/oauth2/userinfo',
    id: 'user_id',
    label: 'preferred_username',
  },
  revocation: { method: 'rfc7009', token: 'refresh_token', auth: 'none' },
  api_base_url: 'https://{domain}.my.salesforce.com',
  source: {
    url: 'https://help.salesforce.com/s/articleView?id=sf.remoteaccess_oauth_refresh_token_flow.htm',
    checked: '2026-11-21',
  },
}
