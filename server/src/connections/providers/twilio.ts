import type { ApiKeyProvider } from './provider.ts'

export const twilio: ApiKeyProvider = {
  name: 'twilio',
  label: 'Twilio',
  kind: 'api_key',
  parameters: [{ name: 'account_sid', label: 'Account SID', pattern: 'AC[0-9a-f]{32}' }],
  api_key: { basic: 'password', other: '{account_sid}' },
  account: { url: 'https://api.twilio.com/2010-04-01/Accounts/{account_sid}.json', id: 'sid', label: 'friendly_name' },
  api_base_url: 'https://api.twilio.com/2010-04-01',
  source: { url: 'https://www.twilio.com/docs/usage/requests-to-twilio' },
}
