import type { ApiKeyProvider } from './provider.ts'

export const googleMaps: ApiKeyProvider = {
  name: 'google-maps',
  label: 'Google Maps Platform',
  kind: 'api_key',
  api_key: { query: 'key' },
  api_base_url: 'https://maps.googleapis.com/maps/api',
  source: {
    url: 'https://developers.google.com/maps/documentation/geocoding/requests-geocoding',
    checked: '2026-11-21',
  },
}
