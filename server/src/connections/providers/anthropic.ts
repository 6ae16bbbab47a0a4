import type { ApiKeyProvider } from './provider.ts'

export const anthropic: ApiKeyProvider = {
  name: 'anthropic',
  label: 'Anthropic',
  kind: 'api_key',
  api_key: { header: 'x-api-key' },
  api_base_url: 'https://api.anthropic.com',
  api_headers: { 'anthropic-version': '2023-06-01' },
  source: { url: 'https://docs.anthropic.com/en/api/overview', checked: '2026-11-21' },
}
