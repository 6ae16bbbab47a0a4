import type { ApiKeyProvider } from './provider.ts'

export const sendgrid: ApiKeyProvider = {
  name: 'sendgrid',
  label: 'SendGrid',
  kind: 'api_key',
  api_key: { header: 'authorization', prefix: 'Bearer ' },
  api_base_url: 'https://api.sendgrid.com/v3',
  source: {
    url: 'https://www.twilio.com/docs/sendgrid/api-reference/how-to-use-the-sendgrid-v3-api/authentication',
    checked: '2026-11-21',
  },
}
