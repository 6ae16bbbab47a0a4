import type { ColumnType, Generated } from 'kysely'

/**
 * The rows as both databases hold them. Times are epoch milliseconds, flags 0 or 1, lists and objects JSON text; a
 * column that ends in `_hash` is a keyed hash of a secret, one that ends in `_sealed` is encrypted for its record.
 * Every record that somebody owns names its organization.
 */
export interface Schema {
  organization: OrganizationTable
  person: PersonTable
  session: SessionTable
  account: AccountTable
  verification: VerificationTable
  passkey: PasskeyTable
  membership: MembershipTable
  invitation: InvitationTable
  outside_identity: OutsideIdentityTable
  outside_organization: OutsideOrganizationTable
  api_key: ApiKeyTable
  app_approval: AppApprovalTable
  ledger_entry: LedgerEntryTable
  balance: BalanceTable
  credit_lot: CreditLotTable
  reservation: ReservationTable
  usage_record: UsageRecordTable
  provider_key: ProviderKeyTable
  price_override: PriceOverrideTable
  mail: MailTable
  provider: ProviderTable
  connection: ConnectionTable
  connection_flow: ConnectionFlowTable
  mcp_server: McpServerTable
  mcp_client: McpClientTable
  idempotency_key: IdempotencyKeyTable
  model_provider: ModelProviderTable
  model_rate: ModelRateTable
  provider_document: ProviderDocumentTable
  connection_grant: ConnectionGrantTable
  webhook: WebhookTable
  webhook_delivery: WebhookDeliveryTable
  agent: AgentTable
  agent_secret: AgentSecretTable
  client: ClientTable
  client_origin: ClientOriginTable
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

/**
 * Somebody an agent acts for, or who has an account. A person that others named and who never signed up is a row without
 * `registered_at`; what others named them for is theirs only once `email_verified_at` stands.
 */
export interface PersonTable {
  user_id: string
  /** The organization they work in when nothing else is said. */
  org_id: string
  /** Lower case; one person an address. Of an outside identity, what no address is: `<issuer>|<subject>`. */
  email: string
  name: string
  image: string | null
  email_verified_at: Time | null
  registered_at: Time | null
  payment_method: ColumnType<PaymentMethod, PaymentMethod | undefined>
  created_at: Time
  updated_at: Time | null
  /** Since when the operator lets them do nothing, nor what acts for them. */
  disabled_at: ColumnType<Time | null, Time | null | undefined>
}

/** Of a person in a browser. The cookie holds the token, we its hash. */
export interface SessionTable {
  session_id: string
  token_hash: string
  user_id: string
  /** The organization that this browser works in; null: the person's own choice. */
  org_id: string | null
  ip_address: string | null
  user_agent: string | null
  /** When the person last proved to be there, by password or passkey. */
  authenticated_at: Time
  created_at: Time
  updated_at: Time
  expires_at: Time
}

/** A way a person signs in: a password (`credential`), or an account elsewhere. */
export interface AccountTable {
  id: string
  user_id: string
  provider_id: string
  account_id: string
  password_hash: string | null
  scope: string | null
  created_at: Time
  updated_at: Time
}

/** What better-auth hands out to be brought back once: hashed by name, sealed by content. */
export interface VerificationTable {
  id: string
  identifier_hash: string
  value_sealed: string
  /** Of a link to set a password: whose. Only the newest works. */
  user_id: string | null
  created_at: Time
  updated_at: Time
  expires_at: Time
}

/** WebAuthn Level 3 §4, public key credential. */
export interface PasskeyTable {
  id: string
  user_id: string
  name: string | null
  credential_id: string
  public_key: string
  counter: number
  device_type: string
  backed_up: Flag
  transports: string | null
  aaguid: string | null
  created_at: Time
}

export const ROLES = ['admin', 'member', 'viewer'] as const
export type Role = (typeof ROLES)[number]

export interface MembershipTable {
  org_id: string
  user_id: string
  role: Role
  /** 1: made by somebody else, and of no effect until the person has proved the address. */
  needs_proof: Flag
  created_at: Time
}

export interface InvitationTable {
  invitation_id: string
  org_id: string
  email: string
  role: Role
  token_hash: string
  invited_by: string
  created_at: Time
  expires_at: Time
  accepted_at: Time | null
}

/** Whom a trusted issuer vouches for, and the person's row that stands for them here: nobody signs in by it. */
export interface OutsideIdentityTable {
  issuer: string
  subject: string
  user_id: string
  created_at: Time
}

/** What a trusted issuer calls an organization, and ours that stands for it. */
export interface OutsideOrganizationTable {
  issuer: string
  /** `org:` and what the issuer says; `sub:` and the subject of who is in none. */
  outside_id: string
  org_id: string
  created_at: Time
}

export interface ApiKeyTable {
  key_id: string
  org_id: string
  user_id: string
  /** The app that it was issued to, at a sign-in of the person; null: made by the person. */
  client_id: string | null
  grant_id: string | null
  name: string
  scope: string
  key_hash: string
  prefix: string
  last_four: string
  created_at: Time
  expires_at: Time | null
  last_used_at: Time | null
  revoked_at: Time | null
  /** A list of `provider/model`, perhaps with `*` at its end; null: all that the person may call. */
  models: ColumnType<Json | null, Json | null | undefined>
}

/** A person's yes to an app, remembered until it is withdrawn. */
export interface AppApprovalTable {
  user_id: string
  client_id: string
  scope: string
  approved_at: Time
  withdrawn_at: Time | null
}

/** Append-only. Nano-dollars: positive is given, negative is spent. */
export interface LedgerEntryTable {
  entry_id: string
  user_id: string
  client_id: string | null
  kind: 'promotion' | 'credit' | 'usage' | 'expiry'
  amount_nano: number
  reason: string | null
  actor: string
  at: Time
  /** The call that was paid. */
  usage_id: string | null
  /** Whose credits these are; null: what was paid for. */
  lot_id: string | null
}

/** Promotional credits: given once, for some time, for some models, and spent before what was paid for. */
export interface CreditLotTable {
  /** The ledger entry of its grant. */
  lot_id: string
  user_id: string
  /** Of the app that gave it. */
  org_id: string
  client_id: string
  /** What calls under way have set aside of it is still in here. */
  remaining_nano: number
  reserved_nano: number
  /** Null: never. */
  expires_at: Time | null
  /** List of patterns. */
  excluded_models: Json
  created_at: Time
}

/** The sum of a person's ledger, kept in the same transactions. */
export interface BalanceTable {
  user_id: string
  balance_nano: number
  reserved_nano: number
  /** Of the balance: what is in lots. */
  lots_nano: ColumnType<number, number | undefined>
  /** Of what is reserved: in lots. */
  lots_reserved_nano: ColumnType<number, number | undefined>
}

/** What a call under way may cost at most is set aside; the row goes when it is settled. */
export interface ReservationTable {
  /** Of the usage record that it becomes. */
  usage_id: string
  user_id: string
  amount_nano: number
  /** What the call has cost so far. */
  metered_nano: number
  /** What is known of the call: the usage record, but for its end. */
  call: Json
  /** What of the amount is in lots, soonest end first; null: nothing. */
  lots: Json | null
  created_at: Time
  /** Moved on while its process lives; then anybody settles it. */
  expires_at: Time
}

export type PaymentMethod = 'credits' | 'byok'
export type Operation = 'chat' | 'responses' | 'messages' | 'embeddings'

/** One call of a model, once it is over. Kept as long as the ledger. */
export interface UsageRecordTable {
  usage_id: string
  request_id: string
  /** Whose budget it was. */
  user_id: string
  org_id: string
  /** The app whose key it was. */
  client_id: string | null
  agent_id: string | null
  key_id: string | null
  operation: Operation
  model_asked: string
  /** Null: nobody answered. */
  model_served: string | null
  provider: string | null
  payment_method: PaymentMethod
  /** `lost`: the process died with it, and what was metered until then is what is known. */
  status: 'completed' | 'failed' | 'client_closed' | 'lost'
  attempts: number
  /** Those from and to the cache included. */
  input_tokens: number
  cached_tokens: number
  cache_write_tokens: number
  /** Reasoning included. */
  output_tokens: number
  reasoning_tokens: number
  /** 1: the provider did not say, or not all. */
  estimated: Flag
  /** What was taken from the person's credits. */
  cost_nano: number
  ttft_ms: number | null
  duration_ms: number | null
  at: Time
  settled_at: Time
}

/** A person's own key at a provider of models. */
export interface ProviderKeyTable {
  user_id: string
  provider_id: string
  key_sealed: string
  last_four: string
  created_at: Time
  updated_at: Time
}

/** What models cost here, whatever the catalogue says. Nano-dollars for a million tokens. */
export interface PriceOverrideTable {
  /** `provider/model` or `model`; a `*` at the end stands for the rest. */
  pattern: string
  input_nano_per_mtok: number
  output_nano_per_mtok: number
  /** Null: as the rest of the input. */
  cached_nano_per_mtok: number | null
  updated_at: Time
}

/** What is to be delivered, or was. Bodies hold links that open accounts: they are sealed. */
export interface MailTable {
  mail_id: string
  recipient: string
  subject: string
  body_sealed: string
  created_at: Time
  /** Null: nothing is left to try. */
  next_attempt_at: Time | null
  attempts: number
  sent_at: Time | null
  last_error: string | null
}

export type Approval = 'never' | 'first_time' | 'always'

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
  /** When a person is asked before the agent gets in. */
  approval: ColumnType<Approval, Approval | undefined>
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
  /** What a person's sign-in gives the app. */
  access_token_format: ColumnType<'jwt' | 'api_key', 'jwt' | 'api_key' | undefined>
  /** Cents, for each new user of the app, once. */
  promotional_credits: ColumnType<number, number | undefined>
  /** Seconds after they are given; null: never. */
  promotional_credits_expire_in: ColumnType<number | null, number | null | undefined>
  /** List of patterns of models that they do not pay. */
  promotional_excluded_models: ColumnType<Json, Json | undefined>
  created_at: Time
  updated_at: Time
}

