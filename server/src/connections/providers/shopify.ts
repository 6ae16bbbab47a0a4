import type { OAuthProvider } from './provider.ts'

export const shopify: OAuthProvider = {
  name: 'shopify',
  label: 'Shopify',
  kind: 'oauth2',
  parameters: [{ name: 'shop', label: 'Shop (acme, of acme.myshopify.com)', pattern: '[a-z0-9](-*[a-z0-9])*' }],
  authorization_url: 'https://{shop}.myshopify.com/admin/oauth/authorize',
  token_url: 'https://{shop}.myshopify.com/admin/oauth/access_token',
  token_endpoint_auth_method: 'client_secret_post',
  token_request: 'form',
  scopes: ['read_products', 'read_orders'],
  scope_separator: ',',
  pkce: false,
  // Tokens that do not expire are refused from 2027 on.
  token_params: { expiring: '1' },
  refresh: 'rotating',
  response: { scope_form: 'comma', token_type: null },
  account: {
    url: 'https://{shop}.myshopify.com/admin/api/2026-07/graphql.json',
    method: 'POST',
    body: '{"query":"{ shop { id name } }"}',
    id: 'data.shop.id',
    label: 'data.shop.name',
  },
  api_base_url: 'https://{shop}.myshopify.com/admin/api',
  api_token: { header: 'x-shopify-access-token' },
  source: {
    url: 'https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens/offline-access-tokens',
    checked: '2026-11-21',
  },
}
