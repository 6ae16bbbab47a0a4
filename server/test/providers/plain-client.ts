import { createHash, randomBytes } from 'node:crypto'
import { memberAt } from '../../src/connections/json-path.ts'
import type {
  ApiKeyProvider,
  HeaderPlace,
  OAuthProvider,
  Revocation,
} from '../../src/connections/providers/provider.ts'
import { fillEntry } from './loopback.ts'

export interface Spoken {
  status: number
  headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: tests look at answers as a client would, without a schema.
  body: any
  text: string
}

interface Party {
  provider: OAuthProvider
  parameters: Readonly<Record<string, string>>
  client: { client_id: string; client_secret: string }
}

export type PlainClient = Awaited<ReturnType<typeof plainClient>>
export const CALLBACK = 'https://auth.example/auth/callback'

/**
 * The shortest client that does what an entry says, with plain `fetch`. `change` makes it do otherwise: it replaces fields of
 * the entry, so that the client believes in another provider than it speaks to.
 */
export async function plainClient({ provider, parameters, client }: Party, change: Partial<OAuthProvider> = {}) {
  const entry = { ...fillEntry(provider, { ...parameters, client_id: client.client_id }), ...change } as OAuthProvider
  const found = entry.token_url === undefined ? await discovered(entry) : {}
  const verifier = randomBytes(32).toString('base64url')
  const state = randomBytes(16).toString('base64url')
  const nonce = randomBytes(16).toString('base64url')
  const tokenUrl = entry.token_url ?? found.token_endpoint ?? ''

  /** `more` wins over everything; null leaves a parameter out. */
  function authorizationUrl(more: Record<string, string | null> = {}): string {
    const url = new URL(entry.authorization_url ?? found.authorization_endpoint ?? '')
    const scope = entry.scopes.length > 0 && {
      [entry.scope_parameter ?? 'scope']: entry.scopes.join(entry.scope_separator),
    }
    const challenge = createHash('sha256').update(verifier).digest('base64url')
    const all: Record<string, string | null> = {
      ...entry.authorization_params,
      ...scope,
      ...(entry.pkce && { code_challenge: challenge, code_challenge_method: 'S256' }),
      ...(entry.issuer !== undefined && { nonce }),
      response_type: 'code',
      client_id: client.client_id,
      redirect_uri: CALLBACK,
      state,
      ...more,
    }
    for (const [name, value] of Object.entries(all)) if (value !== null) url.searchParams.set(name, value)
    return url.href
  }

  const authorize = (more?: Record<string, string | null>) => speak(authorizationUrl(more), { redirect: 'manual' })

  function exchange(code: string, more: Record<string, string | null> = {}): Promise<Spoken> {
    const pkce = entry.pkce && { code_verifier: verifier }
    const grant = { grant_type: 'authorization_code', code, redirect_uri: CALLBACK, ...pkce }
    return tokenRequest({ ...entry.token_params, ...grant, ...more })
  }

  function refresh(refreshToken: string): Promise<Spoken> {
    return tokenRequest({ ...entry.refresh_params, grant_type: 'refresh_token', refresh_token: refreshToken })
  }

  function tokenRequest(parameters: Record<string, string | number | null>): Promise<Spoken> {
    const proof = proofBy(entry.token_endpoint_auth_method, client)
    const isJson = entry.token_request === 'json'
    const all: Record<string, string | number | null> = { ...parameters, ...proof.parameters }
    const given = Object.entries(all).filter(([, value]) => value !== null)
    return speak(tokenUrl, {
      method: 'POST',
      headers: { ...entry.api_headers, ...proof.headers, 'content-type': isJson ? JSON_TYPE : FORM_TYPE },
      body: isJson ? JSON.stringify(Object.fromEntries(given)) : formOf(given),
    })
  }

  function revoke(tokens: { access_token: string; refresh_token?: string }): Promise<Spoken> {
    const { revocation } = entry
    if (!revocation) throw new Error(`${entry.name} revokes nothing`)
    const url = new URL(entry.revocation_url ?? found.revocation_endpoint ?? '')
    const { given, ...init } = revocationOf(revocation, entry, client, tokens)
    for (const [name, value] of Object.entries(given)) url.searchParams.set(name, value)
    return speak(url.href, init)
  }

  return {
    entry,
    nonce,
    state,
    authorizationUrl,
    authorize,
    exchange,
    refresh,
    revoke,
    account: (token: string) => askAccount(entry, bearer(entry, token)),
    call: (token: string, path = '/echo') =>
      speak(`${entry.api_base_url}${path}`, { headers: { ...entry.api_headers, ...bearer(entry, token) } }),

    /** The code of a consent that went well. */
    async code(): Promise<string> {
      const { headers, text, status } = await authorize()
      const code = new URL(headers.get('location') ?? 'https://none').searchParams.get('code')
      if (code === null) throw new Error(`no code: ${status} ${text}`)
      return code
    },

    /** What an answer says, out of the shape that the entry has for it. */
    tokensOf({ body }: Spoken, isRefresh = false) {
      const shape = (isRefresh && entry.refresh_response) || entry.response || {}
      return {
        access_token: String(memberAt(body, shape.access_token ?? 'access_token')),
        refresh_token: memberAt(body, shape.refresh_token ?? 'refresh_token') as string | undefined,
        scope: memberAt(body, shape.scope ?? 'scope'),
        expires_in: memberAt(body, shape.expires_in ?? 'expires_in'),
      }
    },

    /** The `error` of an answer, wherever the provider has it. */
    errorOf: ({ body }: Spoken) => memberAt(body, entry.response?.error ?? 'error'),
  }
}