/** Where the pages of a client are, by its redirect URIs. */
export interface ClientOriginTable {
  client_id: string
  origin: string
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
  status: 'pending' | 'approval_required' | 'authenticated' | 'completed' | 'denied'
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
  /** The organization of the agent that answered: both it and the website's see the sign-in. */
  agent_org_id: string | null
  /** The person who signs in, where it is no agent. */
  user_id: string | null
  /** The last try that was refused, for who looks on. */
  failure: string | null
  failed_at: Time | null
  failed_agent_id: string | null
  /** When a person was asked, when they answered, and who it was. */
  approval_asked_at: Time | null
  decided_at: Time | null
  decided_by: string | null
  /** A person must have proved to be there after this (`prompt=login`, `max_age`). */
  login_after: Time | null
  /** A remembered approval is not enough (`prompt=consent`). */
  asks_consent: Flag
}

/** What a sign-in gave a website: everything issued from it hangs on this row. */
export interface GrantTable {
  grant_id: string
  org_id: string
  client_id: string
  /** Null in a person's sign-in. */
  agent_id: string | null
  request_id: string
  scope: string
  resource: Json
  model: string | null
  level: number
  auth_time: Time
  created_at: Time
  expires_at: Time
  revoked_at: Time | null
  revoke_reason: string | null
  user_id: string | null
  agent_org_id: string | null
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

/** A provider as the operator set it up: of the catalogue with a client of ours, or of their own making. */
export interface ProviderTable {
  provider_name: string
  /** What differs from the catalogue's entry, or all of it. */
  settings: Json
  client_id: string | null
  client_secret_sealed: string | null
  created_at: Time
  updated_at: Time
}

/** An account of somebody at a provider. */
export interface ConnectionTable {
  connection_id: string
  org_id: string
  /** The caller's own name for the person or workspace. */
  user_ref: string
  provider_name: string
  made_by: string
  status: 'pending' | 'active' | 'failed'
  reason: 'denied' | 'expired' | 'exchange_failed' | 'invalid_id_token' | 'reauth_required' | null
  /** Until when somebody may still answer what they were asked. */
  pending_until: Time | null
  scopes: Json
  account_id: string | null
  account_label: string | null
  /** Of the provider's placeholders, such as a subdomain. */
  parameters: Json
  /** Counts the tokens that were stored: whoever writes names the one they read. */
  generation: number
  tokens_sealed: string | null
  /** The tokens before, for a while: a provider may have taken them back although its answer was lost. */
  previous_sealed: string | null
  previous_until: Time | null
  expires_at: Time | null
  /** Who refreshes now, in whatever process, and until when. */
  lease_owner: string | null
  lease_until: Time | null
  /** Set before the provider is called, cleared with its answer: a process that died in between left it. */
  intent_at: Time | null
  failures: number
  next_attempt_at: Time | null
  /** Why the next attempt has to wait. */
  fault: 'unavailable' | 'misconfigured' | null
  /** Null: the tokens are those of the person's consent. */
  refreshed_at: Time | null
  last_used_at: Time | null
  last_used_by: string | null
  created_at: Time
  updated_at: Time
}

/** An MCP server of somebody else's that an organization uses. */
export interface McpServerTable {
  server_id: string
  org_id: string
  /** Unique in its organization. */
  name: string
  enabled: Flag
  /** Where it is and how it is spoken to, with the names of its secrets. */
  settings: Json
  /** Headers, variables and our client's secret. */
  secrets_sealed: string | null
  /** Where its tokens are, of a server that has been authorized, or is to be. */
  connection_id: string | null
  /** What it offered when it was tested last. */
  tools: Json | null
  tested_at: Time | null
  created_at: Time
  updated_at: Time
}

/** Our client at the authorization server of an MCP server: a provider of one server's own. Never changes. */
export interface McpClientTable {
  provider_name: string
  server_id: string
  /** Its endpoints, as they were found. */
  settings: Json
  client_id: string
  client_secret_sealed: string | null
  expires_at: Time | null
  created_at: Time
}

/** A person's consent that is under way. */
export interface ConnectionFlowTable {
  state_hash: string
  connection_id: string
  org_id: string
  provider_name: string
  redirect_uri: string
  return_url: string | null
  scopes: Json
  /** The PKCE verifier and the nonce. */
  secrets_sealed: string
  expected_account: string | null
  /** S256 of what only the session knows that began the flow: what the person consented to waits for it, in `secrets_sealed`. */
  session_challenge: string | null
  /** 1: only the browser that began it may finish it, */
  browser_bound: Flag
  /** which is known by a cookie, once it has begun. */
  browser_hash: string | null
  /** 1: the connection has tokens already, which stay until there are new ones. */
  reconnects: Flag
  created_at: Time
  expires_at: Time
  used_at: Time | null
}

export interface IdempotencyKeyTable {
  key_hash: string
  request_hash: string
  answer_sealed: string | null
  created_at: Time
}

export interface ProviderDocumentTable {
  url: string
  body: string
  etag: string | null
  /** When its owner last said it, or that it is still so. */
  fetched_at: Time
  /** When its owner was last asked. */
  tried_at: Time
  fresh_until: Time
}

export interface ConnectionGrantTable {
  grant_id: string
  org_id: string
  connection_id: string
  agent_id: string
  /** JSON list of methods, or null: any. */
  methods: Json | null
  path_prefix: string | null
  raw_token: Flag
  made_by: string
  created_at: Time
}

/** Where an organization hears of its connections. */
export interface WebhookTable {
  webhook_id: string
  org_id: string
  url: string
  /** JSON list of event types. */
  events: Json
  secret_sealed: string
  created_at: Time
}

/** One event on its way to one webhook. It holds no token. */
export interface WebhookDeliveryTable {
  delivery_id: string
  webhook_id: string
  event: string
  body: string
  created_at: Time
  /** Null: delivered, or given up. */
  next_attempt_at: Time | null
  attempts: number
  delivered_at: Time | null
  last_status: number | null
  last_error: string | null
}

/** Where models are had. */
export interface ModelProviderTable {
  provider_id: string
  /** A bare model name looks for one that lists it in this order. */
  place: Time
  kind: string
  enabled: Flag
  settings: Json
  /** Keys and other credentials of ours there. */
  secrets_sealed: string | null
  created_at: Time
  updated_at: Time
}

export interface ModelRateTable {
  user_id: string
  /** When the person will have all of a minute's calls again. */
  full_at: Time
}
