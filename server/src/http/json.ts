import type { Context } from 'hono'
import { mediaType, readText } from './body.ts'
import { ApiError } from './errors.ts'

/** The JSON object that was posted; duplicate members keep their last value (RFC 8259 §4), as management clients expect. */
export async function readJson(c: Context): Promise<Record<string, unknown>> {
  const type = mediaType(c)
  const text = await readText(c)
  if (text === '') return {}
  if (type !== 'application/json' && !type.endsWith('+json'))
    throw new ApiError('unsupported_media_type', 'Send the body as application/json')
  return parseJsonObject(text)
}

/** A JSON object of one level or more. `onKey` sees each top-level key as often as it stands in the text. */
export function parseJsonObject(text: string, onKey?: (key: string) => void): Record<string, unknown> {
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

/** Iterative: a hostile body may nest as deep as JSON.parse allows. */
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
  while (json[at] !== '"') at += json[at] === '\\' ? 2 : 1
  return at
}
