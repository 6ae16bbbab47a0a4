import type { Context } from 'hono'
import type { Deps, Env } from '../context.ts'
import { ApiError } from '../http/errors.ts'
import { json } from '../http/respond.ts'
import { listProviderKeys } from '../storage/provider-keys.ts'
import type { Payer } from './payer.ts'
import { payerOf } from './payer.ts'
import type { Models, ServedModel } from './registry.ts'

/** `GET /v1/models`: those that the caller may use, each by a name that means it alone. */
export async function listModels(deps: Deps, c: Context<Env>): Promise<Response> {
  const payer = await payerOf(deps, c.get('principal'))
  const models = await deps.models.current()
  return json(c, { object: 'list', data: (await usable(deps, models, payer)).map(viewOf) })
}

/** `GET /v1/models/{id}`, by any of its names. */
export async function retrieveModel(deps: Deps, c: Context<Env>, name: string): Promise<Response> {
  const payer = await payerOf(deps, c.get('principal'))
  const models = await deps.models.current()
  const ids = new Set((await usable(deps, models, payer)).map(({ provider }) => provider.id))
  const [found] = models.find(name).filter(({ provider }) => ids.has(provider.id))
  if (!found)
    throw new ApiError(
      'model_not_found',
      `There is no model ${name.slice(0, 200)}; GET /v1/models lists those there are`,
      {
        param: 'model',
      },
    )
  return json(c, { ...viewOf(found), id: name })
}

/** On own keys, models of providers where there is one. */
async function usable({ db }: Deps, { providers }: Models, { userId, paymentMethod }: Payer): Promise<ServedModel[]> {
  const keys = paymentMethod === 'byok' ? await listProviderKeys(db.read, userId) : undefined
  const open = keys ? new Set(keys.map(({ provider_id }) => provider_id)) : undefined
  return providers
    .filter(({ id }) => open?.has(id) ?? true)
    .flatMap((provider) =>
      provider.settings.models
        // What stands for many is none.
        .filter(({ id }) => !id.endsWith('*'))
        .map((entry) => ({
          provider,
          entry,
          name: `${provider.id}/${entry.id}`,
          upstreamModel: entry.upstream_model ?? entry.id,
        })),
    )
}

function viewOf({ name, provider }: ServedModel) {
  return { id: name, object: 'model', created: Math.floor(provider.createdAt / 1000), owned_by: provider.id }
}
