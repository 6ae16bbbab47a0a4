import type { OAuthProvider, TokenAnswer } from '../../src/connections/providers/provider.ts'

/** What an answer says, before it is put into the shape that the provider gives it. */
export interface Saying {
  accessToken: string
  refreshToken?: string | undefined
  idToken?: string | undefined
  scopes: readonly string[]
  /** Seconds; anything else is said as it is, undefined not at all. */
  expiresIn: unknown
  /** Epoch milliseconds. */
  expiresAt: number
  /** Undefined: as the entry has it. Null: it is left out. */
  tokenType?: string | null | undefined
  account?: { id: string; label: string }
}

/** RFC 6749 §5.1, as this provider writes it. */
export function tokenAnswer(shape: TokenAnswer, entry: OAuthProvider, saying: Saying): unknown {
  const type = saying.tokenType === undefined ? shape.token_type : saying.tokenType
  let body: unknown = {}
  const say = (path: string, value: unknown) => {
    body = put(body, path, value)
  }
  // Where the real one is nested, the token on top is somebody else's.
  if (shape.access_token?.includes('.')) say('access_token', `not-this-one-${saying.accessToken.length}`)
  say(shape.access_token ?? 'access_token', saying.accessToken)
  if (type !== null) say('token_type', type ?? 'bearer')
  if (saying.refreshToken !== undefined) say(shape.refresh_token ?? 'refresh_token', saying.refreshToken)
  if (saying.idToken !== undefined) say('id_token', saying.idToken)
  if (saying.scopes.length > 0) say(shape.scope ?? 'scope', scopeText(shape, saying.scopes))
  if (saying.expiresIn !== undefined) say(shape.expires_in ?? 'expires_in', saying.expiresIn)
  if (shape.expires_at !== undefined) say(shape.expires_at, new Date(saying.expiresAt).toISOString())
  if (shape.ok !== undefined) say(shape.ok, true)
  if (saying.account && entry.account && entry.account.url === undefined) {
    say(entry.account.label, saying.account.label)
    say(entry.account.id, saying.account.id)
  }
  return body
}

/** RFC 6749 §5.2, as this provider writes it. */
export function errorAnswer(shape: TokenAnswer, error: string, description: string): unknown {
  let body = put({}, shape.error ?? 'error', error)
  body = put(body, shape.error_description ?? 'error_description', description)
  return shape.ok === undefined ? body : put(body, shape.ok, false)
}

function scopeText({ scope_form }: TokenAnswer, scopes: readonly string[]): unknown {
  return scope_form === 'array' ? scopes : scopes.join(scope_form === 'comma' ? ',' : ' ')
}

/** A copy of `body` with the member at `path`; numbers in the path make arrays. */
export function put(body: unknown, path: string, value: unknown): unknown {
  const [name = '', ...rest] = path.split('.')
  const isIndex = /^\d+$/.test(name)
  const own = typeof body === 'object' && body !== null ? { ...body } : {}
  const inner = rest.length === 0 ? value : put((own as Record<string, unknown>)[name], rest.join('.'), value)
  const changed = { ...own, [name]: inner }
  return isIndex ? Object.values(changed) : changed
}
