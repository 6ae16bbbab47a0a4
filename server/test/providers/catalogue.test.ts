import { readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { google } from '../../src/connections/providers/google.ts'
import { providers } from '../../src/connections/providers/index.ts'
import { fillPlaceholders } from '../../src/connections/providers/placeholders.ts'
import type { Provider } from '../../src/connections/providers/provider.ts'

const FOLDER = join(dirname(fileURLToPath(import.meta.url)), '../../src/connections/providers')

/** What the protocol says itself, in the authorization request and at the token endpoint. */
const PROTOCOL = [
  'state',
  'redirect_uri',
  'client_id',
  'client_secret',
  'response_type',
  'code',
  'grant_type',
  'refresh_token',
]
const FORBIDDEN = [
  ...PROTOCOL,
  'code_challenge',
  'code_challenge_method',
  'code_verifier',
  'nonce',
  'scope',
  'user_scope',
]

/** Documentation on another domain than what it documents, but by the same house. */
const SISTER_DOMAINS: Record<string, string> = {
  'atlassian.com': 'bitbucket.org',
  'canva.dev': 'canva.com',
  'dropbox.tech': 'dropbox.com',
  'github.com': 'reddit.com',
  'google.com': 'googleapis.com',
  'mailgun.com': 'mailgun.net',
  'microsoft.com': 'linkedin.com',
  'shopify.dev': 'myshopify.com',
  'slack.dev': 'slack.com',
  'twilio.com': 'sendgrid.com',
  // Whose end is a placeholder.
  'zoho.com': 'zoho.x',
}

const HOSTILE = [
  '',
  '.',
  'a.b',
  'evil.com/',
  'evil.com#',
  'evil.com?',
  'a@evil.com',
  'a:b@c',
  'a/b',
  'a\\b',
  '..',
  'a b',
  'a%2e',
  'a\n',
]

const text = z.string().min(1).max(200)
const url = z.string().refine(isHttpsUrl, 'is no plain https address')
const path = z.string().regex(/^(\w+)(\.\w+)*$/)
const header = z.string().regex(/^[a-z][a-z0-9-]*$/, 'is no lower-case header name')
const headers = z.record(header, z.string().regex(/^[\x21-\x7e][\x20-\x7e]*$/))
const parameterName = z.string().regex(/^\w+$/)
const forbidden = parameterName.refine((name) => !FORBIDDEN.includes(name), 'is for the protocol to say')
const added = z.record(forbidden, z.union([z.string(), z.int()]))
const place = z.strictObject({ header, prefix: z.string().min(1).optional() })

const answer = z.strictObject({
  access_token: path.optional(),
  refresh_token: path.optional(),
  expires_in: path.nullable().optional(),
  expires_at: path.optional(),
  scope: path.optional(),
  scope_form: z.enum(['comma', 'array']).optional(),
  token_type: z.string().nullable().optional(),
  ok: path.optional(),
  error: path.optional(),
  error_description: path.optional(),
  error_status: z.int().min(200).max(499).optional(),
})

const common = {
  name: z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*$/),
  label: text,
  parameters: z
    .array(z.strictObject({ name: parameterName, label: text, pattern: z.string() }))
    .min(1)
    .optional(),
  api_base_url: url.refine((address) => !address.endsWith('/'), 'ends with a slash'),
  api_hosts: z
    .array(z.string().regex(/^[a-z0-9.{}_-]+$/))
    .min(1)
    .optional(),
  api_headers: headers.optional(),
  account: z
    .strictObject({
      url: url.optional(),
      method: z.enum(['GET', 'POST']).optional(),
      body: z.string().refine(isJson, 'is no JSON').optional(),
      id: path,
      label: path,
      headers: headers.optional(),
    })
    .refine(({ url: asked, method, body }) => asked || !(method || body), 'is asked nowhere')
    .refine(({ method, body }) => (method === 'POST') === (body !== undefined), 'has a body exactly when it posts')
    .optional(),
  source: z.strictObject({ url: z.url({ protocol: /^https$/ }), checked: z.iso.date().optional() }),
}

