import type { OAuthProvider, Provider } from '../../src/connections/providers/provider.ts'
import type { Answer, Fault } from './faults.ts'
import type { Signer } from './id-tokens.ts'
import type { issuedTokens } from './issued-tokens.ts'
import type { Asked, Client } from './request-checks.ts'

export const ENDPOINTS = [
  'authorize',
  'exchange',
  'refresh',
  'revoke',
  'account',
  'api',
  'discovery',
  'jwks',
  'elsewhere',
] as const
export type Endpoint = (typeof ENDPOINTS)[number]

/** What the provider does differently from its entry, until told otherwise. All of it may be changed at any time. */
export interface Habits {
  /** How long access tokens live, seconds. */
  lifetimeS: number
  /** What the answer says about it; undefined: what the entry has it say. Null: nothing. */
  expiresIn: unknown
  /** Undefined: what the entry has it say. Null: nothing. */
  tokenType: string | null | undefined
  omitRefreshToken: boolean
  omitScope: boolean
  omitIdToken: boolean
  /** A reusable refresh token comes with a newer one, and goes on working. */
  newerRefreshToken: boolean
  /** How long a rotated-out refresh token still works, seconds. */
  leewayS: number
  /** Using a rotated-out refresh token later than that ends all that came from the same consent. */
  revokesFamily: boolean
  /** An id_token comes although nobody asked for `openid`. */
  unaskedIdToken: boolean
  signer: Signer
  /** Claims of the id_token to replace; undefined takes one out. */
  claims: Record<string, unknown>
  /** The person says no. */
  denies: boolean
  /** Parameters of the callback to replace; null takes one out. */
  callback: Record<string, string | null>
}

export interface World {
  origin: string
  client: Client
  /** On loopback, with every placeholder filled. */
  entry: Provider
  /** The hosts of the API, as the entry knows them. */
  apiHosts: readonly string[]
  key: string
  account: { id: string; label: string }
  redirectUris: Set<string>
  issued: ReturnType<typeof issuedTokens>
  /** Epoch milliseconds. */
  now: () => number
  faults: Partial<Record<Endpoint, Fault>>
  habits: Habits
  requests: (Asked & { endpoint: Endpoint })[]
  refusals: string[]
}

export type OAuthWorld = World & { entry: OAuthProvider }

export function habitsOf(entry: Provider): Habits {
  return {
    lifetimeS: 3600,
    expiresIn: undefined,
    tokenType: undefined,
    omitRefreshToken: false,
    omitScope: false,
    omitIdToken: false,
    newerRefreshToken: false,
    leewayS: (entry.kind === 'oauth2' && entry.rotation_leeway_s) || 0,
    revokesFamily: true,
    unaskedIdToken: false,
    signer: 'provider',
    claims: {},
    denies: false,
    callback: {},
  }
}

/** Where this world is spoken to; what the entry leaves to discovery is below its issuer. */
export function addressesOf({ entry }: Pick<World, 'entry'>) {
  if (entry.kind !== 'oauth2') return {}
  const isDiscovered = entry.authorization_url === undefined || entry.token_url === undefined
  const found = (path: string) => (isDiscovered && entry.issuer !== undefined ? `${entry.issuer}/${path}` : undefined)
  return {
    authorization: entry.authorization_url ?? found('authorize'),
    token: entry.token_url ?? found('token'),
    revocation: entry.revocation_url ?? found('revoke'),
    userinfo: entry.userinfo_url ?? found('userinfo'),
    jwks: entry.jwks_uri ?? found('jwks'),
    discovery: found('.well-known/openid-configuration'),
  }
}

export const json = (status: number, body: unknown): Answer => ({ status, body: JSON.stringify(body) })
