import type { Context } from 'hono'
import type { Env } from '../context.ts'
import { mediaType, readText } from './body.ts'
import { ApiError } from './errors.ts'
import { parseJsonObject } from './json.ts'

/** Parameters of a request, read by the rules of RFC 6749 §3.1 and §3.2. */
export interface Form {
  /** The value, or undefined when it is absent or empty: an empty value counts as omitted. */
  get(name: string): string | undefined
  required(name: string): string
  /** Every value of a parameter that may be repeated. */
  all(name: string): string[]
}

/** RFC 8707 §2: the only parameter that may be sent more than once. */
const REPEATABLE: ReadonlySet<string> = new Set(['resource'])

/** The form (or, for callers that insist, flat JSON) that was posted. */
export async function parseForm(c: Context<Env>): Promise<Form> {
  const type = mediaType(c)
  const text = await readText(c)
  if (type === 'application/x-www-form-urlencoded') return formOf(decodePairs(text))
  if (type === 'application/json') return formOf(pairsOfJson(text))
  throw new ApiError('invalid_request', 'Send the parameters as application/x-www-form-urlencoded')
}

/** The parameters of the query string. */
export function parseQuery(c: Context<Env>): Form {
  const at = c.req.url.indexOf('?')
  return formOf(at < 0 ? [] : decodePairs(c.req.url.slice(at + 1).replace(/#.*$/, '')))
}

/** Refuses what cannot be read back the way it was meant: a repeat, a NUL, a broken escape. */
export function formOf(pairs: readonly (readonly [string, string])[]): Form {
  const values = new Map<string, string[]>()
  for (const [name, value] of pairs) {
    const known = values.get(name)
    if (known && !REPEATABLE.has(name))
      throw new ApiError('invalid_request', `The parameter ${printable(name)} is repeated`)
    if (known) known.push(value)
    else values.set(name, [value])
  }
  const get = (name: string) => values.get(name)?.[0] || undefined
  return {
    get,
    required(name) {
      const value = get(name)
      if (value === undefined) throw new ApiError('invalid_request', `The parameter ${name} is missing`)
      return value
    },
    all: (name) => (values.get(name) ?? []).filter(Boolean),
  }
}

export function decodePairs(encoded: string): [string, string][] {
  const pairs: [string, string][] = []
  for (const part of encoded.split('&')) {
    if (part === '') continue
    const equals = part.indexOf('=')
    if (equals < 0) pairs.push([decodePart(part), ''])
    else pairs.push([decodePart(part.slice(0, equals)), decodePart(part.slice(equals + 1))])
  }
  return pairs
}

/** One form-encoded word (WHATWG URL, application/x-www-form-urlencoded). `URLSearchParams` would mend what is broken. */
export function decodePart(encoded: string): string {
  const spaced = encoded.includes('+') ? encoded.replaceAll('+', ' ') : encoded
  let decoded = spaced
  if (spaced.includes('%')) {
    try {
      decoded = decodeURIComponent(spaced)
    } catch {
      throw new ApiError('invalid_request', 'A parameter is not percent-encoded UTF-8')
    }
  }
  if (decoded.includes('\0')) throw new ApiError('invalid_request', 'A parameter holds a NUL character')
  return decoded
}

function pairsOfJson(text: string): [string, string][] {
  const pairs: [string, string][] = []
  const seen = new Set<string>()
  const body = parseJsonObject(text, (key) => {
    if (seen.has(key)) throw new ApiError('invalid_request', `The parameter ${printable(key)} is repeated`)
    seen.add(key)
  })
  for (const [name, value] of Object.entries(body)) {
    if (value === null || value === undefined) continue
    if (Array.isArray(value) && REPEATABLE.has(name)) {
      for (const item of value) pairs.push([name, textOf(name, item)])
    } else pairs.push([name, textOf(name, value)])
  }
  return pairs
}

function textOf(name: string, value: unknown): string {
  if (typeof value === 'string') return value
  throw new ApiError('invalid_request', `The parameter ${printable(name)} is not a string`)
}

/** A name that a caller sent, fit to stand in an error_description (RFC 6749 §4.1.2.1: %x20-21 / %x23-5B / %x5D-7E). */
export function printable(text: string): string {
  return text.slice(0, 64).replace(/[^\x20-\x21\x23-\x5b\x5d-\x7e]/g, '?')
}

/** OAuth 2.1 §2.4.1: what stands in a URL stands in every log on the way. */
export function refuseQuery(c: Context<Env>): void {
  if (c.req.url.includes('?')) throw new ApiError('invalid_request', 'Send the parameters in the body, not in the URL')
}