const OAuth = z
  .strictObject({
    ...common,
    kind: z.literal('oauth2'),
    issuer: url.optional(),
    issuer_claim: z.strictObject({ name: parameterName, pattern: z.string() }).optional(),
    iss_parameter: z.literal(true).optional(),
    authorization_url: url.optional(),
    token_url: url.optional(),
    revocation_url: url.optional(),
    userinfo_url: url.optional(),
    jwks_uri: url.optional(),
    token_endpoint_auth_method: z.enum(['client_secret_basic', 'client_secret_post', 'none']),
    token_request: z.enum(['form', 'json']),
    scopes: z.array(z.string().regex(/^[\x21\x23-\x2b\x2d-\x5b\x5d-\x7e]+$/)),
    scope_separator: z.enum([' ', ',']),
    scope_parameter: parameterName.refine((name) => name !== 'scope', 'is the usual one').optional(),
    pkce: z.boolean(),
    authorization_params: z.record(forbidden, z.string().min(1)).optional(),
    token_params: added.optional(),
    refresh_params: added.optional(),
    refresh: z.enum(['none', 'reusable', 'rotating']),
    rotation_leeway_s: z.int().min(1).max(86_400).optional(),
    expires_in_default_s: z.int().min(60).optional(),
    dead_refresh_statuses: z.array(z.int().min(402).max(499)).min(1).optional(),
    dead_refresh_errors: z.array(text).min(1).optional(),
    response: answer.optional(),
    refresh_response: answer.optional(),
    callback_params: z.array(forbidden).min(1).optional(),
    api_token: place.optional(),
    revocation: z
      .strictObject({
        method: z.enum(['rfc7009', 'delete', 'post_json', 'get_query']),
        token: z.enum(['access_token', 'refresh_token']),
        auth: z.enum(['client', 'basic', 'post', 'bearer', 'client_id', 'none']),
        parameter: parameterName.nullable().optional(),
      })
      .refine(({ auth, parameter }) => parameter !== null || auth === 'bearer', 'carries the token nowhere')
      .refine(({ auth, token }) => auth !== 'bearer' || token === 'access_token', 'carries a refresh token as bearer')
      .optional(),
  })
  .refine((entry) => entry.issuer || (entry.authorization_url && entry.token_url), 'has no endpoints')
  .refine((entry) => !entry.authorization_url === !entry.token_url, 'has half of its endpoints')
  .refine((entry) => !entry.revocation === !entry.revocation_url, 'has half of its revocation')
  .refine((entry) => entry.refresh === 'rotating' || !entry.rotation_leeway_s, 'has leeway but does not rotate')
  .refine((entry) => entry.refresh !== 'none' || !entry.refresh_params, 'has parameters of a refresh that is not there')
  .refine((entry) => !entry.issuer_claim || entry.issuer?.includes(`{${entry.issuer_claim.name}}`), 'fills no issuer')
  .refine(
    (entry) => !entry.issuer || !entry.authorization_url || entry.jwks_uri,
    'has an issuer whose keys are nowhere',
  )
  .refine(
    (entry) => entry.revocation?.token !== 'refresh_token' || entry.refresh !== 'none',
    'revokes what it never gives',
  )

const Key = z.strictObject({
  ...common,
  kind: z.literal('api_key'),
  api_key: z.union([
    place,
    z.strictObject({ basic: z.enum(['username', 'password']), other: z.string().min(1).optional() }),
    z.strictObject({ query: parameterName }),
  ]),
})

function isHttpsUrl(address: string): boolean {
  const bare = address.replace(/\{\w+\}/g, 'x')
  if (!/^https:\/\/[\x21-\x7e]+$/.test(bare) || !URL.canParse(bare)) return false
  const { username, password, hash, port, hostname } = new URL(bare)
  return !username && !password && !hash && !port && hostname.includes('.')
}

function isJson(body: string): boolean {
  try {
    JSON.parse(body)
    return true
  } catch {
    return false
  }
}

/** Every text of an entry in which a placeholder may stand. */
function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsOf) : []
}

const domainOf = (address: string) => new URL(address.replace(/\{\w+\}/g, 'x')).hostname.split('.').slice(-2).join('.')

const placeholdersOf = (entry: Provider) => {
  const { parameters: _, source: __, ...rest } = entry
  return new Set(textsOf(rest).flatMap((found) => [...found.matchAll(/\{([a-z]\w*)\}/g)].map(([, name]) => name)))
}

