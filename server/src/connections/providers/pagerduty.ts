import type { ApiKeyProvider } from './provider.ts'

export const pagerduty: ApiKeyProvider = {
  name: 'pagerduty',
  label: 'PagerDuty',
  kind: 'api_key',
  api_key: { header: 'authorization', prefix: 'Token token=' },
  api_base_url: 'https://api.pagerduty.com',
  source: { url: 'https://developer.pagerduty.com/docs/authentication' },
}
