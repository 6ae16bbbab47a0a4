import type { ApiKeyProvider } from './provider.ts'

export const stripeKey: ApiKeyProvider = {
  name: 'stripe-key',
  label: 'Stripe (secret key)',
  kind: 'api_key',
  api_key: { basic: 'username' },
  account: { url: 'https://api.stripe.com/v1/account', id: 'id', label: 'email' },
  api_base_url: 'https://api.stripe.com/v1',
  source: { url: 'https://docs.stripe.com/api/authentication', checked: '2026-11-21' },
}