/** The same for an entry with a key. */
export function keyClient(provider: ApiKeyProvider, parameters: Readonly<Record<string, string>>) {
  const entry = fillEntry(provider, parameters)
  return {
    entry,
    account: (key: string) => askAccount(entry, keyHeaders(entry, key)),
    call(key: string, path = '/echo'): Promise<Spoken> {
      const query = 'query' in entry.api_key ? `?${entry.api_key.query}=${key}` : ''
      return speak(`${entry.api_base_url}${path}${query}`, {
        headers: { ...entry.api_headers, ...keyHeaders(entry, key) },
      })
    },
  }
}

const FORM_TYPE = 'application/x-www-form-urlencoded'
const JSON_TYPE = 'application/json'

export async function speak(url: string, init: RequestInit = {}): Promise<Spoken> {
  const { status, headers, ...response } = await fetch(url, init).then(async (answer) => ({
    status: answer.status,
    headers: answer.headers,
    text: await answer.text(),
  }))
  return { status, headers, text: response.text, body: parsed(response.text) }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

async function discovered({ issuer }: OAuthProvider): Promise<Record<string, string>> {
  return (await speak(`${issuer}/.well-known/openid-configuration`)).body
}

function proofBy(method: OAuthProvider['token_endpoint_auth_method'] | 'client_id', client: Party['client']) {
  const { client_id, client_secret } = client
  if (method === 'client_secret_basic')
    return { headers: { authorization: basic(client_id, client_secret) }, parameters: {} }
  return { headers: {}, parameters: method === 'client_secret_post' ? { client_id, client_secret } : { client_id } }
}

const basic = (username: string, password: string) =>
  `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`

function formOf(given: [string, string | number | null][]): string {
  return new URLSearchParams(given.map(([name, value]): [string, string] => [name, String(value)])).toString()
}

function bearer({ api_token }: OAuthProvider, token: string): Record<string, string> {
  return headerWith(api_token ?? { header: 'authorization', prefix: 'Bearer ' }, token)
}

const headerWith = ({ header, prefix = '' }: HeaderPlace, secret: string) => ({ [header]: `${prefix}${secret}` })

function keyHeaders({ api_key }: ApiKeyProvider, key: string): Record<string, string> {
  if ('header' in api_key) return headerWith(api_key, key)
  if ('query' in api_key) return {}
  const { other = '' } = api_key
  return { authorization: api_key.basic === 'username' ? basic(key, other) : basic(other, key) }
}

async function askAccount(entry: OAuthProvider | ApiKeyProvider, credential: Record<string, string>): Promise<Spoken> {
  const { account, api_headers } = entry
  if (account?.url === undefined) throw new Error(`${entry.name} has no account endpoint`)
  const body = account.body === undefined ? {} : { body: account.body }
  const type = account.body === undefined ? {} : { 'content-type': JSON_TYPE }
  const headers = { ...api_headers, ...account.headers, ...type, ...credential }
  return speak(account.url, { method: account.method ?? 'GET', headers, ...body })
}

function revocationOf(
  { method, token, auth, parameter = 'token' }: Revocation,
  entry: OAuthProvider,
  client: Party['client'],
  tokens: { access_token: string; refresh_token?: string },
): RequestInit & { given: Record<string, string> } {
  const verb = { rfc7009: 'POST', post_json: 'POST', delete: 'DELETE', get_query: 'GET' }[method]
  const proofs = {
    client: () => proofBy(entry.token_endpoint_auth_method, client),
    basic: () => proofBy('client_secret_basic', client),
    post: () => proofBy('client_secret_post', client),
    client_id: () => proofBy('client_id', client),
    bearer: () => ({ headers: bearer(entry, tokens.access_token), parameters: {} }),
    none: () => ({ headers: {}, parameters: {} }),
  }
  const proof = proofs[auth]()
  const headers: Record<string, string> = { ...entry.api_headers, ...proof.headers }
  if (parameter === null) return { method: verb, headers, given: {} }
  const given: Record<string, string> = { ...proof.parameters, [parameter]: tokens[token] ?? '' }
  if (method === 'get_query') return { method: verb, headers, given }
  const isForm = method === 'rfc7009'
  const body = isForm ? new URLSearchParams(given).toString() : JSON.stringify(given)
  headers['content-type'] = isForm ? FORM_TYPE : JSON_TYPE
  return { method: verb, headers, body, given: {} }
}
