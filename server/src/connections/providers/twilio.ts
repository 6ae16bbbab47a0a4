import type { ApiKeyProvider } from './provider.ts'

export const twilio: ApiKeyProvider = {
  name: 'twilio',
  label: 'Twilio',
  kind: 'api_key',
  parameters: [{ name: 'account_sid', label: 'Account SID, or SID of the API key', pattern: '(AC|SK)[0-9a-f]{32}' }],
  api_key: { basic: 'password', other: '{account_sid}' },
  api_base_url: 'https://api.twilio.com/2010-04-01',
  source: { url: 'https://www.twilio.com/docs/usage/requests-to-twilio', checked: '2026-11-21' },
}
