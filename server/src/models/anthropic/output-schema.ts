import { asText, isGiven, isJson, type Json, unsupported } from '../fields.ts'

/** Keywords that Anthropic's structured outputs know, and that hold no schemas. */
const PLAIN = new Set([
  '$schema',
  '$id',
  '$ref',
  'title',
  'description',
  'default',
  'const',
  'enum',
  'type',
  'required',
])

/** Keywords with schemas inside: one or a list of them, or one for each name. */
const NESTED = new Set(['items', 'anyOf', 'allOf'])
const NAMED = new Set(['properties', '$defs', 'definitions'])

const FORMATS = new Set(['date-time', 'time', 'date', 'duration', 'email', 'hostname', 'uri', 'ipv4', 'ipv6', 'uuid'])

/**
 * A JSON schema as Anthropic's structured outputs take it. They know a part of the language and refuse the rest: what
 * limits a value beyond its shape is said to the model in the description instead, and objects are closed. An object
 * whose names the schema leaves open would be closed to nothing, and is refused.
 */
export function sanitizeSchema(schema: Json): Json {
  refuseOpen(schema)
  const kept: Json = {}
  const told: string[] = []
  for (const [keyword, value] of Object.entries(schema)) {
    if (PLAIN.has(keyword)) kept[keyword] = value
    else if (NESTED.has(keyword)) kept[keyword] = sanitizeAll(value)
    else if (NAMED.has(keyword)) kept[keyword] = sanitizeNamed(value)
    else if (keyword === 'oneOf') kept.anyOf ??= sanitizeAll(value)
    else if (keyword === 'format' && FORMATS.has(asText(value))) kept.format = value
    else if (keyword !== 'additionalProperties') told.push(`${keyword}: ${JSON.stringify(value)}`)
  }
  if (kept.type === 'object' || isJson(kept.properties)) kept.additionalProperties = false
  if (told.length > 0) kept.description = [kept.description, ...told].filter(Boolean).join('\n')
  return kept
}

function refuseOpen({ type, properties, patternProperties, additionalProperties }: Json): void {
  const isOpen =
    additionalProperties === true ||
    isJson(additionalProperties) ||
    isGiven(patternProperties) ||
    (type === 'object' && !isGiven(properties) && additionalProperties !== false)
  if (isOpen)
    throw unsupported(
      'response_format',
      "Anthropic's structured outputs close every object; list its properties, or send it as a list of pairs",
    )
}

function sanitizeAll(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sanitizeAll)
  return isJson(value) ? sanitizeSchema(value) : value
}

function sanitizeNamed(value: unknown): unknown {
  if (!isJson(value)) return value
  return Object.fromEntries(Object.entries(value).map(([name, schema]) => [name, sanitizeAll(schema)]))
}
