import { ApiError } from '../http/errors.ts'

/** JSON of a dialect, unchecked. */
export type Json = Record<string, unknown>

export function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The entry of a table under a name that came from outside, which may be `constructor`. */
export function entryOf<T>(table: Readonly<Record<string, T>>, name: unknown): T | undefined {
  return typeof name === 'string' && Object.hasOwn(table, name) ? table[name] : undefined
}

/** Clients write `null` for what they leave out. */
export function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null
}

export function invalid(param: string, sentence: string): ApiError {
  return new ApiError('invalid_request', sentence, { param })
}

export function unsupported(param: string, sentence: string): ApiError {
  return new ApiError('unsupported_parameter', sentence, { param })
}

export function objectAt(value: unknown, param: string): Json {
  if (isJson(value)) return value
  throw invalid(param, `${param} must be an object`)
}

export function listAt(value: unknown, param: string): unknown[] {
  if (Array.isArray(value)) return value
  throw invalid(param, `${param} must be a list`)
}

export function textAt(value: unknown, param: string): string {
  if (typeof value === 'string') return value
  throw invalid(param, `${param} must be a string`)
}

/** Whatever came: an object from outside may have a `toString` that is no function, or none, and `String` would throw. */
export function asText(value: unknown): string {
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value)
}

/** Without the members that are left out. */
export function given(members: Json): Json {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => isGiven(value)))
}
