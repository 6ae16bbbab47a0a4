import type { ApiKeyProvider } from './provider.ts'

export const linearKey: ApiKeyProvider = {
  name: 'linear-key',
  label: 'Linear (personal key)',
  kind: 'api_key',
  api_key: { header: 'authorization' },
  account: {
    url: 'https://api.linear.app/graphql',
    method: 'POST',
    body: '{"query":"{ viewer { id email } }"}',
    id: 'data.viewer.id',
    label: 'data.viewer.email',
  },
  api_base_url: 'https://api.linear.app',
  source: { url: 'https://linear.app/developers/graphql', checked: '2026-11-21' },
}
