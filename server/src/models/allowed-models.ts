import { ApiError } from '../http/errors.ts'
import { isGiven } from './fields.ts'
import type { ModelRequest } from './model-request.ts'
import type { Payer } from './payer.ts'

/** Tells which models the caller's key is for, by the name that means one alone. */
export function allowedTo({ models }: Pick<Payer, 'models'>): (model: { name: string }) => boolean {
  if (models === null) return () => true
  return ({ name }) =>
    models.some((pattern) => (pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern))
}

/** Fields by which aggregators take other models than the one that was named, should it fail. */
const OTHER_MODELS = ['models', 'fallbacks'] as const

/** A key for some models only does not come to others by way of a provider that has them. */
export function refuseOtherModels({ body }: Pick<ModelRequest, 'body'>, { models }: Pick<Payer, 'models'>): void {
  const found = models === null ? undefined : OTHER_MODELS.find((name) => isGiven(body[name]))
  if (found)
    throw new ApiError('unsupported_parameter', `The API key is for some models only: leave ${found} out`, {
      param: found,
    })
}
