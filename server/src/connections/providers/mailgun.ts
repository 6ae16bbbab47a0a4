import type { ApiKeyProvider } from './provider.ts'

export const mailgun: ApiKeyProvider = {
  name: 'mailgun',
  label: 'Mailgun',
  kind: 'api_key',
  api_key: { basic: 'password', other: 'api' },
  api_base_url: 'https://api.mailgun.net/v3',
  source: { url: 'https://documentation.mailgun.com/docs/mailgun/api-reference/authentication', checked: '2026-11-21' },
}
