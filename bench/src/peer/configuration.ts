import { generateKeyPairSync } from 'node:crypto'
import { memoryAdapter } from './memory-adapter.ts'
import type { PeerSettings } from './settings.ts'
import { SCOPE } from './settings.ts'
import { sqliteAdapter } from './sqlite-adapter.ts'

/** Its access tokens are JWTs only for a resource server that asks for them; this one does. */
const RESOURCE = 'https://website.example/'
const RESOURCE_SCOPE = 'profile email'
const HOUR_S = 3600
const DAY_S = 24 * HOUR_S

export function configuration(settings: PeerSettings): Record<string, unknown> {
  return {
    adapter: settings.databasePath === undefined ? memoryAdapter() : sqliteAdapter(settings.databasePath),
    clients: [client(settings, 'jwt'), client(settings, 'opaque')],
    jwks: { keys: [signingKey()] },
    scopes: SCOPE.split(' '),
    claims: { openid: ['sub'], profile: ['name'], email: ['email'] },
    features: features(settings),
    findAccount,
    pkce: { required: () => true },
    issueRefreshToken: async () => true,
    rotateRefreshToken: true,
    interactions: { url: (_: unknown, interaction: { uid: string }) => `/interaction/${interaction.uid}` },
    ttl: lifetimes(),
  }
}

function client({ clients, redirectUri }: PeerSettings, kind: 'jwt' | 'opaque') {
  return {
    client_id: clients[kind].id,
    client_secret: clients[kind].secret,
    redirect_uris: [redirectUri],
    grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
    response_types: ['code'],
    token_endpoint_auth_method: 'client_secret_basic',
    id_token_signed_response_alg: 'ES256',
    scope: SCOPE,
  }
}

function features({ clients }: PeerSettings) {
  return {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    introspection: { enabled: true, allowedPolicy: async () => true },
    resourceIndicators: {
      enabled: true,
      defaultResource: async (_: unknown, { clientId }: { clientId: string }) =>
        clientId === clients.jwt.id ? RESOURCE : undefined,
      useGrantedResource: async () => true,
      getResourceServerInfo: async () => ({
        scope: RESOURCE_SCOPE,
        accessTokenFormat: 'jwt',
        accessTokenTTL: HOUR_S,
        jwt: { sign: { alg: 'ES256' } },
      }),
    },
  }
}

async function findAccount(_: unknown, id: string) {
  return { accountId: id, claims: async () => ({ sub: id, name: 'Ada', email: 'ada@example.com' }) }
}

function signingKey() {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return { ...privateKey.export({ format: 'jwk' }), alg: 'ES256', use: 'sig', kid: 'bench' }
}

function lifetimes() {
  return {
    AccessToken: HOUR_S,
    AuthorizationCode: 60,
    ClientCredentials: HOUR_S,
    Grant: 30 * DAY_S,
    IdToken: HOUR_S,
    Interaction: 600,
    RefreshToken: 30 * DAY_S,
    Session: DAY_S,
  }
}

export const resource = { identifier: RESOURCE, scope: RESOURCE_SCOPE }
