/** What the reference shows of an OpenAPI 3.1 document, read from it with no trust in its shape. https://spec.openapis.org/oas/v3.1.1 */

export interface Operation {
  id: string
  method: string
  path: string
  tag: string
  summary: string
  description: string
  deprecated: boolean
  /** In words; empty when anyone may call it. */
  security: string[]
  parameters: Field[]
  body: { mediaTypes: string[]; required: boolean; fields: Field[] } | undefined
  responses: { status: string; description: string; fields: Field[] }[]
  curl: string
}

export interface Field {
  name: string
  /** path, query, header or cookie; empty for a field of a body. */
  in: string
  type: string
  required: boolean
  description: string
  values: string[]
}

export interface Reference {
  title: string
  version: string
  description: string
  tags: { name: string; description: string; operations: Operation[] }[]
}

type Json = Record<string, unknown>

const METHODS = ['get', 'post', 'put', 'patch', 'delete', 'options', 'head']

/** Bodies nest without end; a reader follows names this far. */
const DEPTH = 3

export function readReference(document: Json): Reference {
  const info = object(document.info)
  const tags = new Map<string, Reference['tags'][number]>()
  const tag = (name: string, description = '') => {
    const known = tags.get(name) ?? { name, description, operations: [] }
    tags.set(name, known)
    return known
  }
  for (const declared of objects(document.tags)) tag(text(declared.name), text(declared.description))
  for (const operation of operations(document)) tag(operation.tag).operations.push(operation)

  return {
    title: text(info.title),
    version: text(info.version),
    description: text(info.description),
    tags: [...tags.values()].filter((each) => each.operations.length > 0),
  }
}

function operations(document: Json): Operation[] {
  const found: Operation[] = []
  for (const [path, value] of Object.entries(object(document.paths))) {
    const item = resolve(document, value)
    for (const method of METHODS) if (item[method]) found.push(readOperation(document, path, method, item))
  }
  return found
}

function readOperation(document: Json, path: string, method: string, item: Json): Operation {
  const operation = object(item[method])
  const parameters = readParameters(document, [...list(item.parameters), ...list(operation.parameters)])
  const body = operation.requestBody ? readBody(document, operation.requestBody) : undefined
  const security = list(operation.security ?? document.security)
  return {
    id: `${method}${path}`.replace(/[^A-Za-z0-9]+/g, '-').replace(/-$/, ''),
    method: method.toUpperCase(),
    path,
    tag: text(list(operation.tags)[0]) || 'Other',
    summary: text(operation.summary),
    description: text(operation.description),
    deprecated: operation.deprecated === true,
    security: readSecurity(document, security),
    parameters: parameters.map((each) => each.field),
    body: body && { mediaTypes: body.mediaTypes, required: body.required, fields: fields(document, body.schema) },
    responses: Object.entries(object(operation.responses)).map(([status, value]) => {
      const response = resolve(document, value)
      const schema = Object.values(object(response.content)).map((media) => object(media).schema)[0]
      return { status, description: text(response.description), fields: fields(document, schema) }
    }),
    curl: curl(document, path, method, parameters, body, security),
  }
}

interface Parameter {
  field: Field
  example: string
}

/** Those of an operation replace those of its path that have the same name and place. */
function readParameters(document: Json, values: unknown[]): Parameter[] {
  const parameters = new Map<string, Parameter>()
  for (const value of values) {
    const parameter = resolve(document, value)
    const schema = resolve(document, parameter.schema)
    const name = text(parameter.name)
    const place = text(parameter.in)
    parameters.set(`${place} ${name}`, {
      field: {
        name,
        in: place,
        type: typeOf(document, schema),
        required: parameter.required === true,
        description: text(parameter.description) || text(schema.description),
        values: enumOf(schema),
      },
      example: word(parameter.example ?? exampleOf(document, schema, name)),
    })
  }
  return [...parameters.values()]
}

interface Body {
  mediaTypes: string[]
  required: boolean
  schema: unknown
  example: unknown
}

