import type { Context } from 'hono'
import type { Deps, Env } from '../context.ts'
import { ApiError } from '../http/errors.ts'
import { dialectOf, json } from '../http/respond.ts'
import { listProviderKeys } from '../storage/provider-keys.ts'
import { allowedTo } from './allowed-models.ts'
import type { Payer } from './payer.ts'
import { payerOf } from './payer.ts'
import type { Models, RunningProvider, ServedModel } from './registry.ts'

/** `GET /v1/models`: those that the caller may use, each by a name that means it alone; all of them in one page. */
export async function listModels(deps: Deps, c: Context<Env>): Promise<Response> {
  const payer = await payerOf(deps, c.get('principal'))
  const models = await deps.models.current()
  const open = await openProviders(deps, models, payer)
  const listed = open.flatMap(namedModels).filter(allowedTo(payer))
  if (dialectOf(c) === 'openai') return json(c, { object: 'list', data: listed.map(openAiModel) })
  const data = listed.map(anthropicModel)
  return json(c, { data, has_more: false, first_id: data[0]?.id ?? null, last_id: data.at(-1)?.id ?? null })
}

/** `GET /v1/models/{id}`, by any of its names. */
export async function retrieveModel(deps: Deps, c: Context<Env>, name: string): Promise<Response> {
  const payer = await payerOf(deps, c.get('principal'))
  const models = await deps.models.current()
  const open = await openProviders(deps, models, payer)
  const [found] = models.find(name, allowedTo(payer)).filter(({ provider }) => open.includes(provider))
  if (!found)
    throw new ApiError(
      'model_not_found',
      `There is no model ${name.slice(0, 200)}; GET /v1/models lists those there are`,
      {
        param: 'model',
      },
    )
  const view = dialectOf(c) === 'openai' ? openAiModel : anthropicModel
  return json(c, view({ ...found, name }))
}

/** All of them; on own keys, those where there is one. */
async function openProviders(
  { db }: Deps,
  { providers }: Models,
  { userId, paymentMethod }: Payer,
): Promise<readonly RunningProvider[]> {
  if (paymentMethod !== 'byok') return providers
  const keys = new Set((await listProviderKeys(db.read, userId)).map(({ provider_id }) => provider_id))
  return providers.filter(({ id }) => keys.has(id))
}

/** What stands for many is none. */
function namedModels(provider: RunningProvider): ServedModel[] {
  return provider.settings.models
    .filter(({ id }) => !id.endsWith('*'))
    .map((entry) => ({
      provider,
      entry,
      name: `${provider.id}/${entry.id}`,
      upstreamModel: entry.upstream_model ?? entry.id,
    }))
}

type Named = Pick<ServedModel, 'name' | 'provider'>

function openAiModel({ name, provider }: Named) {
  return { id: name, object: 'model', created: Math.floor(provider.createdAt / 1000), owned_by: provider.id }
}

function anthropicModel({ name, provider }: Named) {
  return { type: 'model', id: name, display_name: name, created_at: new Date(provider.createdAt).toISOString() }
}
