import type { ApiKeyProvider } from './provider.ts'

export const pagerduty: ApiKeyProvider = {
  name: 'pagerduty',
  label: 'PagerDuty',
  kind: 'api_key',
  api_key: { header: 'authorization', prefix: 'Token token=' },
  api_base_url: 'https://api.pagerduty.com',
  // Of accounts in the European service region.
  api_hosts: ['api.eu.pagerduty.com'],
  // Else the key's age decides which version answers.
  api_headers: { accept: 'application/vnd.pagerduty+json;version=2' },
  source: { url: 'https://developer.pagerduty.com/docs/authentication', checked: '2026-11-21' },
}