function readBody(document: Json, value: unknown): Body {
  const body = resolve(document, value)
  const content = object(body.content)
  const media = object(Object.values(content)[0])
  const example = object(Object.values(object(media.examples))[0]).value
  return {
    mediaTypes: Object.keys(content),
    required: body.required === true,
    schema: media.schema,
    example: media.example ?? example ?? exampleOf(document, media.schema),
  }
}

/** One line per way in: each entry of `security` is enough, all schemes inside an entry are needed. */
function readSecurity(document: Json, security: unknown[]): string[] {
  return security.map((entry) => {
    const names = Object.entries(object(entry))
    if (names.length === 0) return 'nothing'
    return names
      .map(([name, scopes]) => {
        const needed = list(scopes).map(text).join(', ')
        return describeScheme(schemeOf(document, name), name) + (needed && ` (scope ${needed})`)
      })
      .join(' and ')
  })
}

function schemeOf(document: Json, name: string): Json {
  return resolve(document, object(object(document.components).securitySchemes)[name])
}

function describeScheme(scheme: Json, name: string): string {
  switch (scheme.type) {
    case 'http':
      return scheme.scheme === 'basic' ? 'HTTP Basic' : 'Bearer token'
    case 'apiKey':
      return `${text(scheme.in)} ${text(scheme.name)}`
    case 'oauth2':
    case 'openIdConnect':
      return 'OAuth access token'
    default:
      return name
  }
}

/** The fields of a schema, those of nested objects under dotted names. */
function fields(document: Json, value: unknown, prefix = '', depth = 0): Field[] {
  const schema = merged(document, value)
  if (schema.type === 'array' || schema.items)
    return depth < DEPTH ? fields(document, schema.items, prefix && `${prefix}[]`, depth + 1) : []

  const required = list(schema.required)
  return Object.entries(object(schema.properties)).flatMap(([name, property]) => {
    const inner = merged(document, property)
    const path = prefix ? `${prefix}.${name}` : name
    const field = {
      name: path,
      in: '',
      type: typeOf(document, property),
      required: required.includes(name),
      description: text(inner.description),
      values: enumOf(inner),
    }
    return depth < DEPTH ? [field, ...fields(document, inner, path, depth + 1)] : [field]
  })
}

/** A schema with its reference followed and the parts of `allOf` put together; of alternatives, the properties of all. */
function merged(document: Json, value: unknown, depth = 0): Json {
  const schema = resolve(document, value)
  const every = list(schema.allOf)
  const some = [...list(schema.oneOf), ...list(schema.anyOf)]
  if (depth > DEPTH || every.length + some.length === 0) return schema

  const parts = every.map((part) => merged(document, part, depth + 1))
  const choices = some.map((part) => merged(document, part, depth + 1))
  const properties = [...choices, ...parts, schema].map((part) => object(part.properties))
  return {
    ...Object.assign({}, ...parts),
    ...schema,
    properties: Object.assign({}, ...properties),
    required: [...parts, schema].flatMap((part) => list(part.required)),
  }
}

function typeOf(document: Json, value: unknown, depth = 0): string {
  const schema = resolve(document, value)
  const choices = [...list(schema.oneOf), ...list(schema.anyOf)]
  if (choices.length > 0 && depth < DEPTH)
    return [...new Set(choices.map((choice) => typeOf(document, choice, depth + 1)))].join(' or ')
  if ('const' in schema) return JSON.stringify(schema.const)

  const types = list(schema.type ?? (schema.properties || schema.allOf ? 'object' : 'any')).map(text)
  const named = types.map((type) => {
    if (type !== 'array') return type
    return depth < DEPTH ? `array of ${typeOf(document, schema.items, depth + 1)}` : type
  })
  return named.join(' or ') + (schema.format ? ` (${text(schema.format)})` : '')
}

function enumOf(schema: Json): string[] {
  return list(schema.enum ?? object(schema.items).enum).map(word)
}

