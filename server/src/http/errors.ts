/** Every failure we expect, by the specification that names it, and the status it has when nothing else decides. */
const STATUS = {
  // RFC 6749 §4.1.2.1 and §5.2, OAuth
  invalid_request: 400,
  invalid_client: 401,
  invalid_grant: 400,
  unauthorized_client: 400,
  unsupported_grant_type: 400,
  unsupported_response_type: 400,
  invalid_scope: 400,
  access_denied: 403,
  server_error: 500,
  temporarily_unavailable: 503,
  // RFC 8707 §2, resource indicators
  invalid_target: 400,
  // OpenID Connect Core §3.1.2.6 and §6; RFC 9470 §3
  login_required: 400,
  consent_required: 400,
  request_not_supported: 400,
  request_uri_not_supported: 400,
  unmet_authentication_requirements: 400,
  // RFC 6750 §3.1, bearer tokens
  invalid_token: 401,
  insufficient_scope: 403,
  // Agents at the waiting page
  invalid_agent: 401,
  unknown_request: 404,
  request_completed: 409,
  request_expired: 410,
  // Connections (contract)
  invalid_return_url: 400,
  not_refreshable: 400,
  connection_pending: 409,
  reauth_required: 409,
  integrity_error: 500,
  provider_misconfigured: 502,
  provider_unavailable: 503,
  // Models, in OpenAI's words where it has them
  invalid_api_key: 401,
  insufficient_credits: 402,
  byok_key_missing: 402,
  permission_denied: 403,
  model_not_found: 404,
  unsupported_parameter: 400,
  price_unknown: 400,
  upstream_error: 502,
  upstream_unavailable: 503,
  upstream_timeout: 504,
  // People in the console
  not_a_member: 403,
  reauthentication_required: 403,
  last_admin: 409,
  invitation_gone: 410,
  // RFC 9110, whatever the room
  unauthorized: 401,
  forbidden: 403,
  not_found: 404,
  method_not_allowed: 405,
  request_timeout: 408,
  conflict: 409,
  payload_too_large: 413,
  unsupported_media_type: 415,
  validation_failed: 422,
  rate_limit_exceeded: 429,
} as const

export type ErrorCode = keyof typeof STATUS

interface ApiErrorOptions extends ErrorOptions {
  /** What to send besides, such as `Retry-After` or `WWW-Authenticate`. */
  headers?: Record<string, string>
  /** 422: what is wrong with which field. */
  fields?: Record<string, string>
  /** Models: the parameter at fault, as OpenAI names it in `param`. */
  param?: string
  /** What else the body says, for callers who know it from elsewhere. */
  also?: Record<string, string>
}

/** An expected failure. Its message is safe to send; its cause is for the log only. */
export class ApiError extends Error {
  override readonly name: string = 'ApiError'
  readonly code: ErrorCode
  readonly headers: Record<string, string>
  readonly fields: Record<string, string> | undefined
  readonly param: string | undefined
  readonly also: Record<string, string> | undefined

  constructor(code: ErrorCode, message: string, options: ApiErrorOptions = {}) {
    super(message, options)
    this.code = code
    this.headers = options.headers ?? {}
    this.fields = options.fields
    this.param = options.param
    this.also = options.also
  }

  get status() {
    return STATUS[this.code]
  }
}

/** A fault of an authorization request whose client and redirect_uri are known good: it travels back there. RFC 6749 §4.1.2.1. */
export class RedirectError extends ApiError {
  override readonly name = 'RedirectError'
  readonly redirectUri: string
  readonly state: string | undefined

  constructor(code: ErrorCode, message: string, redirectUri: string, state: string | undefined) {
    super(code, message)
    this.redirectUri = redirectUri
    this.state = state
  }
}
