import type { ApiKeyProvider } from './provider.ts'

export const airtableToken: ApiKeyProvider = {
  name: 'airtable-token',
  label: 'Airtable (personal access token)',
  kind: 'api_key',
  api_key: { header: 'authorization', prefix: 'Bearer ' },
  account: { url: 'https://api.airtable.com/v0/meta/whoami', id: 'id', label: 'id' },
  api_base_url: 'https://api.airtable.com/v0',
  source: { url: 'https://airtable.com/developers/web/api/authentication', checked: '2026-11-21' },
}
