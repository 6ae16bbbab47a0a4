import type { OAuthProvider } from './provider.ts'

export const docusign: OAuthProvider = {
  name: 'docusign',
  label: 'Docusign',
  kind: 'oauth2',
  parameters: [
    { name: 'server', label: 'Server of the account (na1 to na4, eu, au, ca)', pattern: 'www|na[1-9]|eu|au|ca' },
  ],
  authorization_url: 'https://account.docusign.com/oauth/auth',
  token_url: 'https://account.docusign.com/oauth/token',
  token_endpoint_auth_method: 'client_secret_basic',
  token_request: 'form',
  scopes: ['signature', 'extended'],
  scope_separator: ' ',
  pkce: false,
  refresh: 'rotating',
  account: { url: 'https://account.docusign.com/oauth/userinfo', id: 'sub', label: 'email' },
  api_base_url: 'https://{server}.docusign.net/restapi/v2.1',
  api_hosts: ['account.docusign.com'],
  source: {
    url: 'https://developers.docusign.com/platform/auth/confidential-authcode-get-token/',
    checked: '2026-11-21',
  },
}
