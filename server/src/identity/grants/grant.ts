import type { Deps } from '../../context.ts'
import type { Form } from '../../http/form.ts'
import type { Caller } from '../client-auth.ts'

/** RFC 6749 §5.1. */
export interface BearerTokenResponse {
  access_token: string
  token_type: 'Bearer'
  /** Seconds. */
  expires_in: number
  scope: string
  refresh_token?: string
  id_token?: string
}

/** To an app whose `access_token_format` is `api_key`: a key of the person, and whom it is of (contract, AI fuel). */
export interface ApiKeyResponse {
  access_token: string
  token_type: 'bearer'
  scope: string
  user_info: { id: string; email: string; credits: number; granted_promo: boolean }
}

export type TokenResponse = BearerTokenResponse | ApiKeyResponse

/** One way to get a token. It checks everything, then commits once; `now` was read by the endpoint. */
export type Grant = (deps: Deps, caller: Caller, form: Form, now: number) => Promise<TokenResponse>
