import type { ApiKeyProvider } from './provider.ts'

export const openai: ApiKeyProvider = {
  name: 'openai',
  label: 'OpenAI',
  kind: 'api_key',
  api_key: { header: 'authorization', prefix: 'Bearer ' },
  api_base_url: 'https://api.openai.com/v1',
  source: { url: 'https://platform.openai.com/docs/api-reference/authentication', checked: '2026-11-21' },
}
