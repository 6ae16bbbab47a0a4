import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { answer, api } from './api.ts'

const routes = api.api.clients

const readPage = (cursor: string | undefined, limit: number, signal: AbortSignal) =>
  answer(routes.$get({ query: { limit: String(limit), ...(cursor && { cursor }) } }, { init: { signal } }))

/** An application as lists give it, without its secrets. The protocol calls it a client. */
export type Application = Awaited<ReturnType<typeof readPage>>['data'][number]

/** The applications of the organization, by pages, oldest first. */
export const applicationsQuery = infiniteQueryOptions({
  queryKey: ['applications', 'pages'],
  queryFn: ({ pageParam, signal }) => readPage(pageParam, 50, signal),
  initialPageParam: undefined as string | undefined,
  getNextPageParam: ({ next_cursor }) => next_cursor ?? undefined,
  select: ({ pages }) => pages.flatMap(({ data }) => data),
})

const LARGEST_PAGE = 200

async function readAll(signal: AbortSignal): Promise<Application[]> {
  const applications: Application[] = []
  let cursor: string | null | undefined
  do {
    const page = await readPage(cursor ?? undefined, LARGEST_PAGE, signal)
    applications.push(...page.data)
    cursor = page.next_cursor
  } while (cursor !== null)
  return applications
}

/** For pickers. */
export const allApplicationsQuery = queryOptions({
  queryKey: ['applications', 'all'],
  queryFn: ({ signal }) => readAll(signal),
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
  infiniteQueryOptions({
    queryKey: ['applications', 'users', id],
    queryFn: ({ pageParam, signal }) =>
      answer(
        routes[':id'].users.$get(
          { param: { id }, query: { ...(pageParam && { cursor: pageParam }) } },
          { init: { signal } },
        ),
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next_cursor }) => next_cursor ?? undefined,
    select: ({ pages }) => pages.flatMap(({ data }) => data),
  })
