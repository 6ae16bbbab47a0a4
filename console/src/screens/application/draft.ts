import type { Application, ApplicationSettings } from '../../applications.ts'

export type SignsIn = 'agent' | 'user' | 'both'
export type Authentication = 'secret' | 'private_key_jwt' | 'none'

/** A redirect URI while it is typed, with a name of its own, since two rows may hold the same for a moment. */
export interface UriRow {
  id: string
  uri: string
  /** As the server has it already; the empty text for a new row. */
  saved: string
}

/** What is typed about an application. */
export interface Draft {
  name: string
  signsIn: SignsIn
  redirectUris: readonly UriRow[]
  authentication: Authentication
  /** As pasted. */
  jwks: string
  scopes: readonly string[]
  format: Application['access_token_format']
  minLevel: number
}

let rowsMade = 0

export const newRow = (saved = ''): UriRow => ({ id: `row-${rowsMade++}`, uri: saved, saved })

/** What a sign-in may be asked for, and what an app may ask of a person's budget (server/src/identity/scope.ts). */
export const SIGN_IN_SCOPES = ['openid', 'profile', 'email', 'offline_access']
export const FUEL_SCOPES = ['agent-fuel', 'usage-tracking']

export const emptyDraft = (): Draft => ({
  name: '',
  signsIn: 'agent',
  redirectUris: [newRow()],
  authentication: 'secret',
  jwks: '',
  scopes: SIGN_IN_SCOPES,
  format: 'jwt',
  minLevel: 1,
})

export function draftOf(application: Application): Draft {
  const uris = application.redirect_uris.length > 0 ? application.redirect_uris : ['']
  return {
    name: application.client_name,
    signsIn: signsInOf(application.subjects),
    redirectUris: uris.map((uri) => newRow(uri)),
    authentication: authenticationOf(application),
    jwks: application.jwks === null ? '' : JSON.stringify(application.jwks, null, 2),
    scopes: application.scope.split(' ').filter(Boolean),
    format: application.access_token_format,
    minLevel: application.min_level,
  }
}

export function signsInOf(subjects: Application['subjects']): SignsIn {
  return subjects.length > 1 ? 'both' : (subjects[0] ?? 'agent')
}

export function authenticationOf({ token_endpoint_auth_method: method }: Application): Authentication {
  return method === 'private_key_jwt' || method === 'none' ? method : 'secret'
}

/** A key alone is taken as a set of one. Throws for what is not JSON; whether the keys are good, the server says. */
function parseJwks(text: string): { keys: Record<string, unknown>[] } {
  const parsed = JSON.parse(text)
  return parsed?.keys === undefined ? { keys: [parsed] } : parsed
}

/** Why the keys cannot even be sent. */
export function jwksFault({ authentication, jwks }: Draft): string | undefined {
  if (authentication !== 'private_key_jwt') return undefined
  try {
    parseJwks(jwks)
    return undefined
  } catch {
    return 'This is not JSON: paste the key set as it is, from { to }.'
  }
}

/** As the server wants it, but for how the application authenticates. */
export function settingsOf(draft: Draft) {
  const people = draft.signsIn !== 'agent'
  const scopes = people ? draft.scopes : draft.scopes.filter((scope) => !FUEL_SCOPES.includes(scope))
  return {
    client_name: draft.name.trim(),
    redirect_uris: draft.redirectUris.flatMap(({ uri }) => (uri.trim() === '' ? [] : [uri.trim()])),
    subjects: draft.signsIn === 'both' ? ['agent' as const, 'user' as const] : [draft.signsIn],
    scope: scopes.join(' '),
    access_token_format: people ? draft.format : 'jwt',
    min_level: draft.minLevel,
    ...(draft.authentication === 'private_key_jwt' && { jwks: parseJwks(draft.jwks) }),
  } satisfies ApplicationSettings
}

/** Only what differs, so that what somebody else changes meanwhile stays. */
export function changesOf(draft: Draft, application: Application): ApplicationSettings {
  const before: Record<string, unknown> = { ...application }
  const changed = Object.entries(settingsOf(draft)).filter(
    ([name, value]) => JSON.stringify(value) !== JSON.stringify(before[name]),
  )
  return Object.fromEntries(changed)
}