describe('the catalogue', () => {
  test('has at least thirty providers, each once, in the order of their names', () => {
    const names = providers.map(({ name }) => name)
    expect(names.length).toBeGreaterThanOrEqual(36)
    expect(names).toEqual([...new Set(names)].sort())
    expect(new Set(providers.map(({ label }) => label)).size).toBe(providers.length)
  })

  test('lists every file of its folder', () => {
    const files = readdirSync(FOLDER).filter((file) => !['index.ts', 'provider.ts', 'placeholders.ts'].includes(file))
    expect(providers.map(({ name }) => `${name}.ts`).sort()).toEqual(files.sort())
  })

  test('knows each kind of quirk that the broker is built for', () => {
    const oauth = providers.filter((entry) => entry.kind === 'oauth2')
    expect(new Set(oauth.map((entry) => entry.token_endpoint_auth_method)).size).toBeGreaterThanOrEqual(2)
    expect(new Set(oauth.map((entry) => entry.refresh)).size).toBe(3)
    expect(oauth.some((entry) => entry.scope_parameter)).toBe(true)
    expect(oauth.some((entry) => entry.response?.ok)).toBe(true)
    expect(providers.some((entry) => entry.kind === 'api_key' && 'basic' in entry.api_key)).toBe(true)
  })
})

describe.each(providers.map((entry) => [entry.name, entry] as const))('%s', (_, entry) => {
  test('is well-formed', () => {
    const { error } = (entry.kind === 'oauth2' ? OAuth : Key).safeParse(entry)
    expect(error && z.prettifyError(error)).toBe(undefined)
  })

  test('declares the placeholders that it uses, and uses those that it declares', () => {
    const declared = (entry.parameters ?? []).map(({ name }) => name)
    const ownClaim = entry.kind === 'oauth2' && entry.issuer_claim ? [entry.issuer_claim.name] : []
    const used = [...placeholdersOf(entry)].filter((name) => name !== 'client_id')
    expect(used.sort()).toEqual([...declared, ...ownClaim].sort())
  })

  test('takes no value that leads to another host', () => {
    for (const { name, pattern } of entry.parameters ?? []) {
      const whole = new RegExp(`^(?:${pattern})$`)
      expect(HOSTILE.filter((value) => whole.test(value))).toEqual([])
      const addresses = textsOf({ ...entry, source: undefined }).filter((found) => /^https:.*\{/.test(found))
      fc.assert(
        fc.property(fc.stringMatching(whole, { maxLength: 50 }), (value) => {
          for (const address of addresses) {
            const expected = address.split('/')[2]?.replace(`{${name}}`, value)
            expect(new URL(fillPlaceholders(address, { [name]: value })).host).toBe(expected)
          }
        }),
      )
    }
  })

  test("was read from the provider's own documentation", () => {
    const { source, ...rest } = entry
    const own = textsOf(rest)
      .filter((found) => found.startsWith('https://'))
      .map(domainOf)
    const documented = domainOf(source.url)
    expect(own).toContain(own.includes(documented) ? documented : SISTER_DOMAINS[documented])
  })
})

describe('what is looked at', () => {
  const wrong: [string, object][] = [
    ['a parameter of the protocol', { authorization_params: { state: 'fixed' } }],
    ['another one', { token_params: { client_secret: 'x' } }],
    ['plain http', { issuer: 'http://accounts.google.com' }],
    ['a user name in an address', { issuer: 'https://accounts.google.com@evil.example' }],
    ['a wildcard host', { api_hosts: ['*.googleapis.com'] }],
    ['a scope that holds a separator', { scopes: ['openid email'] }],
    ['leeway without rotation', { rotation_leeway_s: 60 }],
    ['a field that nobody knows', { scope: 'openid' }],
    ['no endpoints', { issuer: undefined }],
  ]
  test.each(wrong)('is %s', (_, change) => {
    expect(OAuth.safeParse(google).success).toBe(true)
    expect(OAuth.safeParse({ ...google, ...change }).success).toBe(false)
  })
})

describe('placeholders', () => {
  test('are filled by name, encoded in addresses, and left when nobody knows them', () => {
    const values = { shop: 'acme', client_id: 'a/b c' }
    expect(fillPlaceholders('https://{shop}.example/{client_id}/{tid}', values)).toBe(
      'https://acme.example/a%2Fb%20c/{tid}',
    )
    expect(fillPlaceholders('{client_id}', values)).toBe('a/b c')
    expect(fillPlaceholders('{constructor} {"query":"{ viewer { id } }"}', values)).toBe(
      '{constructor} {"query":"{ viewer { id } }"}',
    )
  })
})
