import { APICallError } from '@ai-sdk/provider'

/**
 * Makes a call, and says of a failure whether asking again is of use. The AI SDK goes by the status alone; the gateway
 * knows better, and says so in `x-should-retry`, as to OpenAI's own client.
 */
export async function heedingRetries<T>(call: () => PromiseLike<T>): Promise<T> {
  try {
    return await call()
  } catch (error) {
    throw asGatewaySays(error)
  }
}

function asGatewaySays(error: unknown): unknown {
  if (!APICallError.isInstance(error)) return error
  const shouldRetry = error.responseHeaders?.['x-should-retry']
  if (shouldRetry !== 'true' && shouldRetry !== 'false') return error
  const isRetryable = shouldRetry === 'true'
  if (error.isRetryable === isRetryable) return error
  const { message, url, requestBodyValues, statusCode, responseHeaders, responseBody, data } = error
  return new APICallError({
    message,
    url,
    requestBodyValues,
    isRetryable,
    cause: error,
    data,
    ...(statusCode !== undefined && { statusCode }),
    ...(responseHeaders !== undefined && { responseHeaders }),
    ...(responseBody !== undefined && { responseBody }),
  })
}