function exampleOf(document: Json, value: unknown, name = '', depth = 0): unknown {
  const schema = merged(document, value)
  const given = schema.example ?? list(schema.examples)[0] ?? schema.default ?? schema.const
  if (given !== undefined) return given
  if (list(schema.enum).length > 0) return list(schema.enum)[0]

  const properties = object(schema.properties)
  if (Object.keys(properties).length > 0) {
    if (depth > DEPTH) return {}
    // What may be left out is left out, unless that leaves nothing to see.
    const required = list(schema.required)
    const shown = Object.entries(properties).filter(([key]) => required.length === 0 || required.includes(key))
    return Object.fromEntries(shown.map(([key, property]) => [key, exampleOf(document, property, key, depth + 1)]))
  }
  const type = list(schema.type)[0]
  if (type === 'array') return depth > DEPTH ? [] : [exampleOf(document, schema.items, name, depth + 1)]
  if (type === 'integer' || type === 'number') return schema.minimum ?? 1
  if (type === 'boolean') return true
  if (type === 'object') return {}
  return name.toUpperCase() || 'VALUE'
}

function curl(
  document: Json,
  path: string,
  method: string,
  parameters: Parameter[],
  body: Body | undefined,
  security: unknown[],
): string {
  const at = (place: string) => parameters.filter(({ field }) => field.in === place)
  const filled = at('path').reduce((url, { field, example }) => url.replaceAll(`{${field.name}}`, example), path)
  const query = at('query').filter(({ field }) => field.required)
  const search = query.map(({ field, example }) => `${field.name}=${encodeURIComponent(example)}`).join('&')
  const server = text(objects(document.servers)[0]?.url).replace(/\/$/, '') || 'http://localhost:4000'

  const words = [quoted(server + filled + (search && `?${search}`))]
  if (method !== 'get') words.unshift(`-X ${method.toUpperCase()}`)
  words.push(...credential(document, security))
  for (const { field, example } of at('header'))
    if (field.required) words.push(`-H ${quoted(`${field.name}: ${example}`)}`)
  if (body) words.push(...sent(body))
  return `curl ${words.join(' \\\n  ')}`
}

function credential(document: Json, security: unknown[]): string[] {
  const names = Object.keys(object(security[0]))
  return names.map((name) => {
    const scheme = schemeOf(document, name)
    if (scheme.type === 'apiKey' && scheme.in === 'header') return `-H "${text(scheme.name)}: $API_KEY"`
    if (scheme.type === 'apiKey') return `--cookie "${text(scheme.name)}=$SESSION"`
    if (scheme.scheme === 'basic') return '-u "$CLIENT_ID:$CLIENT_SECRET"'
    return '-H "Authorization: Bearer $TOKEN"'
  })
}

function sent({ mediaTypes, example }: Body): string[] {
  const type = mediaTypes[0] ?? 'application/json'
  if (type === 'application/x-www-form-urlencoded')
    return Object.entries(object(example)).map(([name, value]) => `-d ${quoted(`${name}=${word(value)}`)}`)
  const payload = typeof example === 'string' ? example : JSON.stringify(example, undefined, 2)
  return [`-H ${quoted(`Content-Type: ${type}`)}`, `-d ${quoted(payload)}`]
}

/** One word of a POSIX shell, whatever is in it. */
function quoted(value: string): string {
  return `'${value.replaceAll("'", "'\\''")}'`
}

/** Follows references inside the document. One that leads nowhere, or round in a ring, is an empty object. */
function resolve(document: Json, value: unknown): Json {
  let target = object(value)
  for (let hops = 0; typeof target.$ref === 'string'; hops++) {
    if (hops > 10 || !target.$ref.startsWith('#/')) return {}
    const keys = target.$ref.slice(2).split('/')
    const names = keys.map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'))
    const { $ref: _, ...beside } = target
    target = { ...object(names.reduce<unknown>((node, name) => object(node)[name], document)), ...beside }
  }
  return target
}

function object(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {}
}

function objects(value: unknown): Json[] {
  return list(value).map(object)
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : value === undefined ? [] : [value]
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

/** A value as one writes it in a URL or a form. */
function word(value: unknown): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}
