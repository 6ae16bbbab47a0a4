import type { ApiKeyProvider } from './provider.ts'

export const freshdesk: ApiKeyProvider = {
  name: 'freshdesk',
  label: 'Freshdesk',
  kind: 'api_key',
  parameters: [
    { name: 'subdomain', label: 'Subdomain (acme, of acme.freshdesk.com)', pattern: '[a-z0-9](-*[a-z0-9])*' },
  ],
  api_key: { basic: 'username', other: 'X' },
  account: { url: 'https://{subdomain}.freshdesk.com/api/v2/agents/me', id: 'id', label: 'contact.email' },
  api_base_url: 'https://{subdomain}.freshdesk.com/api/v2',
  source: { url: 'https://developers.freshdesk.com/api/#authentication' },
}
