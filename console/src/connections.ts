import { queryOptions } from '@tanstack/react-query'
import type { InferRequestType, InferResponseType } from 'hono/client'
import { answer, api, takeAway } from './api.ts'
import { listQuery, readEvery } from './list-query.ts'

const routes = api.api.connections
const grantRoutes = api.api['connection-grants']

/** An account at a provider, as it stands. Its tokens are nowhere in here. */
export type Connection = InferResponseType<typeof routes.$get, 200>['data'][number]

/** While somebody is being asked for consent elsewhere, how often it is looked at whether they have answered. */
const PENDING_MS = 5000

/** The connections of the organization by pages, newest first. */
export const connectionsQuery = listQuery(['connections', 'pages'], (cursor, signal) =>
  answer(routes.$get({ query: { limit: '50', ...(cursor && { cursor }) } }, { init: { signal } })),
)

/** For `refetchInterval`. */
export const whilePending = (rows: readonly Connection[]): number | false =>
  rows.some(({ status }) => status === 'pending') ? PENDING_MS : false

/** All of them, to search in. */
export const allConnectionsQuery = queryOptions({
  queryKey: ['connections', 'all'],
  queryFn: ({ signal }) =>
    readEvery((cursor) =>
      answer(routes.$get({ query: { limit: '200', ...(cursor && { cursor }) } }, { init: { signal } })),
    ),
})

export const connectionQuery = (id: string) =>
  queryOptions({
    queryKey: ['connections', 'one', id],
    queryFn: ({ signal }) => answer(routes[':id'].$get({ param: { id } }, { init: { signal } })),
  })

/** What people call it: whose account it is, where the provider said so. */
export const nameOf = ({ provider_label, account }: Pick<Connection, 'provider_label' | 'account'>): string =>
  account === undefined ? provider_label : `${provider_label} (${account})`

export type ConnectionRequest = InferRequestType<typeof routes.$post>['json']
export type KeyConnection = InferRequestType<(typeof routes)['api-key']['$post']>['json']

/** Where the browser has to go for consent. */
export const requestConnection = (json: ConnectionRequest) => answer(routes.$post({ json }))

export const connectByKey = (json: KeyConnection) => answer(routes['api-key'].$post({ json }))

export const refreshConnection = (id: string) => answer(routes[':id'].refresh.$post({ param: { id } }))

export const revokeConnection = (id: string) => answer(routes[':id'].$delete({ param: { id } }))

/** That one agent may use one connection. */
export type Grant = InferResponseType<typeof grantRoutes.$get, 200>['data'][number]
export type NewGrant = InferRequestType<typeof grantRoutes.$post>['json']
export type Method = NonNullable<NewGrant['methods']>[number]

export const grantsQuery = (connectionId: string) =>
  queryOptions({
    queryKey: ['connection-grants', connectionId],
    queryFn: ({ signal }) =>
      readEvery((cursor) => {
        const query = { connection_id: connectionId, limit: '200', ...(cursor && { cursor }) }
        return answer(grantRoutes.$get({ query }, { init: { signal } }))
      }),
  })

export const createGrant = (json: NewGrant) => answer(grantRoutes.$post({ json }))

export const removeGrant = (id: string) => takeAway(answer(grantRoutes[':id'].$delete({ param: { id } })))
