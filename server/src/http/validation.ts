import type { z } from 'zod'
import { ApiError } from './errors.ts'

/** Zod's issues as the contract tells them: 422 with the fields at fault. */
export function validationFailed(error: z.ZodError): ApiError {
  const fields = Object.fromEntries(error.issues.map(({ path, message }) => [path.join('.') || 'body', message]))
  const first = Object.entries(fields)[0]
  return new ApiError('validation_failed', first ? `${first[0]}: ${first[1]}` : 'The body is not valid', { fields })
}
