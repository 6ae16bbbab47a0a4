import { queryOptions } from '@tanstack/react-query'
import { hc, type InferRequestType, type InferResponseType } from 'hono/client'
import type { modelProviderRoutes } from '../../server/src/models/provider-routes.ts'
import { answer, api, takeAway } from './api.ts'

const { models, limits } = api.api

/** Who serves models, as everybody sees it. */
export type OfferedModels = InferResponseType<typeof models.$get, 200>['data'][number]
export type BreakerState = OfferedModels['breaker']
export type ProviderKind = OfferedModels['kind']

/** Opens and closes by itself. */
const HEALTH_MS = 10_000

export const offerQuery = queryOptions({
  queryKey: ['models', 'offer'],
  queryFn: ({ signal }) => answer(models.$get(undefined, { init: { signal } })),
  select: ({ data }) => data,
  refetchInterval: HEALTH_MS,
  staleTime: 0,
})

export const limitsQuery = queryOptions({
  queryKey: ['usage', 'limits'],
  queryFn: ({ signal }) => answer(limits.$get(undefined, { init: { signal } })),
  refetchInterval: HEALTH_MS,
  staleTime: 0,
})

/** The operator's own routes, which are not among those for everybody. */
const routes = hc<ReturnType<typeof modelProviderRoutes>>('/api/admin')['model-providers']

export type NewModelProvider = InferRequestType<typeof routes.$post>['json']
export type ModelEntry = NewModelProvider['models'][number]
type Secrets = 'api_key' | 'oauth2' | 'service_account' | 'aws'

/** With what the operator has set up, and the names of the credentials that are kept. */
export type ModelProvider = Omit<NewModelProvider, Secrets | 'enabled'> & { enabled: boolean; credentials: Secrets[] }

export const modelProvidersQuery = queryOptions({
  queryKey: ['models', 'providers'],
  // The schema of the answer leaves room for more members than it names: those that were sent.
  queryFn: async ({ signal }) =>
    (await answer(routes.$get(undefined, { init: { signal } }))).data as unknown as ModelProvider[],
})

export const addModelProvider = (json: NewModelProvider) => answer(routes.$post({ json }))

/** The whole of it, but for credentials that are left out: these stay. */
export const changeModelProvider = ({ id, ...json }: NewModelProvider) =>
  answer(routes[':id'].$put({ param: { id }, json }))

export const readModelProvider = async (id: string) =>
  (await answer(routes[':id'].$get({ param: { id } }))) as unknown as ModelProvider

/** As it is now, whatever was read of it before. */
export async function switchModelProvider(id: string, enabled: boolean) {
  const { credentials: _, ...provider } = await readModelProvider(id)
  return changeModelProvider({ ...provider, enabled })
}

export const removeModelProvider = (id: string) => takeAway(answer(routes[':id'].$delete({ param: { id } })))

export const KIND_LABELS: Record<ProviderKind, string> = {
  openai: 'OpenAI',
  'openai-compatible': 'OpenAI-compatible',
  anthropic: 'Anthropic',
  'azure-openai': 'Azure OpenAI',
  bedrock: 'Amazon Bedrock',
  vertex: 'Google Vertex AI',
  'claude-cli': 'Claude Code',
  ccrouter: 'Claude Code Router',
  droid: 'Factory Droid',
}

/** Those who have a model to talk to, with these models alone. */
export const talking = (providers: readonly OfferedModels[]): OfferedModels[] =>
  providers
    .map((provider) => ({
      ...provider,
      models: provider.models.filter(({ operations }) => operations.includes('chat')),
    }))
    .filter(({ enabled, models }) => enabled && models.length > 0)

/** What stands for many is none by itself: `claude-*`. */
export const isPattern = (model: string) => model.endsWith('*')
