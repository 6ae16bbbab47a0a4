import { ApiError } from '../http/errors.ts'
import type { Parameter } from './providers/provider.ts'

/** Before any of them goes near a host name. */
export function checkParameters(asked: readonly Parameter[], given: Readonly<Record<string, string>>): void {
  const fields: Record<string, string> = {}
  for (const { name, label, pattern } of asked)
    if (!new RegExp(`^(?:${pattern})$`).test(given[name] ?? '')) fields[`parameters.${name}`] = `must say ${label}`
  const [first] = Object.entries(fields)
  if (first) throw new ApiError('validation_failed', `${first[0]}: ${first[1]}`, { fields })
}
