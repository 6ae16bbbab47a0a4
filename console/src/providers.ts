import { queryOptions } from '@tanstack/react-query'
import { hc, type InferRequestType, type InferResponseType } from 'hono/client'
import type { ProviderView } from '../../server/src/connections/provider-administration.ts'
import type { providerAdminRoutes } from '../../server/src/connections/provider-routes.ts'
import { answer, api, takeAway } from './api.ts'

const offered = api.api.providers

/** Where an account can be connected, as everybody sees it. */
export type OfferedProvider = InferResponseType<typeof offered.$get, 200>['data'][number]
export type Parameter = OfferedProvider['parameters'][number]

export const providersQuery = queryOptions({
  queryKey: ['providers', 'offered'],
  queryFn: ({ signal }) => answer(offered.$get(undefined, { init: { signal } })),
  select: ({ data }) => data,
})

/** The operator's own routes, which are not among those for everybody. */
const routes = hc<ReturnType<typeof providerAdminRoutes>>('/api/admin').providers

type Always =
  | 'name'
  | 'label'
  | 'kind'
  | 'in_catalogue'
  | 'configured'
  | 'client_id'
  | 'has_client_secret'
  | 'redirect_uri'

/** With what the operator has set up; the secret of our client is nowhere in here. */
export type Provider = Pick<ProviderView, Always> & Partial<ProviderView>

export const catalogueQuery = queryOptions({
  queryKey: ['providers', 'catalogue'],
  // Its schema leaves room for more members than it names; the server's own view has them all.
  queryFn: async ({ signal }) => (await answer(routes.$get(undefined, { init: { signal } }))).data as Provider[],
})

export type NewProvider = InferRequestType<typeof routes.$post>['json']
export type ProviderChanges = InferRequestType<(typeof routes)[':name']['$put']>['json']

export const setUpProvider = (json: NewProvider) => answer(routes.$post({ json }))

export const changeProvider = (name: string, json: ProviderChanges) =>
  answer(routes[':name'].$put({ param: { name }, json }))

export const removeProvider = (name: string) => takeAway(answer(routes[':name'].$delete({ param: { name } })))

/** What has to be registered at a provider whose name is known only here as yet. */
export const redirectUriOf = (name: string) => `${location.origin}/auth/callback/${name}`
