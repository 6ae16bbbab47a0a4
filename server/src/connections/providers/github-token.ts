import type { ApiKeyProvider } from './provider.ts'

export const githubToken: ApiKeyProvider = {
  name: 'github-token',
  label: 'GitHub (personal access token)',
  kind: 'api_key',
  api_key: { header: 'authorization', prefix: 'Bearer ' },
  account: { url: 'https://api.github.com/user', id: 'id', label: 'login' },
  api_base_url: 'https://api.github.com',
  api_hosts: ['uploads.github.com'],
  api_headers: { 'user-agent': 'auth-agent' },
  source: {
    url: 'https://docs.github.com/en/rest/authentication/authenticating-to-the-rest-api',
    checked: '2026-11-21',
  },
}
