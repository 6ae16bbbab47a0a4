import type { Context } from 'hono'
import type { Env } from '../context.ts'
import { mediaType, readText } from './body.ts'
import { ApiError } from './errors.ts'

/** The text of the JSON object that was posted, checked; no body is an empty object. */
export async function readJson(c: Context<Env>): Promise<string> {
  const type = mediaType(c)
  const text = await readText(c)
  if (text === '') return '{}'
  if (type !== 'application/json' && !type.endsWith('+json'))
    throw new ApiError('unsupported_media_type', 'Send the body as application/json')
  parseJsonObject(text)
  return text
}

/** A JSON object of one level or more. `onKey` sees each top-level key as often as it stands in the text. */
export function parseJsonObject(text: string, onKey?: (key: string) => void): Record<string, unknown> {
  refuseBombs(text)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new ApiError('invalid_request', 'The body is not JSON')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new ApiError('invalid_request', 'The body is not a JSON object')
  // Postgres cannot store U+0000, and no name or secret has one.
  if (text.includes('\\u0000') && holdsNul(value))
    throw new ApiError('invalid_request', 'The body holds a NUL character')
  if (onKey) for (const key of topLevelKeys(text)) onKey(key)
  return value as Record<string, unknown>
}

/** What is written again by recursion, as `JSON.stringify` does, must not be deeper than any stack. */
const MAX_DEPTH = 64
/** Megabytes of text are read in no time. Megabytes of members are not, nor of items, though lists of tokens are long. */
const MAX_MEMBERS = 100_000
const MAX_ITEMS = 500_000

/** Before anything is built of it, of which nobody knows how long that takes. */
function refuseBombs(json: string): void {
  let depth = 0
  let members = 0
  let items = 0
  for (let at = 0; at < json.length; at++) {
    const sign = json[at]
    if (sign === '"') at = endOfString(json, at)
    else if (sign === '{' || sign === '[') {
      if (++depth > MAX_DEPTH)
        throw new ApiError('invalid_request', `The body is nested deeper than ${MAX_DEPTH} levels`)
      if (sign === '{') members++
    } else if (sign === '}' || sign === ']') depth--
    else if (sign === ':') members++
    else if (sign === ',') items++
  }
  if (members > MAX_MEMBERS || items > MAX_ITEMS)
    throw new ApiError('invalid_request', `The body holds more than ${MAX_MEMBERS} members, or ${MAX_ITEMS} items`)
}

function holdsNul(root: unknown): boolean {
  const left = [root]
  while (left.length > 0) {
    const value = left.pop()
    if (typeof value === 'string' && value.includes('\0')) return true
    if (typeof value === 'object' && value !== null)
      for (const [key, inner] of Object.entries(value)) left.push(key, inner)
  }
  return false
}

/** The keys of the outermost object of valid JSON, repeats included, which `JSON.parse` would drop. */
export function topLevelKeys(json: string): string[] {
  const keys: string[] = []
  let depth = 0
  let expectKey = false
  for (let at = 0; at < json.length; at++) {
    const sign = json[at]
    if (sign === '"') {
      const end = endOfString(json, at)
      if (depth === 1 && expectKey) {
        keys.push(JSON.parse(json.slice(at, end + 1)))
        expectKey = false
      }
      at = end
    } else if (sign === '{' || sign === '[') {
      depth++
      expectKey = depth === 1 && sign === '{'
    } else if (sign === '}' || sign === ']') depth--
    else if (sign === ',') expectKey = depth === 1
  }
  return keys
}

function endOfString(json: string, start: number): number {
  let at = start + 1
  // The text may not be JSON: a string need not end.
  while (at < json.length && json[at] !== '"') at += json[at] === '\\' ? 2 : 1
  return at
}
