import type { OpenAPIHono } from '@hono/zod-openapi'
import type { Deps, Env } from './context.ts'
import { errorPage } from './error-page.ts'
import { ApiError } from './http/errors.ts'
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
    const error = isUnavailable(thrown) ? unavailable(thrown) : toApiError(thrown)
    if (error.status >= 500) log.error({ request_id: c.get('requestId'), error: error.cause ?? error }, error.message)
    return respondError(c, error, config.issuer, errorPage)
  })
}

function unavailable(cause: Error): ApiError {
  return new ApiError('temporarily_unavailable', 'The database cannot be reached; nothing was changed, try again', {
    cause,
    headers: { 'Retry-After': '1' },
  })
}
