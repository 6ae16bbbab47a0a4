/**
 * What the broker and the proxy must know about a provider, as data. Nothing else in this server knows a provider by name.
 *
 * Addresses, hosts, headers and the halves of a basic credential may hold placeholders: `{shop}` for one of the entry's
 * `parameters`, `{client_id}` for the client that the operator registered there. `fillPlaceholders` puts the values in.
 *
 * A *path* names a member of a JSON answer by dots, array elements by their number: `authed_user.access_token`, `0.id`.
 *
 * Where a fact was not documented, the entry takes the value that cannot do harm: no PKCE, a refresh token that is good
 * for one use only, no leeway, no revocation.
 */
export type Provider = OAuthProvider | ApiKeyProvider

interface Entry {
  /** Lower-case slug, unique in the catalogue; part of the redirect URI. */
  name: string
  /** What people call it. */
  label: string
  /** What the person must say before anything can be called: their shop, subdomain or data centre. */
  parameters?: readonly Parameter[]
  /** Where the proxy's paths begin. */
  api_base_url: string
  /** Other hosts (no scheme, perhaps a port) that may be sent the token. Never a wildcard. */
  api_hosts?: readonly string[]
  /** Sent with every call to the API, the token endpoint and the revocation endpoint. */
  api_headers?: Readonly<Record<string, string>>
  /** Where the account's id and label are, when no id_token says so. */
  account?: Account
  /**
   * The provider's own page about this, and the day (ISO) on which the entry was last held against the provider's
   * documentation. No day: nobody has yet.
   */
  source: { url: string; checked?: string }
}

export interface OAuthProvider extends Entry {
  kind: 'oauth2'
  /**
   * Whom an id_token must name as `iss`, exactly. Where `authorization_url` and `token_url` are absent, its discovery
   * document has the endpoints (OpenID Connect Discovery §4).
   */
  issuer?: string
  /** The one placeholder of `issuer` that the id_token itself fills, and what it must look like (Entra's tenants). */
  issuer_claim?: { name: string; pattern: string }
  /** True where every callback names its issuer (RFC 9207): one that does not is refused. */
  iss_parameter?: boolean
  authorization_url?: string
  token_url?: string
  revocation_url?: string
  userinfo_url?: string
  jwks_uri?: string
  /** How the client proves itself at the token endpoint; `client_secret_post` goes into the body, whatever its format. */
  token_endpoint_auth_method: 'client_secret_basic' | 'client_secret_post' | 'none'
  token_request: 'form' | 'json'
  /** Asked for when the caller names none. Empty: the provider has its own list, and gets no scope parameter. */
  scopes: readonly string[]
  scope_separator: ' ' | ','
  /** The authorization parameter that carries them, where it is not `scope`. */
  scope_parameter?: string
  /** False: neither `code_challenge` nor `code_verifier` is sent. */
  pkce: boolean
  /** Beside what the protocol needs; it cannot replace any of that. */
  authorization_params?: Readonly<Record<string, string>>
  /** Beside what the protocol needs, at the exchange and at a refresh. A number stays one in JSON. */
  token_params?: Readonly<Record<string, string | number>>
  refresh_params?: Readonly<Record<string, string | number>>
  /**
   * `rotating`: a refresh token works once, and the answer brings the next one. `reusable`: it works again; an answer may
   * still bring a newer one, which is then to be kept. `none`: the person is asked again when the token ends.
   */
  refresh: 'none' | 'reusable' | 'rotating'
  /** For how long a rotated-out refresh token still works, for a client that lost the answer. Absent: not at all. */
  rotation_leeway_s?: number
  /** How long a token lasts when the answer does not say. Absent, and nothing said: it does not expire. */
  expires_in_default_s?: number
  /** Statuses, beside 400 and 401, that come with `invalid_grant`. */
  dead_refresh_statuses?: readonly number[]
  /** What this provider says for `invalid_grant` when it says something else. */
  dead_refresh_errors?: readonly string[]
  /** How the token endpoint's answer differs from RFC 6749 §5.1 and §5.2. */
  response?: TokenAnswer
  /** The same for a refresh, where that differs from the exchange. Absent: as `response`. */
  refresh_response?: TokenAnswer
  /** Query parameters of the callback that calls to the API need later (Intuit's `realmId`). */
  callback_params?: readonly string[]
  /** How an API call carries the token. Absent: `Authorization: Bearer`. */
  api_token?: HeaderPlace
  revocation?: Revocation
}

export interface ApiKeyProvider extends Entry {
  kind: 'api_key'
  /** How an API call carries the key. */
  api_key: HeaderPlace | BasicPlace | QueryPlace
}

export interface Parameter {
  name: string
  label: string
  /** What the whole value must match before it goes anywhere near a host name. */
  pattern: string
}

/** Every member is a path, unless it says otherwise. */
export interface TokenAnswer {
  access_token?: string
  refresh_token?: string
  /** Null: the answer does not say, or does not mean it (Mailchimp's 0). */
  expires_in?: string | null
  /** A moment (RFC 3339) in the place of a number of seconds. */
  expires_at?: string
  scope?: string
  /** How scopes are written in it, where that is not by spaces: one text with commas, or a JSON array. */
  scope_form?: 'comma' | 'array'
  /** Not a path: what the answer calls its tokens when not `bearer`; null: it does not say. */
  token_type?: string | null
  /** A boolean; when it is false the answer is a failure, whatever its status. */
  ok?: string
  error?: string
  error_description?: string
  /** Not a path: the status of failures, where it is none of RFC 6749 §5.2. An `error` in the body counts, not the status. */
  error_status?: number
}

export interface Account {
  /** Asked with the token. Absent: the paths are those of the token endpoint's answer. */
  url?: string
  method?: 'GET' | 'POST'
  /** JSON to post. */
  body?: string
  /** Path of what never changes about the account. */
  id: string
  /** Path of what a person knows it by. */
  label: string
  headers?: Readonly<Record<string, string>>
}

export interface Revocation {
  /**
   * `rfc7009` and `post_json` post the token as a form or as JSON, `delete` sends JSON with DELETE, `get_query` puts it
   * into the query.
   */
  method: 'rfc7009' | 'delete' | 'post_json' | 'get_query'
  token: 'access_token' | 'refresh_token'
  /**
   * `client`: as at the token endpoint. `basic`, `post`: the client by HTTP Basic or in the body, whatever the token
   * endpoint wants. `bearer`: the access token as at the API. `client_id`: only that, as a parameter. `none`: nothing.
   */
  auth: 'client' | 'basic' | 'post' | 'bearer' | 'client_id' | 'none'
  /** What the token is called. Absent: `token`. Null: it is in the header only, and the call has no body. */
  parameter?: string | null
}

export interface HeaderPlace {
  header: string
  /** Before the secret, with its space if it has one. */
  prefix?: string
}

export interface BasicPlace {
  /** Which half of HTTP Basic the key is. */
  basic: 'username' | 'password'
  /** The other half. Absent: empty. */
  other?: string
}

export interface QueryPlace {
  query: string
}
