import type { OpenAPIHono } from '@hono/zod-openapi'
import type { Deps, Env } from './context.ts'
import { errorPage } from './error-page.ts'
import { ApiError, type ErrorCode } from './http/errors.ts'
import { createMethodTable } from './http/method-table.ts'
import { respondError, toApiError } from './http/respond.ts'
import { isUnavailable } from './storage/unavailable.ts'

/** What an app of ours says where it has no answer, and the one place that answers for failure. After all its routes. */
export function answerFailures(app: OpenAPIHono<Env>, { config, log }: Pick<Deps, 'config' | 'log'>): void {
  const methodsOf = createMethodTable(app.routes)
  app.notFound((c) => {
    const methods = methodsOf(c.req.path)
    if (methods.length > 0)
      throw new ApiError('method_not_allowed', `${c.req.path} takes ${methods.join(', ')}`, {
        headers: { Allow: methods.join(', ') },
      })
    throw new ApiError('not_found', 'There is nothing at this address')
  })
  app.onError((thrown, c) => {
    return respondError(c, failureOf(log, c.get('requestId'), thrown), config.issuer, errorPage)
  })
}

/** Whatever was thrown, as the caller is told of it; the log learns what the caller does not. */
export function failureOf(log: Deps['log'], requestId: string, thrown: unknown): ApiError {
  const error = isUnavailable(thrown) ? unavailable(thrown) : toApiError(thrown)
  if (error.status >= 500) logFailure(log, requestId, error)
  return error
}

/** Of others that are out, the operator wants to know that and why; where in our code we noticed says nothing. */
function logFailure(log: Deps['log'], requestId: string, error: ApiError): void {
  const { code, message, cause } = error
  if (ELSEWHERE.includes(code))
    log.warn({ request_id: requestId, failure: code, why: cause instanceof Error ? cause.message : undefined }, message)
  else log.error({ request_id: requestId, error: cause ?? error }, message)
}

const ELSEWHERE: readonly ErrorCode[] = ['provider_misconfigured', 'provider_unavailable', 'temporarily_unavailable']

function unavailable(cause: unknown): ApiError {
  return new ApiError('temporarily_unavailable', 'The database cannot be reached; nothing was changed, try again', {
    cause,
    headers: { 'Retry-After': '1' },
  })
}
