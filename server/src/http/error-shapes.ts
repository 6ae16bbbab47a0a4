import type { ApiError } from './errors.ts'

/** RFC 6749 §5.2, and what else the caller may know. */
export function describeError({ code, message, fields, also }: ApiError): Record<string, unknown> {
  return { error: code, error_description: message, ...(fields && { fields }), ...also }
}

/** OpenAI's words for kinds of failures, by status. */
const OPENAI_TYPES: Partial<Record<number, string>> = {
  401: 'authentication_error',
  402: 'insufficient_quota',
  403: 'permission_error',
  429: 'rate_limit_error',
}

/** OpenAI's shape, in a body and in a stream. */
export function openAiError({ status, code, message, param }: ApiError) {
  const type = OPENAI_TYPES[status] ?? (status >= 500 ? 'api_error' : 'invalid_request_error')
  // Whatever was wrong with a credential, one code tells clients to get another.
  return { error: { message, type, param: param ?? null, code: status === 401 ? 'invalid_api_key' : code } }
}

/** Anthropic's word for a failure of ours, by its status; 529 is Anthropic's own, and ours is a 503. */
const ANTHROPIC_TYPES: Partial<Record<number, string>> = {
  401: 'authentication_error',
  402: 'billing_error',
  403: 'permission_error',
  404: 'not_found_error',
  408: 'timeout_error',
  409: 'conflict_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  503: 'overloaded_error',
  504: 'timeout_error',
}

/** Anthropic's shape: the body of an answer, and the data of an `error` event. */
export function anthropicError({ status, message }: ApiError, requestId: string) {
  return {
    type: 'error',
    error: { type: ANTHROPIC_TYPES[status] ?? (status >= 500 ? 'api_error' : 'invalid_request_error'), message },
    request_id: requestId,
  }
}
