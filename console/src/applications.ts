import { queryOptions } from '@tanstack/react-query'
import { answer, api } from './api.ts'
import { listQuery, readEvery } from './list-query.ts'

const routes = api.api.clients

const readPage = (cursor: string | undefined, limit: number, signal: AbortSignal) =>
  answer(routes.$get({ query: { limit: String(limit), ...(cursor && { cursor }) } }, { init: { signal } }))

/** An application as lists give it, without its secrets. The protocol calls it a client. */
export type Application = Awaited<ReturnType<typeof readPage>>['data'][number]

/** The applications of the organization, by pages, oldest first. */
export const applicationsQuery = listQuery(['applications', 'pages'], (cursor, signal) => readPage(cursor, 50, signal))

const LARGEST_PAGE = 200

/** All of them, for pickers and for the search. */
export const allApplicationsQuery = queryOptions({
  queryKey: ['applications', 'all'],
  queryFn: ({ signal }) => readEvery((cursor) => readPage(cursor, LARGEST_PAGE, signal)),
})

/** One application, with what may be told of its secrets. */
export const applicationQuery = (id: string) =>
  queryOptions({
    queryKey: ['applications', 'one', id],
    queryFn: ({ signal }) => answer(routes[':id'].$get({ param: { id } }, { init: { signal } })),
  })

export type NewApplication = Parameters<typeof routes.$post>[0]['json']
export type ApplicationSettings = Parameters<(typeof routes)[':id']['$put']>[0]['json']

export const createApplication = (json: NewApplication) => answer(routes.$post({ json }))

export const updateApplication = (id: string, json: ApplicationSettings) =>
  answer(routes[':id'].$put({ param: { id }, json }))

export const deleteApplication = (id: string) => answer(routes[':id'].$delete({ param: { id } }))

type Rotation = Parameters<(typeof routes)[':id']['rotate']['$post']>[0]['json']

export const rotateClientSecret = (id: string, json: Rotation) =>
  answer(routes[':id'].rotate.$post({ param: { id }, json }))

/** Whether a redirect URI can be registered, and if not, why. */
export const redirectUriQuery = (uri: string) =>
  queryOptions({
    queryKey: ['redirect-uri', uri],
    queryFn: ({ signal }) =>
      answer(api.api['redirect-uri'].$get({ query: { redirect_uri: uri } }, { init: { signal } })),
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  })

/** The people who approved an app, newest first. */
export const usersQuery = (id: string) =>
  listQuery(['applications', 'users', id], (cursor, signal) =>
    answer(routes[':id'].users.$get({ param: { id }, query: { ...(cursor && { cursor }) } }, { init: { signal } })),
  )
