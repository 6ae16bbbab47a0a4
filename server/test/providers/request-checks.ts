import { createHash } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import type { ApiKeyProvider, OAuthProvider, Provider } from '../../src/connections/providers/provider.ts'

/** A request of the broker that the provider would not have taken. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly error: string

  constructor(error: string, message: string) {
    super(message)
    this.error = error
  }
}

export interface Asked {
  method: string
  url: URL
  headers: IncomingHttpHeaders
  body: string
  /** How long the body was, where not all of it was kept. */
  bytes: number
}

export interface Client {
  client_id: string
  client_secret: string
}

export function refuseUnless(condition: unknown, error: string, message: string): asserts condition {
  if (!condition) throw new Refusal(error, message)
}

/** The parameters of a request, each at most once (RFC 6749 §3.1). */
export function single(parameters: URLSearchParams): Map<string, string> {
  const found = new Map<string, string>()
  for (const [name, value] of parameters) {
    refuseUnless(!found.has(name), 'invalid_request', `${name} is there twice`)
    found.set(name, value)
  }
  return found
}

/** The body in the one format that the provider takes. */
export function bodyOf({ headers, body }: Asked, format: 'form' | 'json'): Map<string, unknown> {
  const type = headers['content-type']?.split(';')[0]
  const wanted = format === 'json' ? 'application/json' : 'application/x-www-form-urlencoded'
  refuseUnless(type === wanted, 'invalid_request', `the body is ${type}, not ${wanted}`)
  if (format === 'form') return single(new URLSearchParams(body))
  const parsed = parseObject(body)
  refuseUnless(parsed, 'invalid_request', 'the body is no JSON object')
  return new Map(Object.entries(parsed))
}

function parseObject(text: string): object | undefined {
  try {
    const parsed: unknown = JSON.parse(text)
    return typeof parsed === 'object' && parsed !== null ? parsed : undefined
  } catch {
    return undefined
  }
}

/** Client authentication by exactly one method (RFC 6749 §2.3). */
export function checkClient(
  method: OAuthProvider['token_endpoint_auth_method'],
  { headers }: Asked,
  body: ReadonlyMap<string, unknown>,
  client: Client,
): void {
  const basic = basicOf(headers.authorization)
  if (method === 'client_secret_basic') {
    refuseUnless(basic, 'invalid_client', 'the client did not authenticate by HTTP Basic')
    refuseUnless(!body.has('client_secret'), 'invalid_request', 'the secret is in the body as well')
    const isClient = decoded(basic[0]) === client.client_id && decoded(basic[1]) === client.client_secret
    refuseUnless(isClient, 'invalid_client', 'this is not the secret of this client')
    return
  }
  refuseUnless(headers.authorization === undefined, 'invalid_request', 'there is an Authorization header')
  refuseUnless(body.get('client_id') === client.client_id, 'invalid_client', 'this is not the client')
  const secret = method === 'none' ? undefined : client.client_secret
  refuseUnless(body.get('client_secret') === secret, 'invalid_client', 'this is not the secret of this client')
}

/** §2.3.1: both halves are form-encoded before they are joined. */
const decoded = (half: string) => new URLSearchParams(`v=${half}`).get('v')

export function basicOf(authorization: string | undefined): [string, string] | undefined {
  const [, encoded] = /^Basic (\S+)$/i.exec(authorization ?? '') ?? []
  if (encoded === undefined) return undefined
  const text = Buffer.from(encoded, 'base64').toString()
  const colon = text.indexOf(':')
  return [text.slice(0, colon), text.slice(colon + 1)]
}

/** The scopes of an authorization request, in the one parameter and by the one separator that the provider knows. */
export function scopesOf(entry: OAuthProvider, query: ReadonlyMap<string, string>): string[] {
  const parameter = entry.scope_parameter ?? 'scope'
  const elsewhere = [...query.keys()].find((name) => name.endsWith('scope') && name !== parameter)
  refuseUnless(elsewhere === undefined, 'invalid_scope', `scopes are in ${elsewhere}, not in ${parameter}`)
  const text = query.get(parameter)
  if (text === undefined) {
    refuseUnless(entry.scopes.length === 0, 'invalid_scope', `there is no ${parameter}`)
    return []
  }
  const scopes = text.split(entry.scope_separator)
  const isClean = scopes.every((scope) => /^[\x21\x23-\x2b\x2d-\x5b\x5d-\x7e]+$/.test(scope))
  refuseUnless(isClean, 'invalid_scope', `"${text}" is no list by "${entry.scope_separator}"`)
  return scopes
}

/** RFC 7636 §4.3: S256 where the provider takes it, and no trace of it where it does not. */
export function challengeOf(entry: OAuthProvider, query: ReadonlyMap<string, string>): string | undefined {
  const challenge = query.get('code_challenge')
  const method = query.get('code_challenge_method')
  if (!entry.pkce) {
    refuseUnless(!challenge && !method, 'invalid_request', 'this provider knows no code_challenge')
    return undefined
  }
  refuseUnless(method === 'S256', 'invalid_request', 'code_challenge_method must be S256')
  refuseUnless(/^[\w-]{43}$/.test(challenge ?? ''), 'invalid_request', 'code_challenge must be there')
  return challenge
}

/** RFC 7636 §4.6. */
export function checkVerifier(challenge: string | undefined, body: ReadonlyMap<string, unknown>): void {
  const verifier = body.get('code_verifier')
  if (challenge === undefined) {
    refuseUnless(verifier === undefined, 'invalid_request', 'this provider knows no code_verifier')
    return
  }
  const isVerifier = typeof verifier === 'string' && /^[\w.~-]{43,128}$/.test(verifier)
  refuseUnless(isVerifier, 'invalid_grant', 'there is no code_verifier')
  const fits = createHash('sha256').update(verifier).digest('base64url') === challenge
  refuseUnless(fits, 'invalid_grant', 'code_verifier does not fit the challenge')
}

/** What the entry adds to a request is in it, as text in a form, as it is in JSON. */
export function checkAdded(
  added: Readonly<Record<string, string | number>> | undefined,
  given: ReadonlyMap<string, unknown>,
  format: 'form' | 'json',
): void {
  for (const [name, value] of Object.entries(added ?? {})) {
    const wanted = format === 'json' ? value : String(value)
    refuseUnless(given.get(name) === wanted, 'invalid_request', `${name} must be ${wanted}`)
  }
}

export function checkHeaders(wanted: Readonly<Record<string, string>> | undefined, { headers }: Asked): void {
  for (const [name, value] of Object.entries(wanted ?? {}))
    refuseUnless(headers[name.toLowerCase()] === value, 'invalid_request', `the header ${name} must be ${value}`)
}

/** The token or key that an API call carries, if it is where the entry says. */
export function carriedBy(entry: Provider, asked: Asked): string | undefined {
  const place = entry.kind === 'api_key' ? entry.api_key : (entry.api_token ?? BEARER)
  if ('query' in place) return single(asked.url.searchParams).get(place.query)
  if ('basic' in place) return carriedByBasic(place, asked)
  const text = asked.headers[place.header.toLowerCase()]
  const prefix = place.prefix ?? ''
  return typeof text === 'string' && text.startsWith(prefix) ? text.slice(prefix.length) : undefined
}

const BEARER = { header: 'authorization', prefix: 'Bearer ' }

function carriedByBasic(place: Extract<ApiKeyProvider['api_key'], { basic: string }>, { headers }: Asked) {
  const [username, password] = basicOf(headers.authorization) ?? []
  const [key, other] = place.basic === 'username' ? [username, password] : [password, username]
  return other === (place.other ?? '') ? key : undefined
}
