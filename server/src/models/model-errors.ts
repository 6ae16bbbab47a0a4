import type { ApiError } from '../http/errors.ts'

/** OpenAI's words for kinds of failures, by status. */
const TYPES: Partial<Record<number, string>> = {
  401: 'authentication_error',
  402: 'insufficient_quota',
  403: 'permission_error',
  429: 'rate_limit_error',
}

/** OpenAI's shape of a failure, in a body and in a stream. */
export function describeModelError({ status, code, message, param }: ApiError): object {
  const type = TYPES[status] ?? (status >= 500 ? 'api_error' : 'invalid_request_error')
  return { error: { message, type, param: param ?? null, code } }
}
