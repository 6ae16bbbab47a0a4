import type { ColumnType, Generated } from 'kysely'

/**
 * The rows as both databases hold them. Times are epoch milliseconds, flags 0 or 1, lists and objects JSON text; a
 * column that ends in `_hash` is a keyed hash of a secret, one that ends in `_sealed` is encrypted for its record.
 * Every record that somebody owns names its organization.
 */
export interface Schema {
  organization: OrganizationTable
  person: PersonTable
  agent: AgentTable
  agent_secret: AgentSecretTable
  client: ClientTable
  client_secret: ClientSecretTable
  authorization_request: AuthorizationRequestTable
  auth_grant: GrantTable
  refresh_token: RefreshTokenTable
  revoked_token: RevokedTokenTable
  used_jti: UsedJtiTable
  signing_key: SigningKeyTable
  setting: SettingTable
  auth_failure: AuthFailureTable
  audit_event: AuditEventTable
  audit_head: AuditHeadTable
  change_feed: ChangeFeedTable
}

type Json = string
type Flag = number
type Time = number

export interface OrganizationTable {
  org_id: string
  name: string
  created_at: Time
}

/** Somebody an agent acts for. A person nobody has proved to be yet is a row without `email_verified_at`. */
export interface PersonTable {
  user_id: string
  org_id: string
  email: string
  name: string
  role: string
  email_verified_at: Time | null
  created_at: Time
}

export interface AgentTable {
  agent_id: string
  org_id: string
  user_id: string
  agent_name: string | null
  capabilities: Json
  model: string | null
  /** JSON list, or null: any. */
  allowed_clients: Json | null
  allowed_scopes: Json | null
  /** Public JWK the agent signs assertions with. */
  jwk: Json | null
  min_level: number
  same_browser: Flag
  disabled_at: Time | null
  /** Access tokens made before are dead: everything of the agent was revoked then. */
  tokens_not_before: Time
  created_at: Time
  updated_at: Time
}

interface SecretColumns {
  secret_id: string
  secret_hash: string
  last_four: string
  created_at: Time
  expires_at: Time | null
}

export interface AgentSecretTable extends SecretColumns {
  agent_id: string
}

export interface ClientSecretTable extends SecretColumns {
  client_id: string
}

export interface ClientTable {
  client_id: string
  org_id: string
  client_name: string
  redirect_uris: Json
  grant_types: Json
  scope: string
  /** Null: either way of sending a secret. */
  token_endpoint_auth_method: string | null
  jwks: Json | null
  /** JSON list of what `resource` may name, or null: any. */
  resources: Json | null
  subjects: Json
  min_level: number
  resource_server: Flag
  created_at: Time
  updated_at: Time
}

/** A sign-in from the browser's arrival to the exchange of its code. The code is a phase of it, not a row of its own. */
export interface AuthorizationRequestTable {
  request_id: string
  org_id: string
  client_id: string
  redirect_uri: string
  state: string | null
  scope: string
  nonce: string | null
  code_challenge: string
  resource: Json
  acr_values: string | null
  /** Hash of the cookie that binds the request to the browser that began it. */
  browser_hash: string
  /** Whose page it is, for the limit on open requests. */
  address_hash: string
  status: 'pending' | 'authenticated' | 'completed' | 'denied'
  created_at: Time
  expires_at: Time
  agent_id: string | null
  model: string | null
  level: number | null
  authenticated_at: Time | null
  code_hash: string | null
  code_issued_at: Time | null
  completed_at: Time | null
  grant_id: string | null
}

/** What a sign-in gave a website: everything issued from it hangs on this row. */
export interface GrantTable {
  grant_id: string
  org_id: string
  client_id: string
  agent_id: string
  request_id: string
  scope: string
  resource: Json
  model: string
  level: number
  auth_time: Time
  created_at: Time
  expires_at: Time
  revoked_at: Time | null
  revoke_reason: string | null
}

export interface RefreshTokenTable {
  token_hash: string
  grant_id: string
  created_at: Time
  expires_at: Time
  rotated_at: Time | null
  successor_hash: string | null
  /** The answer to the rotation, for its holder to ask again until `rotated_at` plus the replay window. */
  replay_sealed: string | null
}

/** Access tokens revoked one by one, until they would have ended. */
export interface RevokedTokenTable {
  jti: string
  expires_at: Time
}

export interface UsedJtiTable {
  issuer: string
  jti: string
  expires_at: Time
}

export interface SigningKeyTable {
  kid: string
  alg: string
  public_jwk: Json
  private_sealed: string
  created_at: Time
  /** Signs from here on: later than `created_at`, so that every process and cache knows the key before its first token. */
  active_at: Time
  /** Leaves the JWKS here, once nothing it signed is alive. Null while it signs. */
  retires_at: Time | null
}

export interface SettingTable {
  name: string
  value: string
}

export interface AuthFailureTable {
  key: string
  started_at: Time
  count: number
}

export interface AuditEventTable {
  chain: string
  seq: number
  at: Time
  org_id: string
  actor: string
  action: string
  target: string | null
  client_id: string | null
  agent_id: string | null
  request_id: string | null
  detail: Json
  prev_hash: string
  hash: string
}

export interface AuditHeadTable {
  chain: string
  seq: number
  hash: string
  signed_at: Time
  /** Compact JWS over chain, seq and hash, by a signing key of ours. */
  signature: string
}

/** How a commit in one process reaches the others on SQLite. */
export interface ChangeFeedTable {
  seq: Generated<number>
  topic: string
  at: ColumnType<Time>
}
